"""Let one in at a time."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Proceed: TypeAlias = Callable[[], None]


class Turnstile:
    """
    A line of those who want in, in the order in which they came; the first of them is inside.

    Each is a function that the event loop calls once it is its turn, so between two turns everything else has one.
    """

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line: deque[Proceed] = deque()

    def enter(self, proceed: Proceed) -> None:
        """Stand in line; `proceed` is called in a later turn of the loop, and may be called after it has left."""
        self._line.append(proceed)
        if len(self._line) == 1:
            self._let_in()

    def leave(self, proceed: Proceed) -> None:
        """Leave, from inside or out of the line; raise ValueError if it is not there."""
        inside = self._line[0] if self._line else None
        self._line.remove(proceed)
        if inside == proceed and self._line:
            self._let_in()

    def _let_in(self) -> None:
        asyncio.get_running_loop().call_soon(self._line[0])
