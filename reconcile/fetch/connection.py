"""
One HTTP/1.1 connection: a request out, one answer in, nothing believed that could be read in two ways.

The parser (llhttp) is strict by default; what a careful reader still has to refuse is refused here.
"""

import asyncio
import ssl

import httptools
from msgspec import Struct, field

from reconcile.fetch.failure import (
    AnswerTooLargeError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    NotHttpError,
)
from reconcile.fetch.message import Fields, RawAnswer, RawHeaders
from reconcile.fetch.outbox import Outbox
from reconcile.fetch.turnstile import Turnstile
from reconcile.fetch.wire import BUFFER_SIZE, Wire

MAX_HEAD_SIZE = 64 * 1024
MAX_HEADERS = 100
MAX_BODY_SIZE = 1024 * 1024
LARGE = 32 * 1024
"""Bytes from which on an answer waits for others that are as large; that of a job with a hundred sub-jobs is not."""

_BODILESS = (204, 304)
_NO_HEADERS = RawHeaders(())


def check_head(version: str, status_code: int, headers: RawHeaders) -> ExchangeError | None:
    """
    Say why the body after this head cannot be read with certainty; None if it can.

    A body needs exactly one Content-Length, or exactly `chunked`: one that ends with the connection looks the same
    when it is cut short, and one that has both lengths is read differently by different programs.
    """
    lengths = headers.list_raw(b"content-length")
    codings = headers.list_raw(b"transfer-encoding") if b"transfer-encoding" in headers.last else ()
    encodings = headers.list_raw(b"content-encoding") if b"content-encoding" in headers.last else ()
    if version != "1.1":
        return NotHttpError(f"the answer is HTTP/{version}, not HTTP/1.1")
    if status_code < 200:
        return NotHttpError(f"an interim answer came that was not asked for (HTTP {status_code})")
    if encodings and [encoding.lower() for encoding in encodings] != [b"identity"]:
        return EncodedAnswerError("the answer is compressed, which was not asked for")
    if status_code in _BODILESS or (codings and not lengths and [coding.lower() for coding in codings] == [b"chunked"]):
        return None
    if codings or len(lengths) != 1 or not lengths[0].isdigit():
        return NotHttpError("the answer does not say, or says in two ways, where its body ends")
    return too_large() if int(lengths[0][:20]) > MAX_BODY_SIZE else None


class Shared(Struct, frozen=True, kw_only=True):
    """
    What the connections to one host share, in the running event loop.

    At `turnstile` their large answers wait for each other, and through `outbox` their requests leave together. All
    sockets are read into `buffer`, for what stands there is understood before the loop turns to another connection.
    """

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    turnstile: Turnstile = field(default_factory=Turnstile)
    outbox: Outbox = field(default_factory=Outbox)
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(BUFFER_SIZE)))


class Connection:
    """
    One connection, for one exchange at a time.

    Whatever is not a clean answer to the request of the moment closes it: it is never used again.

    Large answers come one at a time: the others are not read on, and not given to whoever waits for them, until it is
    their turn. So what is held of all answers does not grow with the number of connections, and however long a large
    one takes to be understood, the loop has a turn before the next.
    """

    def __init__(self, wire: Wire, shared: Shared) -> None:
        """Take over a wire."""
        self.wire = wire
        self._loop = shared.loop
        self._turnstile, self._outbox = shared.turnstile, shared.outbox
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[RawAnswer] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._keep_alive = True
        self._queued = self._admitted = False
        self._begin()
        wire.watch(self.receive, self.lose)

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent here."""
        return self._keep_alive and not self.wire.closed

    @property
    def silent(self) -> bool:
        """Whether not one byte has come since the last request was sent."""
        return self._received == 0

    async def exchange(self, request: bytes, deadline: float) -> RawAnswer:
        """
        Send a whole request and return its whole answer; raise ExchangeError or TimeoutError, closed then.

        Args:
            request: as bytes.
            deadline: by when the answer must be there, in the loop's time; never before that of an earlier exchange.
        """
        if self.wire.closed:
            raise ConnectionBrokenError("the connection was closed before the request could be sent")
        self._begin()
        self._request = request
        self._waiter = self._loop.create_future()
        self._deadline = deadline
        if self._alarm is None:
            self._alarm = self._loop.call_at(deadline, self._check_deadline)
        answered = False
        try:
            self._outbox.put(self._send)
            answer = await self._waiter
            answered = True
            return answer
        finally:
            # Not answered may also be: the deadline passed, or the run was cancelled.
            self._waiter = None
            self._chunks.clear()  # Parser and connection refer to each other, so it may be long until they are freed.
            if self._queued:
                self._turnstile.leave(self._proceed)
                self._queued = self._admitted = False
            if not (answered and self._keep_alive):
                self.abort()

    def _send(self) -> None:
        """Send the request, if there still is somebody who waits for the answer."""
        if self._waiter is None or self._waiter.done() or self.wire.closed:
            return
        self._sent = True
        try:
            self.wire.write(self._request)
        except OSError as error:
            self.lose(error)

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._keep_alive = False
        self.wire.close()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _check_deadline(self) -> None:
        """
        Give up the exchange that is too late.

        One alarm serves many exchanges: setting and cancelling one for each would cost as much as reading an answer.
        """
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._check_deadline)
        else:
            self._fail(TimeoutError())

    def _begin(self) -> None:
        self._status_code = 0
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers = _NO_HEADERS
        self._chunks: list[bytes] = []
        self._received = self._reason_size = self._body_size = 0
        self._sent = self._head_complete = self._complete = False
        self._fault: ExchangeError | None = None

    # --- What the wire brings ----------------------------------------------------------------------------------

    def receive(self, data: bytes | memoryview) -> bool:
        """Take in what has come; say whether more is waited for."""
        if self._waiter is None or self._waiter.done():
            self.abort()
            return False
        if not self._sent or self.wire.unsent:
            self._fail(ConnectionBrokenError("the server spoke before it was asked"))
            return False
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._refuse(NotHttpError(f"the answer is not valid HTTP/1.1: {error}"))
        large = self._received > LARGE
        if large and self._received > (MAX_HEAD_SIZE + MAX_BODY_SIZE if self._head_complete else MAX_HEAD_SIZE):
            self._refuse(too_large())
        if self._fault is not None:
            self._fail(self._fault)
        elif large and not self._admitted:
            self._queue_up()
        elif self._complete:
            self._deliver(self._waiter)
        else:
            return True
        return False

    def lose(self, cause: OSError | None) -> None:
        """Take notice that the connection is at its end; None is the other side's wish."""
        why = f" ({_name_cause(cause)})" if cause is not None else ""
        moment = "without an answer" if self.silent else "in the middle of the answer"
        if self._complete:
            self.abort()  # But the answer that is whole may still wait for its turn.
        else:
            self._fail(ConnectionBrokenError(f"the connection was closed {moment}{why}"))

    def _queue_up(self) -> None:
        if self._queued:
            return
        self._queued = True
        self.wire.pause_reading()
        self._turnstile.enter(self._proceed)

    def _proceed(self) -> None:
        """Read on, now that it is its turn, or give what is there already."""
        if not self._queued or self._waiter is None or self._waiter.done():
            return
        self._admitted = True
        self.wire.resume_reading()
        if self._complete:
            self._deliver(self._waiter)

    def _deliver(self, waiter: "asyncio.Future[RawAnswer]") -> None:
        body = b"".join(self._chunks)
        waiter.set_result(RawAnswer(self._status_code, self._headers, body))

    def _fail(self, fault: ExchangeError | TimeoutError) -> None:
        self.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(fault)
            # Mark it as seen: whoever waits may be cancelled in this very turn, and asyncio would then log it.
            self._waiter.exception()

    # --- What the parser calls ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            self._refuse(NotHttpError("more than one answer came"))

    def on_status(self, reason: bytes) -> None:
        self._reason_size += len(reason)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_complete:
            return  # A trailer: nobody asked for one.
        if len(self._fields) == MAX_HEADERS:
            self._refuse(too_large())
        else:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_complete = True
        # What came in all is no more than a buffer too much, and most of that may be the body.
        if self._received > MAX_HEAD_SIZE and self._reason_size + _measure(self._fields) > MAX_HEAD_SIZE:
            self._refuse(too_large())
        self._status_code = self._parser.get_status_code()
        self._headers = RawHeaders(self._fields)
        fault = check_head(self._parser.get_http_version(), self._status_code, self._headers)
        if fault is not None:
            self._refuse(fault)

    def on_body(self, chunk: bytes) -> None:
        self._body_size += len(chunk)
        if self._body_size > MAX_BODY_SIZE:
            self._refuse(too_large())
        else:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        self._complete = True
        self._keep_alive = self._keep_alive and self._parser.should_keep_alive()

    def _refuse(self, fault: ExchangeError) -> None:
        """Keep the first fault: it is the cause of the others."""
        self._fault = self._fault or fault


def _measure(fields: Fields) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in fields)


def too_large() -> AnswerTooLargeError:
    """Make the error of an answer beyond the limits."""
    return AnswerTooLargeError(
        f"the answer is too large: over {MAX_HEADERS} headers, {MAX_HEAD_SIZE} bytes of them, "
        f"or {MAX_BODY_SIZE} bytes of body"
    )


def _name_cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    return error.strerror or type(error).__name__
