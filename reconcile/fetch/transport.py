"""
The transport under every request: asyncio's streams, llhttp's parser, and our limits.

httpx's own client spends most of a run on what a job API does not need (redirects, cookies, HTTP/2, a generic
pool). Here is what it does need: one origin or a few, GET, keep-alive, and no answer that takes for ever.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from msgspec import Struct, field

from reconcile.fetch.connection import LARGE, Connection, Shared
from reconcile.fetch.endpoint import DEFAULT_PORTS, Origin, blocked_peer
from reconcile.fetch.failure import (
    BlockedAddressError,
    ConnectionBrokenError,
    ExchangeError,
    NotConnectedError,
    TimedOutError,
)
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.resolver import resolve_host
from reconcile.fetch.tls import build_tls_context, explain_tls_failure

if TYPE_CHECKING:
    import httpx

Transport: TypeAlias = "DirectTransport | httpx.AsyncBaseTransport"
"""What requests are sent through: ours, which takes their bytes, or any of httpx's, which `foreign.py` speaks to."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_CLOSING = 1.0  # seconds that closing may take, at most


class TimeLimits(Struct, frozen=True, kw_only=True):
    """Seconds: for a connection with its handshake, and for one whole attempt, connection included."""

    connect: float = 5.0
    attempt: float = 15.0


class _Pool(Struct, kw_only=True):
    """
    The connections to one origin.

    `clock` is that of the loop, `slots` bounds how many there are, and `idle` holds those at rest, newest last.
    """

    origin: Origin
    clock: Callable[[], float]
    slots: asyncio.Semaphore
    shared: Shared = field(default_factory=Shared)
    idle: list[Connection] = field(default_factory=list)

    def take_idle(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if connection.reusable:
                return connection
        return None


class DirectTransport:
    """
    Send requests over at most `concurrency` kept-alive connections per origin.

    It follows no redirect, reads nothing from the environment, and speaks plain http to loopback only.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        limits: TimeLimits,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_host,
    ) -> None:
        """
        Set up without connecting.

        Args:
            concurrency: connections per origin, at most.
            limits: of one attempt.
            tls: None is certifi's authorities, loaded when an https origin is first met.
            resolve: host and port to addresses, in the order in which they are tried; raises OSError.
        """
        self._concurrency = concurrency
        self._limits = limits
        self._tls = tls
        self._resolve = resolve
        self._pools: dict[Origin, _Pool] = {}
        self._open: set[Connection] = set()

    async def exchange(self, origin: Origin, text: bytes) -> RawAnswer:
        """
        Send a request that is written already and return its whole answer; raise ExchangeError.

        Bytes, for the values of httpx cost as much as the rest of a request, for ten thousand jobs.
        """
        try:
            return await self._answer(self._find_pool(origin), text)
        except TimeoutError as error:
            raise TimedOutError(f"no whole answer within {self._limits.attempt:g} s") from error

    async def aclose(self) -> None:
        """Close every connection and wait until the sockets are, which takes a turn or two of the loop."""
        for connection in self._open:
            connection.abort()
        if self._open:
            await asyncio.wait([connection.closed for connection in self._open], timeout=_CLOSING)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def _find_pool(self, origin: Origin) -> _Pool:
        pool = self._pools.get(origin)
        if pool is None:
            _check_origin(origin)
            clock = asyncio.get_running_loop().time
            pool = self._pools[origin] = _Pool(origin=origin, clock=clock, slots=asyncio.Semaphore(self._concurrency))
        return pool

    async def _answer(self, pool: _Pool, text: bytes) -> RawAnswer:
        """Exchange as soon as a slot is free, all within the time for one attempt; raise TimeoutError after it."""
        deadline = pool.clock() + self._limits.attempt
        if pool.slots.locked():
            async with asyncio.timeout_at(deadline):
                await pool.slots.acquire()
        else:
            await pool.slots.acquire()
        try:
            return await self._exchange(pool, text, deadline)
        finally:
            pool.slots.release()

    async def _exchange(self, pool: _Pool, text: bytes, deadline: float) -> RawAnswer:
        connection = pool.take_idle()
        if connection is not None:
            try:
                return await self._exchange_on(connection, pool, text, deadline)
            except ConnectionBrokenError:
                # A server may close an idle connection at any time; that it did shows only now.
                if not connection.silent:
                    raise
        async with asyncio.timeout_at(deadline):
            connection = await self._connect(pool)
        return await self._exchange_on(connection, pool, text, deadline)

    async def _exchange_on(self, connection: Connection, pool: _Pool, text: bytes, deadline: float) -> RawAnswer:
        answer = await connection.exchange(text, deadline)
        if connection.reusable:
            pool.idle.append(connection)
        return answer

    async def _connect(self, pool: _Pool) -> Connection:
        try:
            async with asyncio.timeout(self._limits.connect), _connection_failures():
                return await self._open_connection(pool)
        except TimeoutError as error:
            raise TimedOutError(f"no connection within {self._limits.connect:g} s") from error

    async def _open_connection(self, pool: _Pool) -> Connection:
        transport, connection = await self._connect_to_first(pool)
        origin = pool.origin
        try:
            _check_peer(origin, transport)
            if origin.scheme == "https":
                await self._start_tls(origin, transport, connection)
        except BaseException:
            transport.abort()
            raise
        # Only now: asyncio does not tell a connection that it was lost during the handshake.
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    async def _connect_to_first(self, pool: _Pool) -> tuple[asyncio.Transport, Connection]:
        """Connect to the first address that answers; raise the OSError of the last one."""
        make = partial(Connection, pool.shared)
        failure = OSError("the host name has no address")
        for address in await self._find_addresses(pool.origin):
            try:
                return await asyncio.get_running_loop().create_connection(make, address, pool.origin.port)
            except OSError as error:
                failure = error
        raise failure

    async def _find_addresses(self, origin: Origin) -> Sequence[str]:
        try:
            return (str(ip_address(origin.host)),)
        except ValueError:
            return await self._resolve(origin.host, origin.port)

    async def _start_tls(self, origin: Origin, transport: asyncio.Transport, connection: Connection) -> None:
        self._tls = self._tls or build_tls_context(None)
        loop = asyncio.get_running_loop()
        if transport.is_closing():
            raise NotConnectedError("the server spoke before the TLS handshake")
        # Under TLS, what has come is taken in before anybody reads: three quarters of a megabyte, if it is let.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE)
        secured = await loop.start_tls(transport, connection, self._tls, server_hostname=origin.host)
        if secured is None:
            raise NotConnectedError("the connection was closed during the TLS handshake")
        secured.set_read_buffer_limits(LARGE)  # type: ignore[attr-defined]
        connection.use(secured)


def _check_peer(origin: Origin, transport: asyncio.Transport) -> None:
    """Check the address that the connection really has, which no second look-up can change."""
    peername = transport.get_extra_info("peername")
    if not peername:
        raise NotConnectedError("no connection: it was closed at once")
    reason = blocked_peer(origin, str(peername[0]))
    if reason is not None:
        raise BlockedAddressError(f"the host leads to {peername[0]}, which is {reason}; nothing was sent")


@asynccontextmanager
async def _connection_failures() -> AsyncIterator[None]:
    """Turn what a failed connection or handshake raises into an ExchangeError."""
    try:
        yield
    except TimeoutError:
        raise
    except ssl.SSLError as error:
        raise explain_tls_failure(error) from error
    except OSError as error:
        # asyncio puts a text of its own where the system's should be.
        cause = os.strerror(error.errno) if error.errno else str(error)
        raise NotConnectedError(f"no connection: {cause}") from error


def _check_origin(origin: Origin) -> None:
    if origin.scheme not in DEFAULT_PORTS:
        raise ExchangeError(f"the scheme '{origin.scheme}' is not spoken here")
    if origin.scheme == "http" and not origin.loopback:
        raise ExchangeError("plain http is spoken to loopback only")
