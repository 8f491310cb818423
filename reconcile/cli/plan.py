"""`reconcile plan`: the gate."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from reconcile.cli import output
from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import Access, access_options, colour_option, format_option, manifest_argument
from reconcile.errors import ReconcileError
from reconcile.model import Manifest, Observation, Plan

if TYPE_CHECKING:
    from reconcile.fetch import Target


@click.command()
@manifest_argument
@access_options
@format_option("text", "json")
@colour_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing beside the plan and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Say where requests go and which credential is used.")
@pass_invocation
def command(
    invocation: Invocation,
    manifest: str | None,
    access: Access,
    format_name: str,
    colour: str,
    quiet: bool,
    verbose: bool,
) -> Plan:
    """Compare jobs with what is expected of them.

    MANIFEST is a file, a directory, or - for standard input; the default is reconcile.yaml, .yml or .json in the
    current directory. The credential comes from the environment: RECONCILE_TOKEN, OS_TOKEN or HW_AUTH_TOKEN.

    \b
    Exits with 0 if every expectation was proven, 1 if not everything could be
    decided, 2 if at least one expectation is false, 3 if jobs are not done yet.

    \b
    Examples:
      reconcile plan
      reconcile plan storage/ --endpoint http://127.0.0.1:8080
      reconcile plan -o json | jq .summary
    """
    from reconcile.plan import make_plan

    try:
        declared = _load(manifest, quiet=quiet)
        targets = _find_targets(declared, access, invocation, verbose=verbose)
        observations = _fetch(declared, targets, access, invocation)
        origins = {name: str(target.origin) for name, target in targets.items()}
        plan = make_plan(declared, observations, now=invocation.clock(), origins=origins)
    except ReconcileError as error:
        if format_name == "json":
            _write_failure(error)
        raise
    output.write(_render(plan, format_name, colour, invocation))
    return plan


def _load(argument: str | None, *, quiet: bool) -> Manifest:
    from reconcile.manifest import find_manifest, load_manifest

    path = find_manifest(argument)
    if argument is None and not quiet:
        output.tell(f"reconcile: using {path}\n")
    return load_manifest(path, stdin=sys.stdin.buffer if sys.stdin else None)


def _find_targets(
    manifest: Manifest, access: Access, invocation: Invocation, *, verbose: bool
) -> "Mapping[str, Target]":
    from reconcile.fetch import resolve_targets

    targets = resolve_targets(manifest.providers.values(), endpoints=access.endpoints, environ=invocation.environ)
    if verbose:
        for name, target in targets.items():
            output.tell(f"reconcile: provider {name}: {target.origin}, {target.credential}\n")
    return targets


def _fetch(
    manifest: Manifest, targets: "Mapping[str, Target]", access: Access, invocation: Invocation
) -> tuple[Observation, ...]:
    from reconcile.fetch import fetch_all, open_transport

    transport = invocation.transport or open_transport(ca_file=access.ca_file, concurrency=access.concurrency)
    return fetch_all(
        manifest.jobs, targets, transport=transport, timeout=access.timeout, concurrency=access.concurrency
    )


def _render(plan: Plan, format_name: str, colour: str, invocation: Invocation) -> str:
    from reconcile.report import render_plan

    palette = output.choose_palette(colour, sys.stdout, invocation.environ)
    return render_plan(plan, format_name=format_name, palette=palette)


def _write_failure(error: ReconcileError) -> None:
    from reconcile.report.json import render_failure

    output.write(render_failure(error.diagnostics))
