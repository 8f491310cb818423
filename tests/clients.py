"""Clients in place of libcurl: what tests put between the run and the network."""

from collections.abc import Callable

import httpx

from reconcile.fetch.client import OnDone, Outcome
from reconcile.fetch.httpx_transport import read_failure
from reconcile.fetch.message import Answer, Request


def ask(transport: httpx.BaseTransport, request: Request) -> Outcome:
    """Send a request through a transport of httpx, such as `httpx.MockTransport`."""
    return answer_with(lambda: transport.handle_request(to_httpx(request)))


def answer_with(respond: Callable[[], httpx.Response]) -> Outcome:
    """Return what a client would: the response as an answer, or what it raises as a failure."""
    try:
        response = respond()
    except httpx.RequestError as error:
        return read_failure(error)
    body = b"".join(response.stream)  # as it came: `read` would inflate it
    headers = {name: response.headers[name] for name in response.headers}
    return Answer(response.status_code, headers, body)


def to_httpx(request: Request) -> httpx.Request:
    """Return the request in httpx's values."""
    headers = [tuple(line.split(": ", 1)) for line in request.headers]
    return httpx.Request(request.method, f"{request.origin}{request.target}", headers=headers, content=request.body)


class TransportClient:
    """Send requests through a transport of httpx; each is answered in the next `wait`."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._pending: list[tuple[Request, OnDone]] = []
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def send(self, request: Request, on_done: OnDone) -> None:
        self._pending.append((request, on_done))

    def wait(self, timeout: float) -> None:
        pending, self._pending = self._pending, []
        self._now += 0.0 if pending else timeout
        for request, on_done in pending:
            on_done(ask(self._transport, request))

    def close(self) -> None:
        self._pending.clear()
