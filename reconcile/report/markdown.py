"""
The plan as GitHub's Markdown: a comment on a pull request, the summary of a step.

Foreign text only stands in code spans, where GitHub reads no mention, link, image or tag. The two characters that could
end a span or a cell of a table are shown as escapes.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct

from reconcile.model import Diagnostic, JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.grouping import erase_circumstances, group_by_cause, list_error_codes, name_jobs
from reconcile.report.messages import (
    SOFT_FAIL,
    WORDS,
    count,
    cut,
    describe_counts,
    describe_diagnostic,
    describe_job,
    describe_jobs,
    describe_place,
    describe_selection,
)
from reconcile.report.result import Result, group_by_job, list_results, rank_results
from reconcile.report.style import Style

COMMENT_LIMIT = 60_000
"""Bytes of a comment; GitHub takes 65,536 characters."""

SUMMARY_LIMIT = 900 * 1024
"""Bytes of a step summary; GitHub drops one of more than 1 MiB."""

MOST_ROWS = 50
"""Up to this many jobs, the table lists those in sync too."""

_CODE = str.maketrans({"`": r"\x60", "|": r"\x7c"})

_NOTICE = 200
"""Bytes kept for the line that says how much is cut."""


class _Section(Struct, frozen=True):
    """Lines that may be cut, between a head and a tail that may not; both are left out if there are no lines."""

    head: str
    rows: Sequence[str]
    tail: str = "\n"


def render(plan: Plan, style: Style, *, limit: int = COMMENT_LIMIT) -> str:
    """Render a plan in at most `limit` bytes of UTF-8; `style` is not used."""
    del style
    results = list_results(plan)
    sections = (
        _Section("", [_render_verdict(plan)]),
        _Section("**Errors**\n\n", [_render_error(result) for result in results if result.job is None]),
        _Section("**Warnings**\n\n", [_render_warning(warning) for warning in plan.warnings]),
        _Section("**Causes that repeat**\n\n", list(_render_causes(results))),
        _Section("| Job | Verdict | What | Where |\n|---|---|---|---|\n", _render_rows(plan, results)),
        _Section("<details><summary>Details</summary>\n", list(_render_details(results)), "\n</details>\n"),
    )
    return _fit(sections, limit)


def _fit(sections: Iterable[_Section], limit: int) -> str:
    """Join sections up to the limit, and say how many lines are left out."""
    left = limit - _NOTICE
    shown: list[str] = []
    hidden = 0
    for section in sections:
        left -= len(section.head) + len(section.tail)
        rows = [] if hidden else list(_take(section.rows, left))
        hidden += len(section.rows) - len(rows)
        if rows:
            left -= sum(len(row.encode()) for row in rows)
            shown += [section.head, *rows, section.tail]
    document = f"{''.join(shown).rstrip()}\n"
    if not hidden:
        return document
    return f"{document}\n*Cut to stay under {limit:,} bytes: {count(hidden, 'more line')} not shown.*\n"


def _take(rows: Iterable[str], left: int) -> Iterator[str]:
    for row in rows:
        left -= len(row.encode())
        if left < 0:
            return
        yield row


# --- The head --------------------------------------------------------------------------------------------------


def _render_verdict(plan: Plan) -> str:
    names = cut(", ".join(escape(each.name or each.file) for each in plan.manifest.files))
    subject = f" of {_code(names)}" if names else ""
    sentences = [f"{describe_jobs(plan)}{subject}: {describe_counts(plan.summary)}."]
    if selection := describe_selection(plan):
        sentences.append(f"Selected by {_code(selection)}.")
    if not plan.complete:
        sentences.append("The run was cut short.")
    if plan.soft_fail:
        sentences.append(f"({SOFT_FAIL})")
    return f"## reconcile: {WORDS[plan.verdict]}\n\n{' '.join(sentences)}\n"


def _render_error(result: Result) -> str:
    place = f", {_code(describe_place(result.source))}" if result.source else ""
    return f"- {result.rule}: {_code(result.message)}{place}\n"


def _render_warning(warning: Diagnostic) -> str:
    place = f", {_code(describe_place(warning.source))}" if warning.source else ""
    return f"- {warning.code}: {_code(describe_diagnostic(warning))}{place}\n"


# --- Jobs ------------------------------------------------------------------------------------------------------


def _render_causes(results: Iterable[Result]) -> Iterator[str]:
    """Describe once what many jobs have in common; each still has its row and its details."""
    listed = [(job, _list_messages(job, group)) for job, group in group_by_job(results)]
    for group in group_by_cause([(job, messages) for job, messages in listed if messages], _find_cause):
        jobs, messages = [job for job, _ in group], group[0][1]
        if len(jobs) > 1:
            yield f"- {WORDS[jobs[0].verdict]}, {count(len(jobs), 'job')}: {_code(name_jobs(jobs))}\n"
            yield from (f"  - {_code(message)}\n" for message in messages)


def _list_messages(job: JobPlan, group: Sequence[Result]) -> tuple[str, ...]:
    return tuple(erase_circumstances(f"{each.name}: {each.message}", job) for each in rank_results(group))


def _find_cause(listed: tuple[JobPlan, tuple[str, ...]]) -> Hashable:
    job, messages = listed
    return job.verdict, messages, list_error_codes(job)


def _render_rows(plan: Plan, results: Iterable[Result]) -> list[str]:
    listed = group_by_job(results)
    if len(plan.jobs) > MOST_ROWS:
        listed = [(job, group) for job, group in listed if job.verdict is not Verdict.IN_SYNC]
    return [_render_row(job, rank_results(group)) for job, group in listed]


def _render_row(job: JobPlan, ranked: Sequence[Result]) -> str:
    what = _code(f"{ranked[0].name}: {ranked[0].message}") if ranked else ""
    more = f" and {len(ranked) - 1} more" if len(ranked) > 1 else ""
    place = _code(describe_place(job.job.source))
    return f"| {_code(escape(job.job.address))} | {WORDS[job.verdict]} | {what}{more} | {place} |\n"


def _render_details(results: Iterable[Result]) -> Iterator[str]:
    for job, group in group_by_job(results):
        ranked = rank_results(group)
        if ranked:
            yield f"\n**{WORDS[job.verdict]}** {_code(escape(job.job.address))}\n\n"
            yield from (_render_result(result) for result in ranked)
            yield from (f"- {_code(sentence)}\n" for sentence in describe_job(job))


def _render_result(result: Result) -> str:
    place = f", {_code(describe_place(result.source))}" if result.source else ""
    return f"- {WORDS[result.verdict]}: {_code(f'{result.name}: {result.message}')}{place}\n"


def _code(text: str) -> str:
    """Put text that is safe, and not empty, in a code span."""
    shown = text.translate(_CODE) if "`" in text or "|" in text else text
    return f"`{shown}`"
