"""The client against servers that do what they should not, over real sockets."""

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count

import pytest
import trustme
from fault_server import serving

from reconcile.errors import AccessError
from reconcile.fetch import CurlClient, TimeLimits
from reconcile.fetch.client import METADATA_KEY, METADATA_SESSION, Outcome
from reconcile.fetch.endpoint import METADATA_SERVICE, Origin
from reconcile.fetch.failure import (
    AnswerTooLargeError,
    BlockedAddressError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    MalformedRequestError,
    NameNotResolvedError,
    NotConnectedError,
    NotHttpError,
    TimedOutError,
    TlsError,
    TooMuchInFlightError,
)
from reconcile.fetch.message import Request, write_headers

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CLOSING = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = TimeLimits(connect=0.3, attempt=0.3)


def origin(port: int, *, scheme: str = "http", host: str = "127.0.0.1") -> Origin:
    return Origin(scheme=scheme, host=host, port=port)


def send(client: CurlClient, *requests: Request) -> list[Outcome]:
    """Send requests at once; return what came of each, in the order in which they were done."""
    outcomes: list[Outcome] = []
    for request in requests:
        client.send(request, outcomes.append)
    while len(outcomes) < len(requests):
        client.wait(1.0)
    return outcomes


def get(client: CurlClient, to: Origin, *, alone: bool = False) -> tuple[int, bytes]:
    """Return status code and body of an answer; raise the failure if there is none."""
    (outcome,) = send(client, Request(origin=to, target="/", headers=["X-Auth-Token: t"], alone=alone))
    if isinstance(outcome, ExchangeError):
        raise outcome
    return outcome.status_code, outcome.body


def play(script, *, times: int = 1, limits: TimeLimits | None = None, tls=None, ca_file: str | None = None):
    """Send a request so many times, one after the other; return the last answer and the server."""
    with serving(script, tls=tls) as server, CurlClient(limits=limits, ca_file=ca_file) as client:
        for _ in range(times):
            answer = get(client, origin(server.port, scheme="https" if tls else "http"))
        return answer, server


def answering(*parts: bytes) -> Callable[..., Awaitable[None]]:
    async def script(wire) -> None:
        while True:
            await wire.read_request()
            for part in parts:
                await wire.send(part)
                await asyncio.sleep(0)

    return script


def answering_once(*parts: bytes, then: str = "close") -> Callable[..., Awaitable[None]]:
    async def script(wire) -> None:
        await wire.read_request()
        for part in parts:
            await wire.send(part)
            await asyncio.sleep(0)
        if then == "reset":
            wire.reset()
        elif then == "hang":
            await asyncio.sleep(60)

    return script


# --- Good answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([OK], id="D01-length"),
        pytest.param([OK[:9], OK[9:40], OK[40:-1], OK[-1:]], id="in-parts"),
        pytest.param([CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n"], id="chunked-with-trailer"),
        pytest.param([OK.replace(b"200 OK", b"404 ")], id="not-a-200"),
    ],
)
def test_answers_are_read_over_one_connection(parts: list[bytes]) -> None:
    (_, body), server = play(answering(*parts), times=3)
    assert body == b"{}"
    assert server.connections == 1


@pytest.mark.parametrize("status_code", [204, 304])
def test_an_answer_without_a_body_is_whole_D38(status_code: int) -> None:
    script = answering(b"HTTP/1.1 %d X\r\n\r\n" % status_code)
    assert play(script, times=2)[0] == (status_code, b"")


def test_a_request_is_sent_as_it_is_and_with_nothing_more() -> None:
    with serving(answering(OK)) as server, CurlClient() as client:
        headers = write_headers({"Accept": "application/json", "X-Auth-Token": "t"})
        send(client, Request(origin=origin(server.port), target="/a/../b?c=%20d", headers=headers))
        port = str(server.port).encode()
        assert server.requests == [
            b"GET /a/../b?c=%20d HTTP/1.1\r\nHost: 127.0.0.1:"
            + port
            + b"\r\nAccept: application/json\r\nX-Auth-Token: t\r\n\r\n"
        ]


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX-Evil: 1", "/a HTTP/1.1\r\n\r\nGET /b", "a", "@evil.test/", ""])
def test_a_target_that_is_more_than_a_target_is_not_sent(target: str) -> None:
    with serving(answering(OK)) as server, CurlClient() as client:
        with pytest.raises(MalformedRequestError):
            send(client, Request(origin=origin(server.port), target=target, headers=[]))
        assert server.connections == 0


@pytest.mark.parametrize("value", ["canary\r\nX-Evil: 1", "canary\n", "canary\0", "", " canary", "canary\u00e9"])
def test_a_header_that_is_more_than_a_header_is_refused_and_not_shown_A17(value: str) -> None:
    with pytest.raises(MalformedRequestError) as raised:
        write_headers({"X-Auth-Token": value})
    assert "canary" not in str(raised.value)


def test_the_method_and_the_length_of_a_request() -> None:
    async def script(wire) -> None:
        for _ in range(3):
            head = await wire.read_request()
            if head.startswith(b"POST"):
                wire.server.requests.append(await wire.reader.readexactly(4))
            await wire.send(OK)

    with serving(script) as server, CurlClient() as client:
        for method, body in (("POST", b"body"), ("PUT", b""), ("GET", None)):
            send(client, Request(origin=origin(server.port), target="/", headers=["X: y"], method=method, body=body))
        post, body, put, get = server.requests
        assert body == b"body"
        assert b"Content-Length: 4\r\n" in post
        assert put.startswith(b"PUT / ")
        assert b"Content-Length: 0\r\n" in put
        assert b"Content-Type" not in put
        assert get.startswith(b"GET / ")
        assert b"Content-" not in get


def test_a_redirect_is_an_answer_that_nobody_follows_A09() -> None:
    with serving(answering(OK)) as sink:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {sink.url}\r\nContent-Length: 0\r\n\r\n".encode()
        assert play(answering(moved))[0] == (302, b"")
        assert sink.connections == 0


def test_a_body_of_the_greatest_size_is_read() -> None:
    body = b" " * (1024 * 1024)
    (_, read), _ = play(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    assert read == body


# --- Connections that end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "then", "says"),
    [
        pytest.param([], "close", "without an answer", id="D22-FIN-before"),
        pytest.param([], "reset", "without an answer", id="D22-RST-before"),
        pytest.param([OK[:20]], "close", "in the middle", id="D22-FIN-in-head"),
        pytest.param([OK[:20]], "reset", "in the middle", id="D22-RST-in-head"),
        pytest.param([OK[:-1]], "close", "in the middle", id="D15"),
        pytest.param([OK[:-1]], "reset", "in the middle", id="D22-RST-in-body"),
        pytest.param([CHUNKED + b"2\r\n{}\r\n"], "close", "in the middle", id="D15-chunked"),
    ],
)
def test_a_connection_that_ends_too_early_is_broken(parts: list[bytes], then: str, says: str) -> None:
    with pytest.raises(ConnectionBrokenError, match=says):
        play(answering_once(*parts, then=then))


@pytest.mark.parametrize("then", ["close", "reset"])
def test_an_idle_connection_that_the_server_closed_costs_nothing(then: str) -> None:
    answer, server = play(answering_once(OK, then=then), times=3)
    assert answer == (200, b"{}")
    assert server.connections == len(server.requests) == 3


def test_a_connection_that_breaks_in_the_answer_is_not_tried_again() -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK)
        await wire.read_request()
        await wire.send(OK[:30])

    with serving(script) as server, CurlClient() as client:
        get(client, origin(server.port))
        with pytest.raises(ConnectionBrokenError, match="in the middle"):
            get(client, origin(server.port))
        assert server.connections == 1


def test_a_refused_connection_names_the_cause_D22() -> None:
    with serving(answering(OK)) as server:
        port = server.port
    with CurlClient() as client, pytest.raises(NotConnectedError, match=r"nothing listens there: .*refused"):
        get(client, origin(port))


def test_a_name_that_does_not_resolve_is_not_connected_D23() -> None:
    with CurlClient() as client, pytest.raises(NameNotResolvedError, match="cannot be resolved"):
        get(client, origin(443, scheme="https", host="no-such-host.invalid"))


# --- Deadlines -------------------------------------------------------------------------------------------------


async def drip(wire, data: bytes) -> None:
    for byte in data:
        await wire.send(bytes([byte]))
        await asyncio.sleep(0.02)


async def drip_body(wire) -> None:
    await wire.read_request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    await drip(wire, b" " * 999)


async def drip_headers(wire) -> None:
    await wire.read_request()
    await drip(wire, OK)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answering_once(then="hang"), id="D22-hang"),
        pytest.param(answering_once(OK[:-1], then="hang"), id="D22-hang-in-body"),
        pytest.param(drip_body, id="D19"),
        pytest.param(drip_headers, id="D20"),
        pytest.param(lambda wire: flood(wire, CHUNKED + b"1;", (b"x" * 0x1000 for _ in count())), id="chunk-extension"),
    ],
)
def test_one_deadline_is_over_the_whole_exchange(script) -> None:
    """What drips would be a whole answer in the end, and no byte of it is late."""
    with pytest.raises(TimedOutError, match=r"no complete answer within 0.3 s"):
        play(script, limits=QUICK)


def test_a_handshake_that_hangs_is_a_connection_that_times_out() -> None:
    async def hang(wire) -> None:
        await asyncio.sleep(60)

    limits = TimeLimits(connect=0.05, attempt=1)
    says = pytest.raises(TimedOutError, match=r"no connection within 0.05 s")
    with serving(hang) as server, CurlClient(limits=limits) as client, says:
        get(client, origin(server.port, scheme="https"))


# --- Limits ----------------------------------------------------------------------------------------------------


SYSTEM_BUFFERS = 16 << 20
"""Bytes, at most, that the system takes from one end of a connection and the other end has not read."""


async def flood(wire, head: bytes, pieces: Iterator[bytes]) -> None:
    await wire.read_request()
    await wire.send(head)
    for piece in pieces:
        await wire.send(piece)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        pytest.param(CHUNKED, b"10000\r\n" + b" " * 0x10000 + b"\r\n", id="D18"),
        pytest.param(CHUNKED + b"0\r\n", b"X: " + b"x" * 0x1000 + b"\r\n", id="D18-trailers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", b" " * 0x10000, id="D18-length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n", b" " * 0x10000, id="D17-200-MiB"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 1000 + b"\r\n", id="D21-3000-headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 200, id="D21-short-headers"),
        pytest.param(b"HTTP/1.1 200 ", b"x" * 0x10000, id="D21-status-line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 0x10000, id="D21-one-header"),
    ],
)
def test_an_answer_without_end_ends_at_the_limit(head: bytes, piece: bytes) -> None:
    sent = count()
    with pytest.raises(AnswerTooLargeError):
        play(lambda wire: flood(wire, head, (piece for _ in sent)))
    assert next(sent) * len(piece) < SYSTEM_BUFFERS + (1 << 20)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"X: 1\r\n" * 100, id="D21-101-lines"),
        pytest.param(b"X: " + b"x" * 70_000 + b"\r\n", id="D21-68-KiB"),
    ],
)
def test_a_head_that_comes_whole_has_the_same_limits(headers: bytes) -> None:
    with pytest.raises(AnswerTooLargeError):
        play(answering(OK.replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n")))


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd", b"gzip, gzip", b"deflate", b"x"])
def test_a_compressed_body_is_refused_and_not_inflated_D17(encoding: bytes) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(bomb))
    with pytest.raises(EncodedAnswerError, match="compressed"):
        play(answering(head + bomb))


# --- Answers that can be read in two ways ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OK.replace(b"HTTP/1.1", b"HTTP/1.0"), id="D38-1.0"),
        pytest.param(OK.replace(b"HTTP/1.1", b"HTTP/2.0"), id="D38-2.0"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, id="D21-100-flood"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, id="103"),
        pytest.param(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" + OK, id="upgrade"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{}", id="D16-no-length"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"), id="both-lengths"),
        pytest.param(CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", id="both-lengths-chunked"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n"), id="two-lengths"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n"), id="two-lengths-that-differ"),
        pytest.param(OK.replace(b": 2", b": 2, 2"), id="list-of-lengths"),
        pytest.param(OK.replace(b": 2", b": +2"), id="signed-length"),
        pytest.param(OK.replace(b": 2", b": 0x2"), id="hex-length"),
        pytest.param(OK.replace(b": 2", b": " + b"9" * 5000), id="D41-length"),
        pytest.param(CHUNKED.replace(b"chunked", b"gzip, chunked") + b"2\r\n{}\r\n0\r\n\r\n", id="coding-gzip"),
        pytest.param(CHUNKED.replace(b"chunked", b"xchunked") + b"2\r\n{}\r\n0\r\n\r\n", id="coding-unknown"),
        pytest.param(CHUNKED.replace(b"chunked", b"chunked, identity"), id="coding-not-last"),
        pytest.param(CHUNKED + b"2\r\n{}0\r\n\r\n", id="chunk-too-long"),
        pytest.param(CHUNKED + b"f" * 40 + b"\r\n{}", id="chunk-size-overflow"),
        pytest.param(OK.replace(b"\r\n", b"\n"), id="bare-LF"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX: a\0b\r\n\r\n"), id="NUL"),
        pytest.param(OK.replace(b"Content-Length", b"Content-Length "), id="space-before-colon"),
        pytest.param(OK.replace(b"200", b"2000"), id="status-2000"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX(: a\r\n\r\n"), id="name"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX: a\x01b\r\n\r\n"), id="control"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
        pytest.param(b"{}", id="no-http"),
    ],
)
def test_an_answer_that_is_not_plain_http_1_1_is_refused_and_its_connection_dropped(answer: bytes) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK if wire.number else answer)
        await wire.read_request()

    with serving(script) as server, CurlClient(limits=TimeLimits(attempt=1)) as client:
        with pytest.raises(NotHttpError):
            get(client, origin(server.port))
        assert get(client, origin(server.port)) == (200, b"{}")
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer", [pytest.param(OK + b"junk", id="D39-junk"), pytest.param(OK + OK, id="D39-second-answer")]
)
def test_what_comes_with_an_answer_and_is_no_part_of_it_drops_the_connection(answer: bytes) -> None:
    result, server = play(answering(answer), times=2)
    assert result == (200, b"{}")
    assert server.connections == 2


def test_a_request_that_goes_alone_reads_nothing_that_came_after_another_answer_D39() -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK)
        await asyncio.sleep(0.01)
        await wire.send(OK.replace(b"{}", b"[]"))
        await wire.read_request()

    with serving(script) as server, CurlClient() as client:
        assert get(client, origin(server.port)) == (200, b"{}")
        time.sleep(0.05)
        assert get(client, origin(server.port), alone=True) == (200, b"{}")
        assert server.connections == 2


def test_a_connection_that_the_server_wants_closed_is_not_kept() -> None:
    assert play(answering(CLOSING), times=3)[1].connections == 3


def test_many_large_answers_at_once_are_bounded_together_and_may_be_asked_for_again() -> None:
    body = b" " * (1024 * 1024 - 1)
    part = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1) + body

    with serving(answering_once(part, then="hang")) as server, CurlClient(limits=TimeLimits(attempt=2)) as client:
        request = Request(origin=origin(server.port), target="/", headers=[])
        kinds = [type(outcome) for outcome in send(client, *[request] * 48)]
    assert set(kinds) == {TooMuchInFlightError, TimedOutError}
    assert 4 <= kinds.count(TimedOutError) <= 8


# --- Where a request may go ------------------------------------------------------------------------------------


def test_a_name_that_leads_to_loopback_is_blocked_before_a_byte_is_sent_A08() -> None:
    with serving(answering(OK)) as server, CurlClient(resolve=[f"api.test:{server.port}:127.0.0.1"]) as client:
        with pytest.raises(BlockedAddressError, match=r"leads to 127.0.0.1, which is a loopback address; nothing was"):
            get(client, origin(server.port, scheme="https", host="api.test"))
        assert server.connections == 0


@pytest.mark.parametrize("metadata", [False, True])
@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "[64:ff9b::a9fe:a9fe]", "0.0.0.0"])
def test_a_name_that_leads_to_a_blocked_address_is_blocked_A07_A08(address: str, metadata: bool) -> None:
    options = {"limits": QUICK, "metadata": metadata}
    with CurlClient(resolve=[f"api.test:443:{address}"], **options) as client, pytest.raises(BlockedAddressError):
        get(client, origin(443, scheme="https", host="api.test"))


def test_localhost_leads_to_this_machine_or_nowhere_A08() -> None:
    with CurlClient(resolve=["localhost:80:192.0.2.1"], limits=QUICK) as client, pytest.raises(BlockedAddressError):
        get(client, origin(80, host="localhost"))


def test_plain_http_is_spoken_to_loopback_alone_A03() -> None:
    with CurlClient() as client, pytest.raises(ExchangeError, match="loopback only"):
        get(client, origin(80, host="10.0.0.1"))


@pytest.mark.parametrize(
    ("metadata", "method", "target"),
    [
        (False, "GET", METADATA_KEY),
        (True, "GET", "/openstack/latest/user_data"),
        (True, "GET", f"{METADATA_KEY}?x"),
        (True, "POST", METADATA_SESSION),
    ],
)
def test_the_metadata_service_is_asked_for_a_credential_if_the_operator_allows_A07(
    metadata: bool, method: str, target: str
) -> None:
    request = Request(origin=METADATA_SERVICE, target=target, headers=[], method=method)
    with CurlClient(metadata=metadata) as client, pytest.raises(ExchangeError, match="--metadata-credentials"):
        client.send(request, list[Outcome]().append)


def test_localhost_is_reached_by_whichever_address_answers() -> None:
    with serving(answering(OK)) as server, CurlClient() as client:
        assert get(client, origin(server.port, host="localhost")) == (200, b"{}")


def test_an_address_that_leads_nowhere_hides_no_other() -> None:
    with serving(answering(CLOSING)) as server, ExitStack() as stack:
        # Nobody accepts, so the system answers no further one.
        dead = stack.enter_context(socket.create_server(("127.0.0.2", server.port), backlog=0))
        for each in (socket.socket() for _ in range(4)):
            stack.enter_context(each).setblocking(False)
            each.connect_ex(dead.getsockname())
        client = stack.enter_context(CurlClient(resolve=[f"localhost:{server.port}:127.0.0.2,127.0.0.1"]))
        assert get(client, origin(server.port, host="localhost")) == (200, b"{}")


# --- What the environment has no say in ------------------------------------------------------------------------

_GET_IN_A_PROCESS = """
import sys
import time
from reconcile.fetch import CurlClient
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.message import Request
scheme, host, port, ca_file = sys.argv[1:]
outcomes = []
with CurlClient(ca_file=ca_file or None) as client:
    to = Origin(scheme=scheme, host=host, port=int(port))
    client.send(Request(origin=to, target="/", headers=[]), outcomes.append)
    while not outcomes:
        client.wait(1.0)
print(outcomes)
"""


def get_in_a_process(to: Origin, environ: dict[str, str], ca_file: str = "") -> str:
    """Send a request from a new process with this environment, for libcurl reads some of it when it is loaded."""
    command = [sys.executable, "-c", _GET_IN_A_PROCESS, to.scheme, to.host, str(to.port), ca_file]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=30, check=True
    ).stdout


@pytest.mark.parametrize(
    "name",
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
    ids=lambda n: f"A11-{n}",
)
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
def test_no_proxy_of_the_environment_sees_a_byte_A11(authority, tmp_path, name: str, secured: bool) -> None:
    tls = server_context(authority, "127.0.0.1") if secured else None
    with serving(answering(OK)) as proxy, serving(answering(OK), tls=tls) as server:
        to = origin(server.port, scheme="https" if secured else "http")
        said = get_in_a_process(to, {name: f"http://127.0.0.1:{proxy.port}"}, write_ca(authority, tmp_path))
        assert "status_code=200" in said
        assert proxy.connections == 0


def test_no_netrc_of_the_environment_is_read_A15(tmp_path) -> None:
    for name in (".netrc", "netrc"):
        (tmp_path / name).write_text(
            "machine 127.0.0.1 login user password canary\ndefault login user password canary\n"
        )
    with serving(answering(OK)) as server:
        get_in_a_process(origin(server.port), {"NETRC": str(tmp_path / "netrc"), "HOME": str(tmp_path)})
        assert b"authorization" not in server.requests[0].lower()


def test_session_keys_are_never_written_A14(authority, tmp_path) -> None:
    with serving(answering(OK), tls=server_context(authority, "127.0.0.1")) as server:
        environ = {"SSLKEYLOGFILE": str(tmp_path / "keys")}
        said = get_in_a_process(origin(server.port, scheme="https"), environ, write_ca(authority, tmp_path))
        assert "status_code=200" in said
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_no_authority_of_the_environment_is_trusted_A13(authority, tmp_path, name: str) -> None:
    path = write_ca(authority, tmp_path)
    with serving(answering(OK), tls=server_context(authority, "127.0.0.1")) as server:
        environ = {name: str(tmp_path) if name.endswith("DIR") else path}
        assert "certificate is not trusted" in get_in_a_process(origin(server.port, scheme="https"), environ)


def test_no_configuration_of_openssl_is_loaded_from_the_environment(authority, tmp_path) -> None:
    (tmp_path / "openssl.cnf").write_text("openssl_conf = broken\n[broken]\nssl_conf = nothing\n")
    with serving(answering(OK), tls=server_context(authority, "127.0.0.1")) as server:
        environ = {"OPENSSL_CONF": str(tmp_path / "openssl.cnf"), "CURL_SSL_BACKEND": "none"}
        said = get_in_a_process(origin(server.port, scheme="https"), environ, write_ca(authority, tmp_path))
        assert "status_code=200" in said


# --- TLS -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def write_ca(authority: trustme.CA, tmp_path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def get_over_tls(context: ssl.SSLContext, ca_file: str | None = None) -> tuple[int, bytes]:
    answer, server = play(answering(OK), times=3, tls=context, ca_file=ca_file)
    assert server.connections == 1
    return answer


def test_an_authority_that_the_operator_names_is_trusted(authority, tmp_path) -> None:
    assert get_over_tls(server_context(authority, "127.0.0.1"), write_ca(authority, tmp_path)) == (200, b"{}")


def test_an_unknown_authority_is_not_trusted_A16(authority) -> None:
    with pytest.raises(TlsError, match="certificate is not trusted"):
        get_over_tls(server_context(authority, "127.0.0.1"))


def test_a_certificate_for_another_host_is_not_trusted_A16(authority, tmp_path) -> None:
    with pytest.raises(TlsError, match=r"127.0.0.1"):
        get_over_tls(server_context(authority, "good.test"), write_ca(authority, tmp_path))


def test_an_expired_certificate_is_not_trusted_A16(authority, tmp_path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_before=long_ago, not_after=long_ago).configure_cert(context)
    with pytest.raises(TlsError, match=r"not trusted: .*certificate has expired"):
        get_over_tls(context, write_ca(authority, tmp_path))


def test_an_old_version_of_tls_is_not_spoken_A16(authority, tmp_path) -> None:
    context = server_context(authority, "127.0.0.1")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((TlsError, NotConnectedError)):
        get_over_tls(context, write_ca(authority, tmp_path))


def test_a_session_is_no_way_around_the_certificate_A16(authority, tmp_path) -> None:
    good, bad = server_context(authority, "127.0.0.1"), server_context(trustme.CA(), "127.0.0.1")
    with CurlClient(ca_file=write_ca(authority, tmp_path)) as client:
        with serving(answering_once(CLOSING), tls=good) as server:
            assert get(client, origin(server.port, scheme="https")) == (200, b"{}")
        untrusted = pytest.raises(TlsError, match="not trusted")
        with serving(answering_once(CLOSING), tls=bad, port=server.port) as server, untrusted:
            get(client, origin(server.port, scheme="https"))


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_connection_that_ends_in_the_handshake_may_be_noise(then: str) -> None:
    async def script(wire) -> None:
        await wire.reader.read(1)
        if then == "reset":
            wire.reset()

    with serving(script) as server, CurlClient() as client, pytest.raises(NotConnectedError) as raised:
        get(client, origin(server.port, scheme="https"))
    assert not isinstance(raised.value, TlsError), "which would not be retried"


def test_a_server_without_tls_is_a_failed_handshake() -> None:
    async def script(wire) -> None:
        await wire.reader.read(1)
        await wire.send(OK)

    with serving(script) as server, CurlClient() as client, pytest.raises(TlsError, match="handshake failed"):
        get(client, origin(server.port, scheme="https"))


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("nothing", "holds no certificate")])
def test_a_ca_file_that_is_of_no_use_is_found_before_any_request(tmp_path, content: str | None, says: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AccessError, match=says):
        CurlClient(ca_file=str(path))


def test_a_ca_file_that_is_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(AccessError, match="not a regular file"):
        CurlClient(ca_file=str(tmp_path / "ca.pem"))


def test_without_pycurl_a_run_says_what_to_install(tmp_path) -> None:
    manifest = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\njobs: {a: {job_id: a}}\n"
    (tmp_path / "reconcile.yaml").write_text(manifest)
    code = "import sys; sys.modules['pycurl'] = None; from reconcile.__main__ import run; run()"
    command = [sys.executable, "-c", code, "plan", "--endpoint", "http://127.0.0.1:1"]
    environ = {**os.environ, "RECONCILE_TOKEN": "a-token"}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 1
    assert "pycurl" in ran.stderr
    assert "pip install pycurl" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_ca_file_that_only_looks_like_one_trusts_nobody(authority, tmp_path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
    with pytest.raises(TlsError, match="CA file"):
        get_over_tls(server_context(authority, "127.0.0.1"), str(path))
