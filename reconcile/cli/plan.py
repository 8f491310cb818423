"""`reconcile plan`: the gate."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.deadline import set_deadline
from reconcile.cli.fetching import fetch_declared, find_targets
from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.manifests import load_declared
from reconcile.cli.options.access import Access, Kept, access_options, recording_options
from reconcile.cli.options.declaration import (
    Declaration,
    ManifestCommand,
    Selection,
    manifest_options,
    selection_options,
)
from reconcile.cli.options.reporting import Reporting, reporting_options
from reconcile.cli.options.saved import saving_options
from reconcile.cli.reporting import Report
from reconcile.errors import ReconcileError
from reconcile.model import Evidence, ExitCode, Manifest, Plan
from reconcile.report import FORMATS

if TYPE_CHECKING:
    from reconcile.cli.recording import Playback, Tape


@click.command(cls=ManifestCommand)
@manifest_options
@selection_options
@access_options
@recording_options
@saving_options
@reporting_options(*FORMATS)
@click.option("--soft-fail", is_flag=True, help="End with 0 where it would be 2 or 3; the plan says so.")
@click.option("-v", "--verbose", is_flag=True, help="Say where requests go and which credential is used.")
@pass_invocation
def command(
    invocation: Invocation,
    declaration: Declaration,
    selection: Selection,
    access: Access,
    kept: Kept,
    reporting: Reporting,
    soft_fail: bool,
    verbose: bool,
) -> Plan:
    """Compare jobs with what is expected of them.

    MANIFEST is a file, a directory, or - for standard input; the default is the current directory, of which
    reconcile.yaml, .yml and .json and all that ends in .reconcile.yaml and so on are taken. The credential comes from
    the environment: a token (RECONCILE_TOKEN, OS_TOKEN, HW_AUTH_TOKEN), access keys (HW_ACCESS_KEY, ...), OS_CLOUD with
    clouds.yaml, or OS_USERNAME and OS_PASSWORD.

    \b
    Exits with 0 if every expectation was proven, 1 if not everything could be
    decided, 2 if at least one expectation is false, 3 if jobs are not done yet.

    \b
    Examples:
      reconcile plan
      reconcile plan storage/ --endpoint http://127.0.0.1:8080
      reconcile plan --target 'jobs.bind-*' --selector tier=web
      reconcile plan --wait 10m
      reconcile plan -o json | jq .summary
      reconcile plan --record monday; reconcile plan --replay monday
      reconcile plan -o github --github-summary "$GITHUB_STEP_SUMMARY"
    """
    from reconcile.judge import list_fetch_notes
    from reconcile.plan import accept_evidence, derive_plan

    deadline = set_deadline(access.limit, invocation.timer)
    report = Report(reporting, invocation)
    quiet = reporting.quiet
    tape: Tape | None = None
    ended_by: ExitCode | None = None
    try:
        report.protect(_list_read(declaration, access, invocation), folders=[kept.record, kept.replay])
        playback = _open_playback(kept, access, quiet=quiet)
        if playback is not None:
            invocation = replace(invocation, clock=playback.tell_time)
        tape = _begin_tape(kept, invocation)
        declared = load_declared(declaration, invocation, quiet=quiet, deadline=deadline if playback is None else None)
        # The text says it itself, for whoever reads it later.
        selected = _select(declared, selection, invocation, quiet=quiet or reporting.format_name == "text")
        report.prepare([*(each.file for each in declared.files), *declaration.var_files, access.ca_file])
        if tape is not None:
            tape.prepare()
        if playback is not None:
            fetched, origins = playback.replay(selected)
            ended_by = playback.ended_by
        else:
            targets = find_targets(selected, declared, access, invocation, verbose=verbose)
            origins = {name: str(target.origin) for name, target in targets.items()}
            fetched, ended_by = fetch_declared(
                selected,
                targets,
                access,
                invocation,
                deadline=deadline,
                strict=declaration.strict,
                quiet=quiet,
                recorder=tape.recorder if tape is not None else None,
            )
        now = playback.judged_at if playback is not None else invocation.clock()
        evidence = Evidence(
            tool=__version__,
            manifest=selected,
            observations=tuple([accept_evidence(each, strict=declaration.strict) for each in fetched]),
            remarks=tuple([list_fetch_notes(each) for each in fetched]),
            origins=origins,
            judged_at=now,
            since=now,
            strict=declaration.strict,
            soft_fail=soft_fail,
            ended_by=ended_by,
        )
        plan = derive_plan(evidence)
    except ReconcileError as error:
        report.write_failure(error)
        raise
    try:
        if tape is not None:
            tape.write(plan, fetched, ended_by=ended_by)
    finally:
        report.write(plan, evidence)
    return plan


def _list_read(declaration: Declaration, access: Access, invocation: Invocation) -> list[str | None]:
    """List the files that the run reads, as far as that is known before one is read."""
    from reconcile.manifest import find_manifests

    try:
        manifests = [*find_manifests(declaration.manifests)]
    except ReconcileError:
        manifests = [path for path in declaration.manifests if not Path(path).is_dir()]
    return [*manifests, *declaration.var_files, access.ca_file, invocation.environ.get("OS_CLIENT_CONFIG_FILE")]


def _open_playback(kept: Kept, access: Access, *, quiet: bool) -> "Playback | None":
    if kept.replay is None:
        return None
    from reconcile.cli.recording import Playback, check_usage

    check_usage(kept, access)
    return Playback(kept.replay, quiet=quiet)


def _begin_tape(kept: Kept, invocation: Invocation) -> "Tape | None":
    if kept.record is None:
        return None
    from reconcile.cli.recording import Tape

    return Tape(kept.record, invocation.clock)


def _select(manifest: Manifest, selection: Selection, invocation: Invocation, *, quiet: bool) -> Manifest:
    selected = manifest
    if selection.targets or selection.selectors:
        from reconcile.manifest.selection import select_jobs

        selected = select_jobs(manifest, targets=selection.targets, selectors=selection.selectors)
    if selected is not manifest and not quiet:
        output.tell(f"reconcile: {len(selected.jobs)} of {len(manifest.jobs)} jobs selected\n")
    if selection.shard is None:
        return selected
    from reconcile.cli.sharding import find_shard, name_run
    from reconcile.shards import take_shard

    index, total = find_shard(selection.shard, invocation.environ)
    part = take_shard(selected, index, total, run=name_run(invocation.environ))
    if not quiet:
        output.tell(f"reconcile: shard {index} of {total}: {len(part.jobs)} of {len(selected.jobs)} jobs\n")
    return part
