"""
Manifest + Observations -> Plan. Pure.

The verdict of a run and the exit code are decided here and nowhere else.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from reconcile.judge import judge_job
from reconcile.model import (
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
    Summary,
    Truth,
    Unobserved,
    Verdict,
)


def make_plan(
    manifest: Manifest,
    observations: Sequence[Observation],
    *,
    errors: Sequence[Diagnostic] = (),
    complete: bool = True,
) -> Plan:
    """
    Judge every job and decide the run.

    Args:
        observations: one for each job of the manifest, in its order.
        errors: what went wrong beside the jobs; any makes the run an error.
        complete: every job was given its chance to be fetched.

    Raises:
        ValueError: a job has no observation, or there are more than jobs.
    """
    jobs = tuple(_plan_job(job, observation) for job, observation in zip(manifest.jobs, observations, strict=True))
    verdict = _decide_run(jobs, sound=complete and not errors)
    return Plan(
        manifest=manifest,
        jobs=jobs,
        summary=_summarize(jobs),
        errors=tuple(errors),
        complete=complete,
        verdict=verdict,
        exit_code=_decide_exit_code(verdict, manifest, jobs),
    )


def _summarize(jobs: Sequence[JobPlan]) -> Summary:
    counts = Counter(job.verdict for job in jobs)
    return Summary(
        selected=len(jobs),
        in_sync=counts[Verdict.IN_SYNC],
        drift=counts[Verdict.DRIFT],
        pending=counts[Verdict.PENDING],
        error=counts[Verdict.ERROR],
    )


def _decide_exit_code(verdict: Verdict, manifest: Manifest, jobs: Sequence[JobPlan]) -> ExitCode:
    """
    Turn the verdict of a run into the exit code; the only place that can say 0 of a plan.

    It does not take the verdict's word for it: it asks once more for the whole proof, so that no mistake elsewhere
    can make a gate green.
    """
    match verdict:
        case Verdict.IN_SYNC if len(jobs) == len(manifest.jobs) > 0 and all(_is_proven(job) for job in jobs):
            return ExitCode.IN_SYNC
        case Verdict.DRIFT:
            return ExitCode.DRIFT
        case Verdict.PENDING:
            return ExitCode.PENDING
        case Verdict.IN_SYNC | Verdict.ERROR:
            return ExitCode.ERROR


def _is_proven(plan: JobPlan) -> bool:
    return (
        isinstance(plan.observation, Observed)
        and plan.observation.job_id == plan.job.job_id
        and len(plan.findings) > 0
        and all(finding.truth is Truth.HOLDS for finding in plan.findings)
    )


def _plan_job(job: Job, observation: Observation) -> JobPlan:
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    if not isinstance(observation, Unobserved):
        findings = judge_job(job, observation)
        notes = tuple(_notes_of(job, observation))
    return JobPlan(job=job, observation=observation, verdict=_decide_job(findings), findings=findings, notes=notes)


def _decide_job(findings: Sequence[Finding]) -> Verdict:
    """Decide one job; where nothing was found, nothing was proven."""
    truths = {finding.truth for finding in findings}
    if Truth.CANNOT_HOLD in truths:
        return Verdict.DRIFT
    if Truth.CAN_HOLD in truths:
        return Verdict.PENDING
    return Verdict.IN_SYNC if truths else Verdict.ERROR


def _decide_run(jobs: Sequence[JobPlan], *, sound: bool) -> Verdict:
    verdicts = {job.verdict for job in jobs}
    if not sound or not verdicts:
        return Verdict.ERROR
    worst_first = (Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING, Verdict.IN_SYNC)
    return next(verdict for verdict in worst_first if verdict in verdicts)


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
