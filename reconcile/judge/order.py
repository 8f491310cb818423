"""Judges whether one job began only after another had succeeded, now and for every later state of both."""

from datetime import datetime

from reconcile.codes import Code
from reconcile.instant import FIRST, format_instant, read_time
from reconcile.judge.assertion import CLOCK_SKEW
from reconcile.model.api import Outcome
from reconcile.model.manifest import Job, MissingPolicy, Order
from reconcile.model.observation import Missing, Observation, Observed, Record, Unobserved
from reconcile.model.plan import Finding, Kind, Truth

ORDER = "after"
"""The path of the finding."""


def judge_order(
    order: Order, job: Job, observed: Observed, other: Job | None, seen: Observation | None, *, now: datetime
) -> Finding:
    """
    Judge whether a job began only after another one had succeeded.

    The two were fetched one after the other, in any order. So if a job has begun and the other one still ran when it
    was fetched, the order may still be right, unless the job began before the other one did.

    Args:
        observed: the observation of the job.
        other: the other job, and `seen` its observation; None if it is not part of this run.
        now: the time of judging, in UTC.
    """
    try:
        truth, actual = _compare(order, job, observed, other, seen, now=now)
    except ValueError as error:
        truth, actual = Truth.UNDECIDABLE, str(error)
    return Finding(
        path=ORDER, truth=truth, kind=Kind.CHANGED, expected=order.address, actual=actual, source=order.source
    )


def _compare(
    order: Order, job: Job, observed: Observed, other: Job | None, seen: Observation | None, *, now: datetime
) -> tuple[Truth, str]:
    """Return the truth and what a plan shows as observed; raise ValueError if an answer makes no sense."""
    if other is None or seen is None:
        raise ValueError(f"{order.address} is not part of this run: select it, too")
    if isinstance(seen, Unobserved):
        reached = seen.problem.code is not Code.NOT_REACHED
        raise ValueError(f"{order.address} {'could not be checked' if reached else 'was not reached'}")
    if isinstance(seen, Missing):
        may_come = other.missing is MissingPolicy.WAIT
        return Truth.CAN_HOLD if may_come else Truth.CANNOT_HOLD, f"{order.address} is missing"
    if other.provider.api.statuses[seen.status].outcome is Outcome.FAILURE:
        return Truth.CANNOT_HOLD, f"{order.address} has failed"
    begin = _read_begin(job, observed, now)
    if begin is None and job.provider.api.statuses[observed.status].terminal:
        return Truth.CANNOT_HOLD, "it has ended and never begun"
    return _compare_times(order, begin, other, seen, now=now)


def _compare_times(
    order: Order, begin: datetime | None, other: Job, seen: Observed, *, now: datetime
) -> tuple[Truth, str]:
    """Compare the begin of a job, None if it has not begun yet, with the times of one that has not failed."""
    name, other_begin = order.address, _read_begin(other, seen, now)
    if not other.provider.api.statuses[seen.status].terminal:
        if begin is None or other_begin is None or begin >= other_begin:
            return Truth.CAN_HOLD, f"{name} is {seen.status}"
        times = f"it began at {format_instant(begin)}, and {name} at {format_instant(other_begin)}"
        return Truth.CANNOT_HOLD, times
    end = _read(other, seen.end_time, now)
    if end is None:
        raise ValueError(f"{name} has ended, and there is no end time")
    if begin is None:
        return Truth.CAN_HOLD, f"{name} ended at {format_instant(end)}, and it has not begun"
    times = f"it began at {format_instant(begin)}, and {name} ended at {format_instant(end)}"
    return Truth.HOLDS if begin >= end else Truth.CANNOT_HOLD, times


def _read_begin(job: Job, record: Record, now: datetime) -> datetime | None:
    """Return when a job began, None if it has not begun; raise ValueError if its times make no sense."""
    begin, end = _read(job, record.begin_time, now), _read(job, record.end_time, now)
    if begin is not None and end is not None and end < begin:
        raise ValueError(f"the end of {job.address} is before its begin")
    return begin


def _read(job: Job, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    instant = read_time(text, job.provider.api.time_format)
    if instant is None:
        raise ValueError(f"'{text}' of {job.address} is not a time as the API writes it")
    if instant < FIRST:
        raise ValueError(f"'{text}' of {job.address} is a zero time, which says nothing about it")
    if instant - now > CLOCK_SKEW:
        raise ValueError(f"'{text}' of {job.address} is in the future")
    return instant
