"""What leaves in one turn of the event loop, together."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

Send: TypeAlias = Callable[[], None]

MOST: Final = 16
"""Requests that leave together: more would hold back those that a distant server could work on already."""


class Outbox:
    """
    Requests that wait for each other, for less than a turn of the loop.

    A server that has nothing to do sleeps, and waking it takes longer than all else that is done to send a request:
    of those that leave together, one does it for all.
    """

    __slots__ = ("_loop", "_sends")

    def __init__(self) -> None:
        """Begin empty, in the running loop."""
        self._loop = asyncio.get_running_loop()  # which costs a system call, so it is not asked for again
        self._sends: list[Send] = []

    def put(self, send: Send) -> None:
        """Have it sent; `send` is called soon, and must see for itself whether it still should."""
        self._sends.append(send)
        if len(self._sends) == 1:
            self._loop.call_soon(self._flush)
        elif len(self._sends) == MOST:
            self._flush()

    def _flush(self) -> None:
        sends, self._sends = self._sends, []
        for send in sends:
            send()
