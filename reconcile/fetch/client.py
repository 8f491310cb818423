"""
The HTTP client for every request: libcurl, through pycurl, with the limits of this program.

libcurl keeps connections alive, speaks HTTP/2 if a server offers it over TLS, and runs any number of requests in one
thread. This module adds what a gate needs: bounded answers, a time limit for each whole exchange, a check of every
address before a connection is made, and no settings from the environment.
"""

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.curl_errors import CurlError, translate_curl_error
from reconcile.fetch.endpoint import METADATA_SERVICE, Origin, blocked_peer
from reconcile.fetch.failure import (
    BlockedAddressError,
    ConnectionBrokenError,
    ExchangeError,
    MalformedRequestError,
    NotConnectedError,
    TooMuchInFlightError,
)
from reconcile.fetch.message import MAX_BODY_SIZE, Answer, Request, is_whole_head, read_head

if TYPE_CHECKING:
    from reconcile.fetch.proxy import Proxy

MAX_IN_FLIGHT: Final = 8 * 1024 * 1024
"""The most bytes of unfinished answers at any time; 64 answers with a hundred sub-jobs each take 2 MiB."""

_ENVIRONMENT: Final = (
    "SSLKEYLOGFILE",
    "CURL_SSL_BACKEND",
    "OPENSSL_CONF",
    "OPENSSL_CONF_INCLUDE",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
)
"""Variables that libcurl and OpenSSL read when they are loaded, and that could make them log keys or run code."""

_LONGEST_PAUSE: Final = 0.1
"""The most seconds of one wait, so that the caller can check for signals."""

_LONGEST_CLOSE: Final = 0.2
"""The most seconds that closing may take: libcurl waits for a resolver that does not answer, but the run does not."""

_SUPPRESS_CONNECT_HEADERS: Final = 265
"""An option of libcurl that has no name in pycurl; its number never changes."""

_MAX_CA_FILE: Final = 16 * 1024 * 1024
_REFUSE: Final = 0
_NO_SOCKET: Final = -1
"""What callbacks return to abort a request, and to refuse an address."""

Outcome: TypeAlias = Answer | ExchangeError
"""The result of a request."""

OnDone: TypeAlias = Callable[[Outcome], None]

METADATA_SESSION: Final = "/meta-data/latest/api/token"
"""The path of the session token that the metadata service requires with each request."""
METADATA_KEY: Final = "/openstack/latest/securitykey"
_METADATA: Final = ((METADATA_SERVICE, "PUT", METADATA_SESSION), (METADATA_SERVICE, "GET", METADATA_KEY))
"""The only requests that are sent to the metadata service."""


class TimeLimits(Struct, frozen=True, kw_only=True):
    """Time limits in seconds: for the connection and its handshake, and for the whole exchange including those."""

    connect: float = 5.0
    attempt: float = 15.0


_METADATA_LIMITS: Final = TimeLimits(connect=3.0, attempt=3.0)
"""The limits of the official SDK."""


class Client(Protocol):
    """Sends requests: libcurl, or a replacement in a test."""

    def now(self) -> float:
        """Return the seconds of a monotonic clock."""

    def send(self, request: Request, on_done: OnDone) -> None:
        """
        Start a request; raise ExchangeError if it must not be sent.

        `on_done` is called once, from within a later `wait`, unless the client is closed first.
        """

    def wait(self, timeout: float) -> None:
        """Run requests until some are done or `timeout` seconds have passed, and call the `on_done` of those."""

    def close(self) -> None:
        """Drop every request and every connection."""


class CurlClient:
    """
    Sends requests over kept-alive connections, all in the calling thread.

    The caller decides how many run at once. Redirects are not followed, cookies and .netrc are not used, plain http is
    allowed to loopback and the metadata service only, and environment variables are ignored.
    """

    def __init__(
        self,
        *,
        limits: TimeLimits | None = None,
        ca_file: str | None = None,
        proxy: "Proxy | None" = None,
        resolve: Sequence[str] = (),
        metadata: bool = False,
    ) -> None:
        """
        Set up without connecting.

        Args:
            limits: of each request; None is 5 s to connect and 15 s in all.
            ca_file: PEM file of the only trusted authorities; None trusts certifi's.
            proxy: the proxy for every connection, which may then lead to https origins only; None uses no proxy.
            resolve: addresses of host names, in the format of curl's --resolve: HOST:PORT:ADDRESS[,ADDRESS].
            metadata: whether the metadata service of this machine may be asked for a credential, bypassing the proxy.

        Raises AccessError if the CA file cannot be used.
        """
        self._ca_file = ca_file
        if ca_file is not None:
            _check_ca_file(ca_file)
        self.curl = _import_pycurl()
        self.limits = limits or TimeLimits()
        self.proxy = proxy
        self.metadata = metadata
        self.in_flight = 0
        """Bytes of unfinished answers."""
        self._resolve = [*resolve]
        self._free: list[_Transfer] = []
        self._running: set[_Transfer] = set()
        self._multi = self.curl.CurlMulti()
        self._multi.setopt(self.curl.M_MAX_CONCURRENT_STREAMS, 1024)

    @cached_property
    def authorities(self) -> str:
        """The file of the trusted authorities."""
        if self._ca_file is not None:
            return self._ca_file
        import certifi

        return certifi.where()

    now = staticmethod(time.monotonic)

    def send(self, request: Request, on_done: OnDone) -> None:
        """Start a request; see `Client`."""
        self._check(request)
        transfer = self._free.pop() if self._free else _Transfer(self, self._make_handle())
        self._running.add(transfer)
        transfer.begin(request, on_done)
        self._multi.add_handle(transfer.handle)

    def wait(self, timeout: float) -> None:
        """Run requests; see `Client`."""
        self._multi.perform()
        if not self._finish():
            due = self._multi.timeout()  # milliseconds until libcurl has something to do; -1 means never
            pause = min(timeout, _LONGEST_PAUSE, due / 1000 if due >= 0 else math.inf)
            if self._running:
                self._multi.select(max(0.0, pause))
            else:
                time.sleep(max(0.0, pause))

    def close(self) -> None:
        """Drop every request and every connection."""
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(_LONGEST_CLOSE)

    def _close(self) -> None:
        for transfer in (*self._running, *self._free):
            transfer.close()
        self._running.clear()
        self._free.clear()
        self._multi.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, request: Request) -> None:
        """Refuse a request that could be read as another one, or would show a credential to the network."""
        target = request.target
        if not (target.startswith("/") and target.isascii() and target.isprintable() and " " not in target):
            raise MalformedRequestError("the path of the request contains a space or another invalid character")
        if request.origin.host == METADATA_SERVICE.host:
            if not self.metadata or (request.origin, request.method, request.target) not in _METADATA:
                raise ExchangeError("the metadata service is asked for a credential only, with --metadata-credentials")
        elif request.origin.scheme == "http" and (self.proxy is not None or not request.origin.loopback):
            raise ExchangeError("plain http is allowed to loopback only, and never through a proxy")

    def find_limits(self, origin: Origin) -> TimeLimits:
        """Return the limits of a request to this origin."""
        return _METADATA_LIMITS if origin == METADATA_SERVICE else self.limits

    def find_proxy(self, origin: Origin) -> "Proxy | None":
        """Return the proxy for requests to this origin; None if they go to it directly."""
        return None if origin == METADATA_SERVICE else self.proxy

    def _finish(self) -> bool:
        """Report every finished request; return whether there was one."""
        running, more = len(self._running), 1
        while more:
            more, done, failed = self._multi.info_read()
            errors = {handle: (code, text) for handle, code, text in failed}
            for handle in (*done, *errors):
                transfer: _Transfer = handle.transfer
                self._multi.remove_handle(handle)
                self._running.remove(transfer)
                self._free.append(transfer)
                on_done = transfer.on_done
                on_done(transfer.end(errors.get(handle)))
        return len(self._running) < running

    def _make_handle(self) -> Any:  # noqa: ANN401 - pycurl has no types
        """Make a handle with the options that are the same for all requests."""
        curl, limits = self.curl, self.limits
        handle = curl.Curl()
        for option, value in (
            (curl.NOSIGNAL, 1),
            (curl.PROTOCOLS, curl.PROTO_HTTP | curl.PROTO_HTTPS),
            (curl.FOLLOWLOCATION, 0),
            (curl.NETRC, curl.NETRC_IGNORED),
            (curl.HTTP09_ALLOWED, 0),
            (curl.PATH_AS_IS, 1),
            (curl.PIPEWAIT, 1),  # wait for a new connection, and share it if it is HTTP/2
            (curl.CONNECTTIMEOUT_MS, round(limits.connect * 1000)),
            (curl.TIMEOUT_MS, round(limits.attempt * 1000)),
            (curl.MAXFILESIZE_LARGE, MAX_BODY_SIZE),
            (curl.SSL_VERIFYPEER, 1),
            (curl.SSL_VERIFYHOST, 2),
            (curl.SSLVERSION, curl.SSLVERSION_TLSv1_2),
            (curl.RESOLVE, self._resolve),
            (curl.PROXY, ""),  # none, whatever the environment says
            (curl.NOPROXY, METADATA_SERVICE.host),
            (curl.USERAGENT, ""),  # the headers of the request have one
        ):
            handle.setopt(option, value)
        for default in (curl.CAPATH, curl.PROXY_CAPATH):
            handle.unsetopt(default)
        if self.proxy is not None:
            self._use_proxy(handle, self.proxy)
        return handle

    def _use_proxy(self, handle: Any, proxy: "Proxy") -> None:  # noqa: ANN401
        """Send every request through a tunnel, so that the proxy sees only the host."""
        curl = self.curl
        handle.setopt(curl.PROXY, str(proxy))
        handle.setopt(curl.HTTPPROXYTUNNEL, 1)
        handle.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        handle.setopt(curl.PROXY_SSLVERSION, curl.SSLVERSION_TLSv1_2)
        if proxy.user is not None and proxy.password is not None:
            handle.setopt(curl.PROXYAUTH, curl.HTTPAUTH_BASIC)
            handle.setopt(curl.PROXYUSERNAME, proxy.user.reveal())
            handle.setopt(curl.PROXYPASSWORD, proxy.password.reveal())


class _Transfer:
    """A handle of libcurl, which is reused for one request after another, and the answer that it is reading."""

    def __init__(self, client: CurlClient, handle: Any) -> None:  # noqa: ANN401
        self.handle = handle
        self.on_done: OnDone
        self._client = client
        self._request: Request | None = None
        self._fault: ExchangeError | None = None
        self._blocked: BlockedAddressError | None = None
        self._lines: list[bytes] = []
        """The lines of the head, of an interim head and of trailers. libcurl limits their number and size."""
        self._head: tuple[int, dict[str, str]] | None = None
        self._chunks: list[bytes] = []
        self._held = 0
        """Bytes of the body."""
        handle.transfer = self
        handle.setopt(client.curl.HEADERFUNCTION, self._lines.append)
        handle.setopt(client.curl.WRITEFUNCTION, self._read_body)
        handle.setopt(client.curl.OPENSOCKETFUNCTION, self._open_socket)

    def begin(self, request: Request, on_done: OnDone) -> None:
        """Set the handle up for a request; options that equal those of its last request are still set."""
        curl, handle, last = self._client.curl, self.handle, self._request
        if last is None or request.origin is not last.origin:
            self._set_origin(request.origin)
        if (
            last is None
            or request.headers is not last.headers
            or request.body is not last.body
            or request.method != last.method
        ):
            self._set_content(request)
        if last is None or request.alone is not last.alone:
            handle.setopt(curl.FRESH_CONNECT, request.alone)
            handle.setopt(curl.FORBID_REUSE, request.alone)
        handle.setopt(curl.URL, self._base_url + request.target)
        self._request, self.on_done = request, on_done
        self._fault = self._blocked = self._head = None
        self._lines.clear()

    def _set_origin(self, origin: Origin) -> None:
        curl, handle = self._client.curl, self.handle
        self._origin, self._base_url = origin, str(origin)
        if origin.scheme == "https":
            handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_2TLS)
            handle.setopt(curl.CAINFO, self._client.authorities)
            handle.setopt(curl.PROXY_CAINFO, self._client.authorities)
        else:
            handle.setopt(curl.HTTP_VERSION, curl.CURL_HTTP_VERSION_1_1)
        if self._client.metadata:
            self._set_limits(self._client.find_limits(origin))

    def _set_content(self, request: Request) -> None:
        curl, handle = self._client.curl, self.handle
        if request.body is None:
            handle.setopt(curl.HTTPHEADER, request.headers)
            handle.setopt(curl.HTTPGET, 1)
        else:
            nothing = [] if request.body else ["Content-Type:"]
            handle.setopt(curl.HTTPHEADER, [*request.headers, *nothing, "Expect:"])
            handle.setopt(curl.POSTFIELDS, request.body)
        handle.setopt(curl.CUSTOMREQUEST, request.method)

    def end(self, error: tuple[int, str] | None) -> Outcome:
        """Return the result of the request; `error` is libcurl's code and text, None if there was no error."""
        chunks = self._chunks
        self._drop_body()
        if self._head is None and is_whole_head(self._lines):
            self._read_head()
        if self._fault is not None:
            return self._fault
        if error is not None:
            return self._translate(*error)
        if self._head is None:  # libcurl accepts a truncated head
            return ConnectionBrokenError("the connection was closed in the middle of the answer")
        return Answer(*self._head, b"".join(chunks))

    def close(self) -> None:
        """Give the handle back to libcurl."""
        self.handle.close()
        self.handle.transfer = None

    def _set_limits(self, limits: TimeLimits) -> None:
        self.handle.setopt(self._client.curl.CONNECTTIMEOUT_MS, round(limits.connect * 1000))
        self.handle.setopt(self._client.curl.TIMEOUT_MS, round(limits.attempt * 1000))

    def _translate(self, code: int, text: str) -> ExchangeError:
        curl, limits = self._client.curl, self._client.find_limits(self._origin)
        proxy = self._client.find_proxy(self._origin)
        if self._blocked is not None and code == curl.E_COULDNT_CONNECT:
            return self._blocked
        return translate_curl_error(
            CurlError(
                code=code,
                text=text,
                answered=bool(self._lines),
                os_error=self.handle.getinfo(curl.OS_ERRNO),
                proxy_status=self.handle.getinfo(curl.HTTP_CONNECTCODE),
                proxy=None if proxy is None else str(proxy),
                connect_limit=limits.connect,
                limit=limits.attempt,
            )
        )

    # --- Callbacks of libcurl: they raise nothing, because pycurl would only print it ----------------------------

    def _open_socket(self, purpose: int, address: Any) -> int:  # noqa: ANN401
        """Open a socket to the address that libcurl is about to connect to, unless it is blocked."""
        family, kind, protocol, peer = address
        direct = self._client.find_proxy(self._origin) is None
        reason = blocked_peer(self._origin, peer[0]) if direct else None
        if reason is not None:
            self._blocked = BlockedAddressError(f"the host leads to {peer[0]}, which is {reason}; nothing was sent")
            return _NO_SOCKET
        try:
            return socket.socket(family, kind, protocol).detach()  # libcurl closes it
        except OSError as error:
            self._fault = NotConnectedError(f"no connection: {error.strerror}")
            return _NO_SOCKET

    def _read_body(self, chunk: bytes) -> int | None:
        """Store a part of the body, whose size MAXFILESIZE limits; refuse it if the head is invalid."""
        if self._head is None and not self._read_head():
            return _REFUSE
        self._chunks.append(chunk)
        self._held += len(chunk)
        self._client.in_flight += len(chunk)
        if self._client.in_flight <= MAX_IN_FLIGHT:
            return None
        self._fault = TooMuchInFlightError("too many large answers came at once")
        self._drop_body()  # now, so that no other request fails for the same bytes
        return _REFUSE

    def _read_head(self) -> bool:
        """Read and check the head; return whether it is valid."""
        try:
            self._head = read_head(self._lines)
        except ExchangeError as error:
            self._fault = error
        return self._fault is None

    def _drop_body(self) -> None:
        self._client.in_flight -= self._held
        self._chunks, self._held = [], 0


def describe_libcurl() -> str:
    """Return the versions of pycurl, libcurl and its libraries in one line."""
    try:
        return str(_import_pycurl().version)
    except AccessError as error:
        return error.diagnostics[0].message


@cache
def _import_pycurl() -> Any:  # noqa: ANN401 - a module without types
    """Import pycurl, which loads libcurl and OpenSSL; raise AccessError if it is not installed."""
    for name in _ENVIRONMENT:
        os.environ.pop(name, None)
    try:
        import pycurl
    except ImportError as error:
        message = f"pycurl, the client for HTTP, cannot be imported: {error}"
        hint = "run 'pip install pycurl'; for musl, as in Alpine Linux, there are no wheels: use a Debian image"
        raise AccessError.because(Code.SYSTEM, message, hint=hint) from error
    return pycurl


def _check_ca_file(path: str) -> None:
    """Check before any request that a CA file can be read and contains a certificate."""
    try:
        if not Path(path).is_file():
            raise _refuse_ca_file(Code.NO_SUCH_FILE, f"the CA file {path} cannot be read: it is not a regular file")
        with Path(path).open("rb") as file:
            content = file.read(_MAX_CA_FILE)
    except OSError as error:
        raise _refuse_ca_file(Code.NO_SUCH_FILE, f"the CA file {path} cannot be read: {error.strerror}") from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise _refuse_ca_file(Code.TLS, f"the CA file {path} holds no certificate that can be read")


def _refuse_ca_file(code: Code, message: str) -> AccessError:
    return AccessError.because(code, message, hint="give --ca-file a file of PEM certificates")
