"""When requests to a failing host pause, and when the host counts as down."""

import math

THRESHOLD = 5
SHORTEST_BREAK = 1.0
LONGEST_BREAK = 10.0
DOWN_AFTER = 90.0


class CircuitBreaker:
    """
    Pause requests to a host after THRESHOLD failures in a row, then send one at a time (a probe) until one succeeds.

    Times are in seconds of one monotonic clock, which the caller reads.
    """

    __slots__ = ("_break", "_failures", "failing_since", "next_chance")

    def __init__(self) -> None:
        self.next_chance = -math.inf
        """The earliest time of the next request; infinity while a probe is under way."""
        self.failing_since: float | None = None
        """When the first failure since the last success was; None if there is none."""
        self._failures = 0
        self._break = 0.0

    def send(self) -> bool:
        """Record that a request is sent now; return whether it is the probe, which runs alone."""
        if not self._break:
            return False
        self.next_chance = math.inf
        return True

    def withdraw(self, now: float) -> None:
        """Record that the probe was not sent after all, so that another one may be."""
        if self._break:
            self.next_chance = now

    def succeed(self) -> None:
        """Record a success of any request."""
        if self.failing_since is not None:
            self.failing_since = None
            self.next_chance = -math.inf
            self._failures = 0
            self._break = 0.0

    def fail(self, now: float, *, probe: bool) -> None:
        """Record that a request failed; during a break, only a failed probe extends it."""
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
        """Return whether nothing has succeeded for `after` seconds since the first failure."""
        return self.failing_since is not None and now - self.failing_since >= after
