"""The jobs and sub-jobs of a plan as bars on one axis of time."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from math import inf
from typing import Final

from msgspec import Struct

from reconcile.model.api import JobApi, Outcome, Status
from reconcile.model.manifest import Expectation, Job, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.model.observation import Missing, Observed, Record, Unobserved
from reconcile.model.plan import JobPlan, Plan
from reconcile.report.html.axis import Axis, Break, Interval, Tick, draw_axis, list_ticks
from reconcile.report.html.job import name_anchor
from reconcile.report.run_time import RunTime, read_run_time

LANE: Final = 22
"""Height of a lane, in CSS pixels; page.css has the same number."""
_THINNEST: Final = 0.25
"""The least width of a bar, in percent of the axis."""
_MOST_OPEN: Final = 200
"""Up to this many jobs, the timeline is open from the start."""


class Phase(Struct, frozen=True, kw_only=True, gc=False):
    """
    A part of the life of a job or sub-job, in seconds since 1970.

    `kind` is waiting, running, success or failure, and `lane` is the index of the record in its job.
    """

    kind: str
    begin: float
    end: float
    lane: int


class Bar(Struct, frozen=True, kw_only=True, gc=False):
    """A phase as drawn in a lane: `x` and `width` in percent, `y` and `height` in pixels."""

    kind: str
    x: float
    width: float
    y: int
    height: int


class Row(Struct, frozen=True, kw_only=True):
    """
    A job with its sub-jobs below it.

    `state` describes the bars of the job in words, and `sub_jobs` are names and states. `deadline` is in percent, None
    if none is on the axis.
    """

    anchor: str
    address: str
    state: str
    sub_jobs: Sequence[tuple[str, str]]
    bars: Sequence[Bar]
    deadline: float | None
    height: int


class Timeline(Struct, frozen=True, kw_only=True):
    """
    Jobs, in the order in which they began, and then those without times; `now` is the time of judging.

    `rows` can be iterated once, like the jobs of a page. `whole` is whether all their sub-jobs are drawn, and `hidden`
    is how many jobs are not.
    """

    rows: Iterator[Row]
    ticks: tuple[Tick, ...]
    breaks: tuple[Break, ...]
    now: float
    open: bool
    whole: bool
    hidden: int


def build_timeline(plan: Plan, jobs: Sequence[JobPlan], *, with_sub_jobs: Collection[str]) -> Timeline | None:
    """
    Draw jobs of a plan; None if none of them says when it ran.

    Args:
        plan: the plan.
        jobs: the jobs of the plan to draw.
        with_sub_jobs: the addresses of the jobs whose sub-jobs are drawn as well.
    """
    now = plan.judged_at.timestamp()
    lanes = [_list_records(planned, with_sub_jobs) for planned in jobs]
    phases = [
        list(list_phases(records, planned.job.provider.api, now)) for planned, records in zip(jobs, lanes, strict=True)
    ]
    axis = draw_axis([(now, now), *(_find_span(each) for each in phases if each)]) if any(phases) else None
    if axis is None:
        return None
    order = sorted(range(len(lanes)), key=lambda i: min((phase.begin for phase in phases[i]), default=inf))
    return Timeline(
        rows=(_draw_row(jobs[i], lanes[i], phases[i], axis, plan.judged_at) for i in order),
        ticks=list_ticks(axis),
        breaks=axis.breaks,
        now=axis.place(now),
        open=len(lanes) <= _MOST_OPEN,
        whole=all(planned.job.address in with_sub_jobs for planned in jobs),
        hidden=len(plan.jobs) - len(jobs),
    )


def _list_records(planned: JobPlan, with_sub_jobs: Collection[str]) -> Sequence[Record]:
    """List the records that get a lane: the job, if it was observed, and its sub-jobs if they are drawn."""
    observed = planned.observation
    if not isinstance(observed, Observed):
        return ()
    return (observed, *observed.sub_jobs) if planned.job.address in with_sub_jobs else (observed,)


def _find_span(phases: Sequence[Phase]) -> Interval:
    return min(phase.begin for phase in phases), max(phase.end for phase in phases)


# --- Phases ----------------------------------------------------------------------------------------------------


def list_phases(records: Sequence[Record], api: JobApi, now: float) -> Iterator[Phase]:
    """
    Divide the lives of a job and its sub-jobs into waiting, from the begin of the job, and running.

    Args:
        records: the job itself, then its sub-jobs.
        api: the job API, for the meaning of their statuses.
        now: the end of records that have not ended, in seconds since 1970.
    """
    whole = read_run_time(records[0], api) if records else None
    since = whole.begin.timestamp() if whole else None
    for lane, record in enumerate(records):
        status = api.statuses.get(record.status)
        if status is None:  # The status is sensitive, and a bar would reveal it.
            continue
        ran = read_run_time(record, api) if lane else whole
        if since is not None and ran is None and record.begin_time is None and not status.terminal:
            yield Phase(kind="waiting", begin=since, end=max(since, now), lane=lane)
        if ran is None:
            continue
        begin = ran.begin.timestamp()
        if since is not None and since < begin:
            yield Phase(kind="waiting", begin=since, end=begin, lane=lane)
        end = _find_end(ran, now, terminal=status.terminal)
        yield Phase(kind=_name_phase(status, api), begin=begin, end=end, lane=lane)


def _find_end(ran: RunTime, now: float, *, terminal: bool) -> float:
    """Return the end of a bar; a record that ended at an unknown time is a point."""
    if ran.end is not None:
        return ran.end.timestamp()
    begin = ran.begin.timestamp()
    return begin if terminal else max(begin, now)


def _name_phase(status: Status, api: JobApi) -> str:
    """Name the phase of a status: a job is still waiting if its next status can be one that is not terminal."""
    if status.terminal:
        return "success" if status.outcome is Outcome.SUCCESS else "failure"
    return "waiting" if any(not api.statuses[word].terminal for word in status.then) else "running"


# --- Rows ------------------------------------------------------------------------------------------------------


def _draw_row(planned: JobPlan, records: Sequence[Record], phases: Sequence[Phase], axis: Axis, now: datetime) -> Row:
    job = planned.job
    deadline = _find_deadline(job, records[0]) if phases else None
    return Row(
        anchor=name_anchor(job.address),
        address=job.address,
        state=_describe_job(planned, now),
        sub_jobs=[(part.job_type or "(no type)", _describe_record(part, job, now)) for part in records[1:]],
        bars=[_draw_bar(phase, axis) for phase in phases],
        deadline=axis.place(deadline) if deadline and axis.spans(deadline) else None,
        height=LANE * max(1, len(records)),
    )


def _draw_bar(phase: Phase, axis: Axis) -> Bar:
    x, end = axis.place(phase.begin), axis.place(phase.end)
    width = max(end - x, _THINNEST)
    top, height = (9, 4) if phase.kind == "waiting" else (6, 10)
    return Bar(
        kind=phase.kind,
        x=round(min(x, 100 - width), 3),
        width=round(width, 3),
        y=phase.lane * LANE + top,
        height=height,
    )


def _describe_job(planned: JobPlan, now: datetime) -> str:
    match planned.observation:
        case Observed() as observed:
            return _describe_record(observed, planned.job, now)
        case Missing():
            return "missing"
        case Unobserved():
            return "not observed"


def _describe_record(record: Record, job: Job, now: datetime) -> str:
    """Describe what the bars of a lane show."""
    ran, status = read_run_time(record, job.provider.api), job.provider.api.statuses.get(record.status)
    known = ran and status and (ran.end or not status.terminal)
    return f"{record.status} {ran.format_length(now)}" if ran and known else record.status


def _find_deadline(job: Job, record: Record) -> float | None:
    """Return the earliest time by which an expectation wants the job to end, in seconds since 1970; None if none."""
    found = []
    for assertion in job.expect.fields if isinstance(job.expect, Expectation) else ():
        match assertion:
            case SpanExpectation(span=Span.DURATION, max=float() | int() as most):
                ran = read_run_time(record, job.provider.api)
                found += [ran.begin.timestamp() + most] if ran else []
            case MomentExpectation(moment=Moment.END_TIME, before=datetime() as before):
                found.append(before.timestamp())
            case _:
                pass
    return min(found, default=None)
