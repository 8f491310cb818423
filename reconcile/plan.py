"""
Manifest + Observations -> Plan. Pure.

The verdict of a run and the exit code are decided here and nowhere else.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from reconcile.codes import Code
from reconcile.judge import judge_job
from reconcile.model import (
    Absence,
    Diagnostic,
    ExitCode,
    Finding,
    Job,
    JobPlan,
    Manifest,
    Missing,
    Observation,
    Observed,
    Plan,
    Problem,
    Summary,
    Truth,
    Unobserved,
    Verdict,
    Waiver,
)

_EXIT_CODES = {
    Verdict.IN_SYNC: ExitCode.IN_SYNC,
    Verdict.DRIFT: ExitCode.DRIFT,
    Verdict.PENDING: ExitCode.PENDING,
    Verdict.ERROR: ExitCode.ERROR,
}

_SOFTENED = (Verdict.DRIFT, Verdict.PENDING)


def make_plan(
    manifest: Manifest,
    observations: Sequence[Observation],
    *,
    now: datetime,
    errors: Sequence[Diagnostic] = (),
    complete: bool = True,
    strict: bool = False,
    soft_fail: bool = False,
) -> Plan:
    """
    Judge every job and decide the run.

    Args:
        observations: one for each job of the manifest, in its order.
        now: the time of judging, in UTC.
        errors: what went wrong beside the jobs; any makes the run an error.
        complete: every job was given its chance to be fetched.
        strict: waivers count for nothing, and warnings are errors.
        soft_fail: drift and pending end with exit code 0, at the operator's word; the verdict stays what it is.

    Raises:
        ValueError: a job has no observation, or there are more than jobs.
    """
    present = Counter(
        job.provider.name
        for job, observation in zip(manifest.jobs, observations, strict=True)
        if isinstance(observation, Observed)
    )
    jobs = tuple(
        _plan_job(job, observation, now=now, witnessed=present[job.provider.name] > 0, waivable=not strict)
        for job, observation in zip(manifest.jobs, observations, strict=True)
    )
    warnings = (*manifest.warnings, *(warning for job in jobs for warning in _warnings_of(job, now)))
    verdict = _decide_run(jobs, manifest, sound=complete and not errors and not (strict and warnings))
    softened = soft_fail and verdict in _SOFTENED
    return Plan(
        manifest=manifest,
        jobs=jobs,
        summary=_summarize(jobs),
        errors=tuple(errors),
        warnings=warnings,
        complete=complete,
        soft_fail=soft_fail,
        verdict=verdict,
        exit_code=_EXIT_CODES[Verdict.IN_SYNC if softened else verdict],
    )


def _summarize(jobs: Sequence[JobPlan]) -> Summary:
    counts = Counter(job.verdict for job in jobs)
    return Summary(
        selected=len(jobs),
        in_sync=counts[Verdict.IN_SYNC],
        drift=counts[Verdict.DRIFT],
        pending=counts[Verdict.PENDING],
        waived=counts[Verdict.WAIVED],
        error=counts[Verdict.ERROR],
    )


# --- The run ---------------------------------------------------------------------------------------------------


def _decide_run(jobs: Sequence[JobPlan], manifest: Manifest, *, sound: bool) -> Verdict:
    """
    Decide the run: the worst job decides, and the best one only with the whole proof.

    What the jobs' verdicts say is asked for once more, so that no mistake elsewhere can make a gate green. Where
    every job is waived, nothing was proven.
    """
    verdicts = {job.verdict for job in jobs}
    if not sound or Verdict.ERROR in verdicts:
        return Verdict.ERROR
    if Verdict.DRIFT in verdicts:
        return Verdict.DRIFT
    if Verdict.PENDING in verdicts:
        return Verdict.PENDING
    if len(jobs) == len(manifest.jobs) and Verdict.IN_SYNC in verdicts and all(_is_proven(job) for job in jobs):
        return Verdict.IN_SYNC
    return Verdict.ERROR


def _is_proven(plan: JobPlan) -> bool:
    """Say whether a job was observed in this run, and everything expected of it holds or is waived."""
    return (
        _is_observed(plan)
        and not plan.problems
        and len(plan.findings) > 0
        and all(finding.truth is Truth.HOLDS or _is_waived(finding) for finding in plan.findings)
    )


def _is_observed(plan: JobPlan) -> bool:
    match plan.observation:
        case Observed(job_id=job_id):
            return job_id == plan.job.job_id
        case Missing():
            return isinstance(plan.job.expect, Absence) or plan.verdict is Verdict.WAIVED
        case Unobserved():
            return False


def _is_waived(finding: Finding) -> bool:
    return finding.truth is Truth.CANNOT_HOLD and finding.waiver is not None


# --- One job ---------------------------------------------------------------------------------------------------


def _plan_job(job: Job, observation: Observation, *, now: datetime, witnessed: bool, waivable: bool) -> JobPlan:
    """
    Judge one job.

    Args:
        witnessed: another job of the same provider was observed in this run, so that what is missing is missing and
            not looked for in the wrong place.
    """
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    if not isinstance(observation, Unobserved):
        findings = judge_job(job, observation, now=now)
        notes = tuple(_notes_of(job, observation))
    if waivable:
        findings = tuple(_waive(finding, job.waivers, now) for finding in findings)
    problems = tuple(_problems_of(job, observation, findings, witnessed=witnessed))
    return JobPlan(
        job=job,
        observation=observation,
        verdict=Verdict.ERROR if problems else _decide_job(findings),
        findings=findings,
        problems=problems,
        notes=notes,
    )


def _decide_job(findings: Sequence[Finding]) -> Verdict:
    """Decide one job; where nothing was found, nothing was proven."""
    if any(finding.truth is Truth.CANNOT_HOLD and finding.waiver is None for finding in findings):
        return Verdict.DRIFT
    truths = {finding.truth for finding in findings}
    if Truth.CAN_HOLD in truths:
        return Verdict.PENDING
    if Truth.CANNOT_HOLD in truths:
        return Verdict.WAIVED
    return Verdict.IN_SYNC if truths == {Truth.HOLDS} else Verdict.ERROR


def _problems_of(
    job: Job, observation: Observation, findings: Sequence[Finding], *, witnessed: bool
) -> Iterator[Problem]:
    """Say why a job cannot be decided."""
    match observation:
        case Unobserved(problem=problem):
            yield problem
        case Missing() if isinstance(job.expect, Absence) and not witnessed:
            message = (
                f"its absence is not proven: no other job of provider {job.provider.name} was observed in this run, "
                "and a wrong project id looks the same"
            )
            yield Problem(code=Code.UNPROVEN, message=message)
        case Observed() | Missing():
            pass
    for finding in findings:
        if finding.truth is Truth.UNDECIDABLE:
            message = f"{finding.path} cannot be judged: the answer's times make no sense ({finding.actual})"
            yield Problem(code=Code.MALFORMED_FIELD, message=message)


# --- Waivers ---------------------------------------------------------------------------------------------------


def has_expired(waiver: Waiver, now: datetime) -> bool:
    """Say whether the last day of a waiver is over."""
    return now.date() > waiver.expires


def _waive(finding: Finding, waivers: Sequence[Waiver], now: datetime) -> Finding:
    if finding.truth is not Truth.CANNOT_HOLD:
        return finding
    covering = [waiver for waiver in waivers if _covers(waiver, finding) and not has_expired(waiver, now)]
    return replace(finding, waiver=covering[0]) if covering else finding


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return finding.path.split("[")[0].split(".")[0] in waiver.fields


def _warnings_of(plan: JobPlan, now: datetime) -> Iterator[Diagnostic]:
    """Say of every waiver of a job whether it has expired or covers all that is asserted."""
    for waiver in plan.job.waivers:
        if has_expired(waiver, now):
            message = f"a waiver of {plan.job.address} has expired on {waiver.expires}: what it covered is drift again"
            yield Diagnostic(code=Code.WAIVER_EXPIRED, message=message, source=waiver.source)
        elif plan.findings and all(_covers(waiver, finding) for finding in plan.findings):
            message = f"a waiver covers every assertion of {plan.job.address}: nothing of this job is proven"
            yield Diagnostic(code=Code.WAIVER_COVERS_ALL, message=message, source=waiver.source)


# --- Notes -----------------------------------------------------------------------------------------------------


def _notes_of(job: Job, observation: Observed | Missing) -> Iterator[str]:
    """Say what is remarkable without being wrong."""
    api = job.provider.api
    match observation:
        case Missing():
            yield api.retention
        case Observed():
            types = (observation.job_type, *(sub_job.job_type for sub_job in observation.sub_jobs))
            for job_type in dict.fromkeys(types):
                if job_type is not None and job_type not in api.job_types:
                    yield f'no source page of {api.title} lists the job type "{job_type}"'
