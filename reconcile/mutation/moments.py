"""Times that satisfy all bounds at once, in the whole seconds in which an API writes them. Pure."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reconcile.model import Assertion, Moment, MomentExpectation, Span, SpanExpectation


def find_times(assertions: Sequence[Assertion], *, now: datetime) -> tuple[datetime, datetime] | None:
    """
    Find a begin and an end, the latest that there are, not after `now`.

    Returns:
        None if there are none. Of a job that has not ended, the end has no meaning.
    """
    begin, end = _bounds_of(assertions, Moment.BEGIN_TIME), _bounds_of(assertions, Moment.END_TIME)
    least, most = _lengths_of(assertions, Span.DURATION)
    youngest, oldest = _lengths_of(assertions, Span.AGE)
    present = now.timestamp()
    first = max(end[0], present - oldest, begin[0] + least)
    last = min(end[1], present - youngest, begin[1] + most, present)
    ended = _between(first, last)
    if ended is None:
        return None
    began = _between(max(begin[0], ended - most), min(begin[1], ended - least))
    return None if began is None else (_instant(began), _instant(ended))


def _between(first: float, last: float) -> int | None:
    """Return the last whole second between two, both among them; None if there is none."""
    second = math.floor(last)
    return second if first <= second else None


def _bounds_of(assertions: Sequence[Assertion], moment: Moment) -> tuple[float, float]:
    mine = [each for each in assertions if isinstance(each, MomentExpectation) and each.moment is moment]
    after = [each.after.timestamp() for each in mine if each.after is not None]
    before = [each.before.timestamp() for each in mine if each.before is not None]
    return max(after, default=-math.inf), min(before, default=math.inf)


def _lengths_of(assertions: Sequence[Assertion], span: Span) -> tuple[float, float]:
    mine = [each for each in assertions if isinstance(each, SpanExpectation) and each.span is span]
    least = [each.min for each in mine if each.min is not None]
    most = [each.max for each in mine if each.max is not None]
    return max(least, default=0.0), min(most, default=math.inf)


def _instant(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
