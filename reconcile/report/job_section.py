"""What a plan's text tells of a job, or at once of several of which the same is to be told."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from reconcile.duration import format_duration
from reconcile.model import Absence, Finding, JobPlan, JsonValue, Kind, Missing, Observed, Truth, Unobserved, Verdict
from reconcile.report.escape import escape, quote
from reconcile.report.grouping import erase_circumstances, find_codes, gather_alike, name_jobs
from reconcile.report.palette import Colour, Palette
from reconcile.report.run_time import read_run_time
from reconcile.report.style import Style
from reconcile.report.messages import choose_headline, count, describe_none, describe_waiver, show_value

MOST_NOTES = 3
"""Of jobs that are told at once, so many notes are shown, the most frequent first."""

SYMBOLS = {
    "~": ("expected and observed differ", Colour.CHANGED),
    "-": ("expected, but not there", Colour.REMOVED),
    "+": ("there, but not expected", Colour.ADDED),
    "?": ("not decided yet", Colour.QUIET),
    "!": ("could not be decided", Colour.REMOVED),
}
"""What each symbol means, and its colour."""

_OPEN = (Truth.CAN_HOLD, Truth.CANNOT_HOLD)
"""What is shown of a job; what cannot be judged is told as a problem."""

_NAME_WIDTH = len("fail_reason")
_WIDEST_NAME, _WIDEST_HEAD = 40, 60
"""Columns up to which `=` and `#` stand below each other; what is longer stands out."""

_INDENT = " " * 6


class _Line(Struct, frozen=True):
    """`symbol name = value   # remark`, of which any but the symbol may be empty."""

    symbol: str
    name: str
    value: str = ""
    remark: str = ""


def render_blocks(jobs: Iterable[JobPlan], style: Style, now: datetime) -> list[str]:
    """Render jobs in their order; those of which the same is to be told become one block, unless all is wanted."""
    told = [(job, tuple(_render_findings(job, style, now.date()))) for job in jobs]
    groups = [(each,) for each in told] if style.full else gather_alike(told, _liken)
    return [_render_block([job for job, _ in group], group[0][1], style, now) for group in groups]


def list_symbols(jobs: Iterable[JobPlan]) -> set[str]:
    """List the symbols that the blocks of these jobs have."""
    used = set()
    for job in jobs:
        used.add(_symbol_of_job(job))
        used.update(_symbol_of(finding) for finding in job.findings if finding.truth in _OPEN)
    return used


def paint_symbol(symbol: str, palette: Palette) -> str:
    """Give a symbol its colour, if it has one."""
    return palette.paint(symbol, SYMBOLS[symbol][1]) if symbol in SYMBOLS else symbol


# --- The block -------------------------------------------------------------------------------------------------


def _liken(told: tuple[JobPlan, tuple[str, ...]]) -> tuple[object, ...]:
    """Return what is the same of jobs that have one cause."""
    job, lines = told
    problems = tuple(erase_circumstances(f"{problem.code} {escape(problem.message)}", job) for problem in job.problems)
    return choose_headline(job), problems, lines, find_codes(job)


def _render_block(jobs: Sequence[JobPlan], lines: Sequence[str], style: Style, now: datetime) -> str:
    first, palette = jobs[0], style.palette
    one, many = choose_headline(first)
    age = _describe_age(jobs, now)
    if len(jobs) == 1:
        title = f"{escape(first.job.address)} {one}{age}"
        subject = f"job {quote(first.job.job_id)}"
    else:
        title = f"{count(len(jobs), 'job')} {many} alike{age}: {name_jobs(jobs)}"
        subject = count(len(jobs), "job")
    body = [
        *_render_problems(first, style, alike=len(jobs) > 1),
        *lines,
        *_render_notes(jobs, style),
    ]
    return "".join(
        f"{line}\n"
        for line in (
            palette.paint(f"  # {title}", Colour.STRONG),
            f"  {paint_symbol(_symbol_of_job(first), palette)} {subject} {{      "
            f"{palette.paint(_describe_places(jobs), Colour.QUIET)}",
            *(f"{_INDENT}{line}" for line in body),
            "    }",
        )
    )


def _describe_age(jobs: Sequence[JobPlan], now: datetime) -> str:
    """Say how long ago the first of pending jobs began, where they say when."""
    begun = [begin for job in jobs if (begin := _read_begin(job)) is not None and begin <= now]
    if jobs[0].verdict is not Verdict.PENDING or not begun:
        return ""
    seconds = int((now - min(begun)).total_seconds())
    age = format_duration(seconds if seconds < 3600 else seconds - seconds % 60)
    return f", {'begun' if len(jobs) == 1 else 'the first begun'} {age} ago"


def _read_begin(plan: JobPlan) -> datetime | None:
    ran = read_run_time(plan.observation, plan.job.provider.api) if isinstance(plan.observation, Observed) else None
    return ran.begin if ran else None


def _describe_places(jobs: Sequence[JobPlan]) -> str:
    places = dict.fromkeys((job.job.source.file, job.job.source.line) for job in jobs)
    (file, line), more = next(iter(places)), len(places) - 1
    return f"{escape(file)}:{line}" + (f" and {count(more, 'more place')}" if more else "")


def _symbol_of_job(plan: JobPlan) -> str:
    if plan.problems:
        return "!"
    if isinstance(plan.observation, Missing) and plan.verdict in (Verdict.DRIFT, Verdict.WAIVED):
        return "-"
    return {Verdict.DRIFT: "~", Verdict.WAIVED: "~", Verdict.PENDING: "?"}.get(plan.verdict, " ")


# --- Prose -----------------------------------------------------------------------------------------------------


def _render_problems(plan: JobPlan, style: Style, *, alike: bool) -> Iterator[str]:
    for problem in plan.problems:
        said = f"{problem.code} {escape(problem.message)}"
        first, *rest = _wrap(erase_circumstances(said, plan) if alike else said, style)
        yield f"{paint_symbol('!', style.palette)} {first}"
        yield from (f"  {line}" for line in rest)


def _render_notes(jobs: Sequence[JobPlan], style: Style) -> Iterator[str]:
    """Render the notes of one job, or the most frequent ones of several."""
    times = Counter(note for job in jobs for note in dict.fromkeys(job.notes))
    shown = times.most_common(MOST_NOTES) if len(jobs) > 1 else times.items()
    for note, number in shown:
        some = f" ({number:,} of {count(len(jobs), 'job')})" if number < len(jobs) else ""
        yield from _remark(f"note: {escape(note)}{some}", style)
    hidden = len(times) - len(shown)
    if hidden:
        yield from _remark(f"({count(hidden, 'more note')} hidden)", style)


def _remark(text: str, style: Style) -> Iterator[str]:
    return (style.palette.paint(f"# {line}", Colour.QUIET) for line in _wrap(text, style))


def _wrap(text: str, style: Style) -> list[str]:
    """Break prose between words, where a screen bounds it; at least one line comes of it."""
    if style.width is None:
        return [text]
    width = max(20, style.width - len(_INDENT) - 2)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


# --- Findings --------------------------------------------------------------------------------------------------


def _render_findings(plan: JobPlan, style: Style, today: date) -> Iterator[str]:
    match plan.observation:
        case Missing():
            yield _render_missing(plan, style.palette, today)
        case Observed():
            yield from _render_observed(plan.findings, style, today)
        case Unobserved():
            pass


def _render_missing(plan: JobPlan, palette: Palette, today: date) -> str:
    if isinstance(plan.job.expect, Absence):
        return "  the job API has no such job"
    remarks = [describe_waiver(finding.waiver, today=today) for finding in plan.findings if finding.waiver]
    pending = any(finding.truth is Truth.CAN_HOLD for finding in plan.findings)
    line = _Line("?" if pending else "-", f"the job API has no such job{' yet' if pending else ''}", "", *remarks[:1])
    return next(_align([line], palette))


def _render_observed(findings: Sequence[Finding], style: Style, today: date) -> Iterator[str]:
    shown = [each for each in findings if each.truth in _OPEN or (style.full and each.truth is Truth.HOLDS)]
    parts = [finding for finding in shown if finding.path.startswith("sub_jobs")]
    fields = [_lay_out_field(finding, today) for finding in shown if not finding.path.startswith("sub_jobs")]
    yield from _align(fields, style.palette, least=_NAME_WIDTH)
    if parts:
        yield from _align([_Line(_symbol_of_parts(parts), "sub_jobs", "[")], style.palette, least=_NAME_WIDTH)
        lines = [_lay_out_part(finding, today) for finding in parts]
        yield from (f"    {line}" for line in _align(lines, style.palette))
        yield "  ]"
    hidden = sum(each.truth is Truth.HOLDS and not each.implied and each.path != "sub_jobs" for each in findings)
    if hidden and not style.full:
        yield from _remark(f"({count(hidden, 'unchanged expectation')} hidden)", style)


def _lay_out_field(finding: Finding, today: date) -> _Line:
    return _Line(_symbol_of(finding), escape(finding.path), _show_change(finding), _join_remarks(finding, today))


def _lay_out_part(finding: Finding, today: date) -> _Line:
    """Lay out a finding about one sub-job, or about how many there are."""
    symbol = _symbol_of(finding)
    index, _, field = escape(finding.path.removeprefix("sub_jobs")).partition(".")
    label = quote(finding.label) if finding.label is not None else show_value(finding.expected or finding.actual)
    name = " ".join(part for part in (index, label if index else "") if part)
    match finding.kind:
        case Kind.CHANGED:
            path = f"{name}{'.' if name else ''}{field}"
            return _Line(symbol, path, _show_change(finding), _join_remarks(finding, today))
        case Kind.MISSING:
            wanted = (field, show_value(finding.expected)) if field else (name, "")
            return _Line(symbol, *wanted, _join_remarks(finding, today, "expected, not observed"))
        case Kind.UNEXPECTED if finding.truth is Truth.HOLDS:
            return _Line(symbol, describe_none(finding), "", "implied" if finding.implied else "")
        case Kind.UNEXPECTED:
            why = "success implies that none has" if finding.implied else "not expected"
            observed = f"observed{_describe_status(finding.actual)}, {why}"
            return _Line(symbol, label, "", ", ".join((observed, *_waivers_of(finding, today))))


def _describe_status(sub_job: JsonValue) -> str:
    return f" as {escape(str(sub_job['status']))}" if isinstance(sub_job, Mapping) and "status" in sub_job else ""


def _show_change(finding: Finding) -> str:
    expected = show_value(finding.expected)
    return expected if finding.truth is Truth.HOLDS else f"{expected} -> {show_value(finding.actual)}"


def _join_remarks(finding: Finding, today: date, *more: str) -> str:
    holds = finding.truth is Truth.HOLDS and finding.actual != finding.expected
    observed = [f"observed {show_value(finding.actual)}"] if holds else []
    implied = ["implied"] if finding.implied else []
    return ", ".join((*more, *observed, *implied, *_waivers_of(finding, today)))


def _waivers_of(finding: Finding, today: date) -> list[str]:
    return [describe_waiver(finding.waiver, today=today)] if finding.waiver else []


def _symbol_of(finding: Finding) -> str:
    if finding.truth is Truth.HOLDS:
        return " "
    if finding.truth is Truth.CAN_HOLD:
        return "?"
    return {Kind.CHANGED: "~", Kind.MISSING: "-", Kind.UNEXPECTED: "+"}[finding.kind]


def _symbol_of_parts(findings: Sequence[Finding]) -> str:
    truths = {finding.truth for finding in findings}
    return "~" if Truth.CANNOT_HOLD in truths else "?" if Truth.CAN_HOLD in truths else " "


def _align(lines: Sequence[_Line], palette: Palette, *, least: int = 0) -> Iterator[str]:
    """Write lines with every `=` below the others, and every `#`; `least` is the width of the names, at least."""
    names = [len(line.name) for line in lines if line.value and len(line.name) <= _WIDEST_NAME]
    width = max([least, *names])
    heads = [f"{line.name:<{width}} = {line.value}" if line.value else line.name for line in lines]
    remarked = [len(head) for line, head in zip(lines, heads, strict=True) if line.remark and len(head) <= _WIDEST_HEAD]
    margin = max(remarked, default=0)
    for line, head in zip(lines, heads, strict=True):
        remark = f"{' ' * (margin - len(head))}   # {line.remark}" if line.remark else ""
        yield f"{paint_symbol(line.symbol, palette)} {head}{remark}"
