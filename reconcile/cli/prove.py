"""`reconcile prove`: the gate under test."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import click
from msgspec import Struct
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.fetching import fetch_declared, find_targets
from reconcile.cli.invocation import Done, Invocation, pass_invocation
from reconcile.cli.manifests import load_declared
from reconcile.cli.options.access import Access, access_options
from reconcile.cli.options.declaration import (
    Declaration,
    ManifestCommand,
    Selection,
    manifest_options,
    selection_options,
)
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.recording import Playback, name_given
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.model import (
    Baseline,
    Diagnostic,
    Exchange,
    ExitCode,
    Fetched,
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

_ENDPOINT = "http://localhost"
"""Whom the mutated answers come from; only a message about an answer that never came names it."""


class _Scene(Struct, frozen=True, kw_only=True):
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


@click.command(cls=ManifestCommand)
@manifest_options
@selection_options
@click.option("--replay", metavar="DIR", type=FilePath(), help="Mutate what a recording holds, judged at its time.")
@click.option("--live", is_flag=True, help="Mutate what the job API answers now.")
@access_options
@click.option(
    "--mutants",
    type=click.Choice(["asserted", "all"]),
    default="asserted",
    help="all: move times of which nothing is asserted, too. Default: asserted.",
)
@click.option(
    "--allow-survivors",
    "allowed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Put up with so many survivors. Default: 0.",
)
@format_option("text", "json")
@colour_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing beside documents and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say where requests go and which credential is used.")
@pass_invocation
def command(  # noqa: PLR0913, PLR0917 - click passes each option by itself
    invocation: Invocation,
    declaration: Declaration,
    selection: Selection,
    replay: str | None,
    live: bool,
    access: Access,
    mutants: str,
    allowed: int,
    format_name: str,
    quiet: bool,
    verbose: bool,
) -> Done | ExitCode:
    """Test the gate: change what was observed, and see whether it turns red.

    Offline, observations are made up that satisfy the manifest; --replay takes those of a recording, --live those of
    now. Each is then changed in one thing: the job's status, type, error code, fail reason and id; a sub-job gone,
    added, of another type, with another status; the job missing; 401, 403, 404, 429, 500, no answer in time, garbage.
    Every change is written as the API's answer, read as plan reads answers, and judged as plan judges them.

    A change that leaves the gate green is a survivor, told with the expectation that kills it. What the manifest
    permits in so many words is none: a status in a list, a number of sub-jobs in a range, others under contains and
    none. A fail reason in other words counts where one is expected, a time where one is asserted.

    \b
    Exits with 0 if no more survive than are allowed, 1 if the jobs are not in
    sync to begin with or nothing could be decided, 2 if more survive.

    \b
    Examples:
      reconcile prove
      reconcile prove storage/ --target 'jobs.bind-*' --allow-survivors 2
      reconcile prove --replay monday --mutants all
      reconcile prove --live -o json | jq .survivors
    """
    try:
        _check_usage(replay, access, live=live)
        playback = Playback(replay, quiet=quiet) if replay is not None else None
        if playback is not None:
            invocation = replace(invocation, clock=playback.tell_time)
        silent = quiet or format_name != "text"
        patience = access.limit if live else None
        declared = load_declared(declaration, invocation, quiet=silent, patience=patience)
        selected = _select(declared, selection)
        now = playback.judged_at if playback is not None else invocation.clock()
        observations: Sequence[Observation]
        if playback is not None:
            baseline, observations = Baseline.RECORDING, _believe(playback.replay(selected)[0], declaration)
        elif live:
            fetched = _fetch(selected, declared, access, invocation, declaration, quiet=quiet, verbose=verbose)
            baseline, observations, now = Baseline.LIVE, _believe(fetched, declaration), invocation.clock()
        else:
            baseline, observations = Baseline.MANIFEST, _make_up(selected, now)
        scene = _set_scene(baseline, selected, observations, now=now, strict=declaration.strict)
        proof = _prove(scene, every_time=mutants == "all", allowed=allowed)
    except ReconcileError as error:
        error.terse = quiet or format_name != "text"
        if format_name == "json":
            from reconcile.report.proof import render_failure_as_json

            output.write(render_failure_as_json(error.diagnostics))
        raise
    from reconcile.report.proof import render_proof, render_proof_as_json

    palette = output.choose_palette(invocation.colour, sys.stdout, invocation.environ)
    text = render_proof_as_json(proof) if format_name == "json" else render_proof(proof, _write_expect, palette)
    output.write(text)
    return Done.DONE if proof.holds else ExitCode.DRIFT


def _write_expect(expect: Mapping[str, JsonValue]) -> Iterator[str]:
    from reconcile.document.writing import write_block

    return write_block(expect, indent=0)


def _check_usage(replay: str | None, access: Access, *, live: bool) -> None:
    """Raise UsageError for options that have no meaning together."""
    if live and replay is not None:
        raise UsageError.because(Code.USAGE, "--live and --replay are both given", hint="choose one")
    senseless = name_given(access)
    if senseless and not live:
        message = f"without --live nobody is asked, so {', '.join(senseless)} cannot be given"
        raise UsageError.because(Code.USAGE, message, hint="add --live, or leave it out")


def _select(manifest: Manifest, selection: Selection) -> Manifest:
    from reconcile.manifest.selection import select_jobs

    return select_jobs(manifest, targets=selection.targets, selectors=selection.selectors)


# --- What is observed ------------------------------------------------------------------------------------------


def _make_up(manifest: Manifest, now: datetime) -> Sequence[Observed | Missing]:
    """Make up observations that satisfy the manifest, as far as there are any."""
    from reconcile.mutation import make_up

    members: dict[tuple[str, str], list[Job]] = {}
    for job in manifest.jobs:
        members.setdefault((job.provider.name, job.job_id), []).append(job)
    made_up = {key: make_up(jobs, now=now) for key, jobs in members.items()}
    return [made_up[job.provider.name, job.job_id] for job in manifest.jobs]


def _fetch(
    selected: Manifest,
    declared: Manifest,
    access: Access,
    invocation: Invocation,
    declaration: Declaration,
    *,
    quiet: bool,
    verbose: bool,
) -> Sequence[Fetched]:
    targets = find_targets(selected, declared, access, invocation, verbose=verbose)
    fetched, ended_by = fetch_declared(selected, targets, access, invocation, strict=declaration.strict, quiet=quiet)
    if ended_by is not None:
        raise KeyboardInterrupt
    return fetched


def _believe(fetched: Sequence[Fetched], declaration: Declaration) -> Sequence[Observation]:
    from reconcile.plan import believe

    return [believe(each, strict=declaration.strict) for each in fetched]


def _set_scene(
    baseline: Baseline, manifest: Manifest, observations: Sequence[Observation], *, now: datetime, strict: bool
) -> _Scene:
    """Return the run as it is, each observation written and read again; raise ReconcileError if it is not in sync."""
    from reconcile.mutation import write_answer

    seen = [
        each if isinstance(each, Unobserved) else _read(job, write_answer(job, each, at=now), strict=strict)
        for job, each in zip(manifest.jobs, observations, strict=True)
    ]
    plan = _judge(manifest, seen, now=now, strict=strict)
    if plan.exit_code is not ExitCode.IN_SYNC:
        raise ReconcileError(_explain_baseline(plan, baseline))
    return _Scene(
        baseline=baseline,
        manifest=manifest,
        observations=tuple(each for each in seen if not isinstance(each, Unobserved)),
        jobs=plan.jobs,
        now=now,
        strict=strict,
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


# --- What is made of it ----------------------------------------------------------------------------------------


def _judge(manifest: Manifest, observations: Sequence[Observation], *, now: datetime, strict: bool) -> Plan:
    from reconcile.plan import make_plan

    return make_plan(manifest, observations, now=now, origins={}, strict=strict)


def _read(job: Job, exchange: Exchange, *, strict: bool) -> Observation:
    """Read an answer as `reconcile plan` reads it."""
    from reconcile.fetch import observe_exchange
    from reconcile.plan import believe

    return believe(observe_exchange(job, exchange, _ENDPOINT), strict=strict)


def _prove(scene: _Scene, *, every_time: bool, allowed: int) -> Proof:
    """Put every mutant of every remote job in the place of what was observed, alone, and let the run be decided."""
    from reconcile.mutation import Company, list_mutants

    company = Company(scene.manifest, scene.observations, [job.verdict is Verdict.IN_SYNC for job in scene.jobs])
    killed = permitted = 0
    survivors: list[Survivor] = []
    for members in company.remote_jobs():
        jobs = [scene.manifest.jobs[index] for index in members]
        indexes = company.find(members)
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
        jobs=len(company.remote_jobs()),
        killed=killed,
        permitted=permitted,
        survivors=tuple(survivors),
        allowed=allowed,
    )


def _describe(scene: _Scene, members: Sequence[int], mutant: Mutant, plan: Plan) -> Survivor:
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
    from reconcile.authoring import describe_job
    from reconcile.mutation import bound_time

    if not isinstance(job.observation, Observed):
        return None
    api = job.job.provider.api
    name = path.partition("[")[0].partition(".")[0]
    said = describe_job(job.observation, api).expect
    if name in said:
        return {name: said[name]}
    bound = bound_time(job.observation, name, api)
    return None if bound is None else {name: bound}
