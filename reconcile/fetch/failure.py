"""
What can go wrong before there is an answer.

    ExchangeError                   there was no exchange: this is not spoken here
    ├── NotConnectedError           no connection
    │   ├── BlockedAddressError     the connection leads where no request may go
    │   └── TlsError                the other side could not prove who it is
    ├── ProxyError                  the proxy refused
    ├── TimedOutError               no connection or no whole answer in time
    ├── ConnectionBrokenError       the connection ended before there was a whole answer
    ├── MalformedRequestError       the request would be read as something else
    ├── NotHttpError                the answer is not to be read as HTTP/1.1
    │   └── AnswerTooLargeError     more than this program is willing to read
    └── EncodedAnswerError          the answer is compressed, which was not asked for

httpx has a name for each as well; `foreign.py` translates them.
"""

from reconcile.codes import Code
from reconcile.fetch.endpoint import Origin
from reconcile.model import Problem


class ExchangeError(Exception):
    """No answer came of a request; as text it is why, a clause."""

    code = Code.NOT_CONNECTED


class NotConnectedError(ExchangeError):
    """There is no connection."""


class BlockedAddressError(NotConnectedError):
    """The connection leads to an address to which no request may be sent; none was."""

    code = Code.BLOCKED_ADDRESS


class TlsError(NotConnectedError):
    """The handshake failed: the certificate is not trusted, is for another host, or there is no common version."""

    code = Code.TLS


class ProxyError(ExchangeError):
    """The proxy refused to let the request through."""


class TimedOutError(ExchangeError):
    """There was no connection, or no whole answer, within the time for it."""

    code = Code.TIMED_OUT


class ConnectionBrokenError(ExchangeError):
    """The connection was closed before there was a whole answer."""

    code = Code.CONNECTION_BROKEN


class MalformedRequestError(ExchangeError):
    """The request could be read as another one; it was not sent."""

    code = Code.NOT_HTTP


class NotHttpError(ExchangeError):
    """What came is no answer in HTTP/1.1 that could be read in one way only."""

    code = Code.NOT_HTTP


class AnswerTooLargeError(NotHttpError):
    """The answer has more headers or a larger body than is ever read."""

    code = Code.ANSWER_TOO_LARGE


class EncodedAnswerError(ExchangeError):
    """The answer is compressed."""

    code = Code.ANSWER_ENCODED


def explain_failure(error: ExchangeError, origin: Origin) -> Problem:
    """Turn what a transport raised into a problem that names the origin and the cause."""
    return Problem(code=error.code, message=f"{origin}: {error}")
