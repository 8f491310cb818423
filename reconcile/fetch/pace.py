"""How fast requests follow each other: the operator's rate, and the interval between polls of a job."""

import math
from collections import deque
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from reconcile.fetch.retry import MAX_ATTEMPTS
from reconcile.rate import Rate

if TYPE_CHECKING:
    from random import Random

FIRST_POLL = 2.0
POLL_GROWTH = 1.5
LONGEST_POLL = 30.0
POLL_SPREAD = 0.2
_POLLS_TO_LONGEST = math.ceil(math.log(LONGEST_POLL / FIRST_POLL, POLL_GROWTH))

# After a pause, requests worth this many seconds of the rate may be sent at once, so that a late timer does not lower
# the rate.
_SAVED_UP = 0.1


class Pace(Struct, frozen=True, kw_only=True):
    """
    How fast and how often a run sends requests.

    `rate` is the rate that each provider allows, None for the rate that its API publishes. `share` is (index, total):
    `total` runs share that rate, and this one is number `index`, from 1. `attempts` is the most attempts per look.
    `rng` draws waiting times, None for a generator of the process.
    """

    rate: Rate | None = None
    share: tuple[int, int] = (1, 1)
    attempts: int = MAX_ATTEMPTS
    rng: "Random | None" = None

    @property
    def chance(self) -> "Random":
        """The generator that draws waiting times."""
        return self.rng or _make_random()

    def open_bucket(self, published: Rate | None, now: float) -> "TokenBucket | None":
        """
        Return the bucket that limits the requests to a provider, None without a limit.

        Runs that share the rate and start together send their first requests one after the other.
        """
        rate = self.rate or published
        if rate is None:
            return None
        index, total = self.share
        return TokenBucket(rate.share(index, total), opens_at=now + (index - 1) / rate.per_second)


@cache
def _make_random() -> "Random":
    from random import Random

    return Random()


class TokenBucket:
    """
    Limits requests to a rate: evenly spread, and never more in any window of the rate's length than it allows.

    The even spread is kept as one number, the time at which the bucket is full again (the generic cell rate algorithm,
    ITU-T I.371). Saved-up requests may be sent at once, but then the window delays later ones.
    """

    __slots__ = ("_full_at", "_interval", "_latest", "_most", "_slack", "_window")

    def __init__(self, rate: Rate, *, opens_at: float = -math.inf) -> None:
        """`rate` has at least one request, and the first may be sent at `opens_at`."""
        self._interval = 1 / rate.per_second
        self._slack = max(0.0, _SAVED_UP - self._interval)
        self._full_at = opens_at + self._slack
        self._most = int(rate.requests)
        self._window = rate.seconds
        self._latest: deque[float] = deque(maxlen=self._most)

    @property
    def next_chance(self) -> float:
        """The earliest time of the next request."""
        even = self._full_at - self._slack
        return max(even, self._latest[0] + self._window) if len(self._latest) == self._most else even

    def spend(self, now: float) -> None:
        """Take a token for a request that is sent now."""
        self._full_at = max(self._full_at, now) + self._interval
        self._latest.append(now)


def draw_poll_wait(polls: int, rng: "Random") -> float:
    """Draw the seconds until the next poll of a job, after `polls` polls."""
    wait = min(LONGEST_POLL, FIRST_POLL * POLL_GROWTH ** min(polls, _POLLS_TO_LONGEST))
    return wait * rng.uniform(1 - POLL_SPREAD, 1 + POLL_SPREAD)
