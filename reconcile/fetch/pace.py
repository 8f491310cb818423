"""How soon requests follow each other: the operator's rate, and the pace of looking at a job again."""

import math
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from reconcile.fetch.retry import MAX_ATTEMPTS

if TYPE_CHECKING:
    from random import Random

FIRST_POLL = 2.0
POLL_GROWTH = 1.5
LONGEST_POLL = 30.0
POLL_SPREAD = 0.2
_POLLS_TO_LONGEST = math.ceil(math.log(LONGEST_POLL / FIRST_POLL, POLL_GROWTH))

# Requests that a pause has saved up may follow at once as far as they are worth this many seconds of the rate, so
# that a timer that comes late costs nothing of the rate.
_SAVED_UP = 0.1


class Pace(Struct, frozen=True, kw_only=True):
    """
    How a run treats the APIs.

    `rate` is requests per second to each provider, None is what its API publishes; `attempts` is how often a question
    is asked, at most; `rng` draws how long to wait, None is one of the process.
    """

    rate: float | None = None
    attempts: int = MAX_ATTEMPTS
    rng: "Random | None" = None

    @property
    def chance(self) -> "Random":
        """What draws how long to wait."""
        return self.rng or _make_random()


@cache
def _make_random() -> "Random":
    from random import Random

    return Random()


class TokenBucket:
    """
    At most so many requests per second, evenly.

    It is kept as one number, the time at which the bucket is full again (the generic cell rate algorithm, ITU-T I.371).
    """

    __slots__ = ("_full_at", "_interval", "_slack")

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._slack = max(0.0, _SAVED_UP - self._interval)
        self._full_at = -math.inf

    @property
    def next_chance(self) -> float:
        """The time from which on a request may be sent."""
        return self._full_at - self._slack

    def spend(self, now: float) -> None:
        """Take a token for a request that is sent now."""
        self._full_at = max(self._full_at, now) + self._interval


def draw_poll_wait(polls: int, rng: "Random") -> float:
    """Draw the seconds until a job is looked at again that was polled so many times."""
    wait = min(LONGEST_POLL, FIRST_POLL * POLL_GROWTH ** min(polls, _POLLS_TO_LONGEST))
    return wait * rng.uniform(1 - POLL_SPREAD, 1 + POLL_SPREAD)
