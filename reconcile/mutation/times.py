"""Mutates timestamps. Pure."""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from reconcile.duration import format_duration
from reconcile.instant import format_instant, read_time, write_time
from reconcile.model.api import JobApi
from reconcile.model.manifest import Assertion, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.model.observation import Observed
from reconcile.model.value import JsonValue

_SECOND = timedelta(seconds=1)
_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)

_Change = tuple[str, str, Observed]
"""Path, change, the other observation."""


def mutate_times(
    observed: Observed, asserted: Sequence[Assertion], api: JobApi, *, now: datetime, every_time: bool
) -> Iterator[_Change]:
    """
    Break each asserted bound by a second, remove the timestamp, and replace it with another text.

    Args:
        every_time: also move timestamps that no expectation covers.
    """
    times = _Times(observed, api)
    for assertion in asserted:
        match assertion:
            case MomentExpectation():
                yield from _mutate_moment(times, assertion)
            case SpanExpectation(span=Span.DURATION):
                yield from _mutate_duration(times, assertion)
            case SpanExpectation(span=Span.AGE):
                yield from _mutate_age(times, assertion, now)
            case _:
                pass
    if every_time:
        named = {each.moment for each in asserted if isinstance(each, MomentExpectation)}
        named_spans = {each.span for each in asserted if isinstance(each, SpanExpectation)}
        yield from _move(times, named, named_spans)


def bound_time(observed: Observed, path: str, api: JobApi) -> JsonValue:
    """Return the bound with which a manifest would catch an earlier time or a longer duration; None without one."""
    times = _Times(observed, api)
    match path:
        case Moment.BEGIN_TIME.value if times.begin:
            return {"after": format_instant(times.begin)}
        case Moment.END_TIME.value if times.end:
            return {"after": format_instant(times.end)}
        case Span.DURATION.value if times.begin and times.end:
            return {"max": format_duration((times.end - times.begin).total_seconds())}
        case _:
            return None


class _Times:
    """The times of an observation; None where one is absent or cannot be read."""

    def __init__(self, observed: Observed, api: JobApi) -> None:
        self.observed = observed
        self._format = api.time_format
        self.begin = read_time(observed.begin_time, api.time_format)
        self.end = read_time(observed.end_time, api.time_format)

    def put(self, *, begin: datetime | None = None, end: datetime | None = None) -> Observed:
        """Return the observation with other times; None keeps a time."""
        return replace(
            self.observed,
            begin_time=self.observed.begin_time if begin is None else self._write(begin),
            end_time=self.observed.end_time if end is None else self._write(end),
        )

    def _write(self, instant: datetime) -> str:
        return write_time(instant, self._format)


def _mutate_moment(times: _Times, assertion: MomentExpectation) -> Iterator[_Change]:
    name = assertion.moment.value
    yield name, "it is absent", _write_raw(times.observed, assertion.moment, None)
    yield name, "it is not a timestamp", _write_raw(times.observed, assertion.moment, "yesterday")
    for bound, step, word in ((assertion.after, -_SECOND, "before"), (assertion.before, _SECOND, "after")):
        moved = _shift(bound, step)
        if moved is not None:
            mutated = times.put(begin=moved) if assertion.moment is Moment.BEGIN_TIME else times.put(end=moved)
            yield name, f"it is {word} what is allowed", mutated


def _write_raw(observed: Observed, moment: Moment, text: str | None) -> Observed:
    if moment is Moment.BEGIN_TIME:
        return replace(observed, begin_time=text)
    return replace(observed, end_time=text)


def _mutate_duration(times: _Times, assertion: SpanExpectation) -> Iterator[_Change]:
    name = assertion.span.value
    yield name, "its begin time is absent", replace(times.observed, begin_time=None)
    yield name, "its end time is not a timestamp", replace(times.observed, end_time="yesterday")
    longest = None if assertion.max is None else timedelta(seconds=math.floor(assertion.max) + 1)
    shortest = timedelta(seconds=math.ceil(assertion.min) - 1) if assertion.min else None
    for length, change in ((longest, "it is too long"), (shortest, "it is too short")):
        begin = None if length is None else _shift(times.end, -length)
        if begin is not None:
            yield name, change, times.put(begin=begin)


def _mutate_age(times: _Times, assertion: SpanExpectation, now: datetime) -> Iterator[_Change]:
    name = assertion.span.value
    yield name, "its end time is absent", replace(times.observed, end_time=None)
    yield name, "its end time is not a timestamp", replace(times.observed, end_time="yesterday")
    bounds = [(assertion.max, _SECOND, "it is too old"), (assertion.min or None, -_SECOND, "it is too young")]
    for bound, step, change in bounds:
        end = None if bound is None else _shift(now, -timedelta(seconds=bound) - step)
        if end is not None and times.end is not None:
            yield name, change, times.put(begin=_shift(times.begin, end - times.end), end=end)


def _move(times: _Times, named: set[Moment], named_spans: set[Span]) -> Iterator[_Change]:
    """Move times that no expectation covers: the begin, both times, and the begin alone for a longer duration."""
    begin, end = _shift(times.begin, -_YEAR), _shift(times.end, -_YEAR)
    if begin is not None and Moment.BEGIN_TIME not in named:
        yield Moment.BEGIN_TIME.value, "it is a year earlier", times.put(begin=begin)
    if end is not None and Moment.END_TIME not in named and Span.AGE not in named_spans:
        yield Moment.END_TIME.value, "it is a year earlier, as is the begin", times.put(begin=begin, end=end)
    longer = _shift(times.begin, -_DAY)
    if longer is not None and times.end is not None and Span.DURATION not in named_spans:
        yield Span.DURATION.value, "it is a day longer", times.put(begin=longer)


def _shift(instant: datetime | None, by: timedelta) -> datetime | None:
    """Return the moved instant; None without an instant, or beyond the years of a datetime."""
    try:
        return None if instant is None else instant + by
    except OverflowError:
        return None
