"""Host names to addresses."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses, in the order in which they are tried; raises OSError."""

GOOD_FOR: Final = 60.0
"""Seconds for which addresses are believed, as curl does; each connection is checked for itself all the same."""


async def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """
    Return the addresses of the host, each once, in the order of preference; raise socket.gaierror.

    It runs in a daemon thread, because asyncio waits for its own threads when the loop ends, and a resolver that does
    not answer would then hold up the process long after every deadline.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else error
            _deliver(loop, found, socket.gaierror(f"the host name cannot be resolved: {cause}"))
        else:
            _deliver(loop, found, tuple(dict.fromkeys(str(info[4][0]) for info in infos)))

    try:
        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    except RuntimeError as error:
        raise socket.gaierror(f"the host name cannot be resolved: {error}") from error
    return await found


class LookUp:
    """The addresses of one host, looked up once for all connections that are made at about the same time."""

    __slots__ = ("_clock", "_found", "_good_until", "_host", "_port", "_resolve")

    def __init__(self, resolve: Resolve, host: str, port: int, *, clock: Callable[[], float]) -> None:
        """Look up nothing yet; `clock` tells seconds."""
        self._resolve, self._host, self._port = resolve, host, port
        self._clock = clock
        self._found: asyncio.Future[Sequence[str]] | None = None
        self._good_until = 0.0

    async def find(self) -> Sequence[str]:
        """Return the addresses; raise OSError."""
        found = self._found
        if found is None or self._clock() >= self._good_until:
            found = self._found = asyncio.ensure_future(self._resolve(self._host, self._port))
            found.add_done_callback(_mark_as_seen)
            self._good_until = self._clock() + GOOD_FOR
        try:
            return await asyncio.shield(found)
        except BaseException:
            # Also where whoever asked has waited for too long: then the next one is not to wait for the same.
            if self._found is found:
                self.forget()
            raise

    def forget(self) -> None:
        """Look up anew the next time: nothing answers at the addresses that were found."""
        self._found = None


def _mark_as_seen(found: "asyncio.Future[Sequence[str]]") -> None:
    """Keep asyncio from logging a failure for which nobody waits any more."""
    if not found.cancelled():
        found.exception()


def _deliver(
    loop: asyncio.AbstractEventLoop, found: asyncio.Future[tuple[str, ...]], outcome: tuple[str, ...] | OSError
) -> None:
    def settle() -> None:
        if found.done():
            return
        if isinstance(outcome, OSError):
            found.set_exception(outcome)
        else:
            found.set_result(outcome)

    # The loop may have been closed in the meantime; then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)
