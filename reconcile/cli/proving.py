"""The mutants of a run, each put in the place of what was observed, and what survives."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconcile.authoring import describe_job
from reconcile.codes import Code
from reconcile.errors import ReconcileError
from reconcile.fetch.replay import observe_exchange
from reconcile.model import (
    Baseline,
    Diagnostic,
    Exchange,
    ExitCode,
    Job,
    JobPlan,
    JsonValue,
    Manifest,
    Missing,
    Mutant,
    Observation,
    Observed,
    Plan,
    Proof,
    Survivor,
    Truth,
    Unobserved,
    Verdict,
)
from reconcile.mutation import Bystanders, bound_time, list_mutants, write_answer
from reconcile.plan import accept_evidence, make_plan

_ENDPOINT = "http://localhost"
"""Whom the mutated answers come from; only a message about an answer that never came names it."""


class Scene(Struct, frozen=True, kw_only=True):
    """
    A run whose jobs are all in sync: where the mutants begin.

    `observations` and `jobs` are one for each job of the manifest, in its order; what is sensitive is hidden in those
    of `jobs` only.
    """

    baseline: Baseline
    manifest: Manifest
    observations: tuple[Observed | Missing, ...]
    jobs: tuple[JobPlan, ...]
    now: datetime
    strict: bool

    def judge(self, indexes: Sequence[int], observations: Sequence[Observation]) -> Plan:
        """Judge some of the jobs, as `reconcile plan` judges all."""
        manifest = replace(self.manifest, jobs=tuple(self.manifest.jobs[index] for index in indexes))
        return _judge(manifest, observations, now=self.now, strict=self.strict)


def set_scene(
    baseline: Baseline, manifest: Manifest, observations: Sequence[Observation], *, now: datetime, strict: bool
) -> Scene:
    """Return the run as it is, each observation written and read again; raise ReconcileError if it is not in sync."""
    seen = [
        each if isinstance(each, Unobserved) else _read(job, write_answer(job, each, at=now), strict=strict)
        for job, each in zip(manifest.jobs, observations, strict=True)
    ]
    plan = _judge(manifest, seen, now=now, strict=strict)
    if plan.exit_code is not ExitCode.IN_SYNC:
        raise ReconcileError(_explain_baseline(plan, baseline))
    return Scene(
        baseline=baseline,
        manifest=manifest,
        observations=tuple(each for each in seen if not isinstance(each, Unobserved)),
        jobs=plan.jobs,
        now=now,
        strict=strict,
    )


def prove_gate(scene: Scene, *, every_time: bool, allowed: int) -> Proof:
    """Put every mutant of every remote job in the place of what was observed, alone, and let the run be decided."""
    bystanders = Bystanders(scene.manifest, scene.observations, [job.verdict is Verdict.IN_SYNC for job in scene.jobs])
    killed = permitted = 0
    survivors: list[Survivor] = []
    for members in bystanders.remote_jobs():
        jobs = [scene.manifest.jobs[index] for index in members]
        indexes = bystanders.find(members)
        for mutant in list_mutants(jobs, scene.observations[members[0]], now=scene.now, every_time=every_time):
            seen = _read(jobs[0], mutant.exchange, strict=scene.strict)
            plan = scene.judge(indexes, [seen if each in members else scene.observations[each] for each in indexes])
            if plan.exit_code is not ExitCode.IN_SYNC:
                killed += 1
            elif mutant.permitted:
                permitted += 1
            else:
                survivors.append(_describe(scene, members, mutant, plan))
    return Proof(
        baseline=scene.baseline,
        jobs=len(bystanders.remote_jobs()),
        killed=killed,
        permitted=permitted,
        survivors=tuple(survivors),
        allowed=allowed,
    )


def _explain_baseline(plan: Plan, baseline: Baseline) -> Iterator[Diagnostic]:
    """Say of every job that is not in sync why, and of the run."""
    made_up = baseline is Baseline.MANIFEST
    hint = "try --replay or --live" if made_up else "'reconcile plan' tells more"
    for job in plan.jobs:
        for problem in job.problems:
            yield Diagnostic(code=problem.code, message=f"{job.job.address}: {problem.message}", source=job.job.source)
        if job.verdict not in (Verdict.IN_SYNC, Verdict.WAIVED, Verdict.ERROR):
            paths = [finding.path for finding in job.findings if finding.truth is not Truth.HOLDS]
            what = "no observation could be made up that satisfies it" if made_up else f"it is {job.verdict.value}"
            message = f"{job.job.address} is not in sync to begin with: {what} ({', '.join(paths)})"
            yield Diagnostic(code=Code.NO_BASELINE, message=message, hint=hint, source=job.job.source)
    yield from plan.errors


def _judge(manifest: Manifest, observations: Sequence[Observation], *, now: datetime, strict: bool) -> Plan:
    return make_plan(manifest, observations, now=now, origins={}, strict=strict)


def _read(job: Job, exchange: Exchange, *, strict: bool) -> Observation:
    """Read an answer as `reconcile plan` reads it."""
    return accept_evidence(observe_exchange(job, exchange, _ENDPOINT), strict=strict)


def _describe(scene: Scene, members: Sequence[int], mutant: Mutant, plan: Plan) -> Survivor:
    """Say what survived, of the first job that is the remote job, and why; a waiver comes before what is not said."""
    job = scene.jobs[members[0]]
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
    """Return what is said of the mutated place when a job is described as exactly as a manifest can."""
    if not isinstance(job.observation, Observed):
        return None
    api = job.job.provider.api
    name = path.partition("[")[0].partition(".")[0]
    said = describe_job(job.observation, api).expect
    if name in said:
        return {name: said[name]}
    bound = bound_time(job.observation, name, api)
    return None if bound is None else {name: bound}
