"""The whole page of a plan."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal

from markupsafe import Markup
from markupsafe import escape as escape_markup
from msgspec import Struct

from reconcile.instant import format_instant
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Provider
from reconcile.model.plan import JobPlan, Plan, Verdict
from reconcile.report.causes import MOST_SEPARATE, Cause, list_causes
from reconcile.report.comparison import describe_comparison
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.documentation import list_codes, list_pages
from reconcile.report.html.job import SYMBOLS, JobCard, JobLine, build_job, build_line, start_command
from reconcile.report.html.timeline import Timeline, build_timeline
from reconcile.report.location import name_file
from reconcile.report.messages import (
    WORDS,
    choose_url,
    count,
    describe_jobs,
    describe_proof,
    describe_selection,
    is_part,
)
from reconcile.report.timing import describe_length

_MOST_DETAILED: Final = 500
"""The most jobs not in sync that are shown in full, and not briefly: nobody reads more."""
_MOST_DRAWN: Final = 500
"""The most jobs in the timeline."""
_MOST_LINES: Final = 20
"""Up to this many, the jobs that share a cause and have one line each are unfolded."""
_MOST_IN_SYNC: Final = 50
"""Up to this many, the jobs in sync are unfolded."""


class Block(Struct, frozen=True, kw_only=True):
    """
    A single job, or many with the same cause: the first in full, the others on one line each.

    `cause` is None for a single job. `jobs` and `lines` can be iterated once, as in `Group`.
    """

    cause: Cause | None
    jobs: Iterator[JobCard]
    lines: Iterator[JobLine]
    count: int
    open: bool


class Group(Struct, frozen=True, kw_only=True):
    """
    The jobs of one verdict, in manifest order, those with the same cause together.

    `x` and `share` are the start and the width of their part of all jobs, in percent. `more` are shown briefly.

    `blocks` and `more` can be iterated once: each is built when the template reads it, so that 10,000 of them are never
    in memory together.
    """

    verdict: Verdict
    symbol: str
    word: str
    count: int
    blocks: Iterator[Block]
    more: Iterator[JobCard]
    more_count: int
    x: float
    share: float
    open: bool


class Page(Struct, frozen=True, kw_only=True):
    """
    The values that the template prints besides those of the plan.

    `length` is how long the run took, with a leading blank, "" if unknown. `run_url` is the page of the CI run as a
    link, None if it has none. `part` is None if the plan covers all declared jobs. `comparison` is the comparison with
    an earlier plan, a sentence and lines, empty without one. Errors and warnings are the lines that a terminal shows.
    `pages` are the error codes, each with the link to its page, if the documentation is published. `endpoints` are the
    providers, each with the origin of its requests, None if there were none, and its number of jobs.
    """

    title: str
    subject: str
    part: str | None
    comparison: Sequence[str]
    symbol: str
    word: str
    sentence: str
    judged_at: str
    groups: Sequence[Group]
    errors: Sequence[Sequence[str]]
    warnings: Sequence[Sequence[str]]
    endpoints: Sequence[tuple[Provider, str | None, int]]
    labels: Sequence[str]
    codes: Sequence[str]
    length: str
    run_url: str | None
    timeline: Timeline | None
    pages: Sequence[tuple[str, str]]


def build_page(plan: Plan, docs_url: str | None = None) -> Page:
    """Prepare a plan for the template, with links if the documentation is published."""
    subject = ", ".join(
        f"{file.name} ({path})" if file.name else path
        for file, path in ((each, name_file(each.file, plan)) for each in plan.manifest.files)
    )
    word = WORDS[plan.verdict]
    everyone = {planned.job.address for planned in plan.jobs}
    repeating = _find_repeating(plan)
    detailed = _choose_detailed(plan, repeating)
    counts = Counter(planned.job.provider.name for planned in plan.jobs)
    return Page(
        title=f"{SYMBOLS[plan.verdict]} {word}: {subject or 'reconcile'}",
        subject=subject,
        part=describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        comparison=[compared.summary, *compared.jobs] if (compared := describe_comparison(plan)) else (),
        symbol=SYMBOLS[plan.verdict],
        word=word,
        sentence=_describe_verdict(plan),
        judged_at=format_instant(plan.judged_at.replace(microsecond=0)),
        groups=list(_build_groups(plan, detailed, repeating)),
        errors=[_list_lines(diagnostic, "error") for diagnostic in plan.errors],
        warnings=[_list_lines(diagnostic, "warning") for diagnostic in plan.warnings],
        endpoints=[
            (provider, plan.origins.get(name), counts[name]) for name, provider in plan.manifest.providers.items()
        ],
        labels=sorted({f"{key}={value}" for job in plan.jobs for key, value in job.job.labels.items()}),
        codes=sorted({cause.code for cause in list_causes(plan.jobs) if cause.code}),
        length=describe_length(plan),
        run_url=Markup(escape_markup(url)) if (url := choose_url(plan.run_url)) else None,
        timeline=build_timeline(
            plan, _choose_drawn(plan, detailed), with_sub_jobs=detailed if len(plan.jobs) > _MOST_DETAILED else everyone
        ),
        pages=[(code, Markup(escape_markup(url))) for code, url in list_pages(list_codes(plan), docs_url)],
    )


def _find_repeating(plan: Plan) -> Mapping[str, Cause]:
    """Map the address of each job to its cause, if that is shown once for many jobs."""
    causes = [cause for cause in list_causes(plan.jobs) if len(cause.jobs) > MOST_SEPARATE]
    return {planned.job.address: cause for cause in causes for planned in cause.jobs}


def _choose_detailed(plan: Plan, repeating: Mapping[str, Cause]) -> frozenset[str]:
    """Return the addresses of the jobs that are shown in full: the worst first, and the first of each cause."""
    worst_first = [verdict for verdict in WORDS if verdict is not Verdict.IN_SYNC]
    addresses = [
        planned.job.address
        for verdict in worst_first
        for planned in plan.jobs
        if planned.verdict is verdict and not _is_line(planned, repeating)
    ]
    return frozenset(addresses[:_MOST_DETAILED])


def _is_line(planned: JobPlan, repeating: Mapping[str, Cause]) -> bool:
    cause = repeating.get(planned.job.address)
    return cause is not None and planned is not cause.jobs[0]


def _choose_drawn(plan: Plan, detailed: Collection[str]) -> Sequence[JobPlan]:
    """Choose the jobs of the timeline, in manifest order: those shown in full, and the first of the others."""
    others = [planned for planned in plan.jobs if planned.job.address not in detailed]
    drawn = {planned.job.address for planned in others[: max(0, _MOST_DRAWN - len(detailed))]}
    return [planned for planned in plan.jobs if planned.job.address in detailed or planned.job.address in drawn]


def _describe_verdict(plan: Plan) -> str:
    summary = plan.summary
    match plan.verdict:
        case Verdict.DRIFT:
            return f"{summary.drift:,} of {count(summary.selected, 'job')} did not meet their expectations."
        case Verdict.PENDING:
            return f"{summary.pending:,} of {count(summary.selected, 'job')} may still meet their expectations."
        case Verdict.IN_SYNC | Verdict.WAIVED | Verdict.ERROR:
            return describe_proof(plan)


def _build_groups(plan: Plan, detailed: Collection[str], repeating: Mapping[str, Cause]) -> Iterator[Group]:
    x = 0.0
    for verdict, word in WORDS.items():
        jobs = [planned for planned in plan.jobs if planned.verdict is verdict]
        in_sync = verdict is Verdict.IN_SYNC
        listed = jobs if in_sync else [planned for planned in jobs if planned.job.address in detailed]
        more = [each for each in jobs if each.job.address not in detailed and not _is_line(each, repeating)]
        share = 100 * len(jobs) / max(1, len(plan.jobs))
        yield Group(
            verdict=verdict,
            symbol=SYMBOLS[verdict],
            word=word,
            count=len(jobs),
            blocks=_build_blocks(listed, plan, repeating),
            more=iter(()) if in_sync else _build_jobs(more, plan, brief=True),
            more_count=0 if in_sync else len(more),
            x=round(x, 3),
            share=round(share, 3),
            open=not in_sync or len(jobs) <= _MOST_IN_SYNC,
        )
        x += share


def _build_blocks(jobs: Sequence[JobPlan], plan: Plan, repeating: Mapping[str, Cause]) -> Iterator[Block]:
    for planned in jobs:
        cause = repeating.get(planned.job.address)
        others = cause.jobs[1:] if cause else ()
        yield Block(
            cause=cause,
            jobs=_build_jobs([planned], plan, brief=planned.verdict is Verdict.IN_SYNC),
            lines=(build_line(each, planned.job, now=plan.judged_at) for each in others),
            count=len(others),
            open=len(others) <= _MOST_LINES,
        )


def _build_jobs(jobs: Sequence[JobPlan], plan: Plan, *, brief: bool) -> Iterator[JobCard]:
    command = start_command(plan)
    for planned in jobs:
        yield build_job(planned, now=plan.judged_at, command=command, brief=brief, paths=plan.paths)


def _list_lines(diagnostic: Diagnostic, kind: Literal["error", "warning"]) -> Sequence[str]:
    return render_diagnostics([diagnostic], kind=kind).splitlines()
