import asyncio
import base64
import contextlib
import gzip
import ssl
from contextlib import ExitStack

import pytest
import trustme
from fault_server import serving

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch import CurlClient, TimeLimits, open_client
from reconcile.fetch.endpoint import Origin, parse_endpoint
from reconcile.fetch.failure import (
    AnswerTooLargeError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    TimedOutError,
    TlsError,
    explain_failure,
)
from reconcile.fetch.message import Answer, Request, write_headers
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


def get(client: CurlClient, port: int, scheme: str = "https") -> Answer:
    """Return the answer of a host on loopback; raise the failure if there is none."""
    outcomes = []
    headers = write_headers({"X-Auth-Token": TOKEN})
    to = Origin(scheme=scheme, host="127.0.0.1", port=port)
    client.send(Request(origin=to, target="/v1/jobs/j", headers=headers), outcomes.append)
    while not outcomes:
        client.wait(1.0)
    if isinstance(outcomes[0], ExchangeError):
        raise outcomes[0]
    return outcomes[0]


def fetch(script, *, tls=None, proxy_script=tunnel, times: int = 1, userinfo: str = "", **options):
    """Fetch over a proxy; return the last answer, the server and the proxy."""
    with ExitStack() as stack:
        server = stack.enter_context(serving(script, tls=tls))
        proxy = stack.enter_context(serving(proxy_script))
        url = f"http://{userinfo}127.0.0.1:{proxy.port}"
        client = stack.enter_context(open_client(proxy=url, **options))
        for _ in range(times):
            response = get(client, server.port)
        return response, server, proxy


@pytest.mark.parametrize("userinfo", ["", f"user:{CANARY}@", f"us%40er:%20{CANARY}%3A@"])
def test_a_request_goes_through_a_tunnel_in_which_the_proxy_sees_nothing_A12(
    server_tls, ca_file, userinfo: str
) -> None:
    response, server, proxy = fetch(answer, tls=server_tls, ca_file=ca_file, times=3, userinfo=userinfo)
    assert (response.status_code, response.body) == (200, b"{}")
    assert (server.connections, proxy.connections, len(server.requests)) == (1, 1, 3)
    assert server.requests[0].startswith(b"GET /v1/jobs/j HTTP/1.1\r\nHost: 127.0.0.1:")
    (connect,) = proxy.requests
    assert connect.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert TOKEN.encode() not in connect
    user = {"": None, "user": f"user:{CANARY}", "us%40er": f"us@er: {CANARY}:"}[userinfo.partition(":")[0]]
    expected = b"Basic " + base64.b64encode(user.encode()) if user else None
    assert (expected in connect) if expected else b"Proxy-Authorization" not in connect


def test_plain_http_does_not_go_through_a_proxy_A12() -> None:
    with open_client(proxy="http://127.0.0.1:1") as client, pytest.raises(ExchangeError, match="never through a proxy"):
        get(client, 2, scheme="http")


def test_the_environment_does_not_change_the_way_A11(server_tls, ca_file, monkeypatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    _, _, proxy = fetch(answer, tls=server_tls, ca_file=ca_file)
    assert proxy.connections == 1


def test_a_proxy_is_no_way_around_the_certificate_A16(server_tls) -> None:
    with pytest.raises(TlsError, match="certificate is not trusted"):
        fetch(answer, tls=server_tls)


def test_a_proxy_that_refuses_is_named_and_echoes_no_password_A12_A20(ca_file) -> None:
    async def refuse(wire) -> None:
        head = await wire.read_request()
        echo = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"proxy-authorization"))
        await wire.send(b"HTTP/1.1 407 %b %b\r\nContent-Length: 0\r\n\r\n" % (CANARY.encode(), echo))

    with pytest.raises(ProxyError, match=r"the proxy http://127.0.0.1:\d+ refused: HTTP 407") as raised:
        fetch(answer, proxy_script=refuse, userinfo=f"user:{CANARY}@", ca_file=ca_file)
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
def test_one_deadline_is_over_the_whole_exchange(server_tls, ca_file, script, proxy_script) -> None:
    limits = TimeLimits(connect=0.5, attempt=0.5)
    with pytest.raises(TimedOutError):
        fetch(script, tls=server_tls, proxy_script=proxy_script, ca_file=ca_file, limits=limits)


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
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", ConnectionBrokenError, id="D15"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", NotHttpError, id="no-http"),
    ],
)
def test_answers_have_the_limits_that_they_have_without_a_proxy(server_tls, ca_file, reply: bytes, error) -> None:
    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(reply)

    with pytest.raises(error):
        fetch(script, tls=server_tls, ca_file=ca_file)


def test_a_proxy_that_is_not_there_is_named() -> None:
    named = pytest.raises(NotConnectedError, match=r"no connection to the proxy http://127.0.0.1:1: ")
    with open_client(proxy=f"http://u:{CANARY}@127.0.0.1:1") as client, named as raised:
        get(client, 2)
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
        open_client(proxy=text)
    assert CANARY not in repr(raised.value)
