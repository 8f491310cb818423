import asyncio
import base64
import contextlib
import gzip
import logging
import ssl

import httpx
import pytest
import trustme

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch import TimeLimits, open_transport
from reconcile.fetch.connection import LARGE
from reconcile.fetch.endpoint import parse_endpoint
from reconcile.fetch.failure import (
    AnswerTooLargeError,
    EncodedAnswerError,
    ExchangeError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    TimedOutError,
    TlsError,
    explain_failure,
)
from reconcile.fetch.foreign import send
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.proxy import parse_proxy

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CANARY = "canary-7f3a9c51"
TOKEN = "token-7f3a9c51"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority, tmp_path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


async def answer(wire) -> None:
    while True:
        await wire.read_request()
        await wire.send(OK)


async def tunnel(wire) -> None:
    """Do what a proxy does for CONNECT, for as long as both sides like."""
    head = await wire.read_request()
    host, port = head.split(b" ")[1].decode().split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await wire.send(ESTABLISHED)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()

    try:
        await asyncio.gather(pump(wire.reader, writer), pump(reader, wire.writer))
    finally:
        writer.close()


async def get(transport, url: str, **extensions: object) -> RawAnswer:
    headers = {"Host": "test", "X-Auth-Token": TOKEN}
    request = httpx.Request("GET", url, headers=headers, stream=httpx.ByteStream(b""), extensions=extensions)
    return await send(transport, request)


def fetch(serve, script, *, tls=None, proxy_script=tunnel, times: int = 1, userinfo: str = "", **options):
    """Fetch over a proxy; return the last answer, the server and the proxy."""

    async def run():
        async with serve(script, tls=tls) as server, serve(proxy_script) as proxy:
            url = f"http://{userinfo}127.0.0.1:{proxy.port}"
            async with open_transport(proxy=url, **options) as transport:
                for _ in range(times):
                    response = await get(transport, f"https://127.0.0.1:{server.port}/v1/jobs/j")
                return response, server, proxy

    return asyncio.run(run())


@pytest.mark.parametrize("userinfo", ["", f"user:{CANARY}@", f"us%40er:%20{CANARY}%3A@"])
def test_a_request_goes_through_a_tunnel_in_which_the_proxy_sees_nothing_A12(
    serve, server_tls, ca_file, userinfo: str
) -> None:
    response, server, proxy = fetch(serve, answer, tls=server_tls, ca_file=ca_file, times=3, userinfo=userinfo)
    assert (response.status_code, response.body) == (200, b"{}")
    assert (server.connections, proxy.connections, len(server.requests)) == (1, 1, 3)
    assert server.requests[0].startswith(b"GET /v1/jobs/j HTTP/1.1\r\nHost: test\r\n")
    (connect,) = proxy.requests
    assert connect.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert TOKEN.encode() not in connect
    user = {"": None, "user": f"user:{CANARY}", "us%40er": f"us@er: {CANARY}:"}[userinfo.partition(":")[0]]
    expected = b"Basic " + base64.b64encode(user.encode()) if user else None
    assert (expected in connect) if expected else b"Proxy-Authorization" not in connect


def test_the_target_of_a_request_is_what_is_sent(serve, server_tls, ca_file) -> None:
    async def run():
        async with serve(answer, tls=server_tls) as server, serve(tunnel) as proxy:
            async with open_transport(proxy=f"http://127.0.0.1:{proxy.port}", ca_file=ca_file) as transport:
                await get(transport, f"https://127.0.0.1:{server.port}/", target=b"/v1/jobs/k")
            return server.requests[0]

    assert asyncio.run(run()).startswith(b"GET /v1/jobs/k HTTP/1.1\r\n")


def test_no_log_has_a_token_A21(serve, server_tls, ca_file, caplog) -> None:
    async def echo(wire) -> None:
        await wire.read_request()
        await wire.send(OK.replace(b"\r\n\r\n", f"\r\nX-Subject-Token: {TOKEN}\r\n\r\n".encode()))

    with caplog.at_level(logging.DEBUG):
        response, _, _ = fetch(serve, echo, tls=server_tls, ca_file=ca_file, userinfo=f"user:{CANARY}@")
    assert response.headers["X-Subject-Token"] == TOKEN
    assert TOKEN not in caplog.text
    assert CANARY not in caplog.text


def test_plain_http_does_not_go_through_a_proxy_A12() -> None:
    async def run() -> None:
        async with open_transport(proxy="http://127.0.0.1:1") as transport:
            await get(transport, "http://127.0.0.1:2/")

    with pytest.raises(ExchangeError):
        asyncio.run(run())


def test_the_environment_does_not_change_the_way_A11_A13_A14(serve, server_tls, ca_file, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    _, _, proxy = fetch(serve, answer, tls=server_tls, ca_file=ca_file)
    assert proxy.connections == 1
    assert not (tmp_path / "keys").exists()
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with pytest.raises(TlsError, match="certificate is not trusted"):
        fetch(serve, answer, tls=server_tls)


def test_a_proxy_that_refuses_is_named_and_echoes_no_password_A12_A20(serve, ca_file) -> None:
    async def refuse(wire) -> None:
        head = await wire.read_request()
        echo = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"proxy-authorization"))
        await wire.send(b"HTTP/1.1 407 %b %b\r\nContent-Length: 0\r\n\r\n" % (CANARY.encode(), echo))

    with pytest.raises(ProxyError, match=r"the proxy http://127.0.0.1:\d+ refused: 407") as raised:
        fetch(serve, answer, proxy_script=refuse, userinfo=f"user:{CANARY}@", ca_file=ca_file)
    assert "[redacted]" in str(raised.value)
    assert CANARY not in repr(raised.value)
    assert base64.b64encode(f"user:{CANARY}".encode()).decode()[:-4] not in repr(raised.value)
    problem = explain_failure(raised.value, parse_endpoint("https://api.test"))
    assert problem.code is Code.NOT_CONNECTED


async def hang(wire) -> None:
    await wire.read_request()
    await asyncio.sleep(60)


async def drip(wire) -> None:
    await wire.read_request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    for _ in range(999):
        await wire.send(b" ")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "proxy_script"),
    [
        pytest.param(hang, tunnel, id="D22-hang"),
        pytest.param(drip, tunnel, id="D19"),
        pytest.param(hang, hang, id="proxy"),
    ],
)
def test_one_deadline_is_over_the_whole_exchange(serve, server_tls, ca_file, script, proxy_script) -> None:
    limits = TimeLimits(connect=0.5, attempt=0.5)
    with pytest.raises(TimedOutError):
        fetch(serve, script, tls=server_tls, proxy_script=proxy_script, ca_file=ca_file, limits=limits)


BOMB = gzip.compress(b"\0" * 1_000_000)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", AnswerTooLargeError, id="D18-length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 17,
            AnswerTooLargeError,
            id="D18",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 101 + b"\r\n", AnswerTooLargeError, id="D21"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
            EncodedAnswerError,
            id="D17",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", NotHttpError, id="D38"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{}", NotHttpError, id="D16"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", NotHttpError, id="D15"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", NotHttpError, id="no-http"),
    ],
)
def test_answers_have_the_limits_that_they_have_without_a_proxy(
    serve, server_tls, ca_file, reply: bytes, error
) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(reply)

    with pytest.raises(error):
        fetch(serve, script, tls=server_tls, ca_file=ca_file)


def test_a_large_answer_waits_until_another_of_its_host_is_whole(serve, server_tls, ca_file) -> None:
    size = 4 * LARGE

    async def run() -> tuple[bool, list[bytes]]:
        begun, free = asyncio.Event(), asyncio.Event()

        async def script(wire) -> None:
            await wire.read_request()
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * 2 * LARGE)
            if wire.number == 0:
                begun.set()
                await free.wait()
            await wire.send(b"x" * 2 * LARGE)

        async with serve(script, tls=server_tls) as server, serve(tunnel) as proxy:
            url = f"https://127.0.0.1:{server.port}/v1/jobs/j"
            async with open_transport(proxy=f"http://127.0.0.1:{proxy.port}", ca_file=ca_file) as transport:
                first = asyncio.ensure_future(get(transport, url))
                await begun.wait()
                await asyncio.sleep(0.1)
                second = asyncio.ensure_future(get(transport, url))
                await asyncio.wait([second], timeout=0.3)
                waited = not second.done()
                free.set()
                return waited, [(await each).body for each in (first, second)]

    assert asyncio.run(run()) == (True, [b"x" * size] * 2)


def test_a_proxy_that_is_not_there_is_named() -> None:
    async def run() -> None:
        async with open_transport(proxy=f"http://u:{CANARY}@127.0.0.1:1") as transport:
            await get(transport, "https://127.0.0.1:2/")

    with pytest.raises(NotConnectedError, match=r"through the proxy http://127.0.0.1:1: ") as raised:
        asyncio.run(run())
    assert CANARY not in repr(raised.value)


@pytest.mark.parametrize(
    ("text", "origin", "user"),
    [
        ("http://proxy.test:3128", "http://proxy.test:3128", None),
        ("http://10.0.0.1:3128/", "http://10.0.0.1:3128", None),
        ("HTTPS://u@Proxy.test", "https://proxy.test", "u"),
        ("http://u%3A:p@proxy.test:3128", "http://proxy.test:3128", "u:"),
    ],
)
def test_a_proxy_is_shown_without_who_asks(text: str, origin: str, user: str | None) -> None:
    proxy = parse_proxy(text)
    assert str(proxy) == origin
    assert (proxy.user.reveal() if proxy.user else None) == user


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.test:3128",
        f"socks5://u:{CANARY}@proxy.test",
        f"http://u:{CANARY}@x@proxy.test",
        f"http://u:{CANARY}@proxy.test/path",
        f"http://u:{CANARY}@proxy.test?x",
        f"http://:{CANARY}@proxy.test",
        f"http://u:{CANARY}%0d%0aX-Evil:1@proxy.test",
        f"http://u:{CANARY}%ed%b2%80@proxy.test\n",
        f"http://u:{CANARY}@169.254.169.254:80",
        f"http://u:{CANARY}\\@proxy.test",
        f"u:{CANARY}@proxy.test",
    ],
)
def test_another_proxy_is_refused_and_its_password_not_shown_A12(text: str) -> None:
    with pytest.raises(AccessError, match="proxy") as raised:
        open_transport(proxy=text)
    assert CANARY not in repr(raised.value)
