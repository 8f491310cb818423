"""`reconcile validate`: everything about a manifest that can be known offline."""

import sys

import click

from reconcile.cli import output
from reconcile.cli.invocation import Done
from reconcile.cli.options import format_option, manifest_argument
from reconcile.errors import ReconcileError
from reconcile.model import Diagnostic
from reconcile.report.escape import escape


@click.command()
@manifest_argument
@format_option("text", "json")
def command(manifest: str | None, format_name: str) -> Done:
    """Check a manifest, offline.

    Every fault is named in one run, in order of position. Exits with 0 if the manifest is valid, else 1.

    \b
    Examples:
      reconcile validate
      reconcile validate storage/reconcile.yaml -o json
    """
    from reconcile.manifest import find_manifest, load_manifest

    try:
        declared = load_manifest(find_manifest(manifest), stdin=sys.stdin.buffer if sys.stdin else None)
    except ReconcileError as error:
        if format_name == "json":
            output.write(_render_json(0, error.diagnostics))
        raise
    jobs = len(declared.jobs)
    text = f"{escape(declared.file)} is valid: {jobs} job{'' if jobs == 1 else 's'}.\n"
    output.write(_render_json(jobs, ()) if format_name == "json" else text)
    return Done.DONE


def _render_json(jobs: int, diagnostics: tuple[Diagnostic, ...]) -> str:
    from reconcile.report.diagnostics import diagnostic_to_json
    from reconcile.report.json import FORMAT_VERSION, dump

    return dump(
        {
            "format_version": FORMAT_VERSION,
            "valid": not diagnostics,
            "jobs": jobs,
            "errors": [diagnostic_to_json(diagnostic) for diagnostic in diagnostics],
        }
    )
