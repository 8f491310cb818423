"""`reconcile doctor`: check that the providers of manifests are ready."""

import sys
from collections.abc import Iterator, Sequence

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.examination import Check, Examination, Status, examine_providers
from reconcile.cli.manifests import load_manifest
from reconcile.cli.options.access import AccessOptions, connection_options
from reconcile.cli.options.manifests import ManifestCommand, ManifestOptions, declaration_options
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.errors import ReconcileError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import ExitCode
from reconcile.report.escape import escape
from reconcile.report.style import Colour, Palette

_COLOURS = {
    Status.OK: Colour.ADDED,
    Status.WARNING: Colour.CHANGED,
    Status.FAILED: Colour.REMOVED,
    Status.SKIPPED: Colour.QUIET,
}


@click.command(cls=ManifestCommand)
@declaration_options
@connection_options
@format_option("text", "json")
@colour_option
@pass_context
def command(context: Context, manifests: ManifestOptions, access: AccessOptions, format_name: str) -> Done | ExitCode:
    """Check credentials, endpoints, projects and regions before a first plan.

    For each provider of the manifests: which credential is used and where it comes from, environment variables whose
    name is nearly right, the endpoint, TLS, and the clocks. Then one request, for a job that cannot exist: if the API
    answers that it has no such job, then host, path, project and credential are right.

    Exit code: 0 if every provider is ready, else 1. With --strict, warnings count as well.

    \b
    Examples:
      RECONCILE_TOKEN=... reconcile doctor
      reconcile doctor storage/ --endpoint http://127.0.0.1:8080
      reconcile doctor -o json | jq '.providers[].checks[] | select(.status == "failed")'
    """
    quiet = format_name == "json"
    try:
        manifest = load_manifest(manifests, context, quiet=quiet, offline=True)
        examinations = examine_providers(manifest, access, context)
    except ReconcileError as error:
        error.terse = quiet
        if quiet:
            output.write(_render_json((), healthy=False, errors=error.diagnostics))
        raise
    bad = {Status.FAILED, *([Status.WARNING] if manifests.strict else [])}
    healthy = not any(check.status in bad for each in examinations for check in each.checks)
    palette = output.choose_palette(context.colour, sys.stdout, context.environ)
    output.write(_render_json(examinations, healthy=healthy) if quiet else "".join(_render_text(examinations, palette)))
    return Done.DONE if healthy else ExitCode.ERROR


def _render_text(examinations: Sequence[Examination], palette: Palette) -> Iterator[str]:
    for each in examinations:
        provider = each.provider
        place = f", {provider.cloud} {provider.region}" if provider.cloud and provider.region else ""
        yield f"provider {escape(provider.name)}: {provider.api.name}{place}, project {escape(provider.project_id)}\n"
        for check in each.checks:
            yield from _render_check(check, palette)
        yield "\n"
    failed = sum(each.failed for each in examinations)
    number = len(examinations)
    which = (
        "the provider" if number == 1 else f"{failed} of {number} providers" if failed else f"all {number} providers"
    )
    yield f"Doctor: {which} {'is' if 1 in (number, failed) else 'are'} {'not ready' if failed else 'ready'}.\n"


def _render_check(check: Check, palette: Palette) -> Iterator[str]:
    code = f"{check.code} " if check.code else ""
    status = palette.paint(f"{check.status:<7}", _COLOURS[check.status])
    yield f"  {status}  {check.name:<10}  {code}{escape(check.message)}\n"
    if check.hint:
        yield f"{'':23}{escape(check.hint)}\n"


def _render_json(examinations: Sequence[Examination], *, healthy: bool, errors: Sequence[Diagnostic] = ()) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json

    return dump(
        {
            "format_version": FORMAT_VERSION,
            "healthy": healthy,
            "providers": [_examination_to_json(each) for each in examinations],
            "errors": [diagnostic_to_json(each) for each in errors],
        }
    )


def _examination_to_json(examination: Examination) -> dict[str, object]:
    provider = examination.provider
    return {
        "name": provider.name,
        "api": provider.api.name,
        "cloud": provider.cloud,
        "region": provider.region,
        "project_id": provider.project_id,
        "endpoint": examination.endpoint,
        "checks": [
            {
                "name": check.name,
                "status": check.status,
                "code": check.code,
                "message": check.message,
                "hint": check.hint,
            }
            for check in examination.checks
        ],
    }
