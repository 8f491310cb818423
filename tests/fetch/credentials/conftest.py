"""The program, run in this process against servers on loopback."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import program
import pytest


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Request], tuple[int, Mapping[str, str], object]]
"""A request to a status code, headers and a body: bytes, or a document that is sent as JSON."""


@contextmanager
def serve_answers(answer: Answer) -> Iterator[str]:
    """Answer every request on a port of loopback; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = Request(self.command, self.path, dict(self.headers.items()), asked)
            status_code, headers, body = answer(request)
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response_only(status_code)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Outcome:
    """What a run wrote, and its plan."""

    code: int
    written: str
    plan: dict[str, Any]

    @property
    def verdicts(self) -> list[str]:
        return [job["verdict"] for job in self.plan["jobs"]]

    @property
    def error_codes(self) -> set[str]:
        return {error["code"] for job in self.plan["jobs"] for error in job["errors"]}


@pytest.fixture
def serve() -> Callable[[Answer], AbstractContextManager[str]]:
    return serve_answers


@pytest.fixture
def plan(tmp_path, monkeypatch, capsys) -> Callable[..., Outcome]:
    """Plan jobs, named by their ids, of each provider at its endpoint."""
    monkeypatch.chdir(tmp_path)

    def plan(
        jobs: Mapping[str, Sequence[str]], endpoints: Mapping[str, str], environ: Mapping[str, str], *argv: str
    ) -> Outcome:
        manifest = {
            "version": 1,
            "providers": {name: {"api": "sfs-turbo", "project_id": "p"} for name in jobs},
            "jobs": {job_id: {"job_id": job_id, "provider": name} for name, ids in jobs.items() for job_id in ids},
        }
        Path("reconcile.yaml").write_text(json.dumps(manifest))
        options = [option for name, url in endpoints.items() for option in ("--endpoint", f"{name}={url}")]
        code = program.main(["plan", *options, "--report", "json=plan.json", *argv], environ=environ)
        document = Path("plan.json").read_text()
        captured = capsys.readouterr()
        return Outcome(code, captured.out + captured.err + document, json.loads(document))

    return plan
