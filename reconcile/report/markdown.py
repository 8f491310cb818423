"""
The plan as GitHub's Markdown, for a comment on a pull request or the summary of a step.

Causes come first. Our own words are prose, and values are code: foreign text is in code spans, where GitHub reads no
mention, link, image or tag, unless all its words consist of letters, digits and harmless punctuation. The two
characters that could end a span or a table cell are escaped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from reconcile.instant import format_instant
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.plan import JobPlan, Plan, Verdict
from reconcile.report.causes import MOST_SEPARATE, Cause, find_cause, list_causes, name_jobs
from reconcile.report.comparison import describe_comparison
from reconcile.report.documentation import list_codes, list_pages
from reconcile.report.escape import escape
from reconcile.report.location import name_file, name_place
from reconcile.report.messages import (
    SOFT_FAIL,
    WORDS,
    choose_url,
    count,
    cut,
    describe_counts,
    describe_diagnostic,
    describe_job,
    describe_jobs,
    describe_place,
    describe_selection,
    is_cut_short,
    list_reached,
)
from reconcile.report.result import Result, group_by_job, list_results, rank_results
from reconcile.report.style import Style
from reconcile.report.timing import describe_length

COMMENT_LIMIT = 60_000
"""The most bytes of a comment; GitHub accepts 65,536 characters."""

SUMMARY_LIMIT = 900 * 1024
"""The most bytes of a step summary; GitHub drops one over 1 MiB."""

MOST_ROWS = 50
"""Up to this many jobs, the table also lists those in sync."""

_CODE = str.maketrans({"`": r"\x60", "|": r"\x7c"})

_VALUE = re.compile(r"""(\[.*?\]|\{.*?\}|"(?:[^"\\]|\\.)*")""")
"""A value as sentences show it: a list, a mapping or a text."""

_HARMLESS = frozenset(",.;:()'%=/+-")
"""Punctuation without a meaning to Markdown and GitHub inside a line."""

_LINKED = re.compile(r"://|www[.]|\bGH-[0-9]|\b(?=[a-f]*[0-9])[0-9a-f]{7,40}\b", re.IGNORECASE)
"""Harmless characters that GitHub nevertheless turns into a link."""

_WORD = re.compile(r"(\(*)(.*?)([,.;:)]*)", re.DOTALL)
"""A word between the brackets and the punctuation around it."""

_NOTICE = 200
"""Bytes reserved for the line that says how much is cut."""


class _Section(Struct, frozen=True):
    """Lines that may be cut, between a head and a tail that may not; without lines, both are left out."""

    head: str
    rows: Sequence[str]
    tail: str = "\n"


def render(plan: Plan, style: Style) -> list[str]:
    """Render a plan as a comment; of `style`, only `docs_url` is used."""
    return [render_within(plan, COMMENT_LIMIT, style.docs_url)]


def render_within(plan: Plan, limit: int, docs_url: str | None = None) -> str:
    """Render a plan in at most `limit` bytes of UTF-8, with links if the documentation is published."""
    results = list_results(plan)
    causes = list_causes(plan.jobs)
    sections = (
        _Section("", [_render_verdict(plan)]),
        _render_comparison(plan),
        _Section("**Errors**\n\n", [_render_error(result) for result in results if result.job is None]),
        _Section("**Warnings**\n\n", [_render_warning(warning, plan) for warning in plan.warnings]),
        _Section("**Causes that repeat**\n\n", [_render_cause(each) for each in causes if len(each.jobs) > 1]),
        _render_table(plan, results),
        _render_pages(plan, docs_url),
        _Section("<details><summary>Details</summary>\n", list(_render_details(results, causes)), "\n</details>\n"),
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
    names = cut(", ".join(escape(each.name or name_file(each.file, plan)) for each in plan.manifest.files))
    subject = f" of {_code(names)}" if names else ""
    sentences = [f"{describe_jobs(plan)}{subject}: {describe_counts(plan.summary)}{describe_length(plan)}."]
    if selection := describe_selection(plan):
        sentences.append(f"Selected by {_code(selection)}.")
    if is_cut_short(plan):
        sentences.append("The run was cut short.")
    if plan.soft_fail:
        sentences.append(f"({SOFT_FAIL})")
    if url := choose_url(plan.run_url):
        judged_at = format_instant(plan.judged_at.replace(microsecond=0))
        sentences.append(f"Judged at {judged_at} in [this run](<{url}>).")
    return f"## reconcile: {WORDS[plan.verdict]}\n\n{' '.join(sentences)}\n\n{_write_marker(plan)}\n"


def _render_comparison(plan: Plan) -> _Section:
    compared = describe_comparison(plan)
    if compared is None:
        return _Section("", [])
    return _Section(f"**{_prose(compared.summary)}**\n\n", [f"- {_code(line)}\n" for line in compared.jobs] or ["\n"])


def _render_pages(plan: Plan, docs_url: str | None) -> _Section:
    links = [f"[{code}](<{url}>)" for code, url in list_pages(list_codes(plan), docs_url)]
    return _Section("", [f"To learn more: {', '.join(links)}\n"] if links else [])


def _write_marker(plan: Plan) -> str:
    """Write the invisible marker by which a bot finds the comment that it keeps up to date."""
    first = plan.manifest.files[0] if plan.manifest.files else None
    name = (first.name or name_file(first.file, plan)) if first else ""
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", name)[:80].strip("-")
    return f"<!-- reconcile{f':{slug}' if slug else ''} -->"


def _render_error(result: Result) -> str:
    return f"- {result.rule.removeprefix('error.')}: {_prose(result.message)}{_show_place(result.source)}\n"


def _render_warning(warning: Diagnostic, plan: Plan) -> str:
    place = name_place(warning.source, plan) if warning.source else None
    return f"- {warning.code}: {_prose(describe_diagnostic(warning))}{_show_place(place)}\n"


def _show_place(source: Source | None) -> str:
    return f", {_code(describe_place(source))}" if source else ""


# --- Causes and jobs -------------------------------------------------------------------------------------------


def _render_cause(cause: Cause) -> str:
    """Describe the cause that several jobs share; each still has its row in the table."""
    number = f"{count(len(cause.jobs), 'job')}, {WORDS[cause.verdict]}"
    return f"- **{number}**: {_show_cause(cause)}: {_code(name_jobs(cause.jobs))}{_show_contacts(cause.jobs[0])}\n"


def _show_cause(cause: Cause) -> str:
    code = _code(escape(cause.code)) if cause.code else ""
    return " ".join(part for part in (code, _prose(cut(escape(cause.reason)))) if part)


def _show_contacts(planned: JobPlan) -> str:
    job = planned.job
    url = choose_url(job.runbook)
    return "".join(
        (
            f", owner {_code(escape(job.owner))}" if job.owner else "",
            f", [runbook](<{url}>)" if url else "",
        )
    )


def _render_table(plan: Plan, results: Iterable[Result]) -> _Section:
    listed = group_by_job(results)
    if len(plan.jobs) > MOST_ROWS:
        listed = [(job, group) for job, group in listed if job.verdict is not Verdict.IN_SYNC]
    reached = {job.job.address for job in list_reached([job for job, _ in listed])}
    several = len({job.job.provider.name for job in plan.jobs}) > 1
    rows = [
        _render_row(job, rank_results(group), plan, with_provider=several)
        for job, group in listed
        if job.job.address in reached
    ]
    unreached = len(listed) - len(reached)
    note = f"\n{count(unreached, 'job')} not reached before the run ended, not listed.\n" if unreached else ""
    head = "| Job | Verdict | Cause | Where |\n|---|---|---|---|\n"
    if several:
        head = "| Job | Provider | Verdict | Cause | Where |\n|---|---|---|---|---|\n"
    return _Section(head, rows, f"{note}\n")


def _render_row(job: JobPlan, ranked: Sequence[Result], plan: Plan, *, with_provider: bool) -> str:
    provider = f" {_code(escape(job.job.provider.name))} |" if with_provider else ""
    more = f" ({count(len(ranked) - 1, 'more difference')})" if len(ranked) > 1 else ""
    place = _code(describe_place(name_place(job.job.source, plan)))
    address = _code(escape(job.job.address))
    return f"| {address} |{provider} {WORDS[job.verdict]} | {_show_reason(job, ranked)}{more} | {place} |\n"


def _show_reason(job: JobPlan, ranked: Sequence[Result]) -> str:
    cause = find_cause(job)
    if cause is not None and cause.code is not None:
        return " ".join([_code(escape(cause.code)), *([_prose(cut(escape(cause.reason)))] if cause.reason else [])])
    return f"{_code(ranked[0].label)}: {_prose(ranked[0].message)}" if ranked else ""


def _render_details(results: Iterable[Result], causes: Iterable[Cause]) -> Iterator[str]:
    """Describe every job that is not in sync; of many with the same cause, only the first."""
    alike = {job.job.address for each in causes if len(each.jobs) > MOST_SEPARATE for job in each.jobs[1:]}
    for job, group in group_by_job(results):
        ranked = rank_results(group)
        if ranked and job.job.address not in alike:
            yield f"\n**{WORDS[job.verdict]}** {_code(escape(job.job.address))}{_show_contacts(job)}\n\n"
            yield from (_render_result(result) for result in ranked)
            yield from (f"- {_prose(sentence)}\n" for sentence in describe_job(job))


def _render_result(result: Result) -> str:
    what = f"{_code(result.label)}: {_prose(result.message)}"
    return f"- {WORDS[result.verdict]}: {what}{_show_place(result.source)}\n"


# --- Prose and code --------------------------------------------------------------------------------------------


def _prose(text: str) -> str:
    """Show text from `escape` as prose, but its values, and words that Markdown could interpret, as code."""
    return "".join(_show_part(part) for part in _VALUE.split(text) if part)


def _show_part(part: str) -> str:
    if _VALUE.fullmatch(part):
        return _code(part)
    words = re.split(r"( +)", part)
    return "".join(word if not word.strip(" ") or _is_harmless(word) else _show_word(word) for word in words)


def _show_word(word: str) -> str:
    """Show a word as code and the punctuation around it as prose."""
    match = _WORD.fullmatch(word)
    before, core, after = match.groups() if match else ("", word, "")
    return f"{before}{_code(core)}{after}"


def _is_harmless(word: str) -> bool:
    return all(each.isalnum() or each in _HARMLESS for each in word) and not _LINKED.search(word)


def _code(text: str) -> str:
    """Put text from `escape`, which must not be empty, in a code span."""
    shown = text.translate(_CODE) if "`" in text or "|" in text else text
    return f"`{shown}`"
