"""The simulator as its clients meet it: over a socket, with another's HTTP client or none."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from urllib.parse import urlsplit

import pytest

from reconcile.apis import read_sources
from reconcile.document import Text, parse_text
from reconcile.errors import UsageError
from reconcile.simulator import Scenario, Tally, load_scenario, running_simulator

DATA = read_sources("sfs-turbo")
EXAMPLES = {entry["code"]: entry["example"] for entry in DATA["status_codes"]}
PATIENCE = 5.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Client:
    """An HTTP client with one connection, which it keeps for as long as the server does."""

    def __init__(self, url: str) -> None:
        self.address = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        self.connection = HTTPConnection(*self.address, timeout=PATIENCE)

    def ask(self, path: str, *, method: str = "GET", token: str | None = "t") -> HTTPResponse:
        headers = {"Content-Type": "application/json"} | ({"X-Auth-Token": token} if token is not None else {})
        self.connection.request(method, path, headers=headers)
        return self.connection.getresponse()

    def get(self, job_id: str) -> tuple[int, object]:
        with self.ask(f"/v1/p/sfs-turbo/jobs/{job_id}") as response:
            body = response.read()
            return response.status, json.loads(body) if body else None

    def send(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own and return all that comes back until the server ends it."""
        with socket.create_connection(self.address, timeout=PATIENCE) as raw:
            raw.sendall(data)
            return b"".join(iter(lambda: raw.recv(65536), b""))


def scenario(text: str) -> Scenario:
    document = parse_text(Text("scenario.yaml", "version: 1\napi: sfs-turbo\n" + textwrap.dedent(text)), is_json=False)
    return load_scenario(document)


@contextmanager
def client_of(
    text: str, *, clock: Callable[[], float] = time.monotonic, tally: Tally | None = None
) -> Iterator[Client]:
    with running_simulator(scenario(text), clock=clock, tally=tally) as url:
        client = Client(url)
        try:
            yield client
        finally:
            client.connection.close()


def request(job_id: str = "j", *, headers: str = "") -> bytes:
    return f"GET /v1/p/sfs-turbo/jobs/{job_id} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: t\r\n{headers}\r\n".encode()


# --- What a job API answers --------------------------------------------------------------------------------------


def test_job_is_answered_with_the_fields_that_the_scenario_gives_it() -> None:
    text = """
        jobs:
          j: {status: failed, job_type: bind_ldap, error_code: SFS.TURBO.0005, end_time: null,
              sub_jobs: [{job_type: bind_ldap, status: failed}]}
    """
    with client_of(text) as client:
        assert client.get("j") == (
            200,
            {
                "job_id": "j",
                "status": "failed",
                "job_type": "bind_ldap",
                "error_code": "SFS.TURBO.0005",
                "end_time": None,
                "sub_jobs": [{"job_type": "bind_ldap", "status": "failed"}],
            },
        )


@pytest.mark.parametrize(
    ("answer", "status_code", "body"),
    [
        ("bad_request", 400, EXAMPLES[400]),
        ("not_found", 404, {"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"}),
        ("not_found_as_documented", 404, EXAMPLES[404]),
        ("server_error", 500, EXAMPLES[500]),
        ("forbidden", 403, {"errCode": "SFS.TURBO.9000", "errMsg": "no privileges to operate"}),
        ("other_job", 200, {**EXAMPLES[200], "job_id": "not-j"}),
        ("unknown_status", 200, {**EXAMPLES[200], "job_id": "j", "status": "cancelled"}),
        ("duplicate_key", 200, {**EXAMPLES[200], "job_id": "j", "status": "success"}),
        ("no_content", 204, None),
        ("redirect", 302, None),
    ],
)
def test_named_answer(answer: str, status_code: int, body: object) -> None:
    with client_of(f"jobs: {{j: {{answer: {answer}}}}}") as client:
        assert client.get("j") == (status_code, body)


@pytest.mark.parametrize(
    ("answer", "status_code", "code"),
    [
        ("gateway_bad_request", 400, "APIGW.0201"),
        ("gateway_unauthenticated", 401, "APIGW.0301"),
        ("gateway_wrong_token", 401, "APIGW.0301"),
        ("gateway_not_found", 404, "APIGW.0101"),
        ("throttled", 429, "APIGW.0308"),
    ],
)
def test_gateway_repeats_the_request_id_in_the_body(answer: str, status_code: int, code: str) -> None:
    with client_of(f"jobs: {{j: {{answer: {answer}}}}}") as client, client.ask("/v1/p/sfs-turbo/jobs/j") as response:
        body = json.loads(response.read())
        assert (response.status, body["error_code"]) == (status_code, code)
        assert body["request_id"] == response.headers["X-Request-Id"]
        assert (response.headers["Retry-After"] is not None) == (status_code == 429)


def test_answer_that_is_no_json() -> None:
    with client_of("jobs: {cut: {answer: not_json}, page: {answer: html}}") as client:
        with client.ask("/v1/p/sfs-turbo/jobs/cut") as response, pytest.raises(json.JSONDecodeError):
            json.loads(response.read())
        with client.ask("/v1/p/sfs-turbo/jobs/page") as response:
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            assert b"<html>" in response.read()


def test_duplicate_key_says_failed_and_success() -> None:
    with client_of("jobs: {j: {answer: duplicate_key}}") as client, client.ask("/v1/p/sfs-turbo/jobs/j") as response:
        assert response.read().count(b'"status"') == 2


def test_redirect_leads_elsewhere() -> None:
    with client_of("jobs: {j: {answer: redirect}}") as client, client.ask("/v1/p/sfs-turbo/jobs/j") as response:
        assert response.headers["Location"].startswith("https://portal.invalid/")


def test_raw_answer_is_sent_as_it_stands_and_ends_the_connection() -> None:
    text = """
        jobs:
          short: {raw: {status_code: 200, headers: {content-length: "90", X-Request-Id: mine}, body: "{"}}
          plain: {raw: {status_code: 503, body: "überlastet"}}
    """
    with client_of(text) as client:
        head, _, body = client.send(request("short")).partition(b"\r\n\r\n")
        assert body == b"{"
        assert b"content-length: 90" in head
        assert head.count(b"ength") == 1
        assert head.endswith(b"X-Request-Id: mine")
        head, _, body = client.send(request("plain")).partition(b"\r\n\r\n")
        assert head.startswith(
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 11\r\n"
        )
        assert body.decode() == "überlastet"


def test_hang_answers_nothing_and_everyone_else_still_gets_an_answer() -> None:
    with (
        client_of("jobs: {h: {answer: hang}, j: {status: success}}") as client,
        socket.create_connection(client.address, timeout=0.05) as hung,
    ):
        hung.sendall(request("h") + request("j"))
        assert client.get("j")[0] == 200
        with pytest.raises(TimeoutError):
            hung.recv(1)


def test_reset_resets() -> None:
    with client_of("jobs: {j: {answer: reset}}") as client, pytest.raises(ConnectionResetError):
        client.send(request("j"))


# --- What it refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status_code", "code"),
    [
        ("/v1/p/sfs-turbo/jobs/unknown", 404, {"errCode": "SFS.TURBO.0019"}),
        ("/v1/other/sfs-turbo/jobs/j", 404, {"error_code": "APIGW.0101"}),
        ("/v2/p/sfs-turbo/jobs/j", 404, {"error_code": "APIGW.0101"}),
        ("/v1/p/sfs-turbo/jobs/j/", 404, {"error_code": "APIGW.0101"}),
        ("/v1/p/sfs-turbo/jobs/j?x=1", 404, {"error_code": "APIGW.0101"}),
        ("/v1/p/sfs-turbo/jobs/%6a", 404, {"error_code": "APIGW.0101"}),
        ("/v1/p/sfs-turbo/jobs/..", 404, {"error_code": "APIGW.0101"}),
        ("/v1/p/sfs-turbo/jobs/", 404, {"error_code": "APIGW.0101"}),
        (f"/v1/p/sfs-turbo/jobs/{'j' * 65}", 404, {"error_code": "APIGW.0101"}),
    ],
)
def test_only_a_job_of_the_project_is_found(path: str, status_code: int, code: dict[str, str]) -> None:
    with client_of("project_id: p\njobs: {j: {status: success}}") as client, client.ask(path) as response:
        assert response.status == status_code
        assert code.items() <= json.loads(response.read()).items()


@pytest.mark.parametrize(("token", "accepted"), [("right", 200), ("wrong", 401), ("", 401), (None, 401)])
def test_only_the_token_is_accepted(token: str | None, accepted: int) -> None:
    tally = Tally()
    with (
        client_of("token: right\njobs: {j: {status: success}}", tally=tally) as client,
        client.ask("/v1/p/sfs-turbo/jobs/j", token=token) as response,
    ):
        body = json.loads(response.read())
        assert response.status == accepted
        assert accepted == 200 or body["error_code"] == "APIGW.0301"
    assert tally.refused == (accepted != 200)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_nothing_but_get_is_served(method: str) -> None:
    tally = Tally()
    with client_of("jobs: {j: {status: success}}", tally=tally) as client:
        with client.ask("/v1/p/sfs-turbo/jobs/j", method=method) as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET")
            response.read()
        assert client.get("j")[0] == 200
    assert tally.requests_seen == {method: 1, "GET": 1}
    assert tally.refused == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello\r\n\r\n", id="no-http"),
        pytest.param(b"GET / HTTP/1.1\r\nbad header\r\n\r\n", id="no-header"),
        pytest.param(b"BREW /pot HTTP/1.1\r\n\r\n", id="no-method"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 65600, id="endless-header"),
        pytest.param(b"GET /" + b"x" * 65600, id="endless-path"),
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    tally = Tally()
    with client_of("jobs: {}", tally=tally) as client:
        assert client.send(data).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (tally.refused, sum(tally.requests_seen.values())) == (1, 0)


# --- Time --------------------------------------------------------------------------------------------------------


def test_timeline_follows_the_clock() -> None:
    text = """
        jobs:
          j: {timeline: [{after: 1s, status: waiting}, {after: 2s, status: running}, {after: 1m, status: success}]}
    """
    clock = Clock()
    with client_of(text, clock=clock) as client:
        seen = []
        for clock.now in (1000.0, 1000.9, 1001.0, 1002.0, 1059.9, 1060.0, 9999.0):
            status_code, body = client.get("j")
            seen.append(body["status"] if isinstance(body, dict) and status_code == 200 else status_code)
    assert seen == [404, 404, "waiting", "running", "running", "success", "success"]


def test_clock_that_leaps_skips_entries() -> None:
    clock = Clock()
    with client_of(
        "jobs: {j: {timeline: [{status: waiting}, {after: 1s, status: running}, {after: 2s, status: failed}]}}",
        clock=clock,
    ) as client:
        clock.now += 3
        assert client.get("j") == (200, {"job_id": "j", "status": "failed"})


def test_entry_that_counts_its_requests_gives_way_to_the_next() -> None:
    text = """
        jobs:
          j: {timeline: [{requests: 2, answer: server_error}, {requests: 1, answer: throttled}, {status: success}]}
    """
    with client_of(text) as client:
        assert [client.get("j")[0] for _ in range(5)] == [500, 500, 429, 200, 200]


def test_delayed_answer_is_held_back() -> None:
    tally = Tally()
    with (
        client_of("jobs: {slow: {status: waiting, delay: 1h}, j: {status: success}}", tally=tally) as client,
        socket.create_connection(client.address, timeout=PATIENCE) as raw,
    ):
        raw.sendall(request("j") + request("slow"))
        assert b'"j"' in raw.recv(65536)
        assert client.get("j") == (200, {"job_id": "j", "status": "success"})
        assert tally.requests_for["slow"] == 1
        raw.setblocking(False)
        with pytest.raises(BlockingIOError):
            raw.recv(1)


def test_delayed_answer_comes_in_its_turn() -> None:
    with client_of("jobs: {slow: {status: waiting, delay: 40ms}, j: {status: success}}") as client:
        answers = client.send(request("slow") + request("j", headers="Connection: close\r\n"))
    assert answers.index(b'"slow"') < answers.index(b'"j"')


# --- Connections -------------------------------------------------------------------------------------------------


def test_connection_is_kept() -> None:
    tally = Tally()
    with client_of("jobs: {j: {status: success}}", tally=tally) as client:
        client.get("j")
        first = client.connection.sock
        client.get("unknown")
        client.get("j")
        assert client.connection.sock is first
    assert tally.most_connections == 1
    assert tally.requests_for == {"j": 2, "unknown": 1}


@pytest.mark.parametrize("headers", ["Connection: close\r\n", ""], ids=["close", "http-1.0"])
def test_connection_is_closed_when_the_client_says_so(headers: str) -> None:
    data = request("j", headers=headers)
    with client_of("jobs: {j: {status: success}}") as client:
        assert client.send(data if headers else data.replace(b"/1.1", b"/1.0")).count(b"HTTP/1.1 200") == 1


def test_pipelined_requests_are_all_answered_in_order_however_they_are_cut() -> None:
    jobs = [f"job-{number}" for number in range(1, 201)]
    data = b"".join(map(request, jobs)) + request("end", headers="Connection: close\r\n")
    text = "generate: {count: 200, job: {status: success}}\njobs: {job-1: {status: success, delay: 10ms}}"
    with client_of(text) as client, socket.create_connection(client.address, timeout=PATIENCE) as raw:
        for start in range(0, len(data), 777):
            raw.sendall(data[start : start + 777])
        answers = b"".join(iter(lambda: raw.recv(65536), b""))
    found = [json.loads(body.partition(b"}")[0] + b"}")["job_id"] for body in answers.split(b"\r\n\r\n")[1:-1]]
    assert found == jobs


def test_request_ids_are_the_same_in_every_run_and_never_twice_in_one() -> None:
    def run() -> list[str]:
        with client_of("jobs: {j: {status: success}}") as client:
            ids = []
            for path in ("jobs/j", "jobs/j", "jobs/unknown", "nothing", "nothing"):
                with client.ask(f"/v1/p/sfs-turbo/{path}") as response:
                    response.read()
                    ids.append(response.headers["X-Request-Id"])
            return ids

    first = run()
    assert first == run()
    assert len(set(first)) == 5
    assert all(len(request_id) == 32 for request_id in first)


def test_many_clients_at_once() -> None:
    tally = Tally()
    with running_simulator(scenario("generate: {count: 400, job: {status: success, delay: 1ms}}"), tally=tally) as url:

        def ask(first: int) -> list[int]:
            client = Client(url)
            answers = [client.get(f"job-{number}")[0] for number in range(first, 401, 8)]
            client.connection.close()
            return answers

        with ThreadPoolExecutor(8) as pool:
            assert [code for codes in pool.map(ask, range(1, 9)) for code in codes] == [200] * 400
    assert tally.requests_seen == {"GET": 400}
    assert 2 <= tally.most_connections <= 8
    assert tally.open_connections == 0


def test_end_of_the_server_ends_its_connections() -> None:
    with client_of("jobs: {h: {answer: hang}}") as client:
        client.connection.request("GET", "/v1/p/sfs-turbo/jobs/h", headers={"X-Auth-Token": "t"})
        connection = client.connection
        client.connection = HTTPConnection(*client.address)
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()


# --- The process -------------------------------------------------------------------------------------------------


def test_port_that_is_taken_is_a_usage_error() -> None:
    with running_simulator(scenario("jobs: {}")) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"),
            running_simulator(scenario("jobs: {}"), port=port),
        ):
            pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_at_a_signal(number: signal.Signals) -> None:
    code = """
        import signal
        from reconcile.document import Text, parse_text
        from reconcile.simulator import load_scenario, serve
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        scenario = load_scenario(parse_text(Text("s", "{version: 1, api: sfs-turbo}"), is_json=False))
        print(serve(scenario, 0, lambda url: print(url, flush=True)).name)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with socket.create_connection(Client(url).address, timeout=PATIENCE):
            os.kill(process.pid, number)
            output, errors = process.communicate(timeout=PATIENCE)
    assert (output.strip(), errors, process.returncode) == (number.name, "", 0)
