"""HTTP/1.1 on one connection: responses are sent in the order of the requests."""

import asyncio
import socket
import struct
from collections import deque

import httptools

from reconcile.simulator.answer import Answer, Fault
from reconcile.simulator.request import Request
from reconcile.simulator.service import Cue, Service

_MAX_REQUEST = 64 * 1024
_MAX_QUEUED = 64
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """
    The connection of one client.

    Responses wait in a queue, so that pipelined requests are answered in order even if a response is delayed. Reading
    pauses while the queue is full or the client does not read.
    """

    _transport: asyncio.Transport

    def __init__(self, service: Service, connections: "set[Connection]") -> None:
        self._service = service
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[tuple[Cue, bool]] = deque()
        self._held_back: asyncio.TimerHandle | None = None
        self._writable = True
        self._listening = True
        self._answering = True
        self._unfinished = 0

    def abort(self) -> None:
        """Close the connection immediately."""
        self._transport.abort()

    # --- Called by asyncio ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"expected a byte stream, got {type(transport).__name__}")
        self._transport = transport
        self._connections.add(self)
        tally = self._service.tally
        tally.open_connections = len(self._connections)
        tally.most_connections = max(tally.most_connections, tally.open_connections)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._held_back:
            self._held_back.cancel()
        self._connections.discard(self)
        self._service.tally.open_connections = len(self._connections)

    def data_received(self, data: bytes) -> None:
        if not self._listening:
            return
        self._unfinished += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._give_up(500, f"internal error of the simulator: {error.__context__!r}"[:200])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._give_up(400, "this is not HTTP/1.1")
        if self._unfinished > _MAX_REQUEST:
            self._give_up(400, "the request is too long")
        self._play()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._play()

    # --- Called by the parser ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._target = self._body = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        self._unfinished = 0
        method, target = self._parser.get_method().decode("ascii"), self._target.decode("latin-1")
        cue = self._service.answer(Request(method, target, self._headers, self._body))
        self._queue.append((cue, self._parser.should_keep_alive()))

    # --- Answering -----------------------------------------------------------------------------------------------

    def _give_up(self, status_code: int, message: str) -> None:
        """Stop reading from a client, and send it an error after the pending responses."""
        self._listening = False
        self._unfinished = 0
        self._queue.append((self._service.refuse(status_code, message), False))

    def _play(self) -> None:
        while self._queue and self._answering and self._writable and not self._held_back:
            cue, keep_alive = self._queue.popleft()
            if cue.delay:
                loop = asyncio.get_running_loop()
                self._held_back = loop.call_later(cue.delay, self._play_held_back, cue, keep_alive)
            else:
                self._send(cue, keep_alive)
        if len(self._queue) < _MAX_QUEUED:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _play_held_back(self, cue: Cue, keep_alive: bool) -> None:
        self._held_back = None
        self._send(cue, keep_alive)
        self._play()

    def _send(self, cue: Cue, keep_alive: bool) -> None:
        match cue.reply:
            case Answer() as answer:
                self._transport.write(answer.fill_in(cue.request_id))
                if answer.close or not keep_alive:
                    self._stop()
                    self._transport.close()
            case Fault.HANG:
                self._stop()
            case Fault.RESET:
                self._stop()
                self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                self._transport.abort()

    def _stop(self) -> None:
        self._listening = self._answering = False
        self._queue.clear()
