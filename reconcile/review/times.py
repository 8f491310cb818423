"""
The times of a job that expectations can tell apart, and the times of judging at which they can differ.

Assertions about times are bounds of begin, end and the time of judging, or of the difference between two of them. So
expectations divide the plane of begin and end into polygons with sides in three directions, and each polygon has a
corner where two sides meet. This module lists all corners, and the times one tick beside them, because an open and a
closed side differ by one tick. A tick is the smallest difference of two times that the API can write.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

from reconcile.instant import write_time
from reconcile.judge import CLOCK_SKEW
from reconcile.model.api import JobApi
from reconcile.model.manifest import Assertion, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.review.limits import TooManyError

Times: TypeAlias = tuple[str | None, str | None]
"""Begin and end as the API writes them, None if absent."""

_MOST = 40_000
"""The most pairs of times in one comparison."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Between these, times can be written and read in every format."""
_TICKS = (timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1))
_NO_TIME = "yesterday"
_BESIDE = (-1, 0, 1)


def list_instants(
    assertions: Sequence[Assertion], api: JobApi, now: datetime, *, waived: bool = False
) -> list[datetime]:
    """
    List the times of judging, from now on, at which the same times of a job may be judged differently.

    If all bounds are lengths, times can move along with the time of judging, which then makes no difference. An age
    beside a bound of a time means something else at each time of judging. Without an age, it matters only whether all
    bounds are in the past, unless a waiver ends before they are.

    Args:
        waived: whether waivers cover something for a while. The length of an unfinished job, which grows like an age,
            matters only then.
    """
    bounds = _Bounds(assertions, _find_tick(api.time_format), now)
    starts = bounds.begin | bounds.end
    between = {0, *bounds.durations} if bounds.begin or waived else {0}
    growing = bounds.ages | (bounds.durations if waived else set())
    reached = {max(starts, default=0) + sum(bounds.durations) + bounds.skew}
    if growing or waived:
        reached |= {
            start + length + later
            for start in _around(starts)
            for length in _around(between)
            for later in _around({-bounds.skew, 0, *growing})
        }
    if len(reached) > _MOST:
        raise TooManyError("bounds of times")
    later = [bounds.at(each) for each in sorted(reached) if each > bounds.now]
    return [now, *(now + each for each in bounds.fractions), *later]


def list_likely_instants(unmet: Sequence[Assertion], api: JobApi, now: datetime) -> list[datetime]:
    """List the later times of judging at which a time beside a bound of `unmet` is no longer in the future."""
    moments = [each for each in unmet if isinstance(each, MomentExpectation)]
    if not moments:
        return []
    bounds = _Bounds(moments, _find_tick(api.time_format), now)
    return [bounds.at(each) for each in sorted(_around(bounds.begin | bounds.end)) if each > bounds.now]


def list_likely_times(
    unmet: Sequence[Assertion], assertions: Sequence[Assertion], api: JobApi, now: datetime
) -> Iterator[Times]:
    """
    Yield the pairs of begin and end that show most differences, the simplest first.

    Args:
        unmet: assertions about times of a job of which one should be false.
        assertions: all assertions about times of that job.
    """
    yield from _list_simple(assertions, api, now)
    if unmet:
        bounds = _Bounds(assertions, _find_tick(api.time_format), now)
        for begin, end in bounds.list_beside(_Bounds(unmet, _find_tick(api.time_format), now)):
            yield (
                bounds.write(begin, api) if begin is not None else None,
                bounds.write(end, api) if end is not None else None,
            )


def _list_simple(assertions: Sequence[Assertion], api: JobApi, now: datetime) -> Iterator[Times]:
    yield None, None
    if assertions:
        present = write_time(now, api.time_format)
        yield from ((present, None), (None, present), (present, present))


def list_times(assertions: Sequence[Assertion], api: JobApi, now: datetime) -> Iterator[Times]:
    """
    Yield pairs of begin and end, the simplest first; they include one of each kind that the assertions tell apart.

    Args:
        assertions: about times, of any number of records; without any, the only pair is one without times.
        now: the time of judging.

    Raises:
        TooManyError: there are too many pairs.
    """
    yield from _list_simple(assertions, api, now)
    if not assertions:
        return
    bounds = _Bounds(assertions, _find_tick(api.time_format), now)
    begins, ends, pairs = bounds.list_pairs()
    yield from ((bounds.write(each, api), None) for each in begins)
    yield from ((None, bounds.write(each, api)) for each in ends)
    yield from ((bounds.write(begin, api), bounds.write(end, api)) for begin, end in pairs)
    if api.times_as_text:
        yield from ((_NO_TIME, None), (None, _NO_TIME), (_NO_TIME, _NO_TIME))
        yield from ((bounds.write(each, api), _NO_TIME) for each in begins)
        yield from ((_NO_TIME, bounds.write(each, api)) for each in ends)


class _Bounds:
    """All bounds of assertions, in ticks: times since 1970, and lengths."""

    def __init__(self, assertions: Iterable[Assertion], tick: timedelta, now: datetime) -> None:
        self._tick = tick
        moments = [each for each in assertions if isinstance(each, MomentExpectation)]
        spans = [each for each in assertions if isinstance(each, SpanExpectation)]
        self.now = self._count(now)
        self.skew = CLOCK_SKEW // tick
        self.begin = self._list_moments(moments, Moment.BEGIN_TIME)
        self.end = self._list_moments(moments, Moment.END_TIME)
        self.durations = self._list_lengths(spans, Span.DURATION)
        self.ages = self._list_lengths(spans, Span.AGE)
        longest = sum(self.durations) + sum(self.ages) + timedelta(days=2) // tick
        least = min([self.now, *self.begin, *self.end]) - longest
        self.lowest = max(least, self._count(_FIRST) + 1)
        self.fractions = list(_list_fractions(spans, tick))

    def list_pairs(self) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """List all begins, all ends and all pairs of them that matter, the nearest to now first."""
        usual = {self.now, self.now + self.skew, self.lowest}
        between = _around({0, *self.durations})
        if not (self.begin or self.end or self.ages):  # lengths do not depend on where they begin
            future = self.now + self.skew + 1
            spread = sorted({self.now - length for length in between} | {future}, key=self._measure)
            return spread, [self.now, future], [*((begin, self.now) for begin in spread), (self.now, future)]
        ends = _around(self.end | {self.now - each for each in self.ages} | usual)
        begins = _around(self.begin | {self.now - each for each in self.durations} | usual)
        begins |= {end - length for end in ends for length in between}
        if len(begins) * (len(ends) + len(between)) > _MOST:
            raise TooManyError("bounds of times")
        pairs = {(begin, end) for begin in begins for end in ends | {begin + length for length in between}}
        return (
            sorted(begins, key=self._measure),
            sorted(ends | {end for _, end in pairs}, key=self._measure),
            sorted(pairs, key=lambda pair: (self._measure(pair[1]), pair[1] - pair[0], pair)),
        )

    def list_beside(self, unmet: "_Bounds") -> Iterator[tuple[int | None, int | None]]:
        """Yield pairs of which one time lies just beyond a bound of `unmet`, with likely values of the other one."""
        anchors = (self.now, *sorted(self.begin | self.end))
        lengths = sorted(self.durations)
        for begin in sorted(_beside(unmet.begin)):
            yield from ((begin, None), (begin, begin))
            yield from ((begin, end) for end in (*anchors, *[begin + each for each in lengths]))
        for end in sorted(_beside(unmet.end | {self.now - each for each in unmet.ages})):
            yield from ((None, end), (end, end))
            yield from ((begin, end) for begin in (*anchors, *[end - each for each in lengths]))
        for length in sorted(_beside(unmet.durations)):
            for anchor in anchors:
                yield from ((anchor - length, anchor), (anchor, anchor + length))

    def write(self, ticks: int, api: JobApi) -> str:
        return write_time(self.at(ticks), api.time_format)

    def _measure(self, ticks: int) -> tuple[int, int]:
        """Return a sort key: the distance of a time from now, and then the time."""
        return abs(self.now - ticks), ticks

    def at(self, ticks: int) -> datetime:
        """Convert ticks since 1970 to a time, clamped to the ends of the calendar."""
        return _EPOCH + min(max(ticks, self._count(_FIRST)), self._count(_LAST)) * self._tick

    def _count(self, instant: datetime) -> int:
        return (instant - _EPOCH) // self._tick

    def _list_moments(self, moments: Iterable[MomentExpectation], moment: Moment) -> set[int]:
        mine = [each for each in moments if each.moment is moment]
        return {self._count(bound) for each in mine for bound in (each.after, each.before) if bound is not None}

    def _list_lengths(self, spans: Iterable[SpanExpectation], span: Span) -> set[int]:
        mine = [each for each in spans if each.span is span]
        bounds = [bound for each in mine for bound in (each.min, each.max) if bound is not None]
        return {timedelta(seconds=bound) // self._tick for bound in bounds}


def _list_fractions(spans: Iterable[SpanExpectation], tick: timedelta) -> Iterator[timedelta]:
    """Yield how long after a tick to judge, so that an age equals a bound between two ticks, or just exceeds it."""
    for span in spans:
        for bound in (span.min, span.max):
            rest = timedelta(seconds=bound or 0) % tick
            if rest and span.span is Span.AGE:
                yield from (rest, rest + timedelta.resolution)


def _beside(ticks: Iterable[int]) -> set[int]:
    return {each + step for each in ticks for step in (-1, 1)}


def _around(ticks: Iterable[int]) -> set[int]:
    return {each + step for each in ticks for step in _BESIDE}


@lru_cache(maxsize=64)
def _find_tick(time_format: str) -> timedelta:
    """Return the smallest difference between two times that their texts show."""
    texts = [write_time(_EPOCH + each, time_format) for each in (timedelta(0), *_TICKS)]
    return next((tick for tick, text in zip(_TICKS, texts[1:], strict=True) if text != texts[0]), _TICKS[-1])
