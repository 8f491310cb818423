"""`reconcile list`: the jobs of manifests, offline."""

import sys
from collections.abc import Sequence
from datetime import date

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.manifests import load_manifest, select_jobs
from reconcile.cli.options.manifests import (
    ManifestCommand,
    ManifestOptions,
    SelectionOptions,
    declaration_options,
    selection_options,
)
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.document import list_names
from reconcile.errors import DocumentError, ReconcileError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Job, Manifest, Waiver
from reconcile.report.escape import escape

_HEADERS = ("Address", "Provider", "Job id", "After", "Labels", "Waivers")


@click.command(cls=ManifestCommand)
@declaration_options
@selection_options
@format_option("text", "json")
@colour_option
@pass_context
def command(context: Context, manifests: ManifestOptions, selection: SelectionOptions, format_name: str) -> Done:
    """List the jobs of manifests, offline.

    MANIFEST is a file, a directory, or - for standard input; the default is the current directory. The selection is
    that of plan, so this shows what a plan with the same options would check.

    \b
    Examples:
      reconcile list
      reconcile list storage/ --selector tier=web
      reconcile list -o json | jq -r '.jobs[].address'
      reconcile list --target-file changed.txt --exclude 'jobs.bind-*'
    """
    quiet = format_name == "json"
    try:
        declared = load_manifest(manifests, context, quiet=quiet, offline=True)
        manifest = select_jobs(declared, selection, context, quiet=quiet)
        if manifests.strict and manifest.warnings:
            raise DocumentError(manifest.warnings)
    except ReconcileError as error:
        error.terse = quiet
        if quiet:
            output.write(_render_json((), context.clock().date(), errors=error.diagnostics))
        raise
    _write(manifest, context, format_name)
    if manifest.left_out and not quiet:
        names = list_names(map(escape, manifest.left_out))
        output.print_note(f"reconcile: not listed, as the provider depends on a variable without a value: {names}\n")
    return Done.DONE


def _write(manifest: Manifest, context: Context, format_name: str) -> None:
    today = context.clock().date()
    if format_name == "json":
        output.write(_render_json(manifest.jobs, today, warnings=manifest.warnings))
        return
    output.print_warnings(manifest.warnings, output.choose_palette(context.colour, sys.stderr, context.environ))
    output.write(_render_text(manifest.jobs, today))


def _render_text(jobs: Sequence[Job], today: date) -> str:
    """Draw a table of the jobs, without empty columns."""
    from reconcile.report.table import draw_table

    rows = [_make_row(job, today) for job in jobs]
    used = [at for at in range(len(_HEADERS)) if any(row[at] for row in rows)]
    lines = draw_table([[row[at] for at in used] for row in rows], [_HEADERS[at] for at in used])
    return "".join(f"{line}\n" for line in lines)


def _make_row(job: Job, today: date) -> tuple[str, ...]:
    after = job.after.address if job.after is not None else ""
    labels = ",".join(f"{key}={value}" for key, value in job.labels.items())
    waivers = "; ".join(_describe_waiver(waiver, today) for waiver in job.waivers)
    return tuple(map(escape, (job.address, job.provider.name, job.job_id, after, labels, waivers)))


def _describe_waiver(waiver: Waiver, today: date) -> str:
    from reconcile.report.messages import describe_expiry

    return f"{', '.join(waiver.fields)} {describe_expiry(waiver, today)}"


def _render_json(
    jobs: Sequence[Job], today: date, *, errors: Sequence[Diagnostic] = (), warnings: Sequence[Diagnostic] = ()
) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json

    return dump(
        {
            "format_version": FORMAT_VERSION,
            "jobs": [_job_to_json(job, today) for job in jobs],
            "errors": [diagnostic_to_json(each) for each in errors],
            "warnings": [diagnostic_to_json(each) for each in warnings],
        }
    )


def _job_to_json(job: Job, today: date) -> dict[str, object]:
    """Return a job; `str` turns an unresolved reference into text."""
    source = job.source
    return {
        "address": job.address,
        "provider": str(job.provider.name),
        "job_id": str(job.job_id),
        "after": job.after.address if job.after is not None else None,
        "labels": {key: str(value) for key, value in job.labels.items()},
        "waivers": [_waiver_to_json(waiver, today) for waiver in job.waivers],
        "source": {"file": source.file, "line": source.line, "column": source.column},
    }


def _waiver_to_json(waiver: Waiver, today: date) -> dict[str, object]:
    """Return a waiver; `days_left` counts from today, 0 on its last day, and is negative once it has expired."""
    return {
        "fields": waiver.fields,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "days_left": (waiver.expires - today).days,
    }
