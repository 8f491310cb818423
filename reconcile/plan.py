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

_EXIT_CODES = {
    Verdict.IN_SYNC: ExitCode.IN_SYNC,
    Verdict.DRIFT: ExitCode.DRIFT,
    Verdict.PENDING: ExitCode.PENDING,
    Verdict.ERROR: ExitCode.ERROR,
}


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
    verdict = _decide_run(jobs, manifest, sound=complete and not errors)
    return Plan(
        manifest=manifest,
        jobs=jobs,
        summary=_summarize(jobs),
        errors=tuple(errors),
        complete=complete,
        verdict=verdict,
        exit_code=_EXIT_CODES[verdict],
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


def _decide_run(jobs: Sequence[JobPlan], manifest: Manifest, *, sound: bool) -> Verdict:
    """
    Decide the run: the worst job decides, and the best one only with the whole proof.

    What the jobs' verdicts say is asked for once more, so that no mistake elsewhere can make a gate green.
    """
    verdicts = {job.verdict for job in jobs}
    if not sound or Verdict.ERROR in verdicts:
        return Verdict.ERROR
    if Verdict.DRIFT in verdicts:
        return Verdict.DRIFT
    if Verdict.PENDING in verdicts:
        return Verdict.PENDING
    if len(jobs) == len(manifest.jobs) > 0 and all(_is_proven(job) for job in jobs):
        return Verdict.IN_SYNC
    return Verdict.ERROR


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
