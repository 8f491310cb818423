"""The errors of requests that got no answer."""

from reconcile.codes import Code
from reconcile.fetch.endpoint import Origin
from reconcile.model.diagnostic import Problem


class ExchangeError(Exception):
    """A request got no answer; its text is the reason, as a clause."""

    code = Code.NOT_CONNECTED


class NotConnectedError(ExchangeError):
    """There is no connection."""


class RefusedConnectionError(NotConnectedError):
    """The host refused the connection: nothing listens at that port."""


class NameNotResolvedError(NotConnectedError):
    """The host name could not be resolved."""


class BlockedAddressError(NotConnectedError):
    """The host resolves to an address that no request may be sent to. Nothing was sent."""

    code = Code.BLOCKED_ADDRESS


class TlsError(NotConnectedError):
    """The handshake failed: the certificate is not trusted, is for another host, or there is no common version."""

    code = Code.TLS


class ProxyError(ExchangeError):
    """The proxy refused to let the request through."""


class TimedOutError(ExchangeError):
    """There was no connection, or no complete answer, within the time limit."""

    code = Code.TIMED_OUT


class ConnectionBrokenError(ExchangeError):
    """The connection ended before the answer was complete."""

    code = Code.CONNECTION_BROKEN


class MalformedRequestError(ExchangeError):
    """The request could be read as another one, so it was not sent."""

    code = Code.NOT_HTTP


class NotHttpError(ExchangeError):
    """The server sent something that is not an answer in plain HTTP/1.1 or HTTP/2."""

    code = Code.NOT_HTTP


class AnswerTooLargeError(NotHttpError):
    """The answer has more headers or a larger body than this program reads."""

    code = Code.ANSWER_TOO_LARGE


class TooMuchInFlightError(ExchangeError):
    """All answers that are being read now take too much memory together."""

    code = Code.ANSWER_TOO_LARGE


class EncodedAnswerError(ExchangeError):
    """The answer is compressed."""

    code = Code.ANSWER_ENCODED


def explain_failure(error: ExchangeError, origin: Origin) -> Problem:
    """Turn a failed exchange into a problem that names the origin and the cause."""
    return Problem(code=error.code, message=f"{origin}: {error}")
