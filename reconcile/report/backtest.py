"""A backtest as text and as JSON; `schemas/backtest.v1.schema.json` describes the JSON."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from reconcile.canonical import dump
from reconcile.instant import format_instant
from reconcile.model.backtest import BacktestRun, Confusion, Effect
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import ExitCode, Plan, Truth
from reconcile.model.recording import Decision
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape
from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json
from reconcile.report.messages import count, describe_finding, describe_place, describe_waiver, show_value
from reconcile.report.style import NO_COLOUR, Colour, Palette
from reconcile.report.table import draw_table

MOST_ROWS = 50
"""Up to this many recordings, the table lists all; beyond that, only flips, undecided and wrong ones."""

_NUMBER = re.compile(r" \([0-9]+\)$")
"""The number that tells results with the same path apart."""

_COLOURS = {Effect.PASSED: Colour.ADDED, Effect.BLOCKED: Colour.REMOVED, Effect.UNDECIDED: Colour.CHANGED}


def describe_change(decision: Decision | None, plan: Plan) -> str:
    """Describe what has become of the expectation that blocked the recording, in a plan that passes now."""
    if decision is None:
        return "the recording does not say what blocked it"
    job = next((each for each in plan.jobs if escape(each.job.address) == decision.address), None)
    if job is None:
        return "the manifest has no such job"
    path = _NUMBER.sub("", decision.path)
    finding = next((each for each in job.findings if escape(each.path) == path), None)
    if finding is None:
        return "this is no longer expected"
    if finding.waiver is not None:
        return describe_waiver(finding.waiver)
    if finding.truth is Truth.HOLDS:
        return f"expected {show_value(finding.expected)}, which holds"
    return describe_finding(finding)


# --- Text ------------------------------------------------------------------------------------------------------


def render_backtest(runs: Sequence[BacktestRun], confusion: Confusion | None, palette: Palette = NO_COLOUR) -> str:
    """Render the effect of the manifest on each recording, what decides each flip, and how well it meets incidents."""
    shown = [run for run in runs if len(runs) <= MOST_ROWS or _is_remarkable(run)]
    explained = [run for run in runs if run.is_flip or run.effect is Effect.UNDECIDED]
    table = "".join(f"{line}\n" for line in _draw(shown, palette, with_incidents=confusion is not None))
    hidden = len(runs) - len(shown)
    if hidden:
        table += f"# ({count(hidden, 'recording')} as expected not listed: -o json has them)\n"
    parts = [
        *([table] if table else []),
        *("".join(f"{line}\n" for line in _explain(run)) for run in explained),
        *([f"Incidents: {_describe_confusion(confusion)}\n"] if confusion else []),
        f"{palette.paint('Backtest:', Colour.STRONG)} {_describe_counts(runs)}\n",
    ]
    return "\n".join(parts)


def _is_remarkable(run: BacktestRun) -> bool:
    wrong = run.incident is not None and run.incident is not (run.effect is Effect.BLOCKED)
    return run.is_flip or run.effect is Effect.UNDECIDED or wrong


def _draw(runs: Sequence[BacktestRun], palette: Palette, *, with_incidents: bool) -> list[str]:
    columns = {
        "Recording": [escape(run.name) for run in runs],
        "Judged at": [_show_time(run) or "-" for run in runs],
        "Then": [run.recorded.value if run.recorded else "-" for run in runs],
        "Now": [palette.paint(run.effect.value, _COLOURS[run.effect]) for run in runs],
        **({"Incident": ["yes" if run.incident else "no" for run in runs]} if with_incidents else {}),
    }
    return draw_table(list(zip(*columns.values(), strict=True)), tuple(columns))


def _show_time(run: BacktestRun) -> str | None:
    return format_instant(run.judged_at.replace(microsecond=0)) if run.judged_at else None


def _explain(run: BacktestRun) -> Iterator[str]:
    """Describe what decides the verdict about a recording."""
    then = f"{run.recorded.value} then, " if run.is_flip and run.recorded else ""
    yield f"  # {escape(run.name)}: {then}{run.effect.value} now"
    if run.decided_by is not None:
        place = f"      {describe_place(run.decided_by.source)}" if run.decided_by.source else ""
        title = f"{escape(run.decided_by.address)} {escape(run.decided_by.path)}"
        yield f"    {title}: {escape(run.decided_by.reason)}{place}"
    if run.changed is not None:
        yield f"    now: {run.changed}"


def _describe_confusion(confusion: Confusion) -> str:
    incidents = confusion.blocked_incidents + confusion.passed_incidents + confusion.undecided_incidents
    blocked = confusion.blocked_incidents + confusion.blocked_others
    hits = f"{confusion.blocked_incidents:,}"
    return (
        f"recall {_show_share(confusion.recall)} ({hits} of {count(incidents, 'incident')} blocked, "
        f"{confusion.passed_incidents:,} passed, {confusion.undecided_incidents:,} undecided), "
        f"precision {_show_share(confusion.precision)} ({hits} of {blocked:,} blocked)."
    )


def _show_share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _describe_counts(runs: Sequence[BacktestRun]) -> str:
    effects = Counter(run.effect for run in runs)
    counts = [f"{effects[effect]:,} {effect.value}" for effect in Effect]
    flips = sum(run.is_flip for run in runs)
    return f"{count(len(runs), 'recording')}, {', '.join(counts)}; {count(flips, 'flip')}."


# --- JSON ------------------------------------------------------------------------------------------------------


def render_backtest_as_json(runs: Sequence[BacktestRun], confusion: Confusion | None, failure: ExitCode | None) -> str:
    """Render a backtest for scripts; `failure` is None if every recording is decided."""
    effects = Counter(run.effect for run in runs)
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "exit_code": int(failure or 0),
            "summary": {
                "recordings": len(runs),
                **{effect.value: effects[effect] for effect in Effect},
                "flips": sum(run.is_flip for run in runs),
            },
            "recordings": [_run_to_json(run) for run in runs],
            "incidents": None if confusion is None else _confusion_to_json(confusion),
            "errors": [],
        }
    )


def render_failure_as_json(errors: Sequence[Diagnostic]) -> str:
    """Render, for scripts, why nothing could be judged."""
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "exit_code": 1,
            "summary": None,
            "recordings": [],
            "incidents": None,
            "errors": [diagnostic_to_json(error) for error in errors],
        }
    )


def _run_to_json(run: BacktestRun) -> JsonValue:
    return {
        "name": run.name,
        "judged_at": format_instant(run.judged_at) if run.judged_at else None,
        "recorded": run.recorded,
        "effect": run.effect,
        "exit_code": int(run.exit_code),
        "flip": run.is_flip,
        "decided_by": _decision_to_json(run.decided_by) if run.decided_by else None,
        "changed": run.changed,
        "incident": run.incident,
    }


def _decision_to_json(decision: Decision) -> JsonValue:
    source = decision.source
    return {
        "address": decision.address,
        "path": decision.path,
        "reason": decision.reason,
        "file": source.file if source else None,
        "line": source.line if source else None,
        "column": source.column if source else None,
    }


def _confusion_to_json(confusion: Confusion) -> JsonValue:
    return {
        "blocked_incidents": confusion.blocked_incidents,
        "passed_incidents": confusion.passed_incidents,
        "undecided_incidents": confusion.undecided_incidents,
        "blocked_others": confusion.blocked_others,
        "passed_others": confusion.passed_others,
        "undecided_others": confusion.undecided_others,
        "precision": confusion.precision,
        "recall": confusion.recall,
    }
