"""
The plan for people, in the habits of Terraform: expected -> observed.

Only differences are shown, unless everything is wanted, and jobs with the same cause are described once. Symbols carry
the meaning and colours repeat it. The same plan is the same text wherever there is no screen.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from reconcile.model import JobPlan, Missing, Observed, Plan, Provider, Unobserved, Verdict
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.escape import escape
from reconcile.report.messages import (
    SOFT_FAIL,
    WORDS,
    count,
    describe_counts,
    describe_jobs,
    describe_proof,
    describe_selection,
)
from reconcile.report.style import Colour, Style
from reconcile.report.table import draw_table

MOST_ROWS = 50
"""Up to this many jobs, the table lists those in sync too."""

_HEADERS = ("Job", "Verdict", "Status", "Request")


def render(plan: Plan, style: Style) -> str:
    """Render a plan; the same plan in the same style is the same text."""
    palette = style.palette
    shown = [job for job in plan.jobs if style.full or job.verdict is not Verdict.IN_SYNC or job.notes]
    subject = describe_jobs(plan, describe_selection(plan)) if plan.jobs else "the run ended before it had a plan"
    parts = [
        f"reconcile: {subject}{_describe_providers(plan)}{_describe_soft_fail(plan)}\n",
        *(_render_jobs(shown, style, plan.judged_at) if shown else []),
        *([_render_table(plan, style)] if plan.jobs else []),
        *([f"Warnings:\n\n{render_diagnostics(plan.warnings, palette, kind='warning')}"] if plan.warnings else []),
        *([render_diagnostics(plan.errors, palette)] if plan.errors else []),
        f"{palette.paint('Plan:', Colour.STRONG)} {_describe_summary(plan)}{_describe_soft_fail(plan)}\n",
    ]
    return "\n".join(parts)


def _describe_providers(plan: Plan) -> str:
    providers = {job.job.provider.name: job.job.provider for job in plan.jobs}
    shown = [
        f"{escape(provider.name)} ({escape(provider.api.name)}, {_describe_endpoint(provider, plan.origins)})"
        for provider in providers.values()
    ]
    return f", provider{'' if len(shown) == 1 else 's'} {', '.join(shown)}" if shown else ""


def _describe_endpoint(provider: Provider, origins: Mapping[str, str]) -> str:
    """Name the region of a provider, or its endpoint where that is not the one of the region."""
    origin = origins.get(provider.name, "nowhere")
    cloud = provider.api.clouds.get(provider.cloud or "")
    host = cloud.hosts.get(provider.region or "") if cloud else None
    return escape(str(provider.region) if host is not None and origin == f"https://{host}" else origin)


def _describe_soft_fail(plan: Plan) -> str:
    return f" ({SOFT_FAIL})" if plan.soft_fail else ""


def _render_jobs(jobs: Sequence[JobPlan], style: Style, now: datetime) -> list[str]:
    """Explain the symbols in use, then describe the jobs."""
    from reconcile.report.diff_lines import MEANINGS, paint_symbol
    from reconcile.report.job_section import list_symbols, render_sections

    used = list_symbols(jobs)
    lines = [
        f"  {paint_symbol(symbol, style.palette)} {meaning}\n" for symbol, meaning in MEANINGS.items() if symbol in used
    ]
    return [*(["".join(lines)] if lines else []), *render_sections(jobs, style, now)]


def _describe_summary(plan: Plan) -> str:
    counts = describe_counts(plan.summary)
    cut_short = "" if plan.complete else " The run was cut short."
    match plan.verdict:
        case Verdict.DRIFT | Verdict.PENDING:
            return f"{counts}.{cut_short}"
        case Verdict.IN_SYNC | Verdict.WAIVED | Verdict.ERROR:
            return f"{counts}. {describe_proof(plan)}{cut_short}"


# --- The table -------------------------------------------------------------------------------------------------


def _render_table(plan: Plan, style: Style) -> str:
    """List the jobs, without the request ids if the screen is too narrow for a row."""
    everyone = style.full or len(plan.jobs) <= MOST_ROWS
    shown = [job for job in plan.jobs if everyone or job.verdict is not Verdict.IN_SYNC]
    rows = [(escape(job.job.address), WORDS[job.verdict], _status_of(job), _request_id_of(job)) for job in shown]
    lines = draw_table(rows, _HEADERS)
    if style.width is not None and any(len(line) > style.width for line in lines):
        lines = [
            *draw_table([row[:-1] for row in rows], _HEADERS[:-1]),
            "# (no room for request ids: -o json has them)",
        ]
    hidden = len(plan.jobs) - len(shown)
    if hidden:
        lines.append(f"# ({count(hidden, 'job')} in sync not listed)")
    return "".join(f"{line}\n" for line in lines)


def _status_of(plan: JobPlan) -> str:
    match plan.observation:
        case Observed(status=status):
            return escape(status)
        case Missing():
            return "(missing)"
        case Unobserved():
            return "(unknown)"


def _request_id_of(plan: JobPlan) -> str:
    return escape(plan.observation.request_id or "-")
