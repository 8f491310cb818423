"""
What can go wrong before there is an answer, in httpx's words where httpx has one.

    httpx.ConnectError
    ├── BlockedAddressError     the connection leads where no request may go
    └── TlsError                the other side could not prove who it is
    httpx.RemoteProtocolError
    └── AnswerTooLargeError     more than this program is willing to read
"""

import httpx

from reconcile.codes import Code
from reconcile.fetch.endpoint import Origin
from reconcile.model import Problem


class BlockedAddressError(httpx.ConnectError):
    """The connection leads to an address to which no request may be sent; none was."""


class TlsError(httpx.ConnectError):
    """The handshake failed: the certificate is not trusted, is for another host, or there is no common version."""


class AnswerTooLargeError(httpx.RemoteProtocolError):
    """The answer has more headers or a larger body than is ever read."""


# The first that fits counts, so a subclass stands before its base.
_CODES: tuple[tuple[type[httpx.RequestError], Code], ...] = (
    (BlockedAddressError, Code.BLOCKED_ADDRESS),
    (TlsError, Code.TLS),
    (AnswerTooLargeError, Code.ANSWER_TOO_LARGE),
    (httpx.DecodingError, Code.ANSWER_ENCODED),
    (httpx.TimeoutException, Code.TIMED_OUT),
    (httpx.ProtocolError, Code.NOT_HTTP),
    (httpx.ReadError, Code.CONNECTION_BROKEN),
    (httpx.WriteError, Code.CONNECTION_BROKEN),
    (httpx.RequestError, Code.NOT_CONNECTED),
)


def explain_failure(error: httpx.RequestError, origin: Origin) -> Problem:
    """Turn what a transport raised into a problem that names the origin and the cause."""
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return Problem(code=code, message=f"{origin}: {error}")
