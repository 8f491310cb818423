"""The findings of one job as lines of the text report: expected -> observed."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from reconcile.model.manifest import Absence
from reconcile.model.observation import Missing, Observed, Unobserved
from reconcile.model.plan import Finding, JobPlan, Kind, Truth
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape, quote
from reconcile.report.messages import count, describe_none, list_waivers, show_actual, show_value
from reconcile.report.style import Colour, Palette, Style

MEANINGS = {
    "~": "expected and observed differ",
    "-": "expected, but not there",
    "+": "there, but not expected",
    "?": "not decided yet",
    "!": "could not be checked",
}
"""The meaning of each symbol."""

_COLOURS = {
    "~": Colour.CHANGED,
    "-": Colour.REMOVED,
    "+": Colour.ADDED,
    "?": Colour.QUIET,
    "!": Colour.REMOVED,
}

OPEN = (Truth.CAN_HOLD, Truth.CANNOT_HOLD)
"""The truths of findings that do not hold; findings that cannot be judged are shown as problems of the job."""

MARGIN = 6
"""Columns before the lines of a section."""

_NAME_WIDTH = len("fail_reason")
_WIDEST_NAME, _WIDEST_HEAD = 40, 60
"""The most columns before an aligned `=` and `#`; longer lines stick out."""


class _Line(Struct, frozen=True):
    """`symbol name = value   # remark`; everything but the symbol and the name may be empty."""

    symbol: str
    name: str
    value: str = ""
    remark: str = ""


def render_findings(plan: JobPlan, style: Style, today: date) -> Iterator[str]:
    """Render the findings of a job that do not hold; with `style.full`, all of them."""
    match plan.observation:
        case Missing():
            yield from _render_missing(plan, style, today)
        case Observed():
            yield from _render_observed(plan.findings, style, today)
        case Unobserved():
            pass


def choose_symbol(finding: Finding) -> str:
    """Return the symbol of a finding; a blank if it holds."""
    if finding.truth is Truth.HOLDS:
        return " "
    if finding.truth is Truth.CAN_HOLD:
        return "?"
    return {Kind.CHANGED: "~", Kind.MISSING: "-", Kind.UNEXPECTED: "+"}[finding.kind]


def paint_symbol(symbol: str, palette: Palette) -> str:
    """Paint a symbol in its colour, if it has one."""
    return palette.paint(symbol, _COLOURS[symbol]) if symbol in _COLOURS else symbol


def _render_missing(plan: JobPlan, style: Style, today: date) -> Iterator[str]:
    if isinstance(plan.job.expect, Absence):
        yield "  the job API has no such job"
        return
    remarks = [remark for finding in plan.findings for remark in list_waivers(finding, today=today)]
    pending = any(finding.truth is Truth.CAN_HOLD for finding in plan.findings)
    line = _Line("?" if pending else "-", f"the job API has no such job{' yet' if pending else ''}", "", *remarks[:1])
    yield from _align([line], style)


def _render_observed(findings: Sequence[Finding], style: Style, today: date) -> Iterator[str]:
    shown = [each for each in findings if each.truth in OPEN or (style.full and each.truth is Truth.HOLDS)]
    sub_jobs = [finding for finding in shown if finding.path.startswith("sub_jobs")]
    fields = [_field_line(finding, today) for finding in shown if not finding.path.startswith("sub_jobs")]
    yield from _align(fields, style, least=_NAME_WIDTH)
    if sub_jobs:
        yield from _align([_Line(_choose_list_symbol(sub_jobs), "sub_jobs", "[")], style, least=_NAME_WIDTH)
        lines = [_sub_job_line(finding, today) for finding in sub_jobs]
        yield from (f"    {line}" for line in _align(lines, style, indent=4))
        yield "  ]"
    hidden = sum(each.truth is Truth.HOLDS and not each.implied and each.path != "sub_jobs" for each in findings)
    if hidden and not style.full:
        yield style.palette.paint(f"# ({count(hidden, 'unchanged expectation')} hidden)", Colour.QUIET)


def _choose_list_symbol(findings: Sequence[Finding]) -> str:
    truths = [finding.truth for finding in findings]
    return "~" if Truth.CANNOT_HOLD in truths else "?" if Truth.CAN_HOLD in truths else " "


# --- One finding -----------------------------------------------------------------------------------------------


def _field_line(finding: Finding, today: date) -> _Line:
    remark = ", ".join(_list_remarks(finding, today))
    return _Line(choose_symbol(finding), escape(finding.path), _show_change(finding), remark)


def _sub_job_line(finding: Finding, today: date) -> _Line:
    """Return the line of a finding about one sub-job, or about the number of sub-jobs."""
    symbol, remarks = choose_symbol(finding), list(_list_remarks(finding, today))
    index, _, field = escape(finding.path.removeprefix("sub_jobs")).partition(".")
    label = quote(finding.label) if finding.label is not None else show_value(finding.expected or finding.actual)
    name = " ".join(part for part in (index, label if index else "") if part)
    match finding.kind:
        case Kind.CHANGED:
            return _Line(symbol, f"{name}{'.' if name else ''}{field}", _show_change(finding), ", ".join(remarks))
        case Kind.MISSING:
            name, value = (field, show_value(finding.expected)) if field else (name, "")
            return _Line(symbol, name, value, ", ".join(("expected, not observed", *remarks)))
        case Kind.UNEXPECTED if finding.truth is Truth.HOLDS:
            return _Line(symbol, describe_none(finding), "", "implied" if finding.implied else "")
        case Kind.UNEXPECTED:
            why = "success implies that none has" if finding.implied else "not expected"
            observed = f"observed{_describe_status(finding.actual)}, {why}"
            return _Line(symbol, label, "", ", ".join((observed, *list_waivers(finding, today=today))))


def _describe_status(sub_job: JsonValue) -> str:
    return f" as {escape(str(sub_job['status']))}" if isinstance(sub_job, Mapping) and "status" in sub_job else ""


def _show_change(finding: Finding) -> str:
    expected = show_value(finding.expected)
    return expected if finding.truth is Truth.HOLDS else f"{expected} -> {show_actual(finding)}"


def _list_remarks(finding: Finding, today: date) -> Iterator[str]:
    if finding.truth is Truth.HOLDS and finding.actual != finding.expected:
        yield f"observed {show_actual(finding)}"
    if finding.implied:
        yield "implied"
    yield from list_waivers(finding, today=today)


def _align(lines: Sequence[_Line], style: Style, *, least: int = 0, indent: int = 0) -> Iterator[str]:
    """
    Write lines with aligned `=` and `#`.

    On a screen, a line that is too long is wrapped between words, and its remark gets its own line.

    Args:
        least: the least columns of a name.
        indent: columns before the lines, besides the margin of a section.
    """
    names = [len(line.name) for line in lines if line.value and len(line.name) <= _WIDEST_NAME]
    width = max([least, *names])
    heads = [f"{line.name:<{width}} = {line.value}" if line.value else line.name for line in lines]
    remarked = [len(head) for line, head in zip(lines, heads, strict=True) if line.remark and len(head) <= _WIDEST_HEAD]
    margin = max(remarked, default=0)
    for line, head in zip(lines, heads, strict=True):
        symbol = paint_symbol(line.symbol, style.palette)
        remark = f"{' ' * (margin - len(head))}   # {line.remark}" if line.remark else ""
        if style.width is None or MARGIN + indent + 2 + len(head) + len(remark) <= style.width:
            yield f"{symbol} {head}{remark}"
            continue
        hanging = " " * (width + 3 if line.value else 4)
        first, *rest = break_line(head, style, indent=indent + 2, hanging=hanging)
        yield f"{symbol} {first}"
        if line.remark:
            rest += break_line(f"{hanging}# {line.remark}", style, indent=indent + 2, hanging=f"{hanging}# ")
        yield from (f"  {each}" for each in rest)


def break_line(text: str, style: Style, *, indent: int = 0, hanging: str = "") -> list[str]:
    """
    Wrap text between words to fit the screen, if there is one; return at least one line.

    Args:
        indent: columns before each line, besides the margin of a section.
        hanging: the prefix of each line but the first.
    """
    if style.width is None:
        return [text]
    width = max(len(hanging) + 20, style.width - MARGIN - indent)
    lines = textwrap.wrap(
        text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    return lines or [""]
