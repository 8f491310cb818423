"""Compares what a manifest would have done to past deployments with known incidents. Pure."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.backtest import BacktestRun, Confusion, Effect
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.plan import ExitCode, Verdict

_COLUMNS = ["recording", "incident"]
_ANSWERS = {"yes": True, "no": False}
_HINT = "the first line is recording,incident and each other one the name of a recording with yes or no"


def find_effect(verdict: Verdict, ended_by: ExitCode | None) -> Effect:
    """Return the effect of a gate with this verdict; `ended_by` is the signal that ended its run, None without one."""
    if ended_by is not None:
        return Effect.UNDECIDED
    return {Verdict.IN_SYNC: Effect.PASSED, Verdict.DRIFT: Effect.BLOCKED}.get(verdict, Effect.UNDECIDED)


def find_failure(runs: Sequence[BacktestRun]) -> ExitCode | None:
    """Return 3 if recordings are undecided only because of unfinished jobs, otherwise 1; None if all are decided."""
    open_codes = {run.exit_code for run in runs if run.effect is Effect.UNDECIDED}
    if not open_codes and runs:
        return None
    return ExitCode.PENDING if open_codes == {ExitCode.PENDING} else ExitCode.ERROR


def count_confusion(runs: Sequence[BacktestRun]) -> Confusion | None:
    """Count blocked, passed and undecided recordings by incident; None if incidents are unknown."""
    counts = Counter((run.effect, run.incident) for run in runs if run.incident is not None)
    if not counts:
        return None
    return Confusion(
        blocked_incidents=counts[Effect.BLOCKED, True],
        passed_incidents=counts[Effect.PASSED, True],
        undecided_incidents=counts[Effect.UNDECIDED, True],
        blocked_others=counts[Effect.BLOCKED, False],
        passed_others=counts[Effect.PASSED, False],
        undecided_others=counts[Effect.UNDECIDED, False],
    )


def parse_incidents(file: str, content: str, names: Sequence[str]) -> Mapping[str, bool]:
    """
    Read which recordings are incidents.

    Args:
        file: the name of the file in messages.
        content: CSV (RFC 4180) with the columns recording and incident, which is yes or no.
        names: the names of the recordings, each of which must be listed exactly once.

    Raises:
        DocumentError: the content is anything else; it has all errors.
    """
    incidents: dict[str, bool] = {}
    diagnostics = list(_read_incidents(file, content, set(names), incidents))
    missing = [name for name in names if name not in incidents]
    if missing and not diagnostics:
        diagnostics = [_wrong(file, 1, f"it does not list the recording {name!r}") for name in missing]
    if diagnostics:
        raise DocumentError(diagnostics)
    return incidents


def _read_incidents(file: str, content: str, names: set[str], incidents: dict[str, bool]) -> Iterator[Diagnostic]:
    """Fill `incidents`, and yield the errors."""
    rows = csv.reader(content.splitlines(keepends=True), strict=True)
    try:
        header = next(rows, [])
        if header != _COLUMNS:
            yield _wrong(file, 1, "the first line is not recording,incident")
            return
        for row in rows:
            problem = _find_problem(row, names, incidents)
            if problem is not None:
                yield _wrong(file, rows.line_num, problem)
            else:
                incidents[row[0]] = _ANSWERS[row[1]]
    except csv.Error as error:
        yield _wrong(file, max(1, rows.line_num), f"it is not CSV: {error}")


def _find_problem(row: Sequence[str], names: set[str], incidents: Mapping[str, bool]) -> str | None:
    match row:
        case [name, _] if name not in names:
            return f"there is no recording {name[:40]!r}"
        case [name, _] if name in incidents:
            return f"the recording {name!r} is listed twice"
        case [_, answer] if answer not in _ANSWERS:
            return f"{answer[:40]!r} is neither yes nor no"
        case [_, _]:
            return None
        case _:
            return f"a line must have two fields, but this one has {len(row)}"


def _wrong(file: str, line: int, message: str) -> Diagnostic:
    source = Source(file=file, line=line, column=1)
    return Diagnostic(code=Code.WRONG_INCIDENTS, message=message, hint=_HINT, source=source)
