"""`reconcile plan`: the gate."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.context import Context, Deadline, pass_context
from reconcile.cli.fetching import fetch_manifest, find_targets
from reconcile.cli.manifests import load_manifest, select_jobs
from reconcile.cli.options.access import AccessOptions, RecordingOptions, access_options, recording_options
from reconcile.cli.options.manifests import (
    ManifestCommand,
    ManifestOptions,
    SelectionOptions,
    fail_fast_option,
    manifest_options,
    selection_options,
)
from reconcile.cli.options.reporting import (
    ReportingOptions,
    attesting_options,
    baseline_option,
    reporting_options,
    saving_options,
)
from reconcile.cli.own_apis import known_apis, list_description_files
from reconcile.cli.reporting import Report
from reconcile.cli.spool import DetailsSpool
from reconcile.cli.surroundings import find_paths, find_run_url, find_trace_parent
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.lazy import LazyList
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Fetched
from reconcile.model.plan import ExitCode, Plan, Verdict
from reconcile.report import FORMATS
from reconcile.report.escape import escape

if TYPE_CHECKING:
    from reconcile.cli.recorder import RunRecorder, RunReplayer
    from reconcile.fetch import Target


@click.command(cls=ManifestCommand)
@manifest_options
@fail_fast_option
@selection_options
@access_options
@recording_options
@attesting_options
@saving_options
@baseline_option
@reporting_options(*FORMATS)
@click.option("--soft-fail", is_flag=True, help="Exit with 0 instead of 2 or 3. The plan says so.")
@pass_context
def command(
    context: Context,
    manifests: ManifestOptions,
    selection: SelectionOptions,
    access: AccessOptions,
    recording: RecordingOptions,
    reporting: ReportingOptions,
    soft_fail: bool,
) -> Plan:
    """Compare jobs with their expectations.

    MANIFEST is a file, a directory, or - for standard input. The default is the current directory. In a directory, the
    manifests are reconcile.yaml, reconcile.yml, reconcile.json and all files named *.reconcile.yaml, .yml or .json.

    The credential comes from the environment: a token (RECONCILE_TOKEN, OS_TOKEN, HW_AUTH_TOKEN), access keys
    (HW_ACCESS_KEY, ...), OS_CLOUD with clouds.yaml, or OS_USERNAME and OS_PASSWORD.

    Exit code: 0 if every expectation was proven, 1 if some jobs could not be checked, 2 if an expectation is false, 3
    if jobs are still unfinished.

    \b
    Examples:
      reconcile plan
      reconcile plan storage/ --endpoint http://127.0.0.1:8080
      reconcile plan --target 'jobs.bind-*' --selector tier=web
      reconcile plan --wait 10m
      reconcile plan -o json | jq .summary
      reconcile plan --record monday; reconcile plan --replay monday
      reconcile plan --baseline yesterday.json
      RECONCILE_RUN_ID=7 reconcile plan --resume run-7
      reconcile plan -o github --github-summary "$GITHUB_STEP_SUMMARY"
    """
    deadline = context.start_deadline(access.limit)
    report = Report(reporting, context)
    _check_usage(selection, recording, soft_fail=soft_fail)
    if reporting.attest is not None:
        _check_receipt(selection, recording)
    inputs = _list_inputs(manifests, selection, access, context)
    report.protect(inputs, folders=[recording.record, recording.replay, recording.resume])
    replayer = _open_replayer(recording, access, context, quiet=reporting.quiet)
    started_at = context.clock() if replayer is None else replayer.begun_at
    recorder = _make_recorder(recording, context, started_at)
    reading = deadline if replayer is None else None
    manifest = load_manifest(manifests, context, quiet=reporting.quiet, as_of=started_at, deadline=reading)
    context.state.manifest = manifest
    # Text reports name the selection themselves.
    quiet = reporting.quiet or reporting.format_name == "text"
    selected = select_jobs(manifest, selection, context, quiet=quiet, deadline=deadline)
    report.prepare([*(each.file for each in manifest.files), *manifests.var_files, access.ca_file], selected)
    if recorder is not None:
        recorder.prepare(quiet=reporting.quiet)
    if replayer is not None:
        results = _replay(selected, replayer)
    else:
        targets = find_targets(selected, manifest, access, context)
        results = _fetch(selected, targets, access, context, deadline, recorder, manifests.strict, reporting.quiet)
    plan, evidence = _make_plan(selected, results, context, started_at, strict=manifests.strict, soft_fail=soft_fail)
    try:
        if recorder is not None:
            context.state.recording = recorder.write(plan, results.fetched, ended_by=results.ended_by)
    finally:
        report.write(plan, evidence)
    if not reporting.terse:
        _print_next_step(plan, reporting.out, waited=access.wait is not None or replayer is not None)
    return plan


def _print_next_step(plan: Plan, out: str | None, *, waited: bool) -> None:
    """Print what to run next if drift of a saved plan may be accepted, or if unfinished jobs were not waited for."""
    if plan.verdict is Verdict.DRIFT and out is not None and plan.manifest.shard is None:
        from reconcile.authoring import can_accept

        if any(map(can_accept, plan.jobs)):
            output.print_note(f"To accept what was observed: reconcile accept {shlex.quote(escape(out))}\n")
    elif plan.verdict is Verdict.PENDING and not waited:
        output.print_note("To wait for unfinished jobs: reconcile plan --wait 10m\n")


class _Results(Struct, frozen=True, kw_only=True):
    """The fetched or replayed result of each job, in the order of the manifest, and when they were complete."""

    fetched: Sequence[Fetched]
    origins: Mapping[str, str]
    judged_at: datetime
    ended_by: ExitCode | None


def _replay(selected: Manifest, replayer: "RunReplayer") -> _Results:
    fetched, origins = replayer.replay(selected)
    return _Results(fetched=fetched, origins=origins, judged_at=replayer.judged_at, ended_by=replayer.ended_by)


def _fetch(
    selected: Manifest,
    targets: "Mapping[str, Target]",
    access: AccessOptions,
    context: Context,
    deadline: Deadline,
    recorder: "RunRecorder | None",
    strict: bool,
    quiet: bool,
) -> _Results:
    origins = {name: str(target.origin) for name, target in targets.items()}
    if recorder is not None:
        recorder.begin(selected, origins, context.environ, quiet=quiet)
    fetched, ended_by = fetch_manifest(
        selected, targets, access, context, deadline=deadline, strict=strict, quiet=quiet, recorder=recorder
    )
    return _Results(fetched=fetched, origins=origins, judged_at=context.clock(), ended_by=ended_by)


def _make_plan(
    selected: Manifest,
    results: _Results,
    context: Context,
    started_at: datetime,
    *,
    strict: bool,
    soft_fail: bool,
) -> tuple[Plan, Evidence]:
    from reconcile.judge import list_fetch_notes
    from reconcile.plan import accept_evidence, derive_plan

    remarks, timings = [], []
    ages: list[float] = []
    for each in results.fetched:
        remarks.append(list_fetch_notes(each))
        timings.append(each.timing)
        if each.resumed:
            ages.append(each.age)
    evidence = Evidence(
        tool=__version__,
        manifest=selected,
        observations=LazyList(partial(accept_evidence, strict=strict), results.fetched),
        remarks=tuple(remarks),
        origins=results.origins,
        judged_at=results.judged_at,
        since=started_at - timedelta(seconds=max(ages)) if ages else results.judged_at,
        strict=strict,
        soft_fail=soft_fail,
        ended_by=results.ended_by,
        timings=tuple(timings),
        started_at=started_at,
        paths=find_paths(selected, (), context.environ),
        run_url=find_run_url(context.environ),
        trace_parent=find_trace_parent(context.environ),
    )
    return derive_plan(evidence, keep=DetailsSpool().keep), evidence


def _list_inputs(
    manifests: ManifestOptions, selection: SelectionOptions, access: AccessOptions, context: Context
) -> Sequence[str | None]:
    """List the files that the run reads, as far as they are known before reading any."""
    from reconcile.fetch.credentials.variables import find_credential_files
    from reconcile.manifest import find_manifests

    paths: Sequence[str]
    try:
        paths = find_manifests(manifests.paths)
    except ReconcileError:
        paths = [path for path in manifests.paths if not Path(path).is_dir()]
    credentials = find_credential_files(context.environ)
    return [
        *paths,
        *manifests.var_files,
        *selection.target_files,
        access.ca_file,
        *credentials,
        *list_description_files(context),
    ]


def _check_receipt(selection: SelectionOptions, recording: RecordingOptions) -> None:
    """Raise UsageError for options that a receipt does not show."""
    if selection.leaves_out:
        message = "a receipt is about all jobs of its manifests, and options that select jobs leave some out"
        raise UsageError.because(Code.USAGE, message, hint="leave out --attest, or the selection")
    if selection.fail_fast:
        message = "a receipt is about all jobs of its manifests, and --fail-fast may leave some unchecked"
        raise UsageError.because(Code.USAGE, message, hint="leave out --attest or --fail-fast")
    if recording.replay is not None:
        message = "a receipt is about what was observed in this run, and --replay observes nothing"
        raise UsageError.because(Code.USAGE, message, hint="leave out --attest or --replay")
    if recording.resume is not None:
        message = "a receipt is about what was observed in this run, and --resume reuses older answers from a file"
        raise UsageError.because(Code.USAGE, message, hint="leave out --attest or --resume")


def _check_usage(selection: SelectionOptions, recording: RecordingOptions, *, soft_fail: bool) -> None:
    """Raise UsageError for options that contradict each other."""
    if selection.fail_fast and soft_fail:
        message = "--fail-fast leaves jobs unchecked, which --soft-fail cannot let pass"
        raise UsageError.because(Code.USAGE, message, hint="leave one of them out")
    if recording.resume is not None or recording.max_age is not None:
        from reconcile.cli.resume import check_usage

        check_usage(recording)


def _open_replayer(
    recording: RecordingOptions, access: AccessOptions, context: Context, *, quiet: bool
) -> "RunReplayer | None":
    if recording.replay is None:
        return None
    from reconcile.cli.recorder import RunReplayer, check_usage

    check_usage(recording, access)
    return RunReplayer(recording.replay, known_apis(context), quiet=quiet)


def _make_recorder(recording: RecordingOptions, context: Context, started_at: datetime) -> "RunRecorder | None":
    if recording.record is None and recording.resume is None:
        return None
    from reconcile.cli.recorder import RunRecorder

    return RunRecorder(recording, context.clock, started_at)
