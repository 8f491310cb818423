"""
Which failures are retried, how often and after how long.

Callers pass in times, in seconds, and a `random.Random`. The wait is drawn between zero and a limit that doubles ("full
jitter", Brooker 2015), so that clients that failed together do not retry together.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from reconcile.fetch.failure import (
    AnswerTooLargeError,
    BlockedAddressError,
    ConnectionBrokenError,
    ExchangeError,
    NameNotResolvedError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    TimedOutError,
    TlsError,
    TooMuchInFlightError,
)

if TYPE_CHECKING:
    from random import Random

MAX_ATTEMPTS = 8
MOST_MAYBE_PERMANENT = 3
"""The most tries of a look that may fail in a way that may be permanent."""

FIRST_BACKOFF = 0.5
FIRST_BACKOFF_THROTTLED = 1.0
LONGEST_BACKOFF = 10.0
"""The longest first wait, the longest first wait after a 429, and the longest of any wait, in seconds."""

BUDGET = 500
RETRY_COST = 5
SUCCESS_REWARD = 3
"""The tokens that a host starts with, which is also the most; those that a retry costs; those that a success earns."""


class Retryable(Enum):
    """A failure after which another attempt may succeed. Any other failure is final."""

    TRANSIENT = "the network or an overloaded server"
    MAYBE_PERMANENT = "the same, or a permanent failure"
    THROTTLED = "too many requests"
    DESERTED = "nothing listens on this machine"


_BY_STATUS_CODE = {
    408: Retryable.TRANSIENT,
    425: Retryable.TRANSIENT,
    429: Retryable.THROTTLED,
    500: Retryable.MAYBE_PERMANENT,
    502: Retryable.TRANSIENT,
    503: Retryable.TRANSIENT,
    504: Retryable.TRANSIENT,
}
# The first match counts, so a subclass comes before its base. Other errors are final.
_BY_ERROR: tuple[tuple[type[ExchangeError], Retryable | None], ...] = (
    (NameNotResolvedError, Retryable.MAYBE_PERMANENT),
    (BlockedAddressError, None),
    (TlsError, None),
    (AnswerTooLargeError, None),
    (TooMuchInFlightError, Retryable.TRANSIENT),
    (NotHttpError, Retryable.MAYBE_PERMANENT),
    (ProxyError, Retryable.MAYBE_PERMANENT),
    (TimedOutError, Retryable.TRANSIENT),
    (NotConnectedError, Retryable.TRANSIENT),
    (ConnectionBrokenError, Retryable.TRANSIENT),
)


def classify_status(status_code: int) -> Retryable | None:
    """Classify an answer by its status code; None if it is final."""
    return _BY_STATUS_CODE.get(status_code)


def classify_error(error: ExchangeError) -> Retryable | None:
    """Classify a request without an answer; None if it is final."""
    return next((retryable for kind, retryable in _BY_ERROR if isinstance(error, kind)), None)


class Again(Struct, frozen=True, kw_only=True):
    """Try again after `after` seconds."""

    after: float


class Stop(Struct, frozen=True, kw_only=True):
    """Give up: the attempts are used up."""


class TooLong(Struct, frozen=True, kw_only=True):
    """Give up on this host: it asks to wait longer than the run lasts, as `reason` says."""

    reason: str


def plan_retry(
    retryable: Retryable,
    *,
    tries: int,
    times: int,
    most: int,
    retry_after: float | None,
    remaining: float,
    rng: "Random",
) -> Again | Stop | TooLong:
    """
    Decide whether a request is retried.

    Args:
        retryable: how the last try failed.
        tries: the number of tries so far, at least 1.
        times: how many of these tries failed in the same way.
        most: the most tries; with throttling, only the time limits them, unless this is 1.
        retry_after: the least seconds that the server asks to wait, None if it does not ask.
        remaining: seconds that are left of the run; beyond `retry_after`, a wait takes at most half of the rest.
        rng: draws the wait.
    """
    asked = retry_after or 0.0
    if asked > remaining:
        return TooLong(reason=f"the server asks to wait {asked:.0f} s (Retry-After), which is after the end of the run")
    if most == 1 or (retryable is not Retryable.THROTTLED and tries >= most):
        return Stop()
    if retryable is Retryable.MAYBE_PERMANENT and times >= MOST_MAYBE_PERMANENT:
        return Stop()
    return Again(after=asked + min(draw_backoff(retryable, tries, rng), (remaining - asked) / 2))


def draw_backoff(retryable: Retryable, tries: int, rng: "Random") -> float:
    """Draw the seconds to wait after `tries` tries."""
    first = FIRST_BACKOFF_THROTTLED if retryable is Retryable.THROTTLED else FIRST_BACKOFF
    return rng.uniform(0.0, min(LONGEST_BACKOFF, first * 2 ** (tries - 1)))


class RetryBudget:
    """
    Tokens that retries of one host cost and successes earn, as in the standard retry mode of the AWS SDKs.

    It allows retries of single failures, and stops them if most requests to a host fail, because they would only add
    to its load.
    """

    __slots__ = ("_tokens",)

    def __init__(self) -> None:
        self._tokens = BUDGET

    def spend(self) -> bool:
        """Pay for one retry; return False, and take no token, if there are not enough."""
        if self._tokens < RETRY_COST:
            return False
        self._tokens -= RETRY_COST
        return True

    def earn(self) -> None:
        """Credit a success."""
        self._tokens = min(BUDGET, self._tokens + SUCCESS_REWARD)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Read how many seconds from now the server asks to wait; None if it does not ask, or not in a valid form.

    Seconds must be ASCII digits only. A date counts from the answer's own Date, because the clocks may differ
    (RFC 9110, 10.2.3).

    Args:
        headers: names in lower case.
    """
    text = headers.get("retry-after")
    if text is None:
        return None
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    until, sent = read_date(text), read_date(headers.get("date", ""))
    return max(0.0, (until - sent).total_seconds()) if until is not None and sent is not None else None


def read_date(text: str) -> datetime | None:
    """Read the date of a header in any of the three forms of RFC 9110, 5.6.7; None if it has none of them."""
    # All three forms start with the day of the week, which is optional in dates of email.
    if not re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? ", text):
        return None
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
