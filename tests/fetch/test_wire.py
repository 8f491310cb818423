"""Sockets and what TLS makes of them: however it is cut, whatever comes that is no data, whichever loop it is."""

import asyncio
import gc
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
import trustme
from forged_tls import HANDSHAKE, HELLO_REQUESTS, NEW_SESSION_TICKET, Forger, shake_hands

from reconcile.fetch import TimeLimits, open_transport
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.failure import ConnectionBrokenError, ExchangeError, NotConnectedError, TimedOutError, TlsError
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.tls import build_tls_context
from reconcile.fetch.transport import DirectTransport

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
AUTHORITY = trustme.CA()
MORE_THAN_BUFFERS = 24 << 20
"""Bytes that no pair of sockets takes without being read."""

Serve = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_factory(request):
    return None if request.param == "asyncio" else pytest.importorskip("uvloop").new_event_loop


def server_context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    context.maximum_version = version
    return context


def ask_beside(serve: Serve, ca_file: str, limits: TimeLimits, loop_factory=None) -> RawAnswer | ExchangeError:
    """Ask a server that has a thread of its own, and so goes on whatever the loop does; return what comes of it."""

    def accept() -> None:
        with suppress(OSError), listening.accept()[0] as accepted:
            serve(accepted)

    async def ask(port: int) -> RawAnswer | ExchangeError:
        async with open_transport(ca_file=ca_file, limits=limits) as transport:
            try:
                return await transport.exchange(Origin(scheme="https", host="127.0.0.1", port=port), REQUEST)
            except ExchangeError as error:
                return error

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            outcome = runner.run(ask(listening.getsockname()[1]))
        thread.join()
    return outcome


def test_session_tickets_without_end_keep_nobody_from_the_deadline(ca_file, tmp_path) -> None:
    sent = []

    def serve(accepted: socket.socket) -> None:
        forger = Forger(accepted, server_context(), tmp_path / "keys")
        while len(sent) * 0x4000 < MORE_THAN_BUFFERS:
            accepted.sendall(forger.record(HANDSHAKE, NEW_SESSION_TICKET * (0x4000 // len(NEW_SESSION_TICKET))))
            sent.append(1)

    assert isinstance(ask_beside(serve, ca_file, TimeLimits(attempt=0.1)), TimedOutError)
    assert len(sent) * 0x4000 < MORE_THAN_BUFFERS, "the server was heard to its end"


def test_a_handshake_without_end_keeps_nobody_from_the_deadline(ca_file) -> None:
    sent = []

    def serve(accepted: socket.socket) -> None:
        accepted.recv(0x4000)
        while len(sent) * 0x4000 < MORE_THAN_BUFFERS:
            accepted.sendall(HELLO_REQUESTS)
            sent.append(1)

    assert isinstance(ask_beside(serve, ca_file, TimeLimits(connect=0.1)), TimedOutError)
    assert len(sent) * 0x4000 < MORE_THAN_BUFFERS, "the server was heard to its end"


def test_an_answer_that_comes_with_the_end_of_the_handshake_is_none(ca_file) -> None:
    def serve(accepted: socket.socket) -> None:
        state, outgoing = shake_hands(accepted, server_context(ssl.TLSVersion.TLSv1_2))
        state.write(OK)
        accepted.sendall(outgoing.read())
        accepted.recv(0x4000)

    outcome = ask_beside(serve, ca_file, TimeLimits())
    assert isinstance(outcome, ConnectionBrokenError)
    assert "before it was asked" in str(outcome)


def test_a_certificate_that_the_server_wants_of_us_is_named(ca_file) -> None:
    def serve(accepted: socket.socket) -> None:
        context = server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        shake_hands(accepted, context)

    outcome = ask_beside(serve, ca_file, TimeLimits())
    assert isinstance(outcome, ConnectionBrokenError)
    assert str(outcome).endswith("(TLS: TLSV13_ALERT_CERTIFICATE_REQUIRED)")


def test_what_is_closed_keeps_nothing_of_tls(serve, ca_file) -> None:
    """So that memory does not grow with the number of connections that were, until a collector comes round."""

    async def script(wire) -> None:
        await wire.read_request()
        await wire.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    async def run() -> int:
        async with serve(script, tls=server_context()) as server, open_transport(ca_file=ca_file) as transport:
            origin = Origin(scheme="https", host="127.0.0.1", port=server.port)
            for _ in range(5):
                await transport.exchange(origin, REQUEST)
            return sum(isinstance(each, ssl.SSLObject) and not each.server_side for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(run()) == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "TLS"])
def test_whenever_it_is_cancelled_its_seat_is_free_and_its_socket_closed(
    serve, ca_file, loop_factory, secured: bool
) -> None:
    """An exchange is cancelled after each number of turns of the loop, from none to where there is an answer."""

    async def script(wire) -> None:
        while True:
            await wire.read_request()
            await wire.send(OK)

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0)
        return ["127.0.0.1"]

    async def run() -> None:
        scheme, tls = ("https", server_context()) if secured else ("http", None)
        async with serve(script, tls=tls) as server:
            origin = Origin(scheme=scheme, host="localhost", port=server.port)
            answered, turns = False, 0
            while not answered:
                limits = TimeLimits(connect=1, attempt=1)
                tls = build_tls_context(ca_file)
                async with DirectTransport(concurrency=1, limits=limits, tls=tls, resolve=resolve) as transport:
                    exchange = asyncio.ensure_future(transport.exchange(origin, REQUEST))
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    exchange.cancel()
                    await asyncio.wait([exchange])
                    answered = not exchange.cancelled()
                    assert (await transport.exchange(origin, REQUEST)).body == b"{}"
                turns += 1

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())
    gc.collect()  # A socket that is open still would warn, which fails the test.


async def relay(wire, *, to, piece: int = 1 << 20) -> None:
    """Let through what comes from the other server, so many bytes at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
    forward = asyncio.ensure_future(pump(wire.reader, writer, 1 << 20))
    try:
        await pump(reader, wire.writer, piece)
    finally:
        forward.cancel()
        writer.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: int) -> None:
    while data := await reader.read(1 << 20):
        for start in range(0, len(data), piece):
            writer.write(data[start : start + piece])
            await asyncio.sleep(0)


def test_a_server_that_stumbles_over_a_session_is_asked_without_one(serve, ca_file) -> None:
    async def script(wire, to) -> None:
        if wire.number == 1:
            await wire.reader.read(1 << 20)
            await wire.send(b"\x15\x03\x03\x00\x02\x02\x28")  # An alert: handshake_failure.
        else:
            await relay(wire, to=to)

    async def answer(wire) -> None:
        await wire.read_request()
        await wire.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    async def run() -> None:
        async with (
            serve(answer, tls=server_context()) as behind,
            serve(partial(script, to=behind)) as server,
            open_transport(ca_file=ca_file) as transport,
        ):
            origin = Origin(scheme="https", host="127.0.0.1", port=server.port)
            assert (await transport.exchange(origin, REQUEST)).body == b"{}"
            with pytest.raises(NotConnectedError) as raised:
                await transport.exchange(origin, REQUEST)
            assert not isinstance(raised.value, TlsError), "which nothing would be asked again after"
            assert (await transport.exchange(origin, REQUEST)).body == b"{}"

    asyncio.run(run())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("piece", [1, 1000, 1 << 20], ids=["bytes", "parts", "all at once"])
def test_records_may_be_cut_and_joined_in_any_way(serve, ca_file, version, piece: int) -> None:
    """A relay lets through so many bytes at a time, or waits and lets through what has come."""
    bodies = [b"a" * 17_000, b"b" * 100, b"c" * 9_000]

    async def answer(wire) -> None:
        for body in bodies:
            await wire.read_request()
            wire.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            for start in range(0, len(body), 5000):
                wire.writer.write(body[start : start + 5000])

    async def run() -> list[bytes]:
        async with (
            serve(answer, tls=server_context(version)) as behind,
            serve(partial(relay, to=behind, piece=piece)) as server,
            open_transport(ca_file=ca_file, concurrency=1) as transport,
        ):
            origin = Origin(scheme="https", host="127.0.0.1", port=server.port)
            return [(await transport.exchange(origin, REQUEST)).body for _ in bodies]

    assert asyncio.run(run()) == bodies


@pytest.mark.parametrize("part", [b"", OK[:-1]], ids=["nothing", "a part"])
def test_a_reset_is_told_at_once_also_right_behind_what_came_D22(ca_file, loop_factory, part: bytes) -> None:
    def serve(accepted: socket.socket) -> None:
        state, outgoing = shake_hands(accepted, server_context())  # The request comes with the end of it.
        if part:
            state.write(part)
        accepted.sendall(outgoing.read())
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    for _ in range(10):
        outcome = ask_beside(serve, ca_file, TimeLimits(attempt=1), loop_factory)
        assert isinstance(outcome, ConnectionBrokenError)
