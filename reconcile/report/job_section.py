"""The part of the text report that describes one job, or several jobs with the same cause."""

import textwrap
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime

from reconcile.duration import format_duration
from reconcile.model import JobPlan, Missing, Observed, Verdict
from reconcile.report.diff_lines import OPEN, choose_symbol, paint_symbol, render_findings
from reconcile.report.escape import escape, quote
from reconcile.report.grouping import erase_circumstances, group_by_cause, list_error_codes, name_jobs
from reconcile.report.messages import choose_headline, count
from reconcile.report.run_time import read_run_time
from reconcile.report.style import Colour, Style

MOST_NOTES = 3
"""Notes shown of a group of jobs, the most frequent first."""

_INDENT = " " * 6


def render_sections(jobs: Iterable[JobPlan], style: Style, now: datetime) -> list[str]:
    """Render jobs in their order; those with the same cause share a section, unless all is wanted in full."""
    rendered = [(job, tuple(render_findings(job, style, now.date()))) for job in jobs]
    groups = [(each,) for each in rendered] if style.full else group_by_cause(rendered, _find_cause)
    return [_render_section([job for job, _ in group], group[0][1], style, now) for group in groups]


def list_symbols(jobs: Iterable[JobPlan]) -> set[str]:
    """List the symbols in the sections of these jobs."""
    used = set()
    for job in jobs:
        used.add(_choose_job_symbol(job))
        used.update(choose_symbol(finding) for finding in job.findings if finding.truth in OPEN)
    return used


def _find_cause(rendered: tuple[JobPlan, tuple[str, ...]]) -> Hashable:
    """Return what is the same for jobs that share a section."""
    job, lines = rendered
    problems = tuple(erase_circumstances(f"{problem.code} {escape(problem.message)}", job) for problem in job.problems)
    return choose_headline(job), problems, lines, list_error_codes(job)


def _render_section(jobs: Sequence[JobPlan], lines: Sequence[str], style: Style, now: datetime) -> str:
    first, palette = jobs[0], style.palette
    one, many = choose_headline(first)
    age = _describe_age(jobs, now)
    if len(jobs) == 1:
        title = f"{escape(first.job.address)} {one}{age}"
        subject = f"job {quote(first.job.job_id)}"
    else:
        title = f"{count(len(jobs), 'job')} {many}{age}: {name_jobs(jobs)}"
        subject = count(len(jobs), "job")
    symbol, places = paint_symbol(_choose_job_symbol(first), palette), palette.paint(_name_places(jobs), Colour.QUIET)
    body = [*_render_problems(first, style, is_group=len(jobs) > 1), *lines, *_render_notes(jobs, style)]
    section = [
        palette.paint(f"  # {title}", Colour.STRONG),
        f"  {symbol} {subject} {{      {places}",
        *(f"{_INDENT}{line}" for line in body),
        "    }",
    ]
    return "".join(f"{line}\n" for line in section)


def _describe_age(jobs: Sequence[JobPlan], now: datetime) -> str:
    """Describe how long ago the first of pending jobs began, if any says when."""
    begun = [begin for job in jobs if (begin := _read_begin(job)) is not None and begin <= now]
    if jobs[0].verdict is not Verdict.PENDING or not begun:
        return ""
    seconds = int((now - min(begun)).total_seconds())
    age = format_duration(seconds if seconds < 3600 else seconds - seconds % 60)
    return f", {'started' if len(jobs) == 1 else 'the first started'} {age} ago"


def _read_begin(plan: JobPlan) -> datetime | None:
    ran = read_run_time(plan.observation, plan.job.provider.api) if isinstance(plan.observation, Observed) else None
    return ran.begin if ran else None


def _name_places(jobs: Sequence[JobPlan]) -> str:
    places = dict.fromkeys((job.job.source.file, job.job.source.line) for job in jobs)
    (file, line), more = next(iter(places)), len(places) - 1
    return f"{escape(file)}:{line}" + (f" and {count(more, 'more place')}" if more else "")


def _choose_job_symbol(plan: JobPlan) -> str:
    if plan.problems:
        return "!"
    if isinstance(plan.observation, Missing) and plan.verdict in (Verdict.DRIFT, Verdict.WAIVED):
        return "-"
    return {Verdict.DRIFT: "~", Verdict.WAIVED: "~", Verdict.PENDING: "?"}.get(plan.verdict, " ")


def _render_problems(plan: JobPlan, style: Style, *, is_group: bool) -> Iterator[str]:
    for problem in plan.problems:
        message = f"{problem.code} {escape(problem.message)}"
        first, *rest = _wrap(erase_circumstances(message, plan) if is_group else message, style)
        yield f"{paint_symbol('!', style.palette)} {first}"
        yield from (f"  {line}" for line in rest)


def _render_notes(jobs: Sequence[JobPlan], style: Style) -> Iterator[str]:
    """Render the notes of one job, or the most frequent ones of several."""
    times = Counter(note for job in jobs for note in dict.fromkeys(job.notes))
    shown = times.most_common(MOST_NOTES) if len(jobs) > 1 else times.items()
    for note, number in shown:
        some = f" ({number:,} of {count(len(jobs), 'job')})" if number < len(jobs) else ""
        yield from _render_remark(f"note: {escape(note)}{some}", style)
    hidden = len(times) - len(shown)
    if hidden:
        yield from _render_remark(f"({count(hidden, 'more note')} hidden)", style)


def _render_remark(text: str, style: Style) -> Iterator[str]:
    return (style.palette.paint(f"# {line}", Colour.QUIET) for line in _wrap(text, style))


def _wrap(text: str, style: Style) -> list[str]:
    """Break prose between words to fit the screen, if there is one, into at least one line."""
    if style.width is None:
        return [text]
    width = max(20, style.width - len(_INDENT) - 2)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
