"""
httpx's interface over the client of the run, for what is requested once: the tokens of credentials.

One implementation holds every rule, and a login is written, and tested, as a few plain calls of `httpx.Client`.
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

It parses the Location of a redirect even if it does not follow it. Not every error of that is one of httpx.
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
"""Our failures and those of httpx. The first that fits counts, so a subclass stands before its base."""

_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding"})
"""Headers that the client writes itself."""


class ClientTransport(httpx.BaseTransport):
    """Send the requests of an `httpx.Client` through a client of ours."""

    def __init__(self, client: Client, take_turn: Callable[[], None]) -> None:
        """`take_turn` lets everything go on for a moment, this transport's own requests among it."""
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
    """Make the client for logins; it adds no header of its own, follows nothing and reads no environment."""
    return httpx.Client(transport=ClientTransport(client, take_turn), trust_env=False, follow_redirects=False)


def read_failure(error: httpx.RequestError | httpx.InvalidURL | ValueError) -> ExchangeError:
    """
    Return the failure behind one of SEND_ERRORS; its text may quote the server.

    Our own transport raises from an ExchangeError, which is more precise than any exception of httpx.
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
