"""Judges everything that is expected of one job."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from reconcile.judge.assertion import State, judge_assertion
from reconcile.judge.notes import list_notes
from reconcile.judge.sensitive import find_sensitive_fields, hide_sensitive
from reconcile.judge.steadiness import SETTLE, advise_settling, judge_steadiness
from reconcile.judge.sub_jobs import judge_sub_jobs
from reconcile.model.api import JobApi, Outcome
from reconcile.model.manifest import Absence, Expectation, Field, Job, MissingPolicy
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import Finding, Kind, Truth


class Judgement(Struct, frozen=True, gc=False):
    """What a plan shows about one job; `shown` is the observation without sensitive values."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    shown: Observed | Missing


def judge_job(job: Job, observation: Observed | Missing, *, now: datetime) -> Judgement:
    """
    Judge every assertion of a job.

    Args:
        now: the time of judging, in UTC, for ages and for durations that still grow.

    Returns:
        Findings in the order of the plan: fields, then sub-jobs, then `settle` and `stuck`; at least one. A missing job
        has a single finding, because its fields are unknown. For an expected absence, the finding holds, but proves
        nothing until another job of the run confirms that the place is right.
    """
    api = job.provider.api
    if isinstance(job.expect, Absence):
        return Judgement((_judge_absence(job.expect, observation),), list_notes(observation, api), observation)
    if isinstance(observation, Missing):
        return Judgement((_judge_missing(job),), list_notes(observation, api), observation)
    hidden = find_sensitive_fields(job.expect)
    state = State(observation, api, now, api.statuses[observation.status].terminal, hidden)
    findings = [judge_assertion(assertion, state) for assertion in job.expect.fields]
    if job.expect.sub_jobs is not None:
        findings += judge_sub_jobs(job.expect.sub_jobs, observation.sub_jobs, state)
    findings += judge_steadiness(job.expect, observation, api)
    shown = hide_sensitive(observation, hidden)
    notes = list_notes(shown, api, failure_expected=_expects_failure(findings, observation, api))
    return Judgement(tuple(findings), (*notes, *_advise(job.expect, findings)), shown)


def _advise(expect: Expectation, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Advise how to let a job settle, if nothing else is open."""
    unmet = [each.path for each in findings if each.truth is not Truth.HOLDS]
    return (advise_settling(expect.settle),) if expect.settle is not None and unmet == [SETTLE] else ()


def _expects_failure(findings: Sequence[Finding], observed: Observed, api: JobApi) -> bool:
    """Return whether the job has failed as expected."""
    failed = api.statuses[observed.status].outcome is Outcome.FAILURE
    return failed and any(each.path == Field.STATUS and each.truth is Truth.HOLDS for each in findings)


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
