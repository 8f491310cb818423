"""
A socket in the event loop, plain or under TLS: connect, send, read when there is something, close.

asyncio's own transports are not used, for two reasons. What they do around TLS is written in Python and takes longer
than all of an exchange without it. And they decide how much is read ahead.

Nor are the sockets of the `ssl` module: they read on as long as something comes that is no data, session tickets for
instance, and a server that sends nothing else would so keep the loop from every deadline. Here OpenSSL is given what
one read has brought, and has to come back.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple, TypeAlias

BUFFER_SIZE: Final = 64 * 1024
"""Bytes of one read."""

_RECORD_SIZE: Final = 5 + (1 << 14) + 256
"""
The most bytes of a record of TLS (RFC 8446, section 5.2), and of one read under TLS.

What it holds goes into the buffer as a whole, so none is left where no selector tells of it; and OpenSSL keeps room
for as much as it was ever given at once, for each connection.
"""

OnData: TypeAlias = Callable[[memoryview], bool]
"""Takes what has come, which must be understood or copied before it returns, and says whether more is waited for."""

OnEnd: TypeAlias = Callable[[OSError | None], None]
"""Takes what went wrong, None if the other side has closed."""

_NOT_NOW = (BlockingIOError, InterruptedError)


class Wire:
    """A connected socket. Whoever owns it must close it."""

    __slots__ = ("_buffer", "_fd", "_loop", "_on_data", "_on_end", "_reading", "_socket", "closed", "unsent")

    def __init__(self, loop: asyncio.AbstractEventLoop, connected: socket.socket, buffer: memoryview) -> None:
        """
        Take over a socket.

        Args:
            loop: the one that runs.
            connected: not blocking.
            buffer: what is read into, of BUFFER_SIZE; others may do the same.
        """
        self.closed = False
        self._loop, self._socket, self._buffer = loop, connected, buffer
        self._fd = connected.fileno()
        self._on_data: OnData
        self._on_end: OnEnd
        self._reading = False
        self.unsent = b""
        """What of the last request has not left yet."""

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later handshake with the same server can go on from, if there is such a thing."""
        return None

    def watch(self, on_data: OnData, on_end: OnEnd) -> None:
        """Begin to read."""
        self._on_data, self._on_end = on_data, on_end
        self.resume_reading()

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        if not self.closed:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read on."""
        if not self.closed:
            self._reading = True
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
        self.closed = True
        self._reading = False
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
        if not size:
            self._on_end(None)
        elif self._take(size):
            # uvloop watches no longer, and tells nobody, once an error has come: a reset right behind these bytes.
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._reading:
            self._read()

    def _take(self, size: int) -> bool:
        """Take so many bytes out of the buffer; say whether more is waited for."""
        return self._on_data(self._buffer[:size])

    def _send_rest(self) -> None:
        self._loop.remove_writer(self._fd)
        rest, self.unsent = self.unsent, b""
        try:
            Wire.write(self, rest)
        except OSError as error:
            self._on_end(error)


class Tls(NamedTuple):
    """TLS whose handshake is over: what it reads of the other side, and what is to be sent there."""

    state: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO


class SecuredWire(Wire):
    """A connected socket under TLS; what one read has brought is given as a whole, also if reading pauses within."""

    __slots__ = ("_incoming", "_outgoing", "_session", "_state")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connected: socket.socket, buffer: memoryview, secured: Tls
    ) -> None:
        """Take over a socket and the TLS that is on it."""
        super().__init__(loop, connected, buffer[:_RECORD_SIZE])
        self._state, self._incoming, self._outgoing = secured
        self._session: ssl.SSLSession | None = None

    @property
    def session(self) -> ssl.SSLSession | None:
        """
        What a later handshake with the same server can go on from, also after the end.

        None where this one went on from another: to copy a session takes as long as to go on from it.
        """
        if self._session is None and not self.closed and not self._state.session_reused:
            self._session = self._state.session
        return self._session

    def watch(self, on_data: OnData, on_end: OnEnd) -> None:
        super().watch(on_data, on_end)
        if self._incoming.pending:
            self._loop.call_soon(self._decrypt)  # It came with the end of the handshake.

    def write(self, data: bytes) -> None:
        while data:
            data = data[self._state.write(data) :]  # A record at a time.
        super().write(self._outgoing.read())

    def close(self) -> None:
        if self.closed:
            return
        self._session = self.session
        super().close()
        del self._state, self._incoming, self._outgoing  # They are large, and a cycle may keep this one for long.

    def _take(self, size: int) -> bool:
        self._incoming.write(self._buffer[:size])
        return self._decrypt()

    def _decrypt(self) -> bool:
        """Take in every record that is there; OpenSSL keeps what is a part of one."""
        more = True
        while not self.closed and self._incoming.pending:
            try:
                size: int = self._state.read(_RECORD_SIZE, self._buffer)  # type: ignore[assignment]
            except ssl.SSLWantReadError:
                break
            except OSError as error:
                self._on_end(error)
                return False
            if not size:
                self._on_end(None)
                return False
            more = self._on_data(self._buffer[:size])
        return more


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
) -> Tls:
    """
    Put a connected socket under TLS; raise ssl.SSLError or OSError. Its last message goes out with the first request.

    Args:
        host: the name or address that the certificate must be for.
        session: of an earlier connection to the same server with the same context, which saves both sides half of the
            work; the server need not go on from it.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host, session=session)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await loop.sock_sendall(connected, outgoing.read())
            await asyncio.sleep(0)  # For what has come is read at once, and more may always have come.
            received = await loop.sock_recv(connected, _RECORD_SIZE)
            if received:
                incoming.write(received)
            else:
                incoming.write_eof()
        except ssl.SSLError:
            with suppress(OSError):
                connected.send(outgoing.read())  # Tell the other side why.
            raise
        else:
            return Tls(tls, incoming, outgoing)
