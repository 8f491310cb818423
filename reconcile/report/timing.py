"""When a run and its jobs began, and how long they took."""

from datetime import UTC, datetime, timedelta

from reconcile.duration import format_duration
from reconcile.model.plan import JobPlan, Plan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST = 0.1
"""The least seconds that a report gives as the length of a run, because no run takes zero seconds."""


def measure_run(plan: Plan) -> float:
    """Return how many seconds a run took until its jobs were judged; 0 if unknown."""
    return 0.0 if plan.started_at is None else max(0.0, (plan.judged_at - plan.started_at).total_seconds())


def describe_length(plan: Plan) -> str:
    """
    Describe how long a run took, and how many answers it reused from the run it resumes; begins with a blank.

    "" if neither is known; the length is unknown if the clock went back.
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
    """Return when a run began, in UTC; if unknown, when it was judged."""
    return plan.started_at or plan.judged_at


def find_job_begin(job: JobPlan, plan: Plan) -> datetime:
    """Return when the first request for a job was sent, in UTC; if none was, when the run began."""
    return find_begin(plan) + timedelta(seconds=job.timing.started)


def count_milliseconds(instant: datetime) -> int:
    """Convert a time to milliseconds since 1970."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def count_requests(plan: Plan) -> int:
    """Return how many requests were sent for jobs; jobs that share a remote job were requested once."""
    return sum({(job.job.provider.name, job.job.job_id): job.timing.attempts for job in plan.jobs}.values())
