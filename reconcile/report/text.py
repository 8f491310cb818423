"""
The plan for people, in the style of Terraform: expected -> observed.

By default, only differences are shown, and jobs with the same cause are described once. Symbols carry the meaning, and
colours repeat it. Without a screen, the same plan always gives the same text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from reconcile.model.api import JobApi
from reconcile.model.manifest import Provider
from reconcile.model.observation import Missing, Observed, Unobserved
from reconcile.model.plan import JobPlan, Plan, Verdict
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
    is_cut_short,
    list_reached,
)
from reconcile.report.style import Colour, Style, measure
from reconcile.report.table import draw_table
from reconcile.report.timing import describe_length

MOST_ROWS = 50
"""Up to this many jobs, the table also lists those in sync."""

MOST_CAUSES = 20
"""The most causes that are listed, those of most jobs first."""

_SHOWN_OF_DIGEST = 12
"""The digits shown of a digest; the JSON plan has all 64."""

COLOURS = {
    Verdict.ERROR: Colour.REMOVED,
    Verdict.DRIFT: Colour.REMOVED,
    Verdict.PENDING: Colour.CHANGED,
    Verdict.WAIVED: Colour.CHANGED,
    Verdict.IN_SYNC: Colour.ADDED,
}


def render(plan: Plan, style: Style) -> list[str]:
    """Render a plan; the same plan and style always give the same text."""
    palette = style.palette
    shown = [job for job in plan.jobs if style.full or job.verdict is not Verdict.IN_SYNC or job.notes]
    subject = describe_jobs(plan, describe_selection(plan)) if plan.jobs else "the run ended before it had a plan"
    parts = [
        _break_prose(f"reconcile: {subject}{_describe_providers(plan)}{_describe_soft_fail(plan)}", style),
        *_render_comparison(plan, style),
        *(_render_jobs(shown, style, plan.judged_at) if shown else []),
        *_render_causes(plan, style),
        *([_render_table(plan, style)] if plan.jobs else []),
        *(
            [f"Warnings:\n\n{render_diagnostics(plan.warnings, palette, kind='warning', width=style.width)}"]
            if plan.warnings
            else []
        ),
        *([render_diagnostics(plan.errors, palette, width=style.width)] if plan.errors else []),
        _break_prose(f"Plan: {_describe_summary(plan)}{_describe_soft_fail(plan)}", style).replace(
            "Plan:", palette.paint("Plan:", Colour.STRONG), 1
        ),
    ]
    return ["\n".join(parts)]


def _break_prose(text: str, style: Style) -> str:
    from reconcile.report.diff_lines import MARGIN, break_line

    return "".join(f"{line}\n" for line in break_line(text, style, indent=-MARGIN))


def _render_comparison(plan: Plan, style: Style) -> list[str]:
    from reconcile.report.comparison import describe_comparison

    compared = describe_comparison(plan)
    if compared is None:
        return []
    return [_break_prose(compared.summary, style) + "".join(_break_prose(f"  {line}", style) for line in compared.jobs)]


def _describe_providers(plan: Plan) -> str:
    providers = {job.job.provider.name: job.job.provider for job in plan.jobs}
    shown = [
        f"{escape(provider.name)} ({escape(_name_api(provider.api))}, {_describe_endpoint(provider, plan.origins)})"
        for provider in providers.values()
    ]
    return f", provider{'' if len(shown) == 1 else 's'} {', '.join(shown)}" if shown else ""


def _name_api(api: JobApi) -> str:
    """Name an API and, if an operator described it, the beginning of the digest of the description."""
    return api.name if api.sha256 is None else api.reference[: -len(api.sha256) + _SHOWN_OF_DIGEST]


def _describe_endpoint(provider: Provider, origins: Mapping[str, str]) -> str:
    """Name the region of a provider, or its endpoint if that is not the endpoint of the region."""
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
    counts = f"{describe_counts(plan.summary)}{_count_run_errors(plan)}{describe_length(plan)}"
    cut_short = " The run was cut short." if is_cut_short(plan) else ""
    match plan.verdict:
        case Verdict.DRIFT | Verdict.PENDING:
            return f"{counts}.{cut_short}"
        case Verdict.IN_SYNC | Verdict.WAIVED | Verdict.ERROR:
            return f"{counts}. {describe_proof(plan)}{cut_short}"


def _count_run_errors(plan: Plan) -> str:
    return f", {count(len(plan.errors), 'error')} of the run" if plan.errors and plan.jobs else ""


def _render_causes(plan: Plan, style: Style) -> list[str]:
    """Summarize the jobs by cause, if several have the same."""
    from reconcile.report.causes import list_causes, name_jobs
    from reconcile.report.diff_lines import break_line

    causes = list_causes(plan.jobs)
    if not any(len(cause.jobs) > 1 for cause in causes):
        return []
    lines = [style.palette.paint("Causes:", Colour.STRONG)]
    for cause in causes[:MOST_CAUSES]:
        word = style.palette.paint(f"{WORDS[cause.verdict]:<8}", COLOURS[cause.verdict])
        first, *rest = break_line(f"{cause.text} ({name_jobs(cause.jobs)})", style, indent=10)
        lines += [f"{len(cause.jobs):>6,} {word} {first}", *(f"{'':16}{each}" for each in rest)]
    hidden = len(causes) - MOST_CAUSES
    if hidden > 0:
        lines.append(f"# ({count(hidden, 'more cause')} not listed: -o json has them)")
    return ["".join(f"{line}\n" for line in lines)]


# --- The table -------------------------------------------------------------------------------------------------


def _render_table(plan: Plan, style: Style) -> str:
    """List the jobs, without the columns that do not fit the screen."""
    everyone = style.full or len(plan.jobs) <= MOST_ROWS
    shown = [job for job in plan.jobs if everyone or job.verdict is not Verdict.IN_SYNC]
    listed = list(shown) if style.full else list_reached(shown)
    lines = _draw_columns(plan, listed, style)
    hidden = len(plan.jobs) - len(shown)
    if hidden:
        lines.append(f"# ({count(hidden, 'job')} in sync not listed)")
    if len(shown) > len(listed):
        lines.append(f"# ({count(len(shown) - len(listed), 'job')} not reached before the run ended, not listed)")
    return "".join(f"{line}\n" for line in lines)


def _draw_columns(plan: Plan, jobs: Sequence[JobPlan], style: Style) -> list[str]:
    several = len({job.job.provider.name for job in plan.jobs}) > 1
    columns = {
        "Job": [escape(job.job.address) for job in jobs],
        "Provider": [escape(job.job.provider.name) for job in jobs] if several else None,
        "Verdict": [style.palette.paint(WORDS[job.verdict], COLOURS[job.verdict]) for job in jobs],
        "Status": [_status_of(job) for job in jobs],
        "Request": [_request_id_of(job) for job in jobs],
    }
    given = {name: cells for name, cells in columns.items() if cells is not None}
    lines = draw_table(list(zip(*given.values(), strict=True)), tuple(given))
    if style.width is None or all(measure(line) <= style.width for line in lines):
        return lines
    del given["Request"]
    lines = draw_table(list(zip(*given.values(), strict=True)), tuple(given))
    return [*lines, "# (no room for request ids: -o json has them)"]


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
