"""A request as bytes, and the bytes of an answer."""

import httpx


def write_request(request: httpx.Request, body: bytes) -> bytes:
    """Write a request; its target is that of its extensions, where there is one, for a URL costs time to parse."""
    headers = request.headers.raw
    target = request.extensions.get("target") or request.url.raw_path
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target)]
    lines += [b"%b: %b" % field for field in headers]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
        raise httpx.LocalProtocolError("a header of the request holds a line break")
    if lines[0].count(b" ") != 2:
        raise httpx.LocalProtocolError("the target of the request holds a space")
    return head + b"\r\n\r\n" + body


async def read_body(response: httpx.Response) -> bytes:
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
