"""
httpx's interface on top of the client of the run, for single requests such as logins.

So the rules of the network are implemented once, and a login is written and tested as a few calls of `httpx.Client`.
"""

from collections.abc import Callable

import httpx

from reconcile.fetch.client import Client, Outcome
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
from reconcile.fetch.message import Request, write_headers

SEND_ERRORS = (httpx.RequestError, httpx.InvalidURL, ValueError)
"""
What `httpx.Client.send` raises when there is no response.

It parses the Location of a redirect even if it does not follow it, and that can raise other errors than those of httpx.
"""

_ERRORS: tuple[tuple[type[ExchangeError], type[httpx.RequestError]], ...] = (
    (EncodedAnswerError, httpx.DecodingError),
    (TimedOutError, httpx.TimeoutException),
    (MalformedRequestError, httpx.LocalProtocolError),
    (NotHttpError, httpx.ProtocolError),
    (ProxyError, httpx.ProxyError),
    (ConnectionBrokenError, httpx.ReadError),
    (ConnectionBrokenError, httpx.WriteError),
    (NotConnectedError, httpx.NetworkError),
    (ExchangeError, httpx.RequestError),
)
"""Our errors and those of httpx. The first match counts, so a subclass comes before its base."""

_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding"})
"""Headers that our client writes."""


class ClientTransport(httpx.BaseTransport):
    """Sends the requests of an `httpx.Client` through our client."""

    def __init__(self, client: Client, take_turn: Callable[[], None]) -> None:
        """`take_turn` runs all requests for a moment, including those of this transport."""
        self._client = client
        self._take_turn = take_turn

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its complete answer; raise httpx.RequestError from an ExchangeError."""
        outcomes: list[Outcome] = []
        try:
            self._client.send(_translate(request), outcomes.append)
        except ExchangeError as error:
            outcomes.append(error)
        while not outcomes:
            self._take_turn()
        answer = outcomes[0]
        if isinstance(answer, ExchangeError):
            raise next(theirs for ours, theirs in _ERRORS if isinstance(answer, ours))(str(answer)) from answer
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.body)


def open_login_client(client: Client, take_turn: Callable[[], None]) -> httpx.Client:
    """Make the client for logins; it follows no redirect and reads no environment."""
    return httpx.Client(transport=ClientTransport(client, take_turn), trust_env=False, follow_redirects=False)


def read_failure(error: httpx.RequestError | httpx.InvalidURL | ValueError) -> ExchangeError:
    """
    Return the ExchangeError behind one of SEND_ERRORS; its text may quote the server.

    Our transport raises from an ExchangeError, which is more precise than an exception of httpx.
    """
    if isinstance(error.__cause__, ExchangeError):
        return error.__cause__
    kind = next((ours for ours, theirs in _ERRORS if isinstance(error, theirs)), None)
    failure = kind(str(error)) if kind is not None else MalformedRequestError(f"not a valid URL: {error}")
    failure.__cause__ = error
    return failure


def _translate(request: httpx.Request) -> Request:
    url = request.url
    body = request.read()
    headers = {name: value for name, value in request.headers.items() if name not in _OURS}
    return Request(
        origin=Origin(scheme=url.scheme, host=url.host, port=url.port or DEFAULT_PORTS.get(url.scheme, 0)),
        target=url.raw_path.decode("ascii"),
        headers=write_headers(headers),
        method=request.method,
        body=body if request.method != "GET" else None,
    )
