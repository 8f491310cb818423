"""The part of the text report that describes one job, or several jobs with the same cause."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.duration import format_duration
from reconcile.judge import ROOT
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import JobPlan, Verdict
from reconcile.report.causes import (
    MOST_SEPARATE,
    Cause,
    erase_circumstances,
    fails_unexpectedly,
    find_cause,
    list_causes,
    name_jobs,
)
from reconcile.report.diff_lines import MARGIN, OPEN, break_line, choose_symbol, paint_symbol, render_findings
from reconcile.report.escape import escape, quote
from reconcile.report.messages import choose_headline, count, describe_shown, list_contacts
from reconcile.report.run_time import read_run_time
from reconcile.report.style import Colour, Style

MOST_NOTES = 3
"""The most notes shown of a group of jobs, the most frequent first."""

_INDENT = " " * MARGIN


def render_sections(jobs: Sequence[JobPlan], style: Style, now: datetime) -> list[str]:
    """
    Render jobs in their order; unless `style.full`, those with the same cause share a section.

    A shared section takes the place of its first job.
    """
    if style.full:
        return [_render_job(job, style, now) for job in jobs]
    shared = {
        job.job.address: cause for cause in list_causes(jobs) if len(cause.jobs) > MOST_SEPARATE for job in cause.jobs
    }
    sections = []
    for job in jobs:
        cause = shared.get(job.job.address)
        if cause is None:
            sections.append(_render_job(job, style, now))
        elif job is cause.jobs[0]:
            sections.append(_render_cause(cause, style, now))
    return sections


def list_symbols(jobs: Iterable[JobPlan]) -> set[str]:
    """List the symbols in the sections of these jobs."""
    used = set()
    for job in jobs:
        used.add(_choose_job_symbol(job))
        used.update(choose_symbol(finding) for finding in job.findings if finding.truth in OPEN)
    return used


def _render_job(job: JobPlan, style: Style, now: datetime) -> str:
    title = f"{escape(job.job.address)} {choose_headline(job)[0]}{_describe_age([job], now)}"
    cause, notes = _take_cause(job)
    body = [
        *_render_problems(job.problems, style),
        *(_render_reason(cause, style) if cause else ()),
        *render_findings(job, style, now.date()),
        *_render_notes([notes], style),
        *(line for text in describe_shown(job) for line in _render_remark(text, style)),
        *_render_contacts([job], style),
    ]
    return _frame(title, f"job {quote(job.job.job_id)}", [job], body, style)


def _render_cause(cause: Cause, style: Style, now: datetime) -> str:
    """Render jobs with the same cause: the cause, and the lines of the first job, as an example if others differ."""
    jobs, first = cause.jobs, cause.jobs[0]
    title = f"{count(len(jobs), 'job')} {choose_headline(first)[1]}{_describe_age(jobs, now)}: {name_jobs(jobs)}"
    lines = [tuple(render_findings(job, style, now.date())) for job in jobs]
    others = len(jobs) - lines.count(lines[0])
    differ = f"{others:,} of {count(len(jobs), 'job')} {'differs' if others == 1 else 'differ'}"
    example = f"showing {escape(first.job.address)}; {differ}; --full shows each"
    quoted = not first.problems and _is_quoted(first)
    body = [
        *(_render_reason(cause.text, style) if quoted else ()),
        *_render_problems(_share_problems(cause), style),
        *lines[0],
        *(_render_remark(f"({example})", style) if others else ()),
        *_render_notes([_take_cause(job)[1] if quoted else job.notes for job in jobs], style),
        *_render_contacts(jobs, style),
    ]
    return _frame(title, count(len(jobs), "job"), jobs, body, style)


def _frame(title: str, subject: str, jobs: Sequence[JobPlan], body: Sequence[str], style: Style) -> str:
    palette = style.palette
    symbol, places = paint_symbol(_choose_job_symbol(jobs[0]), palette), palette.paint(_name_places(jobs), Colour.QUIET)
    section = [
        *(
            palette.paint(line, Colour.STRONG)
            for line in break_line(f"  # {title}", style, indent=-MARGIN, hanging="  #   ")
        ),
        f"  {symbol} {subject} {{      {places}",
        *(f"{_INDENT}{line}" for line in body),
        "    }",
    ]
    return "".join(f"{line}\n" for line in section)


def _describe_age(jobs: Sequence[JobPlan], now: datetime) -> str:
    """Describe how long ago the first of some pending jobs began; "" if unknown, or if the jobs are not pending."""
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


def _share_problems(cause: Cause) -> Iterator[Problem]:
    """Yield the problems of the first job, without the details that differ between the jobs."""
    first = cause.jobs[0]
    for number, problem in enumerate(first.problems):
        yield replace(problem, message=erase_circumstances(problem.message, first) if number else cause.reason)


# --- Parts of a section ----------------------------------------------------------------------------------------


def _take_cause(job: JobPlan) -> tuple[str | None, Sequence[str]]:
    """Return the first note that names the root of a failure or quotes its cause, and the notes that do not."""
    cause = find_cause(job)
    if cause is None or not _is_quoted(job):
        return None, job.notes
    quoting = [note for note in job.notes if cause.is_quoted_in(note) or note.startswith(ROOT)]
    return next(iter(quoting), None), [note for note in job.notes if note not in quoting]


def _is_quoted(job: JobPlan) -> bool:
    """Return whether the cause is the job API's reason for an unexpected failure."""
    return not job.problems and fails_unexpectedly(job)


def _render_problems(problems: Iterable[Problem], style: Style) -> Iterator[str]:
    for problem in problems:
        first, *rest = break_line(f"{problem.code} {escape(problem.message)}", style, indent=2)
        yield f"{paint_symbol('!', style.palette)} {first}"
        yield from (f"  {line}" for line in rest)


def _render_reason(text: str, style: Style) -> Iterator[str]:
    return (style.palette.paint(line, Colour.STRONG) for line in break_line(escape(text), style))


def _render_notes(notes: Sequence[Sequence[str]], style: Style) -> Iterator[str]:
    """Render the notes of one job, or the most frequent ones of several."""
    times = Counter(note for each in notes for note in dict.fromkeys(each))
    shown = times.most_common(MOST_NOTES) if len(notes) > 1 else times.items()
    for note, number in shown:
        some = f" ({number:,} of {count(len(notes), 'job')})" if number < len(notes) else ""
        yield from _render_remark(f"note: {escape(note)}{some}", style)
    hidden = len(times) - len(shown)
    if hidden:
        yield from _render_remark(f"({count(hidden, 'more note')} hidden)", style)


def _render_contacts(jobs: Sequence[JobPlan], style: Style) -> Iterator[str]:
    for line in list_contacts(jobs):
        yield from _render_remark(line, style)


def _render_remark(text: str, style: Style) -> Iterator[str]:
    return (style.palette.paint(f"# {line}", Colour.QUIET) for line in break_line(text, style, indent=2))
