"""
Requests through a proxy that the operator names: httpx's own transport, held within our limits.

The proxy finds the address of the host, so that address cannot be checked here. It sees nothing of a request but the
host: there is a tunnel (CONNECT) with TLS of our own in it, and for what is not https there is no way through a proxy.
"""

import asyncio
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from urllib.parse import unquote

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.connection import LARGE, MAX_BODY_SIZE, MAX_HEADERS, check_head, too_large
from reconcile.fetch.endpoint import Origin, parse_origin, refuse_endpoint
from reconcile.fetch.lean_httpx import httpx
from reconcile.fetch.message import RawHeaders
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret
from reconcile.fetch.tls import explain_tls_failure
from reconcile.fetch.transport import TimeLimits
from reconcile.model import Diagnostic

_PART = r"(?:(?![:/?#@\\])[!-~])*"
_PROXY = re.compile(
    rf"(?P<scheme>https?://)(?:(?P<user>{_PART})(?::(?P<password>{_PART}))?@)?(?P<rest>[^@]*)", re.IGNORECASE
)
_USERINFO = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")
_FORM = "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; https if the proxy itself speaks TLS"


class Proxy(Struct, frozen=True, kw_only=True, eq=False):
    """Where a proxy is and, if it wants to know, who asks; as text it is its origin alone."""

    origin: Origin
    user: Secret | None = None
    password: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything of it that no output may show: what is sent is user and password in one."""
        if self.user is None or self.password is None:
            return ()
        return (self.password, Secret(f"{self.user.reveal()}:{self.password.reveal()}"))

    def __str__(self) -> str:
        return str(self.origin)


def parse_proxy(text: str) -> Proxy:
    """Read the operator's proxy, http or https; raise AccessError, which shows nothing of user and password."""
    match = _PROXY.fullmatch(text)
    if match is None:
        raise refuse_endpoint(text if "@" not in text else "@", "is no proxy", called="proxy", form=_FORM)
    origin = parse_origin(f"{match['scheme']}{match['rest']}", called="proxy", form=_FORM)
    if match["user"] is None:
        return Proxy(origin=origin)
    user, password = (unquote(match[name] or "") for name in ("user", "password"))
    if not user or not _USERINFO.fullmatch(user + password):
        message = f"the user or the password of the proxy {origin} is malformed"
        raise AccessError([Diagnostic(code=Code.MALFORMED_CREDENTIAL, message=message, hint=_FORM)])
    return Proxy(origin=origin, user=Secret(user), password=Secret(password))


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Send requests to https origins through a proxy, over at most `concurrency` kept-alive connections."""

    def __init__(self, proxy: Proxy, *, concurrency: int, limits: TimeLimits, tls: ssl.SSLContext) -> None:
        """
        Set up without connecting.

        Args:
            proxy: where every connection goes.
            concurrency: connections, at most.
            limits: of one attempt.
            tls: for the hosts, and for a proxy that speaks TLS itself.
        """
        # It would log the headers of every answer, a token among them, wherever all debug messages are asked for.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        self._proxy = proxy
        self._limits = limits
        self._redact = Redactor(proxy.secrets)
        self._turns: defaultdict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)
        """For each host, whose large answer is read."""
        auth = None
        if proxy.user is not None and proxy.password is not None:
            auth = (proxy.user.reveal(), proxy.password.reveal())
        through_tls = tls if proxy.origin.scheme == "https" else None
        self._inner = httpx.AsyncHTTPTransport(
            verify=tls,
            trust_env=False,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            proxy=httpx.Proxy(str(proxy.origin), auth=auth, ssl_context=through_tls),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return its whole answer; raise httpx.RequestError."""
        if request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("plain http is not sent through a proxy")
        limits = self._limits
        try:
            async with asyncio.timeout(limits.attempt):
                with self._translated_failures():
                    return await self._exchange(_prepare(request, limits))
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no whole answer within {limits.attempt:g} s") from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        try:
            body = await _read_whole(response, self._turns[request.url.netloc])
        finally:
            await response.aclose()
        headers = response.headers.raw
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(body), request=request)

    @contextmanager
    def _translated_failures(self) -> Iterator[None]:
        """Name the proxy where it is what failed, show no secret of it, and tell TLS from other failures."""
        try:
            yield
        except httpx.ConnectError as error:
            cause = _find_tls_error(error)
            if cause is not None:
                raise explain_tls_failure(cause) from cause
            raise httpx.ConnectError(f"no connection to or through the proxy {self._proxy}: {error}") from error
        except httpx.ProxyError as error:
            said = self._redact(str(error))[:200]
            raise httpx.ProxyError(f"the proxy {self._proxy} refused: {said}") from None


def _prepare(request: httpx.Request, limits: TimeLimits) -> httpx.Request:
    """Move the target of the request into its URL, for httpcore would send it in its CONNECT as well."""
    target = request.extensions.get("target")
    waits = {"connect": limits.connect, "read": limits.attempt, "write": limits.attempt, "pool": limits.attempt}
    return httpx.Request(
        request.method,
        request.url if target is None else request.url.copy_with(raw_path=target),
        headers=request.headers,
        stream=request.stream,
        extensions={"timeout": waits},
    )


async def _read_whole(response: httpx.Response, turn: asyncio.Lock) -> bytes:
    """Read the body within the limits; a large one waits for its turn, as it does without a proxy."""
    headers = RawHeaders(response.headers.raw)
    version = bytes(response.extensions.get("http_version", b"")).decode("ascii", "replace").removeprefix("HTTP/")
    fault = too_large() if len(headers.raw) > MAX_HEADERS else check_head(version, response.status_code, headers)
    if fault is not None:
        raise fault
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("httpx answered an asynchronous request with a synchronous body")
    chunks: list[bytes] = []
    size = 0
    async with AsyncExitStack() as stack:
        async for chunk in stream:
            if size <= LARGE < size + len(chunk):
                await stack.enter_async_context(turn)
            size += len(chunk)
            if size > MAX_BODY_SIZE:
                raise too_large()
            chunks.append(chunk)
    return b"".join(chunks)


def _find_tls_error(error: BaseException) -> ssl.SSLError | None:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause
