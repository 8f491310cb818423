import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest
import trustme

from reconcile.errors import AccessError
from reconcile.fetch import TimeLimits, open_transport
from reconcile.fetch.failure import (
    AnswerTooLargeError,
    BlockedAddressError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    MalformedRequestError,
    NotConnectedError,
    NotHttpError,
    TimedOutError,
    TlsError,
)
from reconcile.fetch.foreign import send
from reconcile.fetch.transport import DirectTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = TimeLimits(connect=0.1, attempt=0.1)


async def get(transport, url: str) -> tuple[int, bytes]:
    request = httpx.Request("GET", url, headers={"Host": "test", "X-Auth-Token": "t"}, stream=httpx.ByteStream(b""))
    answer = await send(transport, request)
    return answer.status_code, answer.body


def play(serve, script, *, times: int = 1, url: str | None = None, limits: TimeLimits | None = None):
    """Send the request so many times, one after the other; return the last answer and the server."""

    async def run():
        async with serve(script) as server, open_transport(limits=limits) as transport:
            for _ in range(times):
                answer = await get(transport, url.format(port=server.port) if url else server.url)
            return answer, server

    return asyncio.run(run())


def answering(*parts: bytes) -> Callable[..., Awaitable[None]]:
    async def script(wire) -> None:
        while True:
            await wire.read_request()
            for part in parts:
                await wire.send(part)

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
def test_answers_are_read_over_one_connection(serve, parts: list[bytes]) -> None:
    (_, body), server = play(serve, answering(*parts), times=3)
    assert body == b"{}"
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /v1/p/sfs-turbo/jobs/j HTTP/1.1\r\nHost: test\r\nX-Auth-Token: t\r\n")


@pytest.mark.parametrize("status_code", [204, 304])
def test_an_answer_without_a_body_is_whole_D38(serve, status_code: int) -> None:
    script = answering(b"HTTP/1.1 %d X\r\n\r\n" % status_code)
    assert play(serve, script, times=2)[0] == (status_code, b"")


def test_the_target_of_a_request_is_what_is_sent(serve) -> None:
    async def run() -> bytes:
        async with serve(answering(OK)) as server, open_transport() as transport:
            url, extensions = httpx.URL(server.url), {"target": b"/v1/p/sfs-turbo/jobs/k"}
            request = httpx.Request("GET", url, headers={"Host": "test"}, extensions=extensions)
            await send(transport, request)
            return server.requests[0]

    assert asyncio.run(run()).startswith(b"GET /v1/p/sfs-turbo/jobs/k HTTP/1.1\r\nHost: test\r\n")


@pytest.mark.parametrize("target", [b"/a b", b"/a\r\nX-Evil: 1", b"/a HTTP/1.1\r\n\r\nGET /b"])
def test_a_target_that_is_more_than_a_target_is_not_sent(serve, target: bytes) -> None:
    async def run() -> int:
        async with serve(answering(OK)) as server, open_transport() as transport:
            request = httpx.Request("GET", server.url, extensions={"target": target})
            with pytest.raises(MalformedRequestError):
                await send(transport, request)
            return server.connections

    assert asyncio.run(run()) == 0


def test_a_request_may_have_a_body(serve) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        wire.server.requests.append(await wire.reader.readexactly(4))
        await wire.send(OK)

    async def run() -> list[bytes]:
        async with serve(script) as server, open_transport() as transport:
            for content in (b"body", aiter_of(b"bo", b"dy")):
                request = httpx.Request("POST", server.url, headers={"Content-Length": "4"}, content=content)
                await send(transport, request)
            return server.requests[1::2]

    assert asyncio.run(run()) == [b"body", b"body"]


async def aiter_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_a_redirect_is_an_answer_that_nobody_follows_A09(serve) -> None:
    async def run():
        async with serve(answering(OK)) as sink:
            moved = f"HTTP/1.1 302 Found\r\nLocation: {sink.url}\r\nContent-Length: 0\r\n\r\n".encode()
            async with serve(answering(moved)) as server, open_transport() as transport:
                return await get(transport, server.url), sink.connections

    assert asyncio.run(run()) == ((302, b""), 0)


def test_there_are_no_more_connections_than_allowed_G14(serve) -> None:
    async def run():
        async with serve(answering(OK)) as server, open_transport(concurrency=3) as transport:
            await asyncio.gather(*(get(transport, server.url) for _ in range(30)))
            return server.connections

    assert asyncio.run(run()) == 3


def test_a_body_of_the_greatest_size_is_read(serve) -> None:
    body = b" " * (1024 * 1024)
    (_, read), _ = play(serve, answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
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
def test_a_connection_that_ends_too_early_is_broken(serve, parts: list[bytes], then: str, says: str) -> None:
    with pytest.raises(ConnectionBrokenError, match=says):
        play(serve, answering_once(*parts, then=then))


@pytest.mark.parametrize("then", ["close", "reset"])
def test_an_idle_connection_that_the_server_closed_costs_nothing(serve, then: str) -> None:
    async def run():
        async with serve(answering_once(OK, then=then)) as server, open_transport() as transport:
            answers = [await get(transport, server.url) for _ in range(3)]
            return answers, server.connections, len(server.requests)

    assert asyncio.run(run()) == ([(200, b"{}")] * 3, 3, 3)


def test_a_request_without_any_answer_is_sent_again_once(serve) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        if wire.number == 0:
            await wire.send(OK)
            await wire.read_request()

    async def run():
        async with serve(script) as server, open_transport() as transport:
            await get(transport, server.url)
            with pytest.raises(ConnectionBrokenError, match="without an answer"):
                await get(transport, server.url)
            return server.connections, len(server.requests)

    assert asyncio.run(run()) == (2, 3)


def test_a_connection_that_breaks_in_the_answer_is_not_tried_again(serve) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK)
        await wire.read_request()
        await wire.send(OK[:30])

    async def run():
        async with serve(script) as server, open_transport() as transport:
            await get(transport, server.url)
            with pytest.raises(ConnectionBrokenError, match="in the middle"):
                await get(transport, server.url)
            return server.connections

    assert asyncio.run(run()) == 1


def test_a_refused_connection_names_the_cause_D22(serve) -> None:
    async def run() -> None:
        async with serve(answering(OK)) as server:
            url = server.url
        async with open_transport() as transport:
            await get(transport, url)

    with pytest.raises(NotConnectedError, match=r"no connection: .*refused"):
        asyncio.run(run())


def test_a_name_that_does_not_resolve_is_not_connected_D23(serve) -> None:
    async def run() -> None:
        async with open_transport() as transport:
            await get(transport, "https://no-such-host.invalid/")

    with pytest.raises(NotConnectedError, match="cannot be resolved"):
        asyncio.run(run())


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
    ],
)
def test_one_deadline_is_over_the_whole_exchange(serve, script) -> None:
    """What drips would be a whole answer in the end, and no byte of it is late."""
    with pytest.raises(TimedOutError, match=r"no whole answer within 0.1 s"):
        play(serve, script, limits=QUICK)


def test_a_handshake_that_hangs_is_a_connection_that_times_out(serve) -> None:
    async def hang(wire) -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimedOutError, match=r"no connection within 0.05 s"):
        play(serve, hang, url="https://127.0.0.1:{port}/", limits=TimeLimits(connect=0.05, attempt=1))


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
        pytest.param(CHUNKED + b"1;", b"x" * 0x10000, id="D18-chunk-extension"),
        pytest.param(CHUNKED + b"0\r\n", b"X: " + b"x" * 0x1000 + b"\r\n", id="D18-trailers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", b" " * 0x10000, id="D18-length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n", b" " * 0x10000, id="D17-200-MiB"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 1000 + b"\r\n", id="D21-3000-headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 200, id="D21-short-headers"),
        pytest.param(b"HTTP/1.1 200 ", b"x" * 0x10000, id="D21-status-line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 0x10000, id="D21-one-header"),
    ],
)
def test_an_answer_without_end_ends_at_the_limit(serve, head: bytes, piece: bytes) -> None:
    sent = count()
    with pytest.raises(AnswerTooLargeError):
        play(serve, lambda wire: flood(wire, head, (piece for _ in sent)))
    assert next(sent) * len(piece) < SYSTEM_BUFFERS + (1 << 20)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"X: 1\r\n" * 100, id="D21-101-lines"),
        pytest.param(b"X: " + b"x" * 70_000 + b"\r\n", id="D21-68-KiB"),
    ],
)
def test_a_head_that_comes_whole_has_the_same_limits(serve, headers: bytes) -> None:
    with pytest.raises(AnswerTooLargeError):
        play(serve, answering(OK.replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n")))


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd", b"gzip, gzip", b"deflate", b"x"])
def test_a_compressed_body_is_refused_and_not_inflated_D17(serve, encoding: bytes) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(bomb))
    with pytest.raises(EncodedAnswerError, match="compressed"):
        play(serve, answering(head + bomb))


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
        pytest.param(CHUNKED + b"2\n{}\n0\n\n", id="chunks-with-bare-LF"),
        pytest.param(CHUNKED + b"2\r\n{}0\r\n\r\n", id="chunk-too-long"),
        pytest.param(CHUNKED + b"f" * 40 + b"\r\n{}", id="chunk-size-overflow"),
        pytest.param(OK.replace(b"\r\n", b"\n"), id="bare-LF"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX: a\n b: c\r\n\r\n"), id="bare-LF-in-header"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"), id="obs-fold"),
        pytest.param(OK.replace(b"\r\n\r\n", b"\r\nX: a\0b\r\n\r\n"), id="NUL"),
        pytest.param(OK.replace(b"Content-Length", b"Content-Length "), id="space-before-colon"),
        pytest.param(OK.replace(b"200", b"2000"), id="status-2000"),
        pytest.param(OK + b"junk", id="D39-junk"),
        pytest.param(OK + OK, id="D39-second-answer"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
        pytest.param(b"{}", id="no-http"),
    ],
)
def test_an_answer_that_is_not_plain_http_1_1_is_refused_and_its_connection_dropped(serve, answer: bytes) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK if wire.number else answer)
        await wire.read_request()

    async def run():
        async with serve(script) as server, open_transport(limits=TimeLimits(attempt=1)) as transport:
            with pytest.raises(NotHttpError):
                await get(transport, server.url)
            return await get(transport, server.url), server.connections

    assert asyncio.run(run()) == ((200, b"{}"), 2)


def test_what_comes_after_the_answer_is_never_read_as_the_next_D39(serve) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK)
        await asyncio.sleep(0.01)
        await wire.send(OK.replace(b"{}", b"[]"))
        await wire.read_request()

    async def run():
        async with serve(script) as server, open_transport() as transport:
            first = await get(transport, server.url)
            await asyncio.sleep(0.03)
            return first, await get(transport, server.url), server.connections

    assert asyncio.run(run()) == ((200, b"{}"), (200, b"{}"), 2)


def test_a_connection_that_the_server_wants_closed_is_not_kept(serve) -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert play(serve, answering(closing), times=3)[1].connections == 3


# --- Where a request may go ------------------------------------------------------------------------------------


def connect_by_name(serve, script, resolve, *, limits: TimeLimits = QUICK, url: str = "https://api.test:{port}/"):
    async def run():
        transport = DirectTransport(concurrency=1, limits=limits, resolve=resolve)
        async with serve(script) as server, transport:
            await get(transport, url.format(port=server.port))

    asyncio.run(run())


def test_a_name_that_leads_to_loopback_is_blocked_before_a_byte_is_sent_A08(serve) -> None:
    received: list[bytes] = []

    async def script(wire) -> None:
        received.append(await wire.reader.read())

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with pytest.raises(BlockedAddressError, match=r"leads to 127.0.0.1, which is a loopback address; nothing was sent"):
        connect_by_name(serve, script, resolve)
    assert received in ([], [b""])


def test_a_resolver_that_does_not_answer_ends_at_the_deadline_D23(serve) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return await asyncio.get_running_loop().create_future()

    with pytest.raises(TimedOutError):
        connect_by_name(serve, answering(OK), resolve, limits=TimeLimits(connect=0.02))


def test_a_name_without_an_address_is_not_connected(serve) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(NotConnectedError, match="no address"):
        connect_by_name(serve, answering(OK), resolve)


def test_no_proxy_of_the_environment_sees_a_byte_A11_A15(serve, tmp_path, monkeypatch) -> None:
    (tmp_path / "netrc").write_text("default login user password canary\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def run():
        async with serve(answering(OK)) as proxy, serve(answering(OK)) as server:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            async with open_transport() as transport:
                await get(transport, server.url)
            return proxy.connections, server.requests

    connections, requests = asyncio.run(run())
    assert connections == 0
    assert b"authorization" not in requests[0].lower()


def test_plain_http_is_spoken_to_loopback_alone_A03() -> None:
    async def run() -> None:
        async with open_transport() as transport:
            await get(transport, "http://10.0.0.1/")

    with pytest.raises(ExchangeError):
        asyncio.run(run())


def test_localhost_is_reached_by_whichever_address_answers(serve) -> None:
    assert play(serve, answering(OK), url="http://localhost:{port}/")[0] == (200, b"{}")


def test_an_address_that_leads_nowhere_hides_no_other(serve) -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async def run():
        async with serve(answering(closing)) as server, AsyncExitStack() as stack:
            # Nobody accepts, so the system answers no further one.
            dead = stack.enter_context(socket.create_server(("127.0.0.2", server.port), backlog=0))
            for each in (socket.socket() for _ in range(4)):
                stack.enter_context(each).setblocking(False)
                each.connect_ex(dead.getsockname())
            transport = DirectTransport(concurrency=1, limits=TimeLimits(connect=0.4), resolve=resolve)
            async with transport:
                first = await get(transport, f"http://localhost:{server.port}/")
                dead.close()
                revived = stack.enter_context(socket.create_server(("127.0.0.2", server.port)))
                revived.setblocking(False)
                second = await get(transport, f"http://localhost:{server.port}/")
                with pytest.raises(BlockingIOError):
                    revived.accept()  # The address that has answered is tried first.
            return first, second

    assert asyncio.run(run()) == ((200, b"{}"), (200, b"{}"))


def test_a_line_break_in_a_header_is_not_sent(serve) -> None:
    async def run(url: str, transport) -> None:
        headers = [(b"Host", b"test"), (b"X-Auth-Token", b"canary\r\nX-Evil: 1")]
        await send(transport, httpx.Request("GET", url, headers=headers, stream=httpx.ByteStream(b"")))

    async def scenario():
        async with serve(answering(OK)) as server, open_transport() as transport:
            with pytest.raises(MalformedRequestError) as raised:
                await run(server.url, transport)
            return str(raised.value), server.connections

    message, connections = asyncio.run(scenario())
    assert "canary" not in message
    assert connections == 0


# --- TLS -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def get_over_tls(serve, context: ssl.SSLContext, ca_file: str | None = None) -> tuple[int, bytes]:
    async def run() -> tuple[int, bytes]:
        async with serve(answering(OK), tls=context) as server, open_transport(ca_file=ca_file) as transport:
            url = f"https://127.0.0.1:{server.port}/"
            assert await get(transport, url) == await get(transport, url)
            assert server.connections == 1
            return await get(transport, url)

    return asyncio.run(run())


def write_ca(authority: trustme.CA, tmp_path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_an_authority_that_the_operator_names_is_trusted(serve, authority, tmp_path) -> None:
    assert get_over_tls(serve, server_context(authority, "127.0.0.1"), write_ca(authority, tmp_path)) == (200, b"{}")


def test_an_unknown_authority_is_not_trusted_whatever_the_environment_says_A13_A16(
    serve, authority, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", write_ca(authority, tmp_path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with pytest.raises(TlsError, match="certificate is not trusted"):
        get_over_tls(serve, server_context(authority, "127.0.0.1"))


def test_a_certificate_for_another_host_is_not_trusted_A16(serve, authority, tmp_path) -> None:
    with pytest.raises(TlsError, match=r"127.0.0.1"):
        get_over_tls(serve, server_context(authority, "good.test"), write_ca(authority, tmp_path))


def test_an_expired_certificate_is_not_trusted_A16(serve, authority, tmp_path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_before=long_ago, not_after=long_ago).configure_cert(context)
    with pytest.raises(TlsError, match=r"not trusted: certificate has expired"):
        get_over_tls(serve, context, write_ca(authority, tmp_path))


def test_an_old_version_of_tls_is_not_spoken_A16(serve, authority, tmp_path) -> None:
    context = server_context(authority, "127.0.0.1")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((TlsError, NotConnectedError)):
        get_over_tls(serve, context, write_ca(authority, tmp_path))


def test_session_keys_are_never_written_A14(serve, authority, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    get_over_tls(serve, server_context(authority, "127.0.0.1"), write_ca(authority, tmp_path))
    assert not (tmp_path / "keys").exists()


def test_a_second_connection_goes_on_from_the_session_of_the_first(serve, authority, tmp_path) -> None:
    reused = []

    async def script(wire) -> None:
        await wire.read_request()
        reused.append(wire.writer.get_extra_info("ssl_object").session_reused)
        await wire.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    async def run() -> None:
        ca_file = write_ca(authority, tmp_path)
        context = server_context(authority, "127.0.0.1")
        async with serve(script, tls=context) as server, open_transport(ca_file=ca_file) as transport:
            for _ in range(3):
                assert await get(transport, f"https://127.0.0.1:{server.port}/") == (200, b"{}")

    asyncio.run(run())
    assert reused == [False, True, True]


def test_a_session_is_no_way_around_the_certificate_A16(serve, authority, tmp_path) -> None:
    async def run() -> None:
        ca_file = write_ca(authority, tmp_path)
        ended = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        good, bad = server_context(authority, "127.0.0.1"), server_context(trustme.CA(), "127.0.0.1")
        async with open_transport(ca_file=ca_file) as transport:
            async with serve(answering_once(ended), tls=good) as server:
                assert await get(transport, f"https://127.0.0.1:{server.port}/") == (200, b"{}")
            async with serve(answering_once(ended), tls=bad, port=server.port) as server:
                with pytest.raises(TlsError, match="not trusted"):
                    await get(transport, f"https://127.0.0.1:{server.port}/")

    asyncio.run(run())


def test_a_connection_that_ends_in_the_handshake_may_be_noise(serve) -> None:
    async def script(wire) -> None:
        await wire.reader.read(1)

    with pytest.raises(NotConnectedError) as raised:
        play(serve, script, url="https://127.0.0.1:{port}/")
    assert not isinstance(raised.value, TlsError), "which nothing would be asked again after"


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
def test_a_large_answer_and_a_large_request_go_through_whole(serve, authority, tmp_path, secured: bool) -> None:
    sent, body = b"q" * 3_000_000, b"a" * 1_000_000

    async def script(wire) -> None:
        await wire.read_request()
        await asyncio.sleep(0.05)  # So long that the socket is full and the rest has to wait.
        received = await wire.reader.readexactly(len(sent))
        assert received == sent
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async def run() -> bytes:
        tls = server_context(authority, "127.0.0.1") if secured else None
        async with serve(script, tls=tls) as server, open_transport(ca_file=write_ca(authority, tmp_path)) as transport:
            scheme = "https" if secured else "http"
            url = f"{scheme}://127.0.0.1:{server.port}/"
            headers = {"Content-Length": str(len(sent))}
            answer = await send(transport, httpx.Request("POST", url, headers=headers, content=sent))
            return answer.body

    assert asyncio.run(run()) == body


def test_a_server_without_tls_is_a_failed_handshake(serve) -> None:
    async def script(wire) -> None:
        await wire.reader.read(1)
        await wire.send(OK)

    with pytest.raises(TlsError, match="handshake failed"):
        play(serve, script, url="https://127.0.0.1:{port}/")


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("nothing", "holds no certificate")])
def test_a_ca_file_that_is_of_no_use_is_found_before_any_request(tmp_path, content: str | None, says: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(AccessError, match=says):
        open_transport(ca_file=str(path))
