"""
One axis of time for all jobs of a plan.

Jobs of one manifest often ran days apart, and to scale each would be a hairline. So the axis shortens times at which
nothing ran: it is to scale within every span in which something ran, and has a break between two spans.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

Interval = tuple[float, float]
"""Begin and end, in seconds since 1970, like every time in this module."""

_LONGEST_GAP: Final = 0.12
"""A gap is shortened if it is longer than this fraction of the time in which something ran."""
_GAP: Final = 0.05
_ALL_GAPS: Final = 0.4
"""The most width of one shortened gap, and of all together, as fractions of that time."""

_STEPS: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200),
    *(86400 * days for days in (1, 2, 7, 14, 30, 90, 365, 3650)),
)
_TICKS: Final = 8
_CLOSEST: Final = 10.0
_CLOSEST_WHEN_NARROW: Final = 40.0
_LAST: Final = 92.0
_LAST_WHEN_NARROW: Final = 66.0
"""
Percent of the axis. Labels closer than the first two would touch. A label beyond the last two would leave the page, so
it ends at its tick or is left out.
"""
_RIGHT: Final = 99.0
"""The end of the axis in percent, so that the frame does not hide the time of judging."""


class Tick(Struct, frozen=True, kw_only=True):
    """
    A labelled time; `x` is in percent from the left.

    `new_day` is whether it is the first tick of its day, `minor` whether a narrow page has no space for it, and `last`
    whether its label must be to its left.
    """

    x: float
    day: str
    time: str
    new_day: bool
    minor: bool
    last: bool


class Break(Struct, frozen=True, kw_only=True):
    """A shortened gap, in percent from the left."""

    x: float
    width: float


class Axis(Struct, frozen=True):
    """A piecewise linear scale: `times[i]`, in ascending order, is at `places[i]` percent from the left."""

    times: tuple[float, ...]
    places: tuple[float, ...]
    breaks: tuple[Break, ...]

    def place(self, instant: float) -> float:
        """Return the position of a time, in percent from the left; times off the axis are at its ends."""
        i = min(max(bisect_right(self.times, instant), 1), len(self.times) - 1)
        begin, end = self.times[i - 1], self.times[i]
        part = (instant - begin) / (end - begin)
        x = self.places[i - 1] + min(max(part, 0.0), 1.0) * (self.places[i] - self.places[i - 1])
        return round(x, 3)

    def spans(self, instant: float) -> bool:
        """Return whether a time is on the axis."""
        return self.times[0] <= instant <= self.times[-1]


def draw_axis(intervals: Sequence[Interval]) -> Axis | None:
    """Draw an axis that covers all intervals; None if there are none."""
    spans = list(_unite(intervals))
    if not spans:
        return None
    busy = sum(end - begin for begin, end in spans) or 1.0
    spans = list(_join(spans, closer_than=busy * _LONGEST_GAP))
    if len(spans) == 1:  # with a small margin, so that nothing touches the frame
        spans = [(spans[0][0], max(spans[0][1], spans[0][0] + busy))]
    gap = busy * min(_GAP, _ALL_GAPS / max(1, len(spans) - 1))
    return _scale(spans, gap=gap, least=busy * 0.002)


def _unite(intervals: Sequence[Interval]) -> Iterator[Interval]:
    """Unite intervals that overlap."""
    return _join(sorted(intervals), closer_than=0.0)


def _join(intervals: Sequence[Interval], *, closer_than: float) -> Iterator[Interval]:
    """Join neighbours if the gap between them is at most this long; the intervals are in order."""
    current: Interval | None = None
    for begin, end in intervals:
        if current and begin - current[1] <= closer_than:
            current = (current[0], max(current[1], end))
            continue
        if current:
            yield current
        current = (begin, end)
    if current:
        yield current


def _scale(spans: Sequence[Interval], *, gap: float, least: float) -> Axis:
    """Put spans side by side, each at least `least` wide, with a gap between two."""
    widths = [max(end - begin, least) for begin, end in spans]
    total = sum(widths) + gap * (len(spans) - 1)
    times: list[float] = []
    places: list[float] = []
    at = 0.0
    for (begin, end), width in zip(spans, widths, strict=True):
        times += (begin, max(end, begin + 1e-6))
        places += (_RIGHT * (at / total), _RIGHT * ((at + width) / total))
        at += width + gap
    breaks = [
        Break(x=round(places[i], 3), width=round(places[i + 1] - places[i], 3)) for i in range(1, len(times) - 1, 2)
    ]
    return Axis(tuple(times), tuple(places), tuple(breaks))


# --- Ticks -----------------------------------------------------------------------------------------------------


def list_ticks(axis: Axis) -> tuple[Tick, ...]:
    """Label round times and the beginning of each span; labels that would touch are left out."""
    spans = list(zip(axis.times[::2], axis.times[1::2], strict=True))
    busy = sum(end - begin for begin, end in spans)
    step = next((step for step in _STEPS if busy / step <= _TICKS), _STEPS[-1])
    ticks: list[Tick] = []
    major = -_CLOSEST_WHEN_NARROW
    for begin, end in spans:
        for instant in _list_times(begin, end, step):
            x = axis.place(instant)
            last = x > _LAST
            if ticks and x - ticks[-1].x < _CLOSEST * (1.4 if last else 1):
                continue
            minor = x - major < _CLOSEST_WHEN_NARROW or x > _LAST_WHEN_NARROW
            ticks.append(_label(instant, ticks, x=x, minor=minor, last=last))
            major = major if ticks[-1].minor else x
    return tuple(ticks)


def _label(instant: float, before: Sequence[Tick], *, x: float, minor: bool, last: bool) -> Tick:
    moment = datetime.fromtimestamp(instant, UTC)
    day = moment.date().isoformat()
    time = moment.strftime("%H:%M:%S" if moment.second else "%H:%M")
    return Tick(x=x, day=day, time=time, new_day=not before or before[-1].day != day, minor=minor, last=last)


def _list_times(begin: float, end: float, step: float) -> Iterator[float]:
    yield begin
    instant = begin - begin % step + step
    while instant <= end:
        yield instant
        instant += step
