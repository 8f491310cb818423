"""
The transport under every request: sockets, llhttp's parser, and our limits.

httpx's own client spends most of a run on what a job API does not need (redirects, cookies, HTTP/2, a generic
pool). Here is what it does need: one origin or a few, GET, keep-alive, and no answer that takes for ever.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from msgspec import Struct, field

from reconcile.fetch.connection import Connection, Shared
from reconcile.fetch.endpoint import DEFAULT_PORTS, Origin, blocked_peer
from reconcile.fetch.failure import (
    BlockedAddressError,
    ConnectionBrokenError,
    ExchangeError,
    NotConnectedError,
    TimedOutError,
)
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.resolver import LookUp, Resolve, resolve_host
from reconcile.fetch.tls import build_tls_context, explain_tls_failure
from reconcile.fetch.wire import SecuredWire, Tls, Wire, connect, secure

if TYPE_CHECKING:
    import httpx

Transport: TypeAlias = "DirectTransport | httpx.AsyncBaseTransport"
"""What requests are sent through: ours, which takes their bytes, or any of httpx's, which `foreign.py` speaks to."""


class TimeLimits(Struct, frozen=True, kw_only=True):
    """Seconds: for a connection with its handshake, and for one whole attempt, connection included."""

    connect: float = 5.0
    attempt: float = 15.0


class _Pool(Struct, kw_only=True):
    """
    The connections to one origin.

    There are as many seats as there may be connections: each of `free` holds one at rest, or None where there is none
    yet. The one that was used last is taken first, and `freed` tells of it. `session` is that of a connection that has
    proven to be good, None without TLS; `address` is the one that answered last, None before.
    """

    origin: Origin
    look_up: LookUp
    free: list[Connection | None]
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    shared: Shared = field(default_factory=Shared)
    session: ssl.SSLSession | None = None
    address: str | None = None


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

    async def exchange(self, origin: Origin, text: bytes) -> RawAnswer:
        """
        Send a request that is written already and return its whole answer; raise ExchangeError.

        Bytes, for the values of httpx cost as much as the rest of a request, for ten thousand jobs.
        """
        pool = self._pools.get(origin) or self._open_pool(origin)
        deadline = pool.shared.loop.time() + self._limits.attempt
        try:
            connection = pool.free.pop() if pool.free else await self._wait_for_seat(pool, deadline)
            try:
                if connection is not None and connection.reusable:
                    try:
                        return await connection.exchange(text, deadline)
                    except ConnectionBrokenError:
                        # A server may close an idle connection at any time; that it did shows only now.
                        if not connection.silent:
                            raise
                connection = await self._connect(pool, deadline)
                answer = await connection.exchange(text, deadline)
                pool.session = connection.wire.session or pool.session
                return answer
            finally:
                pool.free.append(connection)
                pool.freed.set()
        except TimeoutError as error:
            raise TimedOutError(f"no whole answer within {self._limits.attempt:g} s") from error

    def copy(self) -> "DirectTransport":
        """Return one with the same settings and no connection."""
        return DirectTransport(concurrency=1, limits=self._limits, tls=self._tls, resolve=self._resolve)

    async def aclose(self) -> None:
        """Close every connection; no exchange may be under way."""
        for pool in self._pools.values():
            for connection in pool.free:
                if connection is not None:
                    connection.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def _open_pool(self, origin: Origin) -> _Pool:
        _check_origin(origin)
        look_up = LookUp(self._resolve, origin.host, origin.port, clock=asyncio.get_running_loop().time)
        pool = self._pools[origin] = _Pool(origin=origin, look_up=look_up, free=[None] * self._concurrency)
        return pool

    async def _wait_for_seat(self, pool: _Pool, deadline: float) -> Connection | None:
        """Wait until there is one, and take it; raise TimeoutError after the deadline."""
        async with asyncio.timeout_at(deadline):
            while not pool.free:
                pool.freed.clear()
                await pool.freed.wait()
        return pool.free.pop()

    async def _connect(self, pool: _Pool, deadline: float) -> Connection:
        """Connect within the time for it; raise ExchangeError, or TimeoutError after the deadline."""
        by = min(deadline, pool.shared.loop.time() + self._limits.connect)
        try:
            async with asyncio.timeout_at(by):
                with _connection_failures():
                    return await self._open_connection(pool)
        except TimeoutError as error:
            if by == deadline:
                raise
            raise TimedOutError(f"no connection within {self._limits.connect:g} s") from error

    async def _open_connection(self, pool: _Pool) -> Connection:
        """Connect to where a request may go, under TLS if that is demanded; raise ExchangeError or OSError."""
        origin, loop, buffer = pool.origin, pool.shared.loop, pool.shared.buffer
        connected = await self._connect_to_first(pool)
        try:
            _check_peer(origin, connected)
            if origin.scheme == "http":
                return Connection(Wire(loop, connected, buffer), pool.shared)
            secured = await self._secure(pool, connected)
            return Connection(SecuredWire(loop, connected, buffer, secured), pool.shared)
        except BaseException:
            connected.close()
            raise

    async def _secure(self, pool: _Pool, connected: socket.socket) -> Tls:
        """Put the socket under TLS, going on from an earlier session if there is one; raise ExchangeError, OSError."""
        self._tls = self._tls or build_tls_context(None)
        session = pool.session
        try:
            return await secure(pool.shared.loop, connected, self._tls, host=pool.origin.host, session=session)
        except ssl.SSLError as error:
            pool.session = None
            if session is None or isinstance(error, ssl.SSLCertVerificationError):
                raise
            raise NotConnectedError("the TLS handshake failed that went on from an earlier one") from error

    async def _connect_to_first(self, pool: _Pool) -> socket.socket:
        """
        Connect to the first address that answers; raise the OSError of the last one.

        Each has its share of the time, so that one that leads nowhere does not hide the others, and the one that has
        answered is tried first from then on.
        """
        addresses = await self._find_addresses(pool)
        failure = OSError("the host name has no address")
        try:
            for address in sorted(addresses, key=lambda each: each != pool.address):
                try:
                    async with asyncio.timeout(self._limits.connect / len(addresses)):
                        connected = await connect(pool.shared.loop, address, pool.origin.port)
                except OSError as error:
                    failure = error
                else:
                    pool.address = address
                    return connected
            raise failure
        except BaseException:
            pool.look_up.forget()
            raise

    async def _find_addresses(self, pool: _Pool) -> Sequence[str]:
        literal = _read_literal(pool.origin.host)
        return (literal,) if literal is not None else await pool.look_up.find()


@lru_cache(maxsize=64)  # Many connections lead to few hosts.
def _read_literal(host: str) -> str | None:
    """Return the host as an address if it is written as one."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _check_peer(origin: Origin, connected: socket.socket) -> None:
    """Check the address that the connection really has, which no second look-up can change."""
    peer = str(connected.getpeername()[0])
    reason = blocked_peer(origin, peer)
    if reason is not None:
        raise BlockedAddressError(f"the host leads to {peer}, which is {reason}; nothing was sent")


@contextmanager
def _connection_failures() -> Iterator[None]:
    """Turn what a failed connection or handshake raises into an ExchangeError; let TimeoutError pass."""
    try:
        yield
    except TimeoutError:
        raise
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise NotConnectedError("the connection was closed during the TLS handshake") from error
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
