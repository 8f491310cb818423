"""
httpx's values: for transports that are not ours, as the one through a proxy, and for the requests of tokens.

Our own transport takes and gives bytes. This module is imported by whoever needs more, for to import httpx takes an
eighth of a run with one job.
"""

from functools import cache

from reconcile.fetch.endpoint import DEFAULT_PORTS, Origin
from reconcile.fetch.failure import (
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    MalformedRequestError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    TimedOutError,
)
from reconcile.fetch.lean_httpx import httpx
from reconcile.fetch.message import Fields, RawAnswer, RawHeaders, write_fields, write_request_line
from reconcile.fetch.transport import DirectTransport, Transport

_NO_BODY = httpx.ByteStream(b"")
# The first that fits counts, so a subclass stands before its base.
_FAILURES: tuple[tuple[type[httpx.RequestError], type[ExchangeError]], ...] = (
    (httpx.DecodingError, EncodedAnswerError),
    (httpx.TimeoutException, TimedOutError),
    (httpx.LocalProtocolError, MalformedRequestError),
    (httpx.ProtocolError, NotHttpError),
    (httpx.ProxyError, ProxyError),
    (httpx.ReadError, ConnectionBrokenError),
    (httpx.WriteError, ConnectionBrokenError),
    (httpx.NetworkError, NotConnectedError),
    (httpx.RequestError, ExchangeError),
)


async def ask(transport: Transport, origin: Origin, target: bytes, fields: Fields) -> RawAnswer:
    """Send a GET with these headers, and no others, through any transport; raise ExchangeError."""
    # The target goes beside the URL of the origin, which is then parsed once (httpx, Request Extensions, "target").
    request = httpx.Request(
        "GET", _parse_root(origin), headers=list(fields), stream=_NO_BODY, extensions={"target": target}
    )
    return await send(transport, request)


async def send(transport: Transport, request: httpx.Request) -> RawAnswer:
    """Send a request through any transport and return the answer as it came; raise ExchangeError."""
    if isinstance(transport, DirectTransport):
        return await transport.exchange(*await read_request(request))
    try:
        response = await transport.handle_async_request(request)
        body = await _read_body(response)
    except httpx.RequestError as error:
        raise translate_failure(error) from error
    return RawAnswer(response.status_code, RawHeaders(response.headers.raw), body)


def translate_failure(error: httpx.RequestError) -> ExchangeError:
    """Say in our words what a transport raised in those of httpx."""
    return next(ours for theirs, ours in _FAILURES if isinstance(error, theirs))(str(error))


async def read_request(request: httpx.Request) -> tuple[Origin, bytes]:
    """Return where a request goes, and its bytes; its target is that of its extensions, where there is one."""
    stream = request.stream
    # `aread` costs more than writing the whole request.
    body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
    url = request.url
    target = request.extensions.get("target") or url.raw_path
    line = write_request_line(request.method.encode("ascii"), target)
    origin = Origin(scheme=url.scheme, host=url.host, port=url.port or DEFAULT_PORTS.get(url.scheme, 0))
    return origin, line + write_fields(request.headers.raw) + body


@cache
def _parse_root(origin: Origin) -> httpx.URL:
    return httpx.URL(f"{origin}/")


async def _read_body(response: httpx.Response) -> bytes:
    """
    Read the body as it came.

    `Response.aread` would inflate it, whichever transport it is, and costs more than the whole response otherwise.
    """
    stream = response.stream
    if isinstance(stream, httpx.ByteStream):
        return b"".join(stream)
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("the transport of an asynchronous request answered with a synchronous body")
    try:
        return b"".join([chunk async for chunk in stream])
    finally:
        await stream.aclose()
