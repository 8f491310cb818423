"""Findings of a job as a page shows them: expected beside observed, or a line each."""

from collections.abc import Mapping
from datetime import date

from markupsafe import Markup
from markupsafe import escape as escape_markup
from msgspec import Struct

from reconcile.model import Finding, JobPlan, JsonValue, Kind, Missing, Truth
from reconcile.report.escape import escape
from reconcile.report.messages import describe_expiry, describe_none, find_place, show_value


class Difference(Struct, frozen=True, kw_only=True):
    """
    One finding that does not hold: expected beside observed, either None where there is nothing to show.

    `meaning` says in words what `symbol` says. `place` is where the manifest says so, without the file where it is
    the job's own.
    """

    symbol: str
    meaning: str
    place: str
    path: str
    label: str | None
    expected: Markup | None
    observed: Markup | None
    implied: bool
    waived: str | None
    pending: bool


def build_difference(finding: Finding, planned: JobPlan, today: date) -> Difference:
    """Turn a finding of a job into what the page shows of it."""
    symbol, meaning = _tell_difference(finding)
    source, waiver = find_place(finding, planned), finding.waiver
    return Difference(
        symbol=symbol,
        meaning=meaning,
        place=str(source.line) if source.file == planned.job.source.file else f"{source.file}:{source.line}",
        path=finding.path,
        label=finding.label,
        expected=_mark_up(finding.expected) if _has_expected(finding) else None,
        observed=_show_observed(finding, planned),
        implied=finding.implied,
        waived=f"{waiver.reason} ({describe_expiry(waiver, today)})" if waiver else None,
        pending=finding.truth is Truth.CAN_HOLD,
    )


def _tell_difference(finding: Finding) -> tuple[str, str]:
    if finding.truth is Truth.CAN_HOLD:
        return "?", "not decided yet"
    match finding.kind:
        case Kind.CHANGED:
            return "~", "expected and observed differ"
        case Kind.MISSING:
            return "-", "expected, but not there"
        case Kind.UNEXPECTED:
            return "+", "there, but not expected"


def _has_expected(finding: Finding) -> bool:
    return finding.kind is not Kind.UNEXPECTED or finding.expected is not None


def _show_observed(finding: Finding, planned: JobPlan) -> Markup | None:
    if isinstance(planned.observation, Missing):
        return Markup("the job API has no such job")
    if finding.path == "absent":
        return Markup("the job API has such a job")
    return None if finding.kind is Kind.MISSING and finding.actual is None else _mark_up(finding.actual)


def _mark_up(value: JsonValue) -> Markup:
    """Show a value; each entry of a mapping has a line of its own, which the page's style keeps."""
    if isinstance(value, Mapping):
        return escape_markup("\n".join(f"{escape(key)}: {show_value(part)}" for key, part in value.items()))
    return escape_markup(show_value(value))


# --- A line each -----------------------------------------------------------------------------------------------


def write_difference(finding: Finding, planned: JobPlan, today: date) -> str:
    """Write a finding of a job that does not hold on one line, harmless but not yet markup."""
    symbol, _ = _tell_difference(finding)
    expected = show_value(finding.expected) if _has_expected(finding) else "(not expected)"
    observed = "(not there)" if finding.kind is Kind.MISSING else show_value(finding.actual)
    waiver = finding.waiver
    remarks = [
        *([show_value(finding.label)] if finding.label is not None else []),
        *(["implied"] if finding.implied else []),
        f"line {find_place(finding, planned).line}",
        *([f"waived: {escape(waiver.reason)} ({describe_expiry(waiver, today)})"] if waiver else []),
    ]
    return f"{symbol} {escape(finding.path)} = {expected} -> {observed}   # {', '.join(remarks)}"


def write_held(finding: Finding) -> str:
    """Write a finding that holds on one line, harmless but not yet markup."""
    if finding.kind is Kind.UNEXPECTED and finding.expected is None:
        said = f"{escape(finding.path)}: {describe_none(finding)}"
    else:
        said = f"{escape(finding.path)} = {show_value(finding.expected)}"
    remarks = [
        *([show_value(finding.label)] if finding.label not in (None, finding.actual) else []),
        *([f"observed {show_value(finding.actual)}"] if finding.actual != finding.expected else []),
        *(["implied"] if finding.implied else []),
    ]
    return f"{said}   # {', '.join(remarks)}" if remarks else said
