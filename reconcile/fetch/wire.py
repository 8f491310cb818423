"""
A socket in the event loop, plain or under TLS: connect, send, read when there is something, close.

asyncio's own transports are not used, for two reasons. Their TLS is written in Python and takes longer than all of an
exchange without it; a socket of the `ssl` module is as quick as OpenSSL. And they decide how much is read ahead.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

BUFFER_SIZE: Final = 64 * 1024
"""More than a record of TLS, so that one read never leaves a part of it behind, which no selector would tell of."""


_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """A connected socket. Whoever owns it must close it."""

    __slots__ = ("_buffer", "_fd", "_loop", "_on_data", "_on_end", "_session", "_socket", "closed", "unsent")

    def __init__(self, loop: asyncio.AbstractEventLoop, connected: socket.socket, buffer: memoryview) -> None:
        """
        Take over a socket.

        Args:
            loop: the one that runs.
            connected: not blocking; if it is under TLS, the handshake is over.
            buffer: what is read into, of BUFFER_SIZE; others may do the same.
        """
        self.closed = False
        self._loop, self._socket, self._buffer = loop, connected, buffer
        self._fd = connected.fileno()
        self._on_data: Callable[[memoryview], None]
        self._on_end: Callable[[OSError | None], None]
        self._session: ssl.SSLSession | None = None
        self.unsent = b""
        """What of the last request has not left yet."""

    @property
    def session(self) -> ssl.SSLSession | None:
        """
        What a later handshake with the same server can go on from.

        None without TLS, and where this one went on from another: to copy a session takes as long as to go on from it.
        """
        if self._session is None and isinstance(self._socket, ssl.SSLSocket) and not self.closed:
            self._session = None if self._socket.session_reused else self._socket.session
        return self._session

    def watch(self, on_data: Callable[[memoryview], None], on_end: Callable[[OSError | None], None]) -> None:
        """
        Begin to read.

        Args:
            on_data: called with what has come, which must be understood or copied before it returns.
            on_end: called at the end, with what went wrong, or None if the other side has closed.
        """
        self._on_data, self._on_end = on_data, on_end
        self._loop.add_reader(self._fd, self._read)

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        if not self.closed:
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read on."""
        if not self.closed:
            self._loop.add_reader(self._fd, self._read)

    def write(self, data: bytes) -> None:
        """Send all of it, at once or as soon as the socket takes it; nothing else may be on its way; raise OSError."""
        try:
            sent = self._socket.send(data)
        except _NOT_NOW:
            sent = 0
        if sent < len(data):
            self.unsent = data[sent:]
            self._loop.add_writer(self._fd, self._send_rest)

    def close(self) -> None:
        """Close it at once, whatever is under way."""
        if self.closed:
            return
        self._session = self.session  # for it cannot be asked for any more
        self.closed = True
        self._loop.remove_reader(self._fd)
        if self.unsent:
            self._loop.remove_writer(self._fd)
        self._socket.close()

    def _read(self) -> None:
        try:
            size = self._socket.recv_into(self._buffer)
        except _NOT_NOW:
            return
        except OSError as error:
            self._on_end(error)
            return
        if size:
            self._on_data(self._buffer[:size])
        else:
            self._on_end(None)

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._fd)
        rest, self.unsent = self.unsent, b""
        try:
            self.write(rest)
        except OSError as error:
            self._on_end(error)


async def connect(loop: asyncio.AbstractEventLoop, address: str, port: int) -> socket.socket:
    """Return a socket that is connected to the address, an IPv4 or IPv6 one as text; raise OSError."""
    connected = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connected, (address, port))
    except BaseException:
        connected.close()
        raise
    return connected


async def secure(
    loop: asyncio.AbstractEventLoop,
    connected: socket.socket,
    context: ssl.SSLContext,
    *,
    host: str,
    session: ssl.SSLSession | None,
) -> ssl.SSLSocket:
    """
    Put a connected socket under TLS and return it so; raise ssl.SSLError or OSError. The old one is used up.

    Args:
        host: the name or address that the certificate must be for.
        session: of an earlier connection to the same server with the same context, which saves both sides half of the
            work; the server need not go on from it.
    """
    secured = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False, session=session)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(loop.add_reader, loop.remove_reader, secured)
            except ssl.SSLWantWriteError:
                await _ready(loop.add_writer, loop.remove_writer, secured)
            else:
                return secured
    except BaseException:
        secured.close()
        raise


async def _ready(watch: Callable[..., Any], unwatch: Callable[[int], Any], awaited: socket.socket) -> None:
    """Wait until the socket can be read, or written, whichever the functions of the loop are for."""
    ready = asyncio.Event()
    watch(awaited.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        unwatch(awaited.fileno())
