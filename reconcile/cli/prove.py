"""`reconcile prove`: the gate under test."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.deadline import Deadline, set_deadline
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
    ExitCode,
    Fetched,
    Job,
    JsonValue,
    Manifest,
    Missing,
    Observation,
    Observed,
)


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
    from reconcile.cli.proving import prove_gate, set_scene

    deadline = set_deadline(access.limit, invocation.timer) if live else None
    try:
        _check_usage(replay, access, live=live)
        playback = Playback(replay, quiet=quiet) if replay is not None else None
        if playback is not None:
            invocation = replace(invocation, clock=playback.tell_time)
        silent = quiet or format_name != "text"
        declared = load_declared(declaration, invocation, quiet=silent, deadline=deadline)
        selected = _select(declared, selection)
        now = playback.judged_at if playback is not None else invocation.clock()
        observations: Sequence[Observation]
        if playback is not None:
            baseline, observations = Baseline.RECORDING, _believe(playback.replay(selected)[0], declaration)
        elif deadline is not None:
            fetched = _fetch(
                selected, declared, access, invocation, declaration, deadline, quiet=quiet, verbose=verbose
            )
            baseline, observations, now = Baseline.LIVE, _believe(fetched, declaration), invocation.clock()
        else:
            baseline, observations = Baseline.MANIFEST, _make_up(selected, now)
        scene = set_scene(baseline, selected, observations, now=now, strict=declaration.strict)
        proof = prove_gate(scene, every_time=mutants == "all", allowed=allowed)
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
    deadline: Deadline,
    *,
    quiet: bool,
    verbose: bool,
) -> Sequence[Fetched]:
    targets = find_targets(selected, declared, access, invocation, verbose=verbose)
    fetched, ended_by = fetch_declared(
        selected, targets, access, invocation, deadline=deadline, strict=declaration.strict, quiet=quiet
    )
    if ended_by is not None:
        raise KeyboardInterrupt
    return fetched


def _believe(fetched: Sequence[Fetched], declaration: Declaration) -> Sequence[Observation]:
    from reconcile.plan import accept_evidence

    return [accept_evidence(each, strict=declaration.strict) for each in fetched]
