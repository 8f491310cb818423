"""An identity service that is no more than its answers: in this process, or on a port of loopback."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

import httpx

Answer: TypeAlias = httpx.Response | BaseException


class Identity:
    """An identity service that gives these answers, the last one again and again, and remembers the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.before_answer: Callable[[], object] = lambda: None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.before_answer()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)


def issue(token: str, project_id: str = "p") -> httpx.Response:
    return httpx.Response(201, headers={"X-Subject-Token": token}, json={"token": {"project": {"id": project_id}}})


def issue_key(name: str) -> httpx.Response:
    """Issue a temporary access key as IAM does: KEY-name, with secret-name and token-name."""
    key = {"access": f"KEY-{name}", "secret": f"secret-{name}", "securitytoken": f"token-{name}"}
    return httpx.Response(201, json={"credential": {**key, "expires_at": "2036-11-29T13:00:00.000000Z"}})


def issue_sts_key(name: str) -> httpx.Response:
    """Issue a temporary access key as STS does."""
    key = {"access_key_id": f"KEY-{name}", "secret_access_key": f"secret-{name}", "security_token": f"token-{name}"}
    return httpx.Response(200, json={"credentials": {**key, "expiration": "2036-11-29T13:00:00.000000Z"}})


def refusal(status_code: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status_code, json={"error": {"code": status_code, "message": message, "title": "t"}})


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> object:
        """The body, read as JSON."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Service:
    """An identity service on loopback, and what was asked of it."""

    url: str
    requests: list[Recorded] = field(default_factory=list)


@contextmanager
def serve_identity(
    answers: Mapping[str, httpx.Response], address: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[Service]:
    """Answer each path in its own way, on any port of loopback or at another address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.requests.append(Recorded(self.command, self.path, headers, body))
            answer = answers.get(self.path.partition("?")[0], httpx.Response(404))
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "content-length" not in answer.headers:
                self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_PUT = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(address, Handler) as server:
        service = Service(f"http://{address[0]}:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
