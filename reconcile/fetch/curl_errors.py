"""Translates libcurl's errors into those of `failure.py`: one table."""

import errno
import os
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from reconcile.fetch.failure import (
    ConnectionBrokenError,
    ExchangeError,
    MalformedRequestError,
    NameNotResolvedError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    RefusedConnectionError,
    TimedOutError,
    TlsError,
)
from reconcile.fetch.message import too_large


class CurlError(Struct, frozen=True, kw_only=True):
    """
    An error with which libcurl ended a request.

    `code` and `text` are libcurl's own. `answered` says whether a part of an answer arrived. `os_error` is the system's
    errno, 0 if there was no error. `proxy_status` is the status code of the proxy's answer to CONNECT, 0 if there was
    none; `proxy` names the proxy, None without one. The time limits are in seconds.
    """

    code: int
    text: str
    answered: bool
    os_error: int
    proxy_status: int
    proxy: str | None
    connect_limit: float
    limit: float


def translate_curl_error(error: CurlError) -> ExchangeError:
    """Translate an error of libcurl; the codes are those of libcurl-errors(3)."""
    translate = _TABLE.get(error.code)
    return translate(error) if translate is not None else ExchangeError(f"libcurl: {error.text} ({error.code})")


def _not_connected(error: CurlError) -> ExchangeError:
    why = os.strerror(error.os_error) if error.os_error else error.text
    if error.proxy_status >= 300:
        return _refused_by_proxy(error)
    if error.proxy is not None:
        return NotConnectedError(f"no connection to the proxy {error.proxy}: {why}")
    if error.os_error == errno.ECONNREFUSED:
        return RefusedConnectionError(f"nothing listens there: {why}")
    return NotConnectedError(f"no connection: {why}")


def _refused_by_proxy(error: CurlError) -> ExchangeError:
    return ProxyError(f"the proxy {error.proxy} refused: HTTP {error.proxy_status}")


def _timed_out(error: CurlError) -> ExchangeError:
    if error.text.startswith("Operation"):
        return TimedOutError(f"no complete answer within {error.limit:g} s")
    return TimedOutError(f"no connection within {min(error.connect_limit, error.limit):g} s")


def _handshake_failed(error: CurlError) -> ExchangeError:
    """Distinguish a connection that ended during the handshake, which is transient, from a failed handshake."""
    if error.os_error or any(sign in error.text for sign in ("SYSCALL", "unexpected eof", "reset by peer")):
        return NotConnectedError("the connection was closed during the TLS handshake")
    return TlsError(f"TLS: the handshake failed: {error.text}")


def _untrusted(error: CurlError) -> ExchangeError:
    return TlsError(f"TLS: the certificate is not trusted: {error.text}")


def _broken(error: CurlError) -> ExchangeError:
    if error.proxy_status >= 300:
        return _refused_by_proxy(error)
    if "in chunked-encoding" in error.text or error.text.startswith("chunk hex-length"):
        return _not_http(error)
    if error.text.startswith("Too large response headers"):
        return too_large()
    moment = "in the middle of the answer" if error.answered else "without an answer"
    why = f" ({os.strerror(error.os_error)})" if error.os_error else ""
    return ConnectionBrokenError(f"the connection was closed {moment}{why}")


def _not_http(error: CurlError) -> ExchangeError:
    return NotHttpError(f"the answer is not plain HTTP: {error.text}")


def _translate_to(kind: type[ExchangeError], reason: str) -> Callable[[CurlError], ExchangeError]:
    return lambda error: kind(reason)


_Translate: TypeAlias = Callable[[CurlError], ExchangeError]

_TABLE: Final[Mapping[int, _Translate]] = {
    1: _not_http,  # UNSUPPORTED_PROTOCOL: the server speaks another protocol, or HTTP/0.9
    3: _translate_to(MalformedRequestError, "the URL of the request cannot be read"),
    5: _translate_to(ProxyError, "the name of the proxy cannot be resolved"),
    6: _translate_to(NameNotResolvedError, "the host name cannot be resolved"),
    7: _not_connected,
    8: _not_http,  # WEIRD_SERVER_REPLY
    16: _broken,  # HTTP2: a framing error
    18: _broken,  # PARTIAL_FILE
    28: _timed_out,
    35: _handshake_failed,
    52: _broken,  # GOT_NOTHING
    55: _broken,  # SEND_ERROR
    56: _broken,  # RECV_ERROR
    60: _untrusted,  # PEER_FAILED_VERIFICATION
    61: _not_http,  # BAD_CONTENT_ENCODING: a transfer coding other than chunked
    63: lambda error: too_large(),  # FILESIZE_EXCEEDED
    77: _translate_to(TlsError, "TLS: the CA file holds no certificate that can be read"),
    91: _untrusted,  # SSL_INVALIDCERTSTATUS
    92: _broken,  # HTTP2_STREAM: the server reset the stream
    97: lambda error: ProxyError(f"the proxy {error.proxy} refused: {error.text}"),
    100: lambda error: too_large(),  # TOO_LARGE
}
