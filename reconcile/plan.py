"""
Manifest + Observations -> Plan. Pure.

Only `_decide_run` decides the verdict and the exit code of a run.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile import __version__
from reconcile.codes import Code
from reconcile.judge import ORDER, SETTLE, STUCK, judge_job, judge_order
from reconcile.model.diagnostic import Diagnostic, Problem
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Absence, Job, Manifest, Waiver
from reconcile.model.observation import Fetched, Missing, Observation, Observed, Timing, Unobserved
from reconcile.model.plan import ExitCode, Finding, JobDetails, JobPlan, Keep, Plan, Summary, Truth, Verdict
from reconcile.model.value import SENSITIVE

# Looked up once, because getting a member of an enum is slow in CPython 3.11.
_HOLDS, _CAN_HOLD, _CANNOT_HOLD, _UNDECIDABLE = Truth.HOLDS, Truth.CAN_HOLD, Truth.CANNOT_HOLD, Truth.UNDECIDABLE

_EXIT_CODES = {
    Verdict.IN_SYNC: ExitCode.IN_SYNC,
    Verdict.DRIFT: ExitCode.DRIFT,
    Verdict.PENDING: ExitCode.PENDING,
    Verdict.ERROR: ExitCode.ERROR,
}

_WORST_FIRST = (Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING, Verdict.IN_SYNC)

_SOFTENED = (Verdict.DRIFT, Verdict.PENDING)

_PASSING = (Verdict.IN_SYNC, Verdict.WAIVED)
"""Verdicts of jobs that do not turn a run red; their evidence is checked a second time."""

_DECIDED = (Verdict.IN_SYNC, Verdict.DRIFT, Verdict.WAIVED)
_OVER = (Code.DEADLINE, Code.INTERRUPTED, Code.NOT_REACHED)
"""Codes of jobs that were not fetched because the run was over."""
_OF_LOOKS = (SETTLE, STUCK)
"""Findings about the looks of a run, not about what the job did: alone, they prove nothing."""
_ABOUT_WAIVERS = (Code.WAIVER_EXPIRED, Code.WAIVER_COVERS_ALL)

_NO_TIMING = Timing()

_NOTHING = Manifest(files=(), providers={}, jobs=())


def make_plan(  # noqa: PLR0913 - a plan has this many inputs
    manifest: Manifest,
    observations: Sequence[Observation],
    *,
    now: datetime,
    origins: Mapping[str, str],
    notes: Sequence[tuple[str, ...]] = (),
    timings: Sequence[Timing] = (),
    strict: bool = False,
    soft_fail: bool = False,
    ended_by: ExitCode | None = None,
    keep: Keep | None = None,
) -> Plan:
    """
    Judge every job and decide the run.

    Args:
        observations: one for each job of the manifest, in its order.
        now: the time of judging, in UTC.
        origins: name of each provider -> scheme, host and port of its requests.
        notes: for each job, the notes about how it was fetched; empty if unknown.
        timings: one for each job; empty if unknown.
        strict: ignore waivers, and treat warnings as errors, except that those about waivers stay warnings if a job has
            drifted.
        soft_fail: drift and pending exit with 0, as the operator wants; the verdict does not change.
        ended_by: the exit code of the signal that ended the run early, if one did.
        keep: stores the details of each job and returns a handle that reads them back; None keeps them in memory.

    Raises:
        ValueError: observations, notes or timings do not have exactly one element for each job.
    """
    seen_at: set[tuple[str, ...]] = set()
    unreached: set[str] = set()
    for job, observation in zip(manifest.jobs, observations, strict=True):
        if isinstance(observation, Observed):
            seen_at.add(_name_place(job))
        elif _is_unreached(observation):
            unreached.add(job.address)
    count = len(manifest.jobs)
    each_with = zip(manifest.jobs, observations, notes or ((),) * count, timings or (_NO_TIMING,) * count, strict=True)
    orders = _judge_orders(manifest.jobs, observations, now)
    jobs = tuple(
        [
            _plan_job(
                job,
                each,
                own,
                timing=timing,
                now=now,
                confirmed=_name_place(job) in seen_at,
                strict=strict,
                order=orders.get(job.address),
                orphaned=job.after is not None and job.after.address in unreached,
                keep=keep,
            )
            for job, each, own, timing in each_with
        ]
    )
    warnings = (*manifest.warnings, *_list_waiver_warnings(jobs, manifest, now))
    harmless = _ABOUT_WAIVERS if any(job.verdict is Verdict.DRIFT for job in jobs) else ()
    promoted = tuple(warning for warning in warnings if strict and warning.code not in harmless)
    errors = (*promoted, *_list_reasons_against(jobs, manifest))
    verdict, exit_code = _decide_run(jobs, errors, soft_fail=soft_fail, ended_by=ended_by)
    return Plan(
        manifest=manifest,
        judged_at=now,
        origins=origins,
        jobs=jobs,
        summary=_summarize(jobs),
        errors=errors,
        warnings=tuple(warning for warning in warnings if warning not in promoted),
        complete=ended_by is None and not any(map(_is_cut_off, jobs)),
        soft_fail=soft_fail,
        verdict=verdict,
        exit_code=exit_code,
    )


def _judge_orders(jobs: Sequence[Job], observations: Sequence[Observation], now: datetime) -> Mapping[str, Finding]:
    """Judge the order of each observed job that must come after another one; return the findings by address."""
    ordered = [(job, each) for job, each in zip(jobs, observations, strict=True) if job.after is not None]
    if not ordered:
        return {}
    known = {job.address: (job, each) for job, each in zip(jobs, observations, strict=True)}
    return {
        job.address: judge_order(job.after, job, seen, *known.get(job.after.address, (None, None)), now=now)
        for job, seen in ordered
        if job.after is not None and isinstance(seen, Observed)
    }


def _name_place(job: Job) -> tuple[str, ...]:
    """Name the place of a job without its id: provider and parameters."""
    if not job.parameters:
        return (job.provider.name,)
    return job.provider.name, *(f"{name}={job.parameters[name]}" for name in sorted(job.parameters))


def derive_plan(evidence: Evidence, *, keep: Keep | None = None) -> Plan:
    """
    Derive the plan from the evidence of a run.

    Args:
        keep: see `make_plan`.

    Raises:
        ValueError: observations, remarks or timings do not have exactly one element for each job.
    """
    return replace(
        _judge_evidence(evidence, keep),
        tool=evidence.tool,
        started_at=evidence.started_at,
        paths=evidence.paths,
        run_url=evidence.run_url,
        trace_parent=evidence.trace_parent,
    )


def _judge_evidence(evidence: Evidence, keep: Keep | None) -> Plan:
    if evidence.errors and not evidence.manifest.jobs:
        failed = make_failed_plan(evidence.errors, now=evidence.judged_at, ended_by=evidence.ended_by)
        return replace(failed, manifest=replace(_NOTHING, files=evidence.manifest.files))
    plan = make_plan(
        evidence.manifest,
        evidence.observations,
        now=evidence.judged_at,
        origins=evidence.origins,
        notes=evidence.remarks,
        timings=evidence.timings,
        strict=evidence.strict,
        soft_fail=evidence.soft_fail,
        ended_by=evidence.ended_by,
        keep=keep,
    )
    return _fail_plan(plan, evidence) if evidence.errors else plan


def _fail_plan(plan: Plan, evidence: Evidence) -> Plan:
    """Return the plan of a run that failed after its jobs were judged."""
    errors = (*evidence.errors, *plan.errors)
    verdict, exit_code = _decide_run(plan.jobs, errors, soft_fail=evidence.soft_fail, ended_by=evidence.ended_by)
    return replace(plan, errors=errors, verdict=verdict, exit_code=exit_code, complete=False)


def make_failed_plan(errors: Sequence[Diagnostic], *, now: datetime, ended_by: ExitCode | None = None) -> Plan:
    """
    Make the plan of a run that ended before any job could be judged, so that every format can show why.

    Args:
        errors: why the run ended, at least one.
        now: when it ended, in UTC.
        ended_by: the exit code of the signal that ended it, if one did.
    """
    verdict, exit_code = _decide_run((), errors, soft_fail=False, ended_by=ended_by)
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
        verdict=verdict,
        exit_code=exit_code,
    )


def make_failed_evidence(errors: Sequence[Diagnostic], *, now: datetime) -> Evidence:
    """Make the evidence of a failed plan; the arguments are those of `make_failed_plan`."""
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
    counts = Counter([job.verdict for job in jobs])
    return Summary(
        selected=len(jobs),
        in_sync=counts[Verdict.IN_SYNC],
        drift=counts[Verdict.DRIFT],
        pending=counts[Verdict.PENDING],
        waived=counts[Verdict.WAIVED],
        error=counts[Verdict.ERROR],
    )


# --- Fetching --------------------------------------------------------------------------------------------------


def is_final(job: Job, observation: Observed | Missing, *, now: datetime, strict: bool, followed: bool = False) -> bool:
    """
    Return whether no further look can change the verdict of a job, or of one that must come after it.

    A job that has ended no longer changes, but one that has to settle is polled until it has.

    Args:
        strict: see `make_plan`.
        followed: whether another job must come after this one, so that its end matters.
    """
    findings = judge_job(job, observation, now=now).findings
    verdict = _decide_job(_waive(findings, job.waivers, now, strict=strict))
    if verdict is Verdict.DRIFT or isinstance(observation, Missing):
        return verdict is not Verdict.PENDING
    if job.provider.api.statuses[observation.status].terminal:
        return not any(finding.path == SETTLE and finding.truth is _CAN_HOLD for finding in findings)
    if verdict is Verdict.PENDING:
        return False
    return not (followed or (job.after is not None and observation.begin_time is None))


def is_order_broken(
    job: Job, observed: Observed, other: Job, seen: Observation, *, now: datetime, strict: bool
) -> bool:
    """
    Return whether a job has drifted, permanently, because it did not come after the other one.

    Args:
        observed: the observation of the job.
        other: the job that it must come after, and `seen` its observation.
        strict: see `make_plan`.
    """
    if job.after is None:
        return False
    finding = judge_order(job.after, job, observed, other, seen, now=now)
    return _decide_job(_waive((finding,), job.waivers, now, strict=strict)) is Verdict.DRIFT


def ends_fail_fast(job: Job, fetched: Fetched, *, now: datetime, strict: bool) -> bool:
    """Return whether a job ends a run with --fail-fast: it has drifted or cannot be checked."""
    observation = accept_evidence(fetched, strict=strict)
    planned = _plan_job(job, observation, (), now=now, confirmed=True, strict=strict)
    return planned.verdict in (Verdict.DRIFT, Verdict.ERROR)


def accept_evidence(fetched: Fetched, *, strict: bool) -> Observation:
    """Return the observation of a job; with `strict`, an old answer from a cache is not accepted as evidence."""
    if strict and fetched.cached is not None and not isinstance(fetched.observation, Unobserved):
        message = f"the answer came from a cache and was {fetched.cached} s old, which --strict does not accept"
        return Unobserved(
            problem=Problem(code=Code.UNPROVEN, message=message), request_id=fetched.observation.request_id
        )
    return fetched.observation


# --- The run ---------------------------------------------------------------------------------------------------


def _decide_run(
    jobs: Sequence[JobPlan], errors: Sequence[Diagnostic], *, soft_fail: bool, ended_by: ExitCode | None
) -> tuple[Verdict, ExitCode]:
    """
    Decide a run: its own errors first, then its worst job. A run without jobs, or cut short, never passes.

    A run of waived jobs alone is in sync here; `_list_reasons_against` adds an error if it proves nothing.
    """
    worst = _find_worst(jobs, soft_fail=soft_fail)
    verdict = Verdict.ERROR if errors or (ended_by and worst is Verdict.IN_SYNC) else worst
    softened = soft_fail and verdict in _SOFTENED
    return verdict, ended_by or _EXIT_CODES[Verdict.IN_SYNC if softened else verdict]


def _find_worst(jobs: Sequence[JobPlan], *, soft_fail: bool) -> Verdict:
    """
    Return the verdict of the worst job.

    If --fail-fast ended the run at a drift, the errors of the jobs that were not reached do not hide that drift.
    Without a drift, or with `soft_fail`, which would let the drift pass, they are errors like any other.
    """
    verdicts = {job.verdict for job in jobs}
    errors = (job for job in jobs if job.verdict is Verdict.ERROR)
    if not soft_fail and Verdict.DRIFT in verdicts and all(map(_ends_unreached, errors)):
        return Verdict.DRIFT
    return next((each for each in _WORST_FIRST if each in verdicts), Verdict.IN_SYNC if verdicts else Verdict.ERROR)


def _is_unreached(observation: Observation) -> bool:
    """Return whether a job was not fetched because --fail-fast ended the run."""
    return isinstance(observation, Unobserved) and observation.problem.code is Code.NOT_REACHED


def _ends_unreached(plan: JobPlan) -> bool:
    """Return whether the only problem of a job is that --fail-fast skipped it or the job that it must come after."""
    return bool(plan.problems) and all(each.code is Code.NOT_REACHED for each in plan.problems)


def _list_reasons_against(jobs: Sequence[JobPlan], manifest: Manifest) -> Iterator[Diagnostic]:
    """
    List the reasons why a run proves nothing although no verdict of a job is red.

    The evidence of passing verdicts is checked a second time here, so that no bug elsewhere can turn a gate green.
    """
    verdicts = {job.verdict for job in jobs}
    if len(jobs) != len(manifest.jobs) or not verdicts:
        yield Diagnostic(code=Code.UNPROVEN, message="not every job of the manifest was checked: nothing is proven")
    elif verdicts == {Verdict.WAIVED} and not any(map(proves_something, jobs)):
        message, hint = "the drift of every job is waived: nothing is proven", "select a job that needs no waiver, too"
        yield Diagnostic(code=Code.UNPROVEN, message=message, hint=hint)
    contradicting = _find_contradicting(jobs)
    for position, job in enumerate(jobs):
        if position in contradicting:
            message = f"{job.job.address} and another job of this plan disagree about the same remote job"
            yield Diagnostic(code=Code.UNPROVEN, message=message)
        if job.verdict in _PASSING and not _is_proven(job):
            yield Diagnostic(code=Code.UNPROVEN, message=f"{job.job.address} is not proven")


def proves_something(plan: JobPlan) -> bool:
    """
    Return whether a job that is in sync or waived proves at least one expectation.

    In a waived job, an expectation counts if an observed value meets it. Absent, zero and hidden values prove nothing,
    nor do expectations that a waiver covers, `settle` or `stuck`.
    """
    return plan.verdict is Verdict.IN_SYNC or any(
        finding.truth is _HOLDS
        and finding.path not in _OF_LOOKS
        and finding.actual not in (None, 0, SENSITIVE)
        and not any(_covers(waiver, finding) for waiver in plan.job.waivers)
        for finding in plan.findings
    )


def _find_contradicting(jobs: Sequence[JobPlan]) -> set[int]:
    """Find the positions of jobs whose status is not that of the first job with the same remote job."""
    if len({job.job.job_id for job in jobs}) == len(jobs):
        return set()  # all remote jobs differ
    contradicting = set()
    first: dict[tuple[str, str], str] = {}
    for position, job in enumerate(jobs):
        status = job.observation.status if isinstance(job.observation, Observed) else type(job.observation).__name__
        if first.setdefault((job.job.provider.name, job.job.job_id), status) != status:
            contradicting.add(position)
    return contradicting


def _is_cut_off(plan: JobPlan) -> bool:
    """Return whether a job was not fetched because the run was over."""
    if plan.verdict is not Verdict.ERROR:
        return False
    observation = plan.observation
    return isinstance(observation, Unobserved) and observation.problem.code in _OVER


def _is_proven(plan: JobPlan) -> bool:
    """Return whether a job was observed in this run, and everything expected of it holds or is waived."""
    return (
        _is_observed(plan)
        and not plan.problems
        and len(plan.findings) > 0
        and not [finding for finding in plan.findings if finding.truth is not _HOLDS and not _is_waived(finding)]
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
    return finding.truth is _CANNOT_HOLD and finding.waiver is not None


# --- One job ---------------------------------------------------------------------------------------------------


def _plan_job(  # noqa: PLR0913 - a job's plan has this many inputs
    job: Job,
    observation: Observation,
    notes: tuple[str, ...],
    *,
    now: datetime,
    confirmed: bool,
    strict: bool,
    timing: Timing = _NO_TIMING,
    keep: Keep | None = None,
    order: Finding | None = None,
    orphaned: bool = False,
) -> JobPlan:
    """
    Judge one job.

    Args:
        notes: about how it was fetched.
        confirmed: whether another job of the same provider and parameters was observed in this run. Otherwise, a job
            may be missing only because the place is wrong.
        strict: see `make_plan`.
        keep: see `make_plan`.
        order: the finding about the job that it must come after, None if there is none or it is unknown.
        orphaned: whether --fail-fast ended the run before that job was fetched; this must not hide a drift.
    """
    if isinstance(observation, Unobserved):
        details = JobDetails(observation=observation, findings=(), notes=notes)
        return JobPlan(job=job, verdict=Verdict.ERROR, problems=(observation.problem,), details=details, timing=timing)
    judgement = judge_job(job, observation, now=now)
    findings = _waive(judgement.findings, job.waivers, now, strict=strict)
    if order is not None and not (orphaned and _decide_job(findings) is Verdict.DRIFT):
        findings = (*findings, *_waive((order,), job.waivers, now, strict=strict))
    problems = tuple(_list_problems(job, observation, findings, confirmed=confirmed, orphaned=orphaned))
    verdict = Verdict.ERROR if problems else _decide_job(findings)
    idle = _note_idle_waivers(job, findings, now) if job.waivers and not strict and verdict in _DECIDED else ()
    details = JobDetails(observation=judgement.shown, findings=findings, notes=(*judgement.notes, *idle, *notes))
    return JobPlan(
        job=job, verdict=verdict, problems=problems, details=keep(details) if keep else details, timing=timing
    )


def _decide_job(findings: Sequence[Finding]) -> Verdict:
    """Decide one job; without findings, nothing is proven."""
    unmet = [finding for finding in findings if finding.truth is not _HOLDS]
    if not unmet:
        return Verdict.IN_SYNC if findings else Verdict.ERROR
    if any(finding.truth is _CANNOT_HOLD and finding.waiver is None for finding in unmet):
        return Verdict.DRIFT
    if any(finding.truth is _CAN_HOLD for finding in unmet):
        return Verdict.PENDING
    return Verdict.WAIVED if any(finding.truth is _CANNOT_HOLD for finding in unmet) else Verdict.ERROR


def _list_problems(
    job: Job, observation: Observed | Missing, findings: Sequence[Finding], *, confirmed: bool, orphaned: bool
) -> list[Problem]:
    """List why a job cannot be decided."""
    problems = [
        Problem(
            code=Code.NOT_REACHED if orphaned and finding.path == ORDER else Code.UNPROVEN,
            message=f"{finding.path} cannot be judged: {finding.actual}",
        )
        for finding in findings
        if finding.truth is _UNDECIDABLE
    ]
    if isinstance(observation, Missing) and not confirmed:
        return [*_list_reasons_against_absence(job, findings), *problems]
    return problems


def _list_reasons_against_absence(job: Job, findings: Sequence[Finding]) -> Iterator[Problem]:
    """List why a missing job proves nothing if no other job was observed in the same place."""
    if isinstance(job.expect, Absence):
        reason = "its absence is not proven"
    elif any(finding.waiver for finding in findings):
        reason = "that it is missing cannot be waived"
    else:
        return
    parameters = " and the same parameters" if job.parameters else ""
    wrong = " or parameter" if job.parameters else ""
    message = (
        f"{reason}: no other job of provider {job.provider.name}{parameters} was observed in this run, and a wrong "
        f"project id{wrong} looks the same; select one that is there, too"
    )
    yield Problem(code=Code.UNPROVEN, message=message)


# --- Waivers ---------------------------------------------------------------------------------------------------


def has_expired(waiver: Waiver, now: datetime) -> bool:
    """Return whether the last day of a waiver is over."""
    return now.date() > waiver.expires


def _waive(
    findings: tuple[Finding, ...], waivers: Sequence[Waiver], now: datetime, *, strict: bool
) -> tuple[Finding, ...]:
    """Add to each drift the first waiver that covers it; expired waivers are ignored, and with `strict` all are."""
    if not waivers:
        return findings
    expired = [waiver for waiver in waivers if has_expired(waiver, now)]
    current = [waiver for waiver in waivers if not has_expired(waiver, now)]
    counting, ignored = ([], current + expired) if strict else (current, expired)
    waived = [replace(finding, waiver=_find_waiver(finding, counting)) for finding in findings]
    return tuple([each if each.waiver else replace(each, ignored=_find_waiver(each, ignored)) for each in waived])


def _find_waiver(finding: Finding, waivers: Sequence[Waiver]) -> Waiver | None:
    if finding.truth is not _CANNOT_HOLD:
        return None
    return next((waiver for waiver in waivers if _covers(waiver, finding)), None)


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return finding.path.split("[")[0].split(".")[0] in waiver.fields


def _note_idle_waivers(job: Job, findings: Sequence[Finding], now: datetime) -> Iterator[str]:
    """Note each current waiver of a decided job that covers no drift."""
    used = {finding.waiver for finding in findings if finding.waiver}
    for waiver in job.waivers:
        if waiver not in used and not has_expired(waiver, now):
            fields = ", ".join(waiver.fields)
            yield f"the waiver of {fields} until {waiver.expires} is not needed any more: nothing there has drifted"


def _list_waiver_warnings(jobs: Sequence[JobPlan], manifest: Manifest, now: datetime) -> Iterator[Diagnostic]:
    """Warn once of each waiver that has expired or covers everything, unless the manifest already warns of it."""
    known = {(warning.code, warning.source) for warning in manifest.warnings}
    found = dict.fromkeys(warning for job in jobs if job.job.waivers for warning in _check_waivers(job, now))
    return (each for each in found if (each.code, each.source) not in known)


def _check_waivers(plan: JobPlan, now: datetime) -> Iterator[Diagnostic]:
    """Warn of each waiver of a job that has expired or covers every assertion."""
    for waiver in plan.job.waivers:
        if has_expired(waiver, now):
            message = f"a waiver of {plan.job.address} expired on {waiver.expires}: what it covered is drift again"
            yield Diagnostic(code=Code.WAIVER_EXPIRED, message=message, source=waiver.source)
        elif plan.findings and all(_covers(waiver, each) for each in plan.findings if each.path not in _OF_LOOKS):
            message = f"a waiver covers every assertion of {plan.job.address}: nothing of this job is proven"
            yield Diagnostic(code=Code.WAIVER_COVERS_ALL, message=message, source=waiver.source)
