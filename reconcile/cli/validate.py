"""`reconcile validate`: check manifests, offline."""

import sys
from collections.abc import Sequence

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.manifests import load_manifest
from reconcile.cli.options.manifests import ManifestCommand, ManifestOptions, declaration_options
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.errors import DocumentError, ReconcileError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Manifest
from reconcile.report.escape import escape
from reconcile.report.messages import count


@click.command(cls=ManifestCommand)
@declaration_options
@format_option("text", "json")
@colour_option
@pass_context
def command(context: Context, manifests: ManifestOptions, format_name: str) -> Done:
    """Check manifests, offline.

    MANIFEST is a file, a directory, or - for standard input; the default is the current directory. All errors are
    listed, in the order of the text. Each file is checked as a separate run; conflicts between files are warnings.
    Variables need no values: what depends on one is checked as far as possible, and the variables that plan needs
    values for are listed. The exit code is 0 if the manifests are valid, else 1.

    \b
    Examples:
      reconcile validate
      reconcile validate storage/reconcile.yaml -o json
      terraform output -json | reconcile validate --var-file -
    """
    try:
        manifest = load_manifest(manifests, context, quiet=True, offline=True, separate=True)
        if manifests.strict and manifest.warnings:
            raise DocumentError(manifest.warnings)
    except ReconcileError as error:
        error.terse = format_name == "json"
        if format_name == "json":
            output.write(_render_json(None, errors=error.diagnostics))
        elif isinstance(error, DocumentError) and error.valid:
            output.write("".join(map(_render_text, error.valid)))
        raise
    palette = output.choose_palette(context.colour, sys.stderr, context.environ)
    output.print_warnings(manifest.warnings, palette)
    if format_name == "json":
        output.write(_render_json(manifest, warnings=manifest.warnings))
    else:
        output.write(_render_text(manifest))
    return Done.DONE


def _render_text(manifest: Manifest) -> str:
    files = [escape(each.file) for each in manifest.files]
    is_valid = f"{files[0]} is valid" if len(files) == 1 else f"{', '.join(files[:-1])} and {files[-1]} are valid"
    if not manifest.unset:
        return f"{is_valid}: {count(len(manifest.jobs), 'job')}.\n"
    needs = "needs" if len(files) == 1 else "need"
    return f"{is_valid}; {needs} {count(len(manifest.unset), 'variable')}: {', '.join(map(escape, manifest.unset))}.\n"


def _render_json(
    manifest: Manifest | None, *, errors: Sequence[Diagnostic] = (), warnings: Sequence[Diagnostic] = ()
) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json

    return dump(
        {
            "format_version": FORMAT_VERSION,
            "valid": not errors,
            "jobs": len(manifest.jobs) if manifest else 0,
            "needs": list(manifest.unset) if manifest else [],
            "errors": [diagnostic_to_json(diagnostic) for diagnostic in errors],
            "warnings": [diagnostic_to_json(diagnostic) for diagnostic in warnings],
        }
    )
