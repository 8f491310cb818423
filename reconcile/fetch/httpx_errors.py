"""The exceptions of httpx as failures of ours, for requests that go through an `httpx.Client`."""

import httpx

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

SEND_ERRORS = (httpx.RequestError, httpx.InvalidURL, ValueError)
"""
What `httpx.Client.send` raises when there is no response.

It parses the Location of a redirect even if it does not follow it. Not every error of that is one of httpx.
"""

# The first match counts, so a subclass stands before its base.
_FAILURES: tuple[tuple[type[Exception], type[ExchangeError]], ...] = (
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


def read_failure(error: httpx.RequestError | httpx.InvalidURL | ValueError) -> ExchangeError:
    """
    Return the failure behind one of SEND_ERRORS; its text may quote the server.

    Our own transport raises from an ExchangeError, which is more precise than any exception of httpx.
    """
    if isinstance(error.__cause__, ExchangeError):
        return error.__cause__
    kind = next((ours for theirs, ours in _FAILURES if isinstance(error, theirs)), None)
    failure = kind(str(error)) if kind is not None else MalformedRequestError(f"not a valid URL: {error}")
    failure.__cause__ = error
    return failure
