"""The whole page of a plan."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from reconcile.instant import format_instant
from reconcile.model import Diagnostic, JobPlan, Plan, Provider, Verdict
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.html.job import SYMBOLS, JobCard, build_job, start_command
from reconcile.report.html.timeline import Timeline, build_timeline
from reconcile.report.messages import WORDS, count, describe_jobs, describe_proof, describe_selection, is_part

_MOST_DETAILED: Final = 500
"""This many jobs that are not in sync are shown in full, and the others briefly: nobody reads more."""
_MOST_IN_SYNC: Final = 50
"""Up to this many jobs, those in sync are listed without being asked for."""


class Group(Struct, frozen=True, kw_only=True):
    """
    The jobs of one verdict, in manifest order; `x` and `share` are their part of all jobs, in percent.

    `jobs` and `more`, which are shown briefly, can be iterated once: each is built when the template asks for it, so
    that 10,000 of them are never in memory together.
    """

    verdict: Verdict
    symbol: str
    word: str
    count: int
    jobs: Iterator[JobCard]
    more: Iterator[JobCard]
    more_count: int
    x: float
    share: float
    open: bool


class Page(Struct, frozen=True, kw_only=True):
    """
    The values that the template prints beside those of the plan.

    `part` is None where the plan covers all declared jobs. Errors and warnings are the lines that a terminal shows.
    `endpoints` are the providers, each with the origin where it was asked, None if it was not, and its number of jobs.
    """

    title: str
    subject: str
    part: str | None
    symbol: str
    word: str
    sentence: str
    judged_at: str
    groups: Sequence[Group]
    errors: Sequence[Sequence[str]]
    warnings: Sequence[Sequence[str]]
    endpoints: Sequence[tuple[Provider, str | None, int]]
    labels: Sequence[str]
    timeline: Timeline | None


def build_page(plan: Plan) -> Page:
    """Prepare a plan for the template."""
    subject = ", ".join(f"{file.name} ({file.file})" if file.name else file.file for file in plan.manifest.files)
    word = WORDS[plan.verdict]
    detailed = _choose_detailed(plan)
    everyone = {planned.job.address for planned in plan.jobs}
    counts = Counter(planned.job.provider.name for planned in plan.jobs)
    return Page(
        title=f"{SYMBOLS[plan.verdict]} {word}: {subject or 'reconcile'}",
        subject=subject,
        part=describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        symbol=SYMBOLS[plan.verdict],
        word=word,
        sentence=_describe_verdict(plan),
        judged_at=format_instant(plan.judged_at.replace(microsecond=0)),
        groups=list(_build_groups(plan, detailed)),
        errors=[_list_lines(diagnostic, "error") for diagnostic in plan.errors],
        warnings=[_list_lines(diagnostic, "warning") for diagnostic in plan.warnings],
        endpoints=[
            (provider, plan.origins.get(name), counts[name]) for name, provider in plan.manifest.providers.items()
        ],
        labels=sorted({f"{key}={value}" for job in plan.jobs for key, value in job.job.labels.items()}),
        timeline=build_timeline(plan, with_sub_jobs=detailed if len(plan.jobs) > _MOST_DETAILED else everyone),
    )


def _choose_detailed(plan: Plan) -> frozenset[str]:
    """Return the addresses of the jobs that are shown in full: the worst first."""
    worst_first = [verdict for verdict in WORDS if verdict is not Verdict.IN_SYNC]
    addresses = [planned.job.address for verdict in worst_first for planned in plan.jobs if planned.verdict is verdict]
    return frozenset(addresses[:_MOST_DETAILED])


def _describe_verdict(plan: Plan) -> str:
    summary = plan.summary
    match plan.verdict:
        case Verdict.DRIFT:
            return f"{summary.drift:,} of {count(summary.selected, 'job')} did not do what is expected."
        case Verdict.PENDING:
            return f"{summary.pending:,} of {count(summary.selected, 'job')} may still do what is expected."
        case Verdict.IN_SYNC | Verdict.WAIVED | Verdict.ERROR:
            return describe_proof(plan)


def _build_groups(plan: Plan, detailed: Collection[str]) -> Iterator[Group]:
    x = 0.0
    for verdict, word in WORDS.items():
        jobs = [planned for planned in plan.jobs if planned.verdict is verdict]
        in_sync = verdict is Verdict.IN_SYNC
        listed = jobs if in_sync else [planned for planned in jobs if planned.job.address in detailed]
        more = [] if in_sync else [planned for planned in jobs if planned.job.address not in detailed]
        share = 100 * len(jobs) / max(1, len(plan.jobs))
        yield Group(
            verdict=verdict,
            symbol=SYMBOLS[verdict],
            word=word,
            count=len(jobs),
            jobs=_build_jobs(listed, plan, brief=in_sync),
            more=_build_jobs(more, plan, brief=True),
            more_count=len(more),
            x=round(x, 3),
            share=round(share, 3),
            open=not in_sync or len(jobs) <= _MOST_IN_SYNC,
        )
        x += share


def _build_jobs(jobs: Sequence[JobPlan], plan: Plan, *, brief: bool) -> Iterator[JobCard]:
    command = start_command(plan)
    for planned in jobs:
        yield build_job(planned, now=plan.judged_at, command=command, brief=brief)


def _list_lines(diagnostic: Diagnostic, kind: Literal["error", "warning"]) -> Sequence[str]:
    return render_diagnostics([diagnostic], kind=kind).splitlines()
