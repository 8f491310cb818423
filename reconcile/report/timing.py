"""When a run began, how long it took, and how long each of its jobs."""

from datetime import UTC, datetime, timedelta

from reconcile.duration import format_duration
from reconcile.model.plan import JobPlan, Plan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = 0.1
"""Seconds that a run is said to have taken, at least: none takes no time at all."""


def measure_run(plan: Plan) -> float:
    """Return how many seconds a run took until its jobs were judged; 0 if that is not known."""
    return 0.0 if plan.started_at is None else max(0.0, (plan.judged_at - plan.started_at).total_seconds())


def describe_length(plan: Plan) -> str:
    """
    Describe how long a run took, with a blank before it, and how many answers it took over from the run it resumes.

    "" if neither is known; the length is not if the clock went back.
    """
    resumed = count_resumed(plan)
    taken_over = f" with {resumed:,} of {len(plan.jobs):,} answers from the resumed recording" if resumed else ""
    if plan.started_at is None or plan.started_at > plan.judged_at:
        return taken_over
    seconds = max(_LEAST, measure_run(plan))
    return f" in {seconds:.1f} s{taken_over}" if seconds < 60 else f" in {format_duration(round(seconds))}{taken_over}"


def count_resumed(plan: Plan) -> int:
    """Return how many jobs were not requested because their answers are in the recording that the run resumes."""
    return sum(job.timing.resumed for job in plan.jobs)


def find_begin(plan: Plan) -> datetime:
    """Return when a run began, in UTC; when it was judged if that is not known."""
    return plan.started_at or plan.judged_at


def find_job_begin(job: JobPlan, plan: Plan) -> datetime:
    """Return when the first request for a job was sent, in UTC; when the run began if none was."""
    return find_begin(plan) + timedelta(seconds=job.timing.started)


def count_milliseconds(instant: datetime) -> int:
    """Return a time in milliseconds since 1970."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def count_requests(plan: Plan) -> int:
    """Return how many requests were sent for jobs; two jobs that are one remote job were requested once."""
    return sum({(job.job.provider.name, job.job.job_id): job.timing.attempts for job in plan.jobs}.values())
