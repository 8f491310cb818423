"""`reconcile backtest`: one manifest over many recordings."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from reconcile.backtest import count_confusion, find_effect, find_failure, parse_incidents
from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.manifests import load_manifest
from reconcile.cli.options.manifests import ManifestCommand, ManifestOptions, manifest_options
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import known_apis
from reconcile.cli.recorder import RunReplayer
from reconcile.codes import Code
from reconcile.document import STDIN, read_text
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.model.backtest import BacktestRun, Effect
from reconcile.model.plan import ExitCode, Plan
from reconcile.model.recording import Decision
from reconcile.recording import HEAD

_CUT_SHORT = Decision(
    address="run", path=f"error.{Code.INTERRUPTED}", reason="the recorded run was cut short by a signal"
)


@click.command(cls=ManifestCommand)
@manifest_options
@click.option(
    "--recordings",
    "folders",
    metavar="DIR",
    type=FilePath(),
    multiple=True,
    help="A recording, or a directory of recordings. Repeatable.",
)
@click.option(
    "--incidents",
    metavar="FILE",
    type=FilePath(),
    help="CSV with the columns recording and incident (yes or no), for precision and recall.",
)
@format_option("text", "json")
@colour_option
@pass_context
def command(
    context: Context,
    manifests: ManifestOptions,
    folders: tuple[str, ...],
    incidents: str | None,
    format_name: str,
) -> Done | ExitCode:
    """Judge a manifest over many recordings, offline.

    Each recording is one that 'reconcile plan --record DIR' has written, and is judged as 'plan --replay DIR' judges
    it: blocked by a drift, passed, or undecided because it could not be checked or jobs were unfinished. If the gate
    did something else when it was recorded, that is a flip, and the expectation that decides is shown.

    With --incidents, precision is the share of incidents in what was blocked, and recall the share of the incidents
    that was blocked. An undecided incident is not blocked. Each recording must be listed once, by the name of its
    directory.

    Exit code: 0 if every recording was decided, 3 if some are undecided only because jobs were unfinished, 1 if some
    could not be checked.

    \b
    Examples:
      reconcile backtest --recordings recordings/
      reconcile backtest new.yaml --recordings recordings/ --incidents incidents.csv
      reconcile backtest --recordings monday --recordings tuesday -o json | jq '.recordings[] | select(.flip)'
    """
    try:
        _check_usage(manifests)
        found = _find_recordings(folders)
        names = [name for name, _ in found]
        known = _read_incidents(incidents, names) if incidents is not None else {}
        runs = [replace(each, incident=known.get(each.name)) for each in _judge_all(found, manifests, context)]
    except ReconcileError as error:
        error.terse = format_name == "json"
        if format_name == "json":
            from reconcile.report.backtest import render_failure_as_json

            output.write(render_failure_as_json(error.diagnostics))
        raise
    failure = find_failure(runs)
    _write(runs, failure, format_name, context)
    return failure or Done.DONE


def _check_usage(manifests: ManifestOptions) -> None:
    """Raise UsageError for standard input, which could only be read for the first recording."""
    if STDIN in (*manifests.paths, *manifests.var_files):
        message = "standard input can be read only once, not for each recording"
        raise UsageError.because(Code.USAGE, message, hint="name a file")


def _find_recordings(folders: Sequence[str]) -> list[tuple[str, str]]:
    """Find name and path of every recording; raise UsageError if there is none, or if two have the same name."""
    paths = [path for folder in folders for path in _list_folder(Path(folder))]
    if not paths:
        message = "there is no recording to judge"
        hint = "give --recordings DIR: a directory that 'reconcile plan --record' has written, or one of several"
        raise UsageError.because(Code.NOTHING_TO_CHECK, message, hint=hint)
    names = [path.resolve().name for path in paths]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        message = f"several recordings are called {', '.join(twice)}"
        raise UsageError.because(Code.USAGE, message, hint="give each once, and its directory a name of its own")
    return list(zip(names, map(str, paths), strict=True))


def _list_folder(folder: Path) -> list[Path]:
    """List the recordings in a folder: itself, or all its folders in the order of their names; raise DocumentError."""
    if not folder.is_dir():
        hint = "give a directory that 'reconcile plan --record' has written, or one of several"
        raise DocumentError.because(Code.NO_SUCH_FILE, f"--recordings: there is no directory {folder}", hint=hint)
    if (folder / HEAD).exists():
        return [folder]
    return sorted(each for each in folder.iterdir() if each.is_dir())


def _read_incidents(path: str, names: Sequence[str]) -> "dict[str, bool]":
    text = read_text(path)
    return dict(parse_incidents(text.file, text.content, names))


def _judge_all(found: Sequence[tuple[str, str]], manifests: ManifestOptions, context: Context) -> Iterator[BacktestRun]:
    """Judge every recording; raise the first ReconcileError if none can be read or judged at all."""
    first: ReconcileError | None = None
    judged = False
    for name, path in found:
        try:
            yield _judge(name, path, manifests, context)
            judged = True
        except DocumentError as error:
            first = first or error
            yield _give_up(name, error)
    if first is not None and not judged:
        raise first


def _judge(name: str, path: str, manifests: ManifestOptions, context: Context) -> BacktestRun:
    """Judge one recording as `plan --replay` does, at the time of the recording."""
    from reconcile.report.backtest import describe_change
    from reconcile.report.result import find_decision

    replayer = RunReplayer(path, known_apis(context), quiet=True)
    plan = _replay(replayer, manifests, context)
    effect = find_effect(plan.verdict, replayer.ended_by)
    recorded = find_effect(replayer.verdict, replayer.ended_by) if replayer.verdict else None
    cut_short = _CUT_SHORT if replayer.ended_by is not None else None
    freed = recorded is Effect.BLOCKED and effect is Effect.PASSED
    return BacktestRun(
        name=name,
        judged_at=replayer.judged_at,
        recorded=recorded,
        effect=effect,
        exit_code=plan.exit_code,
        decided_by=replayer.decided_by if freed else cut_short or find_decision(plan),
        changed=describe_change(replayer.decided_by, plan) if freed else None,
    )


def _replay(replayer: RunReplayer, manifests: ManifestOptions, context: Context) -> Plan:
    from reconcile.judge import list_fetch_notes
    from reconcile.plan import accept_evidence, make_plan

    manifest = load_manifest(manifests, context, quiet=True, as_of=replayer.begun_at)
    fetched, origins = replayer.replay(manifest)
    return make_plan(
        manifest,
        [accept_evidence(each, strict=manifests.strict) for each in fetched],
        now=replayer.judged_at,
        origins=origins,
        notes=[list_fetch_notes(each) for each in fetched],
        strict=manifests.strict,
        ended_by=replayer.ended_by,
    )


def _give_up(name: str, error: ReconcileError) -> BacktestRun:
    """Return the run of a recording that cannot be read, or at whose time the manifest is invalid."""
    diagnostic = error.diagnostics[0]
    decision = Decision(
        address="run", path=f"error.{diagnostic.code}", reason=diagnostic.message, source=diagnostic.source
    )
    return BacktestRun(
        name=name,
        judged_at=None,
        recorded=None,
        effect=Effect.UNDECIDED,
        exit_code=ExitCode.ERROR,
        decided_by=decision,
    )


def _write(runs: Sequence[BacktestRun], failure: ExitCode | None, format_name: str, context: Context) -> None:
    from reconcile.report.backtest import render_backtest, render_backtest_as_json

    confusion = count_confusion(runs)
    if format_name == "json":
        output.write(render_backtest_as_json(runs, confusion, failure))
    else:
        palette = output.choose_palette(context.colour, sys.stdout, context.environ)
        output.write(render_backtest(runs, confusion, palette))
