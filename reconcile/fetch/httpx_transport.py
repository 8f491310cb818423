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

_ERRORS: tuple[tuple[type[ExchangeError], type[httpx.TransportError]], ...] = (
    (NotConnectedError, httpx.ConnectError),
    (ProxyError, httpx.ProxyError),
    (TimedOutError, httpx.ReadTimeout),
    (ConnectionBrokenError, httpx.ReadError),
    (MalformedRequestError, httpx.LocalProtocolError),
    (NotHttpError, httpx.RemoteProtocolError),
    (EncodedAnswerError, httpx.RemoteProtocolError),
    (ExchangeError, httpx.UnsupportedProtocol),
)
"""The first that fits counts, so a subclass stands before its base."""

_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding"})
"""Headers that the client writes itself."""


class ClientTransport(httpx.BaseTransport):
    """Send the requests of an `httpx.Client` through a client of ours."""

    def __init__(self, client: Client, take_turn: Callable[[], None]) -> None:
        """`take_turn` lets everything go on for a moment, this transport's own requests among it."""
        self._client = client
        self._take_turn = take_turn

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its complete answer; raise httpx.TransportError from an ExchangeError."""
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
