"""The jobs and sub-jobs of a plan as bars on one axis of time."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from reconcile.model import (
    Expectation,
    Job,
    JobPlan,
    Missing,
    Moment,
    MomentExpectation,
    Observed,
    Plan,
    Record,
    Span,
    SpanExpectation,
    Unobserved,
)
from reconcile.report.html.axis import Axis, Break, Interval, Tick, draw_axis, list_ticks
from reconcile.report.html.card import name_anchor
from reconcile.report.html.piece import Piece, cut_pieces
from reconcile.report.run_time import read_stretch

LANE: Final = 22
"""Height of a lane, in CSS pixels; the style has the same number."""
_THINNEST: Final = 0.25
"""Percent of the axis; a shorter bar is drawn so wide."""
_MOST_OPEN: Final = 200
"""Up to so many jobs, the timeline is open from the start."""
_NEVER: Final = (datetime.max.replace(tzinfo=UTC),) * 2


class Bar(Struct, frozen=True, kw_only=True):
    """A part of a lane: `kind` is waiting, running, success or failure; the numbers are percent and pixels."""

    kind: str
    x: float
    width: float
    y: int


class Lane(Struct, frozen=True, kw_only=True):
    """A job or one of its sub-jobs: its name and what its bars say, in words."""

    name: str
    told: str


class Strip(Struct, frozen=True, kw_only=True):
    """A job with its sub-jobs below it; `deadline` is in percent, None where none is on the axis."""

    anchor: str
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    deadline: float | None
    height: int


class Timeline(Struct, frozen=True, kw_only=True):
    """
    All of them, in the order in which they began, and then those without times; `now` is the time of judging.

    `strips` can be read once, like the cards of a page. `whole` says that no sub-job was left out.
    """

    strips: Iterator[Strip]
    ticks: tuple[Tick, ...]
    breaks: tuple[Break, ...]
    now: float
    open: bool
    whole: bool


def build_timeline(plan: Plan, *, with_sub_jobs: Collection[str]) -> Timeline | None:
    """
    Draw the jobs of a plan; None if none of them says when it ran.

    Args:
        with_sub_jobs: the addresses of the jobs whose sub-jobs are drawn, too.
    """
    now = plan.judged_at
    rows = [(planned.job, _list_records(planned, with_sub_jobs)) for planned in plan.jobs]
    spans = [_span(cut_pieces(records, job.provider.api, now)) for job, records in rows]
    axis = draw_axis([(now, now), *filter(None, spans)]) if any(spans) else None
    if axis is None:
        return None
    order = sorted(range(len(rows)), key=lambda i: (spans[i] or _NEVER)[0])
    strips = (_draw_strip(plan.jobs[i], rows[i][1], axis, now) for i in order)
    return Timeline(
        strips=strips,
        ticks=list_ticks(axis),
        breaks=axis.breaks,
        now=axis.place(now),
        open=len(rows) <= _MOST_OPEN,
        whole=len(with_sub_jobs) == len(rows),
    )


def _list_records(planned: JobPlan, with_sub_jobs: Collection[str]) -> tuple[Record, ...]:
    """List what has a lane: the job, if it was observed, and its sub-jobs."""
    observed = planned.observation
    if not isinstance(observed, Observed):
        return ()
    return (observed, *observed.sub_jobs) if planned.job.address in with_sub_jobs else (observed,)


def _span(pieces: Iterable[Piece]) -> Interval | None:
    begins, ends = [], []
    for piece in pieces:
        begins.append(piece.begin)
        ends.append(piece.end)
    return (min(begins), max(ends)) if begins else None


# --- One job ---------------------------------------------------------------------------------------------------


def _draw_strip(planned: JobPlan, records: Sequence[Record], axis: Axis, now: datetime) -> Strip:
    job = planned.job
    bars = tuple([_draw_bar(piece, axis) for piece in cut_pieces(records, job.provider.api, now)])
    deadline = _find_deadline(job, records[0]) if bars else None
    parts = [Lane(name=part.job_type or "(no type)", told=_tell_record(part, job, now)) for part in records[1:]]
    return Strip(
        anchor=name_anchor(job.address),
        lanes=(Lane(name=job.address, told=_tell_job(planned, now)), *parts),
        bars=bars,
        deadline=axis.place(deadline) if deadline and axis.spans(deadline) else None,
        height=LANE * (1 + len(parts)),
    )


def _tell_job(planned: JobPlan, now: datetime) -> str:
    match planned.observation:
        case Observed() as observed:
            return _tell_record(observed, planned.job, now)
        case Missing():
            return "missing"
        case Unobserved():
            return "not observed"


def _draw_bar(piece: Piece, axis: Axis) -> Bar:
    x, end = axis.place(piece.begin), axis.place(piece.end)
    width = max(end - x, _THINNEST)
    return Bar(kind=piece.kind, x=round(min(x, 100 - width), 3), width=round(width, 3), y=piece.lane * LANE)


def _tell_record(record: Record, job: Job, now: datetime) -> str:
    """Say in words what the bars of a lane show."""
    stretch, status = read_stretch(record, job.provider.api), job.provider.api.statuses.get(record.status)
    known = stretch and status and (stretch.end or not status.terminal)
    return f"{record.status} {stretch.measure(now)}" if stretch and known else record.status


def _find_deadline(job: Job, record: Record) -> datetime | None:
    """Return the time at which a job has to be done, by the first expectation to say so."""
    stretch = read_stretch(record, job.provider.api)
    found = []
    for assertion in job.expect.fields if isinstance(job.expect, Expectation) else ():
        match assertion:
            case SpanExpectation(span=Span.DURATION, max=float() | int() as most) if stretch:
                found.append(stretch.begin + timedelta(seconds=most))
            case MomentExpectation(moment=Moment.END_TIME, before=datetime() as before):
                found.append(before)
            case _:
                pass
    return min(found, default=None)
