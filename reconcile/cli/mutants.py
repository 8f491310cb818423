"""Runs the gate on mutants: each replaces the observation of one remote job, and survives if the gate stays green."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconcile.authoring import describe_job
from reconcile.codes import Code
from reconcile.errors import ReconcileError
from reconcile.fetch.replay import observe_exchange
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Job, Manifest
from reconcile.model.observation import Missing, Observation, Observed, Unobserved
from reconcile.model.plan import ExitCode, JobPlan, Plan, Truth, Verdict
from reconcile.model.proof import Baseline, Mutant, Proof, Survivor
from reconcile.model.recording import Exchange
from reconcile.model.value import JsonValue
from reconcile.mutation import Bystanders, bound_time, isolate, list_mutants, write_answer
from reconcile.plan import accept_evidence, make_plan, proves_something

_ENDPOINT = "http://localhost"
"""The endpoint in messages about mutated responses."""


class BaselineRun(Struct, frozen=True, kw_only=True):
    """
    The run that is mutated. All its jobs are in sync.

    `observations` and `jobs` have one element for each job of the manifest, in its order. Sensitive values are hidden
    in `jobs` only.
    """

    baseline: Baseline
    manifest: Manifest
    observations: tuple[Observed | Missing, ...]
    jobs: tuple[JobPlan, ...]
    now: datetime
    strict: bool

    def judge(self, indexes: Sequence[int], observations: Sequence[Observation]) -> Plan:
        """Judge some of the jobs in the same way as `reconcile plan` judges all."""
        manifest = replace(self.manifest, jobs=isolate([self.manifest.jobs[index] for index in indexes]))
        return _judge(manifest, observations, now=self.now, strict=self.strict)


def make_baseline(
    manifest: Manifest, baseline: Baseline, observations: Sequence[Observation], now: datetime, *, strict: bool
) -> BaselineRun:
    """Write each observation as a response, read it back, and judge the run; raise ReconcileError if not in sync."""
    read = [
        each if isinstance(each, Unobserved) else _read(job, write_answer(job, each, at=now), each, strict=strict)
        for job, each in zip(manifest.jobs, observations, strict=True)
    ]
    plan = _judge(manifest, read, now=now, strict=strict)
    if plan.exit_code is not ExitCode.IN_SYNC:
        raise ReconcileError(_explain_baseline(plan, baseline))
    return BaselineRun(
        baseline=baseline,
        manifest=manifest,
        observations=tuple(each for each in read if not isinstance(each, Unobserved)),
        jobs=plan.jobs,
        now=now,
        strict=strict,
    )


def run_mutants(run: BaselineRun, *, every_time: bool, allowed: int) -> Proof:
    """Judge the run once for each mutant of each remote job."""
    bystanders = Bystanders(run.manifest, run.observations, [proves_something(job) for job in run.jobs])
    killed = permitted = 0
    survivors: list[Survivor] = []
    for members in bystanders.remote_jobs():
        jobs = [run.manifest.jobs[index] for index in members]
        indexes = bystanders.find(members)
        for mutant in list_mutants(jobs, run.observations[members[0]], now=run.now, every_time=every_time):
            mutated = _read(jobs[0], mutant.exchange, run.observations[members[0]], strict=run.strict)
            if mutant.looks is not None and isinstance(mutated, Observed):
                mutated = replace(mutated, looks=mutant.looks)
            plan = run.judge(indexes, [mutated if each in members else run.observations[each] for each in indexes])
            if plan.exit_code is not ExitCode.IN_SYNC:
                killed += 1
            elif mutant.permitted:
                permitted += 1
            else:
                survivors.append(_describe(run, members, mutant, plan))
    return Proof(
        baseline=run.baseline,
        jobs=len(bystanders.remote_jobs()),
        killed=killed,
        permitted=permitted,
        survivors=tuple(survivors),
        allowed=allowed,
    )


def _explain_baseline(plan: Plan, baseline: Baseline) -> Iterator[Diagnostic]:
    """Yield why the run is not in sync, for every job and for the run."""
    made_up = baseline is Baseline.MANIFEST
    hint = "try --replay or --live" if made_up else "run 'reconcile plan' for details"
    for job in plan.jobs:
        for problem in job.problems:
            yield Diagnostic(code=problem.code, message=f"{job.job.address}: {problem.message}", source=job.job.source)
        if job.verdict not in (Verdict.IN_SYNC, Verdict.WAIVED, Verdict.ERROR):
            paths = [finding.path for finding in job.findings if finding.truth is not Truth.HOLDS]
            what = "no observation could be invented that satisfies it" if made_up else f"it is {job.verdict.value}"
            message = f"{job.job.address} is not in sync to begin with: {what} ({', '.join(paths)})"
            yield Diagnostic(code=Code.NO_BASELINE, message=message, hint=hint, source=job.job.source)
    yield from plan.errors


def _judge(manifest: Manifest, observations: Sequence[Observation], *, now: datetime, strict: bool) -> Plan:
    return make_plan(manifest, observations, now=now, origins={}, strict=strict)


def _read(job: Job, exchange: Exchange, original: Observed | Missing, *, strict: bool) -> Observation:
    """Parse a response as `reconcile plan` does, as if every look of the run had returned it."""
    observation = accept_evidence(observe_exchange(job, exchange, _ENDPOINT), strict=strict)
    if isinstance(observation, Observed) and isinstance(original, Observed):
        return replace(observation, looks=original.looks)
    return observation


def _describe(run: BaselineRun, members: Sequence[int], mutant: Mutant, plan: Plan) -> Survivor:
    """Describe a survivor by the first of the jobs that share it. A waiver comes before a missing expectation."""
    job = run.jobs[members[0]]
    mine = [each for each in plan.jobs if each.job.job_id == job.job.job_id and each.job.provider is job.job.provider]
    waivers = [finding.waiver for each in mine for finding in each.findings if finding.waiver is not None]
    return Survivor(
        job=job.job,
        path=mutant.path,
        change=mutant.change,
        killer=None if waivers else _find_killer(job, mutant.path),
        waiver=waivers[0] if waivers else None,
    )


def _find_killer(job: JobPlan, path: str) -> Mapping[str, JsonValue] | None:
    """Return the expectation that would catch the mutant: the mutated field, described as exactly as possible."""
    if not isinstance(job.observation, Observed):
        return None
    api = job.job.provider.api
    name = path.partition("[")[0].partition(".")[0]
    described = describe_job(job.observation, api).expect
    if name in described:
        return {name: described[name]}
    bound = bound_time(job.observation, name, api)
    return None if bound is None else {name: bound}
