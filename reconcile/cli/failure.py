"""
Replaces the outputs of a failed run.

No green file of an earlier run may outlive a red run, nor may one that this run had written before it failed. So every
output that the command line names is replaced with a report of the failure, or removed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.commands import reconcile
from reconcile.cli.context import Context
from reconcile.cli.files import locate, remove_file, remove_folder, write_folder
from reconcile.cli.options.reporting import ReportingOptions
from reconcile.cli.own_apis import list_description_files
from reconcile.cli.reporting import list_files
from reconcile.cli.surroundings import find_docs_url, find_paths, find_run_url, find_trace_parent
from reconcile.errors import OutputError, ReconcileError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Manifest
from reconcile.model.plan import ExitCode, Plan, Verdict
from reconcile.model.recording import Recording
from reconcile.plan import derive_plan, make_failed_evidence
from reconcile.recording import HEAD, is_part_of_recording, render_recording
from reconcile.report import FORMATS, render_plan
from reconcile.report.style import Style

_OUTPUTS = ("reports", "out", "attest", "github_summary", "github_output", "record", "resume")
"""The parameters of commands that name outputs."""


class _Named(Struct, frozen=True, kw_only=True):
    """
    The outputs and inputs in a command line, even an invalid one.

    `reporting` has the files to write, `record` is the folder of the recording, and `resume` that of the recording to
    continue, which is not removed. `removed` are the paths of reports in unknown formats and of a receipt, and `others`
    are all other arguments.
    """

    reporting: ReportingOptions
    record: str | None
    resume: str | None
    removed: tuple[str, ...]
    others: tuple[str, ...]


def replace_outputs(argv: Sequence[str], errors: Sequence[Diagnostic], context: Context, code: ExitCode) -> None:
    """
    Replace the outputs of a run with reports of its failure.

    Everything is removed before anything is written, so that nothing green remains if this is interrupted. Files that
    the run reads are not changed.

    Args:
        argv: the command line.
        errors: why the run failed, at least one.
        context: the collaborators of the run.
        code: the exit code of the process.
    """
    named = _read_outputs(argv)
    is_input = _find_inputs(named, context)
    style = Style(docs_url=find_docs_url(context.environ))
    files = [file for file in list_files(named.reporting, style) if not is_input(file.path)]
    times = Counter(locate(file.path) for file in files)
    for path in (*[file.path for file in files if not file.appended], *named.removed):
        if not is_input(path):
            remove_file(path)
    ended_by = code if code > ExitCode.PENDING else None
    if named.record is not None and not is_input(named.record):
        remove_folder(named.record, is_part_of_recording)
        if context.state.recording is not None:
            _cut_recording(named.record, context.state.recording, ended_by)
    if named.resume is not None and context.state.recording is not None:
        _cut_recording(named.resume, context.state.recording, ended_by)
    evidence = _make_evidence(errors, context, ended_by)
    plan = derive_plan(evidence)
    for file in files:
        if times[locate(file.path)] == 1:
            with suppress(OutputError):
                file.write(plan, evidence)
    _print_plan(plan, context, style)


def _read_outputs(argv: Sequence[str]) -> _Named:
    """Read the outputs from a command line; options that its command does not have are ignored."""
    context = click.Context(reconcile)
    name = next((each for each in argv if each in reconcile.list_commands(context)), "plan")
    command = reconcile.get_command(context, name)
    options = [each for each in command.params if each.name in _OUTPUTS] if command else []
    reader = click.Command(name, params=options, add_help_option=False)
    lenient = click.Context(reader, resilient_parsing=True, ignore_unknown_options=True)
    values, others, _ = reader.make_parser(lenient).parse_args(list(argv))
    pairs = [value.partition("=") for value in values.get("reports", ())]
    return _Named(
        reporting=ReportingOptions(
            format_name="text",
            reports=tuple((name, path) for name, _, path in pairs if name in FORMATS and path),
            github_summary=values.get("github_summary") or None,
            github_output=values.get("github_output") or None,
            out=values.get("out") or None,
            full=False,
            quiet=True,
        ),
        record=values.get("record") or None,
        resume=values.get("resume") or None,
        removed=(
            *(path for name, _, path in pairs if name not in FORMATS and path),
            *([values["attest"]] if values.get("attest") else []),
        ),
        others=tuple(others),
    )


def _find_inputs(named: _Named, context: Context) -> Callable[[str], bool]:
    """Return a function that returns whether the run may read a path, or whether it is in a recording."""
    from reconcile.fetch.credentials.variables import find_credential_files

    values = [value for each in named.others for value in (each, each.partition("=")[2]) if value]
    values += list_description_files(replace(context, descriptions=tuple(values)))
    inputs = {locate(path) for path in (*values, *find_credential_files(context.environ))}
    recordings = {each for each in inputs if (each / HEAD).is_file()}
    recordings.update(locate(folder) for folder in (named.record, named.resume) if folder is not None)
    inputs.update(_list_manifests((".", *values)))
    return lambda path: locate(path) in inputs or any(parent in recordings for parent in locate(path).parents)


def _list_manifests(folders: Iterable[str]) -> Iterator[Path]:
    from reconcile.manifest import find_manifests

    for folder in folders:
        if Path(folder).is_dir():
            with suppress(ReconcileError):
                yield from map(locate, find_manifests((folder,)))


def _make_evidence(errors: Sequence[Diagnostic], context: Context, ended_by: ExitCode | None) -> Evidence:
    """Make the evidence of a failed run, with the jobs if they had been judged before it failed."""
    manifest = context.state.manifest
    known = context.state.evidence or replace(
        make_failed_evidence((), now=context.clock()),
        manifest=Manifest(files=manifest.files if manifest is not None else (), providers={}, jobs=()),
        paths=find_paths(manifest, errors, context.environ),
        run_url=find_run_url(context.environ),
        trace_parent=find_trace_parent(context.environ),
    )
    return replace(known, errors=(*known.errors, *errors), ended_by=ended_by)


def _cut_recording(folder: str, recording: Recording, ended_by: ExitCode | None) -> None:
    """Write the recording of this run again, marked as cut short."""
    with suppress(OutputError):
        files = render_recording(
            replace(recording, complete=False, ended_by=ended_by, verdict=Verdict.ERROR, decided_by=None)
        )
        write_folder(folder, files, is_part_of_recording)


def _print_plan(plan: Plan, context: Context, style: Style) -> None:
    """Print the document that a program expects on stdout, unless the run has already printed one."""
    reporting = context.state.reporting
    if reporting is not None and reporting.format_name != "text" and not context.state.printed:
        output.write_document(render_plan(plan, format_name=reporting.format_name, style=style))
