"""When a host is left alone, and when it counts as down."""

import math

THRESHOLD = 5
SHORTEST_BREAK = 1.0
LONGEST_BREAK = 10.0
DOWN_AFTER = 90.0


class CircuitBreaker:
    """
    Stop asking a host after failures in a row, then ask it with one request at a time until one succeeds.

    Times are in seconds of one clock that only grows; it is not read here.
    """

    __slots__ = ("_break", "_failures", "failing_since", "next_chance")

    def __init__(self) -> None:
        self.next_chance = -math.inf
        """The time from which on a request may be sent; infinity while a probe is under way."""
        self.failing_since: float | None = None
        """When the first of the requests failed that no success has followed; None if there is none."""
        self._failures = 0
        self._break = 0.0

    def send(self) -> bool:
        """Take notice of a request that is sent now; True if it is the probe, alone until it has ended."""
        if not self._break:
            return False
        self.next_chance = math.inf
        return True

    def withdraw(self, now: float) -> None:
        """Take notice that the probe was not sent after all, so that another one may be."""
        if self._break:
            self.next_chance = now

    def succeed(self) -> None:
        """Take notice of a success, whichever request it was."""
        if self.failing_since is not None:
            self.failing_since = None
            self.next_chance = -math.inf
            self._failures = 0
            self._break = 0.0

    def fail(self, now: float, *, probe: bool) -> None:
        """Take notice that a request failed; one that was under way before the break says nothing new."""
        self._failures += 1
        if self.failing_since is None:
            self.failing_since = now
        if probe and self._break:
            self._break = min(LONGEST_BREAK, self._break * 2)
        elif not self._break and self._failures >= THRESHOLD:
            self._break = SHORTEST_BREAK
        else:
            return
        self.next_chance = now + self._break

    def is_down(self, now: float, *, after: float = DOWN_AFTER) -> bool:
        """Say whether nothing has succeeded for so long, in seconds, that nothing more is expected."""
        return self.failing_since is not None and now - self.failing_since >= after
