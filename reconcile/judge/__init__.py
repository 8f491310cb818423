"""
Expectation + observation -> three-valued findings, and notes on what is remarkable. Pure.

An answer is judged for itself and for every answer that can follow it: statuses only move forward, a value that is
there stays, a sub-job that is listed stays listed, and a terminal job no longer changes. So each assertion holds,
can still come to hold, or cannot hold any more.
"""

from datetime import datetime

from reconcile.judge.assertion import LONGEST_TEXT, Basis, Memory, accepts, judge_assertion
from reconcile.judge.notes import notes_of, remarks_of
from reconcile.judge.sensitive import find_sensitive_fields, hide_sensitive
from reconcile.judge.sub_jobs import MOST_PAIRS, judge_sub_jobs
from reconcile.model import Absence, Expectation, Finding, Job, Kind, Missing, MissingPolicy, Observed, Truth

__all__ = [
    "LONGEST_TEXT",
    "MOST_PAIRS",
    "Memory",
    "accepts",
    "find_sensitive_fields",
    "hide_sensitive",
    "judge_job",
    "notes_of",
    "remarks_of",
]


def judge_job(
    job: Job, observation: Observed | Missing, *, now: datetime, memory: Memory | None = None
) -> tuple[Finding, ...]:
    """
    Judge every assertion of a job.

    Args:
        now: the time of judging, in UTC, for what grows older.
        memory: what was found of other jobs, to which is added; None remembers nothing.

    Returns:
        Findings in the order of the plan: fields, then sub-jobs; never none. A missing job is one finding, for
        nothing can be said of its fields. That an expected absence is proven, one job alone cannot tell.
    """
    match job.expect, observation:
        case Absence() as absence, _:
            return (_judge_absence(absence, observation),)
        case Expectation(), Missing():
            return (_judge_missing(job),)
        case Expectation() as expectation, Observed():
            return _judge_observed(expectation, observation, Basis(api=job.provider.api, now=now, memory=memory))


def _judge_absence(absence: Absence, observation: Observed | Missing) -> Finding:
    missing = isinstance(observation, Missing)
    return Finding(
        path="absent",
        truth=Truth.HOLDS if missing else Truth.CANNOT_HOLD,
        kind=Kind.UNEXPECTED,
        expected=True,
        actual=missing,
        source=absence.source,
    )


def _judge_missing(job: Job) -> Finding:
    return Finding(
        path="missing",
        truth=Truth.CAN_HOLD if job.missing is MissingPolicy.WAIT else Truth.CANNOT_HOLD,
        kind=Kind.MISSING,
        expected="present",
        actual=None,
        source=job.source,
    )


def _judge_observed(expectation: Expectation, observed: Observed, basis: Basis) -> tuple[Finding, ...]:
    frozen = basis.api.statuses[observed.status].terminal
    findings = [judge_assertion(assertion, observed, basis, frozen=frozen, path="") for assertion in expectation.fields]
    if expectation.sub_jobs is not None:
        findings += judge_sub_jobs(expectation.sub_jobs, observed.sub_jobs, basis, frozen=frozen)
    return tuple(findings)
