"""A server on loopback, in a thread of its own, that speaks HTTP/2 or HTTP/1.1 over TLS and misbehaves on request."""

import asyncio
import socket
import ssl
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, RemoteSettingsChanged, RequestReceived, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import ContinuationFrame, GoAwayFrame, HeadersFrame

Headers: TypeAlias = Mapping[str, str]
Response: TypeAlias = tuple[int, Headers, bytes]
"""Status code, headers and body."""


class Stream(ABC):
    """One request, and what is sent for it in either protocol."""

    @abstractmethod
    async def inform(self, status_code: int) -> None: ...

    @abstractmethod
    async def begin(self, status_code: int, headers: Headers, size: int | None) -> None:
        """Send the head of a response; the size of the body is None if it has no end."""

    @abstractmethod
    async def send(self, data: bytes, *, end: bool) -> None: ...

    @abstractmethod
    async def send_endless_head(self, pause: float) -> None: ...

    @abstractmethod
    async def reset(self, error_code: ErrorCodes) -> None: ...

    @abstractmethod
    async def go_away(self, *, answered: bool) -> None: ...

    @abstractmethod
    def abort(self) -> None:
        """End the connection at once."""

    async def play(self, answer: "Answer") -> None:
        if not isinstance(answer, tuple):
            await answer.play(self)
            return
        status_code, headers, body = answer
        await self.begin(status_code, headers, len(body))
        await self.send(body, end=True)


# --- Answers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delayed:
    """An answer that comes after so many seconds."""

    seconds: float
    answer: "Answer"

    async def play(self, stream: Stream) -> None:
        await asyncio.sleep(self.seconds)
        await stream.play(self.answer)


@dataclass(frozen=True)
class Informational:
    """Interim responses, such as 103, before the answer."""

    status_codes: Sequence[int]
    answer: "Answer"

    async def play(self, stream: Stream) -> None:
        for status_code in self.status_codes:
            await stream.inform(status_code)
        await stream.play(self.answer)


@dataclass(frozen=True)
class Drip:
    """A response whose body comes one byte at a time, with a pause of so many seconds before each."""

    response: Response
    pause: float

    async def play(self, stream: Stream) -> None:
        status_code, headers, body = self.response
        await stream.begin(status_code, headers, len(body))
        for at in range(len(body)):
            await asyncio.sleep(self.pause)
            await stream.send(body[at : at + 1], end=at == len(body) - 1)


@dataclass(frozen=True)
class EndlessHead:
    """Header fields without an end, with a pause of so many seconds before each."""

    pause: float = 0.0

    async def play(self, stream: Stream) -> None:
        await stream.send_endless_head(self.pause)


@dataclass(frozen=True)
class EndlessBody:
    """A response whose body has no end, with a pause of so many seconds before each kilobyte."""

    pause: float = 0.0

    async def play(self, stream: Stream) -> None:
        await stream.begin(200, {}, None)
        while True:
            await asyncio.sleep(self.pause)
            await stream.send(b"x" * 1024, end=False)


@dataclass(frozen=True)
class Silence:
    """No answer, ever; the connection stays open."""

    async def play(self, stream: Stream) -> None:
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Reset:
    """A stream that is reset, after a part of a response if there is one; in HTTP/1.1 it is the connection."""

    after: Response | None = None
    error_code: ErrorCodes = ErrorCodes.INTERNAL_ERROR

    async def play(self, stream: Stream) -> None:
        if self.after is not None:
            status_code, headers, body = self.after
            await stream.begin(status_code, headers, len(body) + 1)
            await stream.send(body, end=False)
            await asyncio.sleep(0.05)  # A reset discards what the client has not read.
        await stream.reset(self.error_code)


@dataclass(frozen=True)
class GoAway:
    """
    The end of the connection, announced by GOAWAY, or by `Connection: close` in HTTP/1.1.

    With a response, this request is still answered. Without one, GOAWAY says that it was not processed, and the
    connection is closed.
    """

    response: Response | None = None

    async def play(self, stream: Stream) -> None:
        await stream.go_away(answered=self.response is not None)
        if self.response is not None:
            await stream.play(self.response)


Answer: TypeAlias = Response | Delayed | Informational | Drip | EndlessHead | EndlessBody | Silence | Reset | GoAway
Handler: TypeAlias = Callable[[str, Headers], Answer]
"""Path and headers, whose names are in lower case, to the answer. It runs in the thread of the server."""


# --- The server ------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """
    What the server has seen.

    `open_streams` counts requests without a complete answer at present, over all connections, and `most_streams` is the
    highest value that it had. `paths` are in the order of arrival, `protocols` are those of the connections, and
    `errors` those of the handler.
    """

    port: int
    scheme: str
    connections: int = 0
    open_streams: int = 0
    most_streams: int = 0
    protocols: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def serve(
    handler: Handler,
    *,
    authority: trustme.CA | None,
    protocols: Sequence[str] = ("h2", "http/1.1"),
    names: Sequence[str] = ("127.0.0.1", "localhost"),
    max_streams: int = 100,
) -> Iterator[Server]:
    """
    Listen on a port of 127.0.0.1 until the block ends.

    Args:
        handler: decides what each request gets.
        authority: issues the certificate; None serves HTTP/1.1 without TLS.
        protocols: offered by ALPN.
        names: of the certificate.
        max_streams: SETTINGS_MAX_CONCURRENT_STREAMS of HTTP/2.
    """
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(list(protocols))
        authority.issue_cert(*names).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = Server(port=listener.getsockname()[1], scheme="https" if context else "http")
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(loop.run_until_complete, _run(server, handler, listener, context, max_streams, stop))
        try:
            yield server
        finally:
            loop.call_soon_threadsafe(stop.set)
            try:
                running.result()
            finally:
                loop.close()


async def _run(
    server: Server,
    handler: Handler,
    listener: socket.socket,
    context: ssl.SSLContext | None,
    max_streams: int,
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; then raise the first error of the handler."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secured = writer.get_extra_info("ssl_object")
        protocol = (secured.selected_alpn_protocol() if secured else None) or "http/1.1"
        server.connections += 1
        server.protocols.append(protocol)
        # The client may leave at any time.
        with suppress(OSError, asyncio.IncompleteReadError, ProtocolError):
            if protocol == "h2":
                await _Http2(reader, writer, server, handler, max_streams).run()
            else:
                await _speak_http1(reader, writer, server, handler)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.ensure_future(speak(reader, writer)))

    listening = await asyncio.start_server(accept, sock=listener, ssl=context)
    await stop.wait()
    listening.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)
    if server.errors:
        raise server.errors[0]


async def _answer(server: Server, handler: Handler, stream: Stream, path: str, headers: Headers) -> None:
    server.paths.append(path)
    server.open_streams += 1
    server.most_streams = max(server.most_streams, server.open_streams)
    try:
        await stream.play(handler(path, headers))
    except (OSError, ProtocolError):
        raise  # The client has left.
    except Exception as error:  # noqa: BLE001 - raised again when the server ends
        server.errors.append(error)
        stream.abort()
    finally:
        server.open_streams -= 1


# --- HTTP/1.1 --------------------------------------------------------------------------------------------------


async def _speak_http1(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: Server, handler: Handler
) -> None:
    while not writer.is_closing():
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        await _answer(server, handler, _Http1Stream(writer), line.split(" ")[1], headers)


class _Http1Stream(Stream):
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._last = False
        self._chunked = False

    async def inform(self, status_code: int) -> None:
        await self._write(f"HTTP/1.1 {status_code} Interim\r\n\r\n".encode())

    async def begin(self, status_code: int, headers: Headers, size: int | None) -> None:
        self._chunked = size is None
        framing = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
        closing = {"Connection": "close"} if self._last else {}
        fields = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **framing, **closing}.items())
        await self._write(f"HTTP/1.1 {status_code} Status\r\n{fields}\r\n".encode("latin-1"))

    async def send(self, data: bytes, *, end: bool) -> None:
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if end and self._last:
            self._writer.close()

    async def send_endless_head(self, pause: float) -> None:
        await self._write(b"HTTP/1.1 200 Status\r\n")
        while True:
            await asyncio.sleep(pause)
            await self._write(b"X-Field: value\r\n")

    async def reset(self, error_code: ErrorCodes) -> None:
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    async def go_away(self, *, answered: bool) -> None:
        self._last = True
        if not answered:
            self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


# --- HTTP/2 ----------------------------------------------------------------------------------------------------


class _PlainEncoder(Encoder):
    """Encodes headers without Huffman's code, which takes seconds for a long value."""

    def encode(self, headers: Any, huffman: bool = False) -> bytes:
        return super().encode(headers, huffman)


class _Http2:
    """One connection in HTTP/2."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server: Server,
        handler: Handler,
        max_streams: int,
    ) -> None:
        config = H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False)
        self.state = H2Connection(config)
        self.state.encoder = _PlainEncoder()
        self._max_streams = max_streams
        self.writable = asyncio.Condition()
        self._reader = reader
        self.writer = writer
        self._server = server
        self._handler = handler
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Answer every stream until the client leaves."""
        self.state.initiate_connection()
        self.state.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self._max_streams})
        try:
            await self.flush()
            while data := await self._reader.read(65536):
                for event in self.state.receive_data(data):
                    await self._handle(event)
                await self.flush()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def flush(self, raw: bytes = b"") -> None:
        """Send what is to be sent, and then these bytes."""
        self.writer.write(self.state.data_to_send() + raw)
        await self.writer.drain()

    async def _handle(self, event: object) -> None:
        match event:
            case RequestReceived(stream_id=stream_id, headers=fields):
                headers = {str(name): str(value) for name, value in fields}
                stream = _Http2Stream(self, stream_id)
                answering = _answer(self._server, self._handler, stream, headers.pop(":path"), headers)
                self._tasks[stream_id] = asyncio.ensure_future(answering)
            case WindowUpdated() | RemoteSettingsChanged():
                async with self.writable:
                    self.writable.notify_all()
            case StreamReset(stream_id=stream_id):
                self._tasks[stream_id].cancel()
            case ConnectionTerminated():
                self.writer.close()
            case _:
                pass


class _Http2Stream(Stream):
    def __init__(self, connection: _Http2, stream_id: int) -> None:
        self._connection = connection
        self._state = connection.state
        self._id = stream_id

    async def inform(self, status_code: int) -> None:
        self._state.send_headers(self._id, [(":status", str(status_code))])
        await self._connection.flush()

    async def begin(self, status_code: int, headers: Headers, size: int | None) -> None:
        self._state.send_headers(self._id, [(":status", str(status_code)), *headers.items()])
        await self._connection.flush()

    async def send(self, data: bytes, *, end: bool) -> None:
        at = 0
        while True:
            if data:
                await self._wait_for_window()
            part = data[at : at + self._window()]
            at += len(part)
            self._state.send_data(self._id, part, end_stream=end and at == len(data))
            await self._connection.flush()
            if at == len(data):
                return

    async def send_endless_head(self, pause: float) -> None:
        """Send a HEADERS frame and CONTINUATION frames, none of which ends the head."""
        field = b"\x40\x07x-field\x05value"  # a literal field that is indexed (RFC 7541, 6.2.1)
        await self._connection.flush(HeadersFrame(self._id, b"\x88").serialize())
        while True:
            await asyncio.sleep(pause)
            await self._connection.flush(ContinuationFrame(self._id, field).serialize())

    async def reset(self, error_code: ErrorCodes) -> None:
        self._state.reset_stream(self._id, error_code)
        await self._connection.flush()

    async def go_away(self, *, answered: bool) -> None:
        # h2 sends nothing more after its own GOAWAY, but a server may still answer what it accepted.
        last = self._id if answered else self._id - 2
        await self._connection.flush(GoAwayFrame(last_stream_id=max(last, 0), error_code=0).serialize())
        if not answered:
            self._connection.writer.close()

    def abort(self) -> None:
        self._connection.writer.transport.abort()

    async def _wait_for_window(self) -> None:
        async with self._connection.writable:
            await self._connection.writable.wait_for(lambda: self._window() > 0)

    def _window(self) -> int:
        return min(self._state.local_flow_control_window(self._id), self._state.max_outbound_frame_size)
