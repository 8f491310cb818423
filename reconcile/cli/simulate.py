"""`reconcile simulate`: a job API on loopback."""

import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconcile.cli import output
from reconcile.cli.context import Context, open_stdin, pass_context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.manifests import ManifestCommand, ManifestOptions, variable_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import known_apis
from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.model.manifest import Given
from reconcile.model.plan import ExitCode
from reconcile.report.escape import escape
from reconcile.report.messages import count

if TYPE_CHECKING:
    from reconcile.simulator import Scenario


@click.command(cls=ManifestCommand)
@click.argument("scenario", required=False, type=FilePath())
@click.option(
    "--manifest",
    "paths",
    metavar="MANIFEST",
    multiple=True,
    type=FilePath(),
    help="Serve what this manifest expects, at times relative to now, instead of a scenario. Repeatable.",
)
@click.option(
    "--break",
    "breaches",
    metavar="ADDRESS[=KIND]",
    multiple=True,
    help="Break this job of the manifest, or those that match a glob, as KIND: failed, success, pending, missing, "
    "other-type, extra-sub-job, lost-sub-job, error (HTTP 500), or an error code of the API. Default: failed, or "
    "success where failure is expected. Repeatable.",
)
@click.option("--provider", metavar="NAME", help="Serve only the jobs of this provider of the manifest.")
@variable_options
@api_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 picks a free one. Default: 0."
)
@pass_context
def command(
    context: Context,
    scenario: str | None,
    paths: tuple[str, ...],
    breaches: tuple[str, ...],
    provider: str | None,
    given: tuple[Given, ...],
    port: int,
) -> ExitCode:
    """Serve a job API on loopback, until interrupted: that of a scenario file, or what a manifest expects.

    The first line of standard output is the URL. Requests need a token or a signature: any, unless the scenario lists
    the valid ones. Tokens are issued at /v3/auth/tokens.

    \b
    Examples:
      reconcile simulate scenario.yaml --port 8080
      reconcile simulate --manifest reconcile.yaml --port 8080
      reconcile simulate --manifest . --break jobs.expand --break 'jobs.bind-*=missing'
      reconcile simulate --manifest . --provider rds
      RECONCILE_TOKEN=any reconcile plan --endpoint http://127.0.0.1:8080
    """
    from reconcile.simulator import serve

    if (scenario is None) is (not paths):
        raise UsageError.because(Code.USAGE, "give either a scenario file or --manifest")
    if scenario is not None and (breaches or given or provider):
        raise UsageError.because(Code.USAGE, "--break, --provider and --var need --manifest")

    def announce(url: str) -> None:
        output.write(f"{url}\n")
        output.close()

    served = (
        _load(scenario, context)
        if scenario is not None
        else _rehearse(ManifestOptions(paths=paths, given=given, strict=False), breaches, provider, context)
    )
    ended_by = serve(served, port=port, on_ready=announce)
    return ExitCode.INTERRUPTED if ended_by is signal.SIGINT else ExitCode.TERMINATED


def _load(path: str, context: Context) -> "Scenario":
    from reconcile.document import read_document
    from reconcile.simulator import load_scenario

    return load_scenario(read_document(path, stdin=open_stdin()), known_apis(context))


def _rehearse(
    manifests: ManifestOptions, breaches: Sequence[str], provider: str | None, context: Context
) -> "Scenario":
    """Build the scenario of manifests, and describe it on stderr."""
    from reconcile.cli.manifests import keep_provider, load_manifest
    from reconcile.cli.rehearsal import build_scenario, parse_breach

    manifest = load_manifest(manifests, context, quiet=True)
    if provider is not None:
        manifest = keep_provider(manifest, provider)
    scenario = build_scenario(manifest, [parse_breach(each) for each in breaches], context.clock)
    broken = f", except for {', '.join(map(escape, breaches))}" if breaches else ""
    output.print_note(f"reconcile: serving {count(len(scenario.jobs), 'job')} as the manifest expects{broken}\n")
    return scenario
