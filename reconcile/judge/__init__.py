"""
Expectation + observation -> three-valued findings. Pure.

An answer is judged for itself and for every answer that can follow it: statuses only move forward, a value that is
there stays, a sub-job that is listed stays listed, and a terminal job no longer changes. So each assertion holds,
can still come to hold, or cannot hold any more.
"""

from reconcile.judge.assertion import judge_field
from reconcile.judge.sub_jobs import judge_sub_jobs
from reconcile.model import Finding, Job, Kind, Missing, Observed, Truth


def judge_job(job: Job, observation: Observed | Missing) -> tuple[Finding, ...]:
    """
    Judge every assertion of a job.

    Returns:
        Findings in the order of the plan: fields, then sub-jobs; never none. A missing job is one finding, for
        nothing can be said of its fields.
    """
    match observation:
        case Missing():
            return (_judge_missing(job),)
        case Observed():
            return _judge_observed(job, observation)


def _judge_missing(job: Job) -> Finding:
    return Finding(
        path="missing",
        truth=Truth.CANNOT_HOLD,
        kind=Kind.MISSING,
        expected="present",
        actual=None,
        source=job.source,
    )


def _judge_observed(job: Job, observed: Observed) -> tuple[Finding, ...]:
    statuses = job.provider.api.statuses
    frozen = statuses[observed.status].terminal
    findings = [
        judge_field(expectation, observed, statuses=statuses, frozen=frozen, path=expectation.field.value)
        for expectation in job.expect.fields
    ]
    if job.expect.sub_jobs is not None:
        findings += judge_sub_jobs(job.expect.sub_jobs, observed.sub_jobs, statuses=statuses, frozen=frozen)
    return tuple(findings)
