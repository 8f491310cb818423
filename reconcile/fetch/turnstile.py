"""Let one in at a time."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

Proceed: TypeAlias = Callable[[], None]

PATIENCE: Final = 1.0
"""Seconds that the next one waits for the one that is inside, which may be waiting for something else itself."""


class Turnstile:
    """
    A line of those who want in, in the order in which they came; whoever stays inside for long is not waited for.

    Each is a function that the event loop calls once it is its turn, so between two turns everything else has one.
    """

    __slots__ = ("_alarm", "_inside", "_line", "_patience")

    def __init__(self, patience: float = PATIENCE) -> None:
        """Begin empty; `patience` is seconds."""
        self._patience = patience
        self._line: deque[Proceed] = deque()
        self._inside: Proceed | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def enter(self, proceed: Proceed) -> None:
        """Stand in line; `proceed` is called in a later turn of the loop, and may be called after it has left."""
        self._line.append(proceed)
        if self._inside is None:
            self._let_in()

    def leave(self, proceed: Proceed) -> None:
        """Leave, from inside or out of the line."""
        if proceed == self._inside:
            self._let_in()
        elif proceed in self._line:
            self._line.remove(proceed)

    def _let_in(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._inside = self._alarm = None
        if self._line:
            loop = asyncio.get_running_loop()
            self._inside = self._line.popleft()
            loop.call_soon(self._inside)
            self._alarm = loop.call_later(self._patience, self._let_in)
