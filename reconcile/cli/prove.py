"""`reconcile prove`: test the gate with mutated observations."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Deadline, Done, pass_context
from reconcile.cli.fetching import fetch_manifest, find_targets
from reconcile.cli.manifests import load_manifest, select_jobs
from reconcile.cli.options.access import AccessOptions, access_options
from reconcile.cli.options.manifests import (
    ManifestCommand,
    ManifestOptions,
    SelectionOptions,
    manifest_options,
    selection_options,
)
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import known_apis
from reconcile.cli.recorder import RunReplayer, list_given
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Fetched, Observation
from reconcile.model.plan import ExitCode
from reconcile.model.proof import Baseline, Proof
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape
from reconcile.report.messages import count

if TYPE_CHECKING:
    from reconcile.fetch import Target

_Observations: TypeAlias = tuple[Baseline, Sequence[Observation], datetime]
"""The source of the observations, one observation for each job, and the time of judging."""


@click.command(cls=ManifestCommand)
@manifest_options
@selection_options
@click.option(
    "--replay", metavar="DIR", type=FilePath(), help="Mutate the responses recorded in DIR, as of their time."
)
@click.option("--live", is_flag=True, help="Mutate the current responses of the job API.")
@access_options
@click.option(
    "--mutants",
    type=click.Choice(["asserted", "all"]),
    default="asserted",
    help="all also mutates timestamps that no expectation covers. Default: asserted.",
)
@click.option(
    "--allow-survivors",
    "allowed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Maximum number of survivors. Default: 0.",
)
@format_option("text", "json")
@colour_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the result and errors.")
@pass_context
def command(  # noqa: PLR0913, PLR0917 - click passes each option by itself
    context: Context,
    manifests: ManifestOptions,
    selection: SelectionOptions,
    replay: str | None,
    live: bool,
    access: AccessOptions,
    mutants: str,
    allowed: int,
    format_name: str,
    quiet: bool,
) -> Done | ExitCode:
    """Test the gate: mutate what was observed, and check that the gate turns red.

    By default, offline, the observations are generated to satisfy the manifest. --replay uses those of a recording,
    --live the current ones. Each mutant changes one thing: the status, type, error code, fail reason or id of the job;
    a sub-job removed, added, of another type or with another status; the job missing; the response a 401, 403, 404,
    429 or 500, a timeout, or garbage. Mutants are written as responses of the API, then parsed and judged as in plan.

    A mutant that leaves the gate green is a survivor. Survivors are listed with the expectation that would catch them.
    What a manifest explicitly allows is not a survivor: a status in a list, a number of sub-jobs in a range, other
    sub-jobs under contains and none. A different fail reason counts only where one is expected, a different time only
    where one is asserted.

    Exit code: 0 if no more mutants survive than allowed, 2 if more do, 1 if the jobs are not in sync to begin with or
    some could not be checked.

    \b
    Examples:
      reconcile prove
      reconcile prove storage/ --target 'jobs.bind-*' --allow-survivors 2
      reconcile prove --replay monday --mutants all
      reconcile prove --live -o json | jq .survivors
    """
    from reconcile.cli.mutants import make_baseline, run_mutants

    deadline = context.start_deadline(access.limit) if live else None
    silent = quiet or format_name != "text"
    try:
        _check_usage(replay, access, live=live)
        replayer = RunReplayer(replay, known_apis(context), quiet=quiet) if replay is not None else None
        offline = not live and replayer is None
        as_of = replayer.begun_at if replayer is not None else None
        manifest = load_manifest(manifests, context, quiet=silent, as_of=as_of, deadline=deadline, offline=offline)
        selected = select_jobs(manifest, selection, context, quiet=silent, deadline=deadline)
        selected = _leave_out_undecided(selected, quiet=silent)
        if replayer is not None:
            observations = _replay(selected, replayer, strict=manifests.strict)
        elif deadline is not None:
            targets = find_targets(selected, manifest, access, context)
            observations = _fetch(selected, targets, access, context, deadline, strict=manifests.strict, quiet=quiet)
        else:
            observations = _make_up(selected, context.clock())
        baseline = make_baseline(selected, *observations, strict=manifests.strict)
        proof = run_mutants(baseline, every_time=mutants == "all", allowed=allowed)
    except ReconcileError as error:
        error.terse = silent
        _write_failure(error, format_name)
        raise
    _write_proof(proof, format_name, context)
    return Done.DONE if proof.holds else ExitCode.DRIFT


def _leave_out_undecided(selected: Manifest, *, quiet: bool) -> Manifest:
    """Return the manifest without the jobs of which something depends on a variable that has no value."""
    undecided = set(selected.undecided)
    jobs = tuple(job for job in selected.jobs if job.address not in undecided)
    left_out = len(selected.jobs) - len(jobs) + len(selected.left_out)
    if not left_out and jobs:
        return selected
    needs = f"variables without a value: {', '.join(map(escape, selected.unset))}"
    if not jobs:
        message = f"what is expected of every job depends on {needs}"
        raise UsageError.because(Code.NO_VALUE, message, hint="give them by --var or --var-file")
    if not quiet:
        output.print_note(f"reconcile: {count(left_out, 'job')} left out: expectations depend on {needs}\n")
    return replace(selected, jobs=jobs)


def _write_failure(error: ReconcileError, format_name: str) -> None:
    if format_name == "json":
        from reconcile.report.proof import render_failure_as_json

        output.write(render_failure_as_json(error.diagnostics))


def _write_proof(proof: Proof, format_name: str, context: Context) -> None:
    from reconcile.report.proof import render_proof, render_proof_as_json

    palette = output.choose_palette(context.colour, sys.stdout, context.environ)
    text = render_proof_as_json(proof) if format_name == "json" else render_proof(proof, _write_expect, palette)
    output.write(text)


def _write_expect(expect: Mapping[str, JsonValue]) -> Iterator[str]:
    from reconcile.document.writing import write_block

    return write_block(expect, indent=0)


def _check_usage(replay: str | None, access: AccessOptions, *, live: bool) -> None:
    """Raise UsageError for options that contradict each other."""
    if live and replay is not None:
        raise UsageError.because(Code.USAGE, "--live and --replay are both given", hint="choose one")
    given = list_given(access)
    if given and not live:
        message = f"without --live no request is sent, so {', '.join(given)} cannot be used"
        raise UsageError.because(Code.USAGE, message, hint="add --live, or leave it out")


def _replay(selected: Manifest, replayer: RunReplayer, *, strict: bool) -> _Observations:
    fetched, _ = replayer.replay(selected)
    return Baseline.RECORDING, _accept(fetched, strict=strict), replayer.judged_at


def _fetch(
    selected: Manifest,
    targets: "Mapping[str, Target]",
    access: AccessOptions,
    context: Context,
    deadline: Deadline,
    *,
    strict: bool,
    quiet: bool,
) -> _Observations:
    fetched, ended_by = fetch_manifest(
        selected, targets, access, context, deadline=deadline, strict=strict, quiet=quiet
    )
    if ended_by is not None:
        raise KeyboardInterrupt
    return Baseline.LIVE, _accept(fetched, strict=strict), context.clock()


def _accept(fetched: Sequence[Fetched], *, strict: bool) -> Sequence[Observation]:
    from reconcile.plan import accept_evidence

    return [accept_evidence(each, strict=strict) for each in fetched]


def _make_up(selected: Manifest, now: datetime) -> _Observations:
    """Generate observations that satisfy the manifest, as far as possible."""
    from reconcile.mutation import make_up_all

    return Baseline.MANIFEST, make_up_all(selected.jobs, now=now), now
