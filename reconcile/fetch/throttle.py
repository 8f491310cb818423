"""The rate of requests that a host accepts, learned from its answers."""

import math
from collections import deque
from typing import Final

LOWEST_RATE: Final = 0.2
"""In requests per second; with less, a renewed quota would be noticed too late."""

_FIRST_RATE: Final = 1.0
"""The lowest rate after the first refusal, when little is known."""
_DECREASE: Final = 0.5
_INCREASE: Final = 0.1
"""The fraction of the reduced rate by which the rate grows each second."""
_LEAST_INCREASE: Final = 0.05
_WINDOW: Final = 5.0
"""Seconds over which accepted requests are counted."""


class Throttle:
    """
    One rate for all requests to a host.

    A refusal (429) halves it, though never below what the host has just accepted, and then it grows evenly: additive
    increase, multiplicative decrease (Chiu and Jain 1989). There is no limit until the first refusal. Times are in
    seconds of one monotonic clock, which the caller reads.
    """

    __slots__ = (
        "_accepted",
        "_base",
        "_begin",
        "_burst",
        "_held_until",
        "_next_at",
        "_recent",
        "_reduced_at",
        "_refused_at",
        "refused",
    )

    def __init__(self, now: float) -> None:
        self.refused = 0
        self._begin = now
        self._accepted = 0
        self._burst = 0
        self._refused_at = math.inf
        self._recent: deque[float] = deque()
        self._base = math.inf
        self._reduced_at = -math.inf
        self._next_at = self._held_until = -math.inf

    @property
    def next_chance(self) -> float:
        """The earliest time of the next request."""
        return max(self._next_at, self._held_until)

    def send(self, now: float) -> None:
        """Count a request that is sent now."""
        if self.refused:
            self._next_at = max(now, self._next_at) + 1 / self._rate_at(now)

    def accept(self, now: float) -> None:
        """Count a request that the host accepted."""
        self._accepted += 1
        self._recent.append(now)
        self._forget(now)

    def refuse(self, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """
        Slow down after a refusal.

        Args:
            sent_at: when the refused request was sent. If that was before the last reduction, the rate stays.
            retry_after: seconds for which the host wants no request; None if it does not say.
        """
        if not self.refused:
            self._burst, self._refused_at = self._accepted, now
        self.refused += 1
        if retry_after is not None:
            self._held_until = max(self._held_until, now + retry_after)
        if sent_at < self._reduced_at:
            return
        least = LOWEST_RATE if self._base < math.inf else _FIRST_RATE
        reduced = self._rate_at(now) * _DECREASE if self._base < math.inf else 0.0
        self._base = max(least, reduced, self._count_recent(now))
        self._reduced_at = now
        self._next_at = now + 1 / self._base

    def describe(self, now: float) -> str:
        """Describe as a clause how many requests the host accepts, and what to do; call it after a refusal."""
        rate = max(1, int(self._estimate_rate(now) * 60))
        return f"the host takes about {rate} requests a minute: use --rate {rate}/m or a longer --timeout"

    def _estimate_rate(self, now: float) -> float:
        """
        Estimate how many requests per second the host accepts in the long run.

        The burst before the first refusal does not count, because a quota allows it only once. If nothing was accepted
        since, the estimate is the reduced rate.
        """
        later = self._accepted - self._burst
        learned = later / max(1.0, now - self._refused_at) if later else self._rate_at(now)
        return min(learned, self._accepted / max(1.0, now - self._begin))

    def _rate_at(self, now: float) -> float:
        return self._base + max(_LEAST_INCREASE, self._base * _INCREASE) * (now - self._reduced_at)

    def _count_recent(self, now: float) -> float:
        """Return how many requests per second the host has accepted recently."""
        self._forget(now)
        return len(self._recent) / max(1.0, min(_WINDOW, now - self._begin))

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] < now - _WINDOW:
            self._recent.popleft()
