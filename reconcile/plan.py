"""
Manifest + Observations -> Plan. Pure.

The verdict of a run and the exit code are decided here and nowhere else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile import __version__
from reconcile.codes import Code
from reconcile.instant import read_time
from reconcile.judge import Judge, judge_job
from reconcile.model import (
    Absence,
    Diagnostic,
    Evidence,
    ExitCode,
    Fetched,
    Finding,
    Job,
    JobPlan,
    Manifest,
    Missing,
    Observation,
    Observed,
    Plan,
    Problem,
    Span,
    SpanExpectation,
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

_NOTHING = Manifest(files=(), providers={}, jobs=())

_SOFTENED = (Verdict.DRIFT, Verdict.PENDING)

_PASSING = (Verdict.IN_SYNC, Verdict.WAIVED)
"""What does not turn a run red; whatever is told of a job that has one of these is asked for once more."""


def make_plan(
    manifest: Manifest,
    observations: Sequence[Observation],
    *,
    now: datetime,
    origins: Mapping[str, str],
    remarks: Sequence[Sequence[str]] = (),
    strict: bool = False,
    soft_fail: bool = False,
    ended_by: ExitCode | None = None,
) -> Plan:
    """
    Judge every job and decide the run.

    Args:
        observations: one for each job of the manifest, in its order.
        now: the time of judging, in UTC.
        origins: where each provider was asked: name -> scheme, host and port.
        remarks: what fetching has to say of each job beside the observation, if anything.
        strict: waivers count for nothing, and warnings are errors.
        soft_fail: drift and pending end with exit code 0, at the operator's word; the verdict stays what it is.
        ended_by: the exit code of the signal that ended the run before its time, if one did.

    Raises:
        ValueError: a job has no observation, or there are more than jobs.
    """
    present = Counter(
        job.provider.name
        for job, observation in zip(manifest.jobs, observations, strict=True)
        if isinstance(observation, Observed)
    )
    judge = Judge(now)
    jobs = tuple(
        [
            _plan_job(job, observation, judge, witnessed=present[job.provider.name] > 0, waivable=not strict)
            for job, observation in zip(manifest.jobs, observations, strict=True)
        ]
    )
    told = {(warning.code, warning.source) for warning in manifest.warnings}
    found = dict.fromkeys(warning for job in jobs if job.job.waivers for warning in _warnings_of(job, now))
    if remarks:
        jobs = tuple(
            replace(job, notes=(*job.notes, *said)) if said else job for job, said in zip(jobs, remarks, strict=True)
        )
    warnings = (*manifest.warnings, *(each for each in found if (each.code, each.source) not in told))
    errors = (*(warnings if strict else ()), *_doubts_of(jobs, manifest))
    verdict = Verdict.ERROR if errors else _decide_run(jobs)
    softened = soft_fail and verdict in _SOFTENED
    return Plan(
        manifest=manifest,
        judged_at=now,
        origins=origins,
        jobs=jobs,
        summary=_summarize(jobs),
        errors=errors,
        warnings=() if strict else warnings,
        complete=ended_by is None and not any(_is_cut_off(job.observation) for job in jobs),
        soft_fail=soft_fail,
        verdict=verdict,
        exit_code=ended_by or _EXIT_CODES[Verdict.IN_SYNC if softened else verdict],
    )


def derive_plan(evidence: Evidence) -> Plan:
    """Let the plan follow from its evidence; raise ValueError if there is not one observation for each job."""
    if evidence.errors:
        return make_failed_plan(evidence.errors, now=evidence.judged_at)
    return make_plan(
        evidence.manifest,
        evidence.observations,
        now=evidence.judged_at,
        origins=evidence.origins,
        remarks=evidence.remarks,
        strict=evidence.strict,
        soft_fail=evidence.soft_fail,
        ended_by=evidence.ended_by,
    )


def make_failed_plan(errors: Sequence[Diagnostic], *, now: datetime) -> Plan:
    """
    Make the plan of a run that ended before any job could be judged, so that every format can tell why.

    Args:
        errors: why it ended, at least one.
        now: the time of its end, in UTC.
    """
    return Plan(
        manifest=_NOTHING,
        judged_at=now,
        origins={},
        jobs=(),
        summary=_summarize(()),
        errors=tuple(errors),
        warnings=(),
        complete=False,
        soft_fail=False,
        verdict=Verdict.ERROR,
        exit_code=ExitCode.ERROR,
    )


def make_failed_evidence(errors: Sequence[Diagnostic], *, now: datetime) -> Evidence:
    """Make the evidence from which a failed plan follows; the arguments are those of `make_failed_plan`."""
    return Evidence(
        tool=__version__,
        manifest=_NOTHING,
        observations=(),
        remarks=(),
        origins={},
        judged_at=now,
        since=now,
        strict=False,
        soft_fail=False,
        ended_by=None,
        errors=tuple(errors),
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


# --- While jobs are waited for ---------------------------------------------------------------------------------


def is_settled(job: Job, observation: Observed | Missing, *, now: datetime, strict: bool) -> bool:
    """Say whether no later answer can change what is decided of a job; `strict` is that of `make_plan`."""
    findings = judge_job(job, observation, now=now)
    if not strict:
        findings = tuple(_waive(finding, job.waivers, now) for finding in findings)
    return _decide_job(findings) is not Verdict.PENDING


def expect_end(job: Job, observation: Observed | Missing, *, now: datetime) -> float | None:
    """
    Say in how many seconds a job can be done at the earliest: when it has lasted as long as is demanded.

    Returns:
        None where no least duration is demanded, or it is not known when the job began.
    """
    if isinstance(job.expect, Absence) or not isinstance(observation, Observed) or observation.begin_time is None:
        return None
    least = [
        assertion.min
        for assertion in job.expect.fields
        if isinstance(assertion, SpanExpectation) and assertion.span is Span.DURATION and assertion.min is not None
    ]
    begin = read_time(observation.begin_time, job.provider.api.time_format)
    return max(0.0, least[0] - (now - begin).total_seconds()) if least and begin else None


def believe(fetched: Fetched, *, strict: bool) -> Observation:
    """Return what a job was observed to be; under `strict`, what a cache had held for long is not believed."""
    if strict and fetched.cached is not None and not isinstance(fetched.observation, Unobserved):
        message = f"the answer came out of a cache and was {fetched.cached} s old, which --strict takes for no proof"
        return Unobserved(
            problem=Problem(code=Code.UNPROVEN, message=message), request_id=fetched.observation.request_id
        )
    return fetched.observation


# --- The run ---------------------------------------------------------------------------------------------------


def _decide_run(jobs: Sequence[JobPlan]) -> Verdict:
    """Decide the run: the worst job does."""
    verdicts = {job.verdict for job in jobs}
    worst_first = (Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING, Verdict.IN_SYNC)
    return next((verdict for verdict in worst_first if verdict in verdicts), Verdict.ERROR)


def _doubts_of(jobs: Sequence[JobPlan], manifest: Manifest) -> Iterator[Diagnostic]:
    """
    Say why a run would be no proof although no job is against it.

    What the jobs' verdicts say is asked for once more, so that no mistake elsewhere can make a gate green. Where
    every job is waived, nothing was proven.
    """
    verdicts = {job.verdict for job in jobs}
    if len(jobs) != len(manifest.jobs) or not verdicts:
        yield Diagnostic(code=Code.UNPROVEN, message="not every job of the manifest was checked: nothing is proven")
    elif verdicts == {Verdict.WAIVED}:
        message, hint = "the drift of every job is waived: nothing is proven", "select a job that needs no waiver, too"
        yield Diagnostic(code=Code.UNPROVEN, message=message, hint=hint)
    contradicting = _find_contradicting(jobs)
    for position, job in enumerate(jobs):
        if position in contradicting:
            message = f"{job.job.address} tells of its remote job otherwise than another job of this plan"
            yield Diagnostic(code=Code.UNPROVEN, message=message)
        if job.verdict in _PASSING and not _is_proven(job):
            yield Diagnostic(code=Code.UNPROVEN, message=f"{job.job.address} is not proven")


def _find_contradicting(jobs: Sequence[JobPlan]) -> set[int]:
    """Find the positions of jobs that tell of their remote job otherwise than the first that tells of it."""
    if len({job.job.job_id for job in jobs}) == len(jobs):
        return set()  # each tells of another
    contradicting = set()
    first: dict[tuple[str, str], str] = {}
    for position, job in enumerate(jobs):
        said = job.observation.status if isinstance(job.observation, Observed) else type(job.observation).__name__
        if first.setdefault((job.job.provider.name, job.job.job_id), said) != said:
            contradicting.add(position)
    return contradicting


def _is_cut_off(observation: Observation) -> bool:
    """Say whether a job was not fetched because the run was over."""
    return isinstance(observation, Unobserved) and observation.problem.code in (Code.DEADLINE, Code.INTERRUPTED)


def _is_proven(plan: JobPlan) -> bool:
    """Say whether a job was observed in this run, and everything expected of it holds or is waived."""
    holds = Truth.HOLDS  # looked up once: CPython 3.11 takes long for a member of an enum
    return (
        _is_observed(plan)
        and not plan.problems
        and len(plan.findings) > 0
        and not [finding for finding in plan.findings if finding.truth is not holds and not _is_waived(finding)]
    )


def _is_observed(plan: JobPlan) -> bool:
    match plan.observation:
        case Observed():
            return plan.observation.job_id == plan.job.job_id
        case Missing():
            return isinstance(plan.job.expect, Absence) or plan.verdict is Verdict.WAIVED
        case Unobserved():
            return False


def _is_waived(finding: Finding) -> bool:
    return finding.truth is Truth.CANNOT_HOLD and finding.waiver is not None


# --- One job ---------------------------------------------------------------------------------------------------


def _plan_job(job: Job, observation: Observation, judge: Judge, *, witnessed: bool, waivable: bool) -> JobPlan:
    """
    Judge one job.

    Args:
        witnessed: another job of the same provider was observed in this run, so that what is missing is missing and
            not looked for in the wrong place.
    """
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    if not isinstance(observation, Unobserved):
        judgement = judge.judge(job, observation)
        findings, notes, observation = judgement.findings, judgement.notes, judgement.shown
    if waivable and job.waivers:
        findings = tuple(_waive(finding, job.waivers, judge.now) for finding in findings)
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
    truths = [finding.truth for finding in findings]
    if truths and truths.count(Truth.HOLDS) == len(truths):
        return Verdict.IN_SYNC
    if None in [finding.waiver for finding in findings if finding.truth is Truth.CANNOT_HOLD]:
        return Verdict.DRIFT
    if Truth.CAN_HOLD in truths:
        return Verdict.PENDING
    return Verdict.WAIVED if Truth.CANNOT_HOLD in truths else Verdict.ERROR


def _problems_of(job: Job, observation: Observation, findings: Sequence[Finding], *, witnessed: bool) -> list[Problem]:
    """Say why a job cannot be decided."""
    problems = []
    if isinstance(observation, Unobserved):
        problems.append(observation.problem)
    elif isinstance(observation, Missing) and not witnessed:
        problems += _doubts_of_absence(job, findings)
    undecidable = Truth.UNDECIDABLE
    problems += [
        Problem(code=Code.UNPROVEN, message=f"{finding.path} cannot be judged: {finding.actual}")
        for finding in findings
        if finding.truth is undecidable
    ]
    return problems


def _doubts_of_absence(job: Job, findings: Sequence[Finding]) -> Iterator[Problem]:
    """Say why it counts for nothing that a job is missing, where no other job of its provider was observed."""
    if isinstance(job.expect, Absence):
        doubt = "its absence is not proven"
    elif any(finding.waiver for finding in findings):
        doubt = "that it is missing cannot be waived"
    else:
        return
    message = (
        f"{doubt}: no other job of provider {job.provider.name} was observed in this run, and a wrong project id looks "
        "the same; select one that is there, too"
    )
    yield Problem(code=Code.UNPROVEN, message=message)


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
