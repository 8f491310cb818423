"""A plan, as the page shows it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal

from markupsafe import Markup
from markupsafe import escape as escape_markup
from msgspec import Struct

from reconcile.instant import format_instant
from reconcile.model import Diagnostic, JobPlan, Plan, Provider, Verdict
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.html.card import SYMBOLS, Card, build_card, start_command
from reconcile.report.html.timeline import Timeline, build_timeline
from reconcile.report.messages import WORDS, count, describe_jobs, describe_selection, is_part

_MOST_TOLD: Final = 500
"""So many jobs that are not in sync are told with all details, and the others in short: no one reads more."""
_MOST_IN_SYNC: Final = 50
"""Up to so many jobs, those in sync are listed without being asked for."""


class Group(Struct, frozen=True, kw_only=True):
    """
    The jobs of one verdict, in manifest order; `share` is how much of all they are, in percent.

    `cards` and, told in short, `more` can be read once: each card is made when its turn comes, for with many jobs that
    takes less time.
    """

    verdict: Verdict
    symbol: str
    word: str
    count: int
    cards: Iterator[Card]
    more: Iterator[Card]
    more_count: int
    x: float
    share: float
    open: bool


class Endpoint(Struct, frozen=True, kw_only=True):
    """A provider and where it was asked; `origin` is None where it was not."""

    provider: Provider
    origin: str | None
    jobs: int


class Complaint(Struct, frozen=True, kw_only=True):
    """A diagnostic: a line to read, and what stands below it in a terminal; "" where nothing does."""

    head: Markup
    excerpt: Markup


class Page(Struct, frozen=True, kw_only=True):
    """Everything that the template prints; `part` is None where the plan is about all declared jobs."""

    title: str
    subject: str
    part: str | None
    verdict: Verdict
    symbol: str
    word: str
    sentence: str
    exit_code: int
    soft_fail: bool
    complete: bool
    judged_at: str
    groups: tuple[Group, ...]
    total: int
    errors: tuple[Complaint, ...]
    warnings: tuple[Complaint, ...]
    endpoints: tuple[Endpoint, ...]
    labels: tuple[str, ...]
    timeline: Timeline | None


def build_page(plan: Plan) -> Page:
    """Turn a plan into its page."""
    subject = ", ".join(f"{file.name} ({file.file})" if file.name else file.file for file in plan.manifest.files)
    word = WORDS[plan.verdict]
    everyone = {planned.job.address for planned in plan.jobs}
    told = _choose_told(plan)
    return Page(
        title=f"{SYMBOLS[plan.verdict]} {word}: {subject or 'reconcile'}",
        subject=subject,
        part=describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        verdict=plan.verdict,
        symbol=SYMBOLS[plan.verdict],
        word=word,
        sentence=_tell_verdict(plan),
        exit_code=int(plan.exit_code),
        soft_fail=plan.soft_fail,
        complete=plan.complete,
        judged_at=format_instant(plan.judged_at.replace(microsecond=0)),
        groups=tuple(_build_groups(plan, told)),
        total=len(plan.jobs),
        errors=tuple([_show_diagnostic(diagnostic, "error") for diagnostic in plan.errors]),
        warnings=tuple([_show_diagnostic(diagnostic, "warning") for diagnostic in plan.warnings]),
        endpoints=_list_endpoints(plan),
        labels=tuple(sorted({f"{key}={value}" for job in plan.jobs for key, value in job.job.labels.items()})),
        timeline=build_timeline(plan, with_sub_jobs=told if len(plan.jobs) > _MOST_TOLD else everyone),
    )


def _choose_told(plan: Plan) -> frozenset[str]:
    """Return the addresses of the jobs that are told with all details: the worst first."""
    worst_first = [verdict for verdict in WORDS if verdict is not Verdict.IN_SYNC]
    addresses = [planned.job.address for verdict in worst_first for planned in plan.jobs if planned.verdict is verdict]
    return frozenset(addresses[:_MOST_TOLD])


def _tell_verdict(plan: Plan) -> str:
    summary = plan.summary
    match plan.verdict:
        case Verdict.IN_SYNC:
            return f"Every expectation {'that is not waived ' if summary.waived else ''}was proven."
        case Verdict.DRIFT:
            return f"{summary.drift:,} of {count(summary.selected, 'job')} did not do what is expected."
        case Verdict.PENDING:
            return f"{summary.pending:,} of {count(summary.selected, 'job')} may still come to do what is expected."
        case Verdict.WAIVED | Verdict.ERROR:
            return "Not everything could be decided, so nothing is proven."


def _build_groups(plan: Plan, told: Collection[str]) -> Iterator[Group]:
    x = 0.0
    for verdict, word in WORDS.items():
        jobs = [planned for planned in plan.jobs if planned.verdict is verdict]
        well = verdict is Verdict.IN_SYNC
        listed = jobs if well else [planned for planned in jobs if planned.job.address in told]
        more = [] if well else [planned for planned in jobs if planned.job.address not in told]
        share = 100 * len(jobs) / max(1, len(plan.jobs))
        yield Group(
            verdict=verdict,
            symbol=SYMBOLS[verdict],
            word=word,
            count=len(jobs),
            cards=_build_cards(listed, plan, in_short=well),
            more=_build_cards(more, plan, in_short=True),
            more_count=len(more),
            x=round(x, 3),
            share=round(share, 3),
            open=not well or len(jobs) <= _MOST_IN_SYNC,
        )
        x += share


def _build_cards(jobs: Sequence[JobPlan], plan: Plan, *, in_short: bool) -> Iterator[Card]:
    command = start_command(plan)
    for planned in jobs:
        yield build_card(planned, now=plan.judged_at, command=command, in_short=in_short)


def _list_endpoints(plan: Plan) -> tuple[Endpoint, ...]:
    counts = Counter(planned.job.provider.name for planned in plan.jobs)
    return tuple(
        [
            Endpoint(provider=provider, origin=plan.origins.get(name), jobs=counts[provider.name])
            for name, provider in plan.manifest.providers.items()
        ]
    )


def _show_diagnostic(diagnostic: Diagnostic, kind: Literal["error", "warning"]) -> Complaint:
    """Show a diagnostic as a terminal would, which also makes it harmless."""
    head, _, excerpt = render_diagnostics([diagnostic], kind=kind).rstrip("\n").partition("\n")
    return Complaint(head=escape_markup(head), excerpt=escape_markup(excerpt))
