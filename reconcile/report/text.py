"""
The plan as a person reads it, after Terraform's habits: expected -> observed.

Only what differs is shown. Symbols carry the meaning and colours repeat it.
"""

from collections.abc import Iterator, Mapping, Sequence

from tabulate import tabulate

from reconcile.model import (
    Finding,
    JobPlan,
    JsonValue,
    Kind,
    Missing,
    Observed,
    Plan,
    Provider,
    Truth,
    Unobserved,
    Verdict,
)
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.escape import escape, quote
from reconcile.report.palette import Colour, Palette
from reconcile.report.wording import SOFT_FAIL, count, describe_counts, describe_waiver, show_value

MOST_ROWS = 50
"""Up to so many jobs, the table lists those in sync too."""

_OPEN = (Truth.CAN_HOLD, Truth.CANNOT_HOLD)
"""What is shown of a job; what cannot be judged is told as a problem."""

_NAME_WIDTH = len("fail_reason")

_HEADLINES = {
    Verdict.DRIFT: "has drifted",
    Verdict.PENDING: "is pending",
    Verdict.WAIVED: "has drifted, and is waived",
    Verdict.ERROR: "could not be decided",
    Verdict.IN_SYNC: "is in sync",
}

_SYMBOLS = {
    "~": ("expected and observed differ", Colour.CHANGED),
    "-": ("expected, but not there", Colour.REMOVED),
    "+": ("there, but not expected", Colour.ADDED),
    "?": ("not decided yet", Colour.QUIET),
    "!": ("could not be decided", Colour.REMOVED),
}


def render(plan: Plan, palette: Palette) -> str:
    """Render a plan; the same plan is the same text."""
    told = [job for job in plan.jobs if job.verdict is not Verdict.IN_SYNC or job.notes]
    parts = [
        f"reconcile: {count(len(plan.jobs), 'job')}{_describe_providers(plan)}{_soft_fail(plan)}\n",
        *_render_legend(told, palette),
        *(_render_job(job, palette) for job in told),
        _render_table(plan),
        *([f"Warnings:\n\n{render_diagnostics(plan.warnings, palette)}"] if plan.warnings else []),
        *([render_diagnostics(plan.errors, palette)] if plan.errors else []),
        f"{palette.paint('Plan:', Colour.STRONG)} {_describe_summary(plan)}{_soft_fail(plan)}\n",
    ]
    return "\n".join(parts)


# --- The frame -------------------------------------------------------------------------------------------------


def _describe_providers(plan: Plan) -> str:
    providers = {job.job.provider.name: job.job.provider for job in plan.jobs}
    shown = [
        f"{provider.name} ({provider.api.name}, {_describe_place(provider, plan.origins)})"
        for provider in providers.values()
    ]
    return f", provider{'' if len(shown) == 1 else 's'} {', '.join(shown)}" if shown else ""


def _describe_place(provider: Provider, origins: Mapping[str, str]) -> str:
    """Name the region, or the endpoint where the operator has put another one in its place."""
    origin = origins.get(provider.name, "nowhere")
    cloud = provider.api.clouds.get(provider.cloud or "")
    host = cloud.hosts.get(provider.region or "") if cloud else None
    return str(provider.region) if host is not None and origin == f"https://{host}" else escape(origin)


def _soft_fail(plan: Plan) -> str:
    return f" ({SOFT_FAIL})" if plan.soft_fail else ""


def _render_legend(jobs: Sequence[JobPlan], palette: Palette) -> list[str]:
    """Explain the symbols in use."""
    used = {_symbol_of_job(job) for job in jobs}
    used |= {_symbol_of(finding) for job in jobs for finding in job.findings if finding.truth in _OPEN}
    lines = [
        f"  {_paint_symbol(symbol, palette)} {meaning}\n" for symbol, (meaning, _) in _SYMBOLS.items() if symbol in used
    ]
    return ["".join(lines)] if lines else []


def _describe_summary(plan: Plan) -> str:
    sentence = describe_counts(plan.summary)
    match plan.verdict:
        case Verdict.IN_SYNC:
            waived = "that is not waived " if plan.summary.waived else ""
            return f"{sentence}. Every expectation {waived}was proven."
        case Verdict.DRIFT | Verdict.PENDING:
            return f"{sentence}."
        case Verdict.WAIVED | Verdict.ERROR:
            return f"{sentence}. Not everything could be decided{'' if plan.complete else ': the run was cut short'}."


def _render_table(plan: Plan) -> str:
    shown = [job for job in plan.jobs if len(plan.jobs) <= MOST_ROWS or job.verdict is not Verdict.IN_SYNC]
    rows = [[escape(job.job.address), _word(job.verdict), _status_of(job), _request_id_of(job)] for job in shown]
    hidden = len(plan.jobs) - len(shown)
    note = f"# ({count(hidden, 'job')} in sync not listed)\n" if hidden else ""
    if not rows:
        return note
    # Numbers are never parsed: a job named 26e65 stays what it is.
    table = tabulate(rows, headers=["Job", "Verdict", "Status", "Request"], tablefmt="simple", disable_numparse=True)
    return "".join(f"{line.rstrip()}\n" for line in table.splitlines()) + note


def _word(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ")


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


# --- One job ---------------------------------------------------------------------------------------------------


def _render_job(plan: JobPlan, palette: Palette) -> str:
    job = plan.job
    headline = "is missing" if isinstance(plan.observation, Missing) else _HEADLINES[plan.verdict]
    place = f"{escape(job.source.file)}:{job.source.line}"
    symbol = _paint_symbol(_symbol_of_job(plan), palette)
    lines = [
        palette.paint(f"  # {escape(job.address)} {headline}", Colour.STRONG),
        f"  {symbol} job {quote(job.job_id)} {{      {palette.paint(place, Colour.QUIET)}",
        *(f"      {line}" for line in _render_body(plan, palette)),
        "    }",
    ]
    return "".join(f"{line}\n" for line in lines)


def _symbol_of_job(plan: JobPlan) -> str:
    if plan.problems:
        return "!"
    if isinstance(plan.observation, Missing):
        return "?" if plan.verdict is Verdict.PENDING else "-"
    return {Verdict.DRIFT: "~", Verdict.WAIVED: "~", Verdict.PENDING: "?"}.get(plan.verdict, " ")


def _render_body(plan: JobPlan, palette: Palette) -> Iterator[str]:
    for problem in plan.problems:
        yield f"{_paint_symbol('!', palette)} {problem.code} {escape(problem.message)}"
    match plan.observation:
        case Missing():
            waived = "".join(_describe_waiver(finding) for finding in plan.findings)
            yield f"{_paint_symbol('-', palette)} the job API has no such job{waived}"
        case Observed():
            yield from _render_findings(plan.findings, palette)
        case Unobserved():
            pass
    for note in plan.notes:
        yield palette.paint(f"# note: {escape(note)}", Colour.QUIET)


def _render_findings(findings: Sequence[Finding], palette: Palette) -> Iterator[str]:
    open_findings = [finding for finding in findings if finding.truth in _OPEN]
    fields = [finding for finding in open_findings if not finding.path.startswith("sub_jobs")]
    parts = [finding for finding in open_findings if finding.path.startswith("sub_jobs")]
    for finding in fields:
        symbol = _paint_symbol(_symbol_of(finding), palette)
        yield f"{symbol} {finding.path:<{_NAME_WIDTH}} = {_show_change(finding)}"
    if parts:
        symbol = "~" if any(finding.truth is Truth.CANNOT_HOLD for finding in parts) else "?"
        yield f"{_paint_symbol(symbol, palette)} {'sub_jobs':<{_NAME_WIDTH}} = ["
        yield from (f"    {_render_part(finding, palette)}" for finding in parts)
        yield "  ]"
    hidden = sum(
        finding.truth is Truth.HOLDS and not finding.implied and finding.path != "sub_jobs" for finding in findings
    )
    if hidden:
        yield palette.paint(f"# ({count(hidden, 'unchanged expectation')} hidden)", Colour.QUIET)


def _render_part(finding: Finding, palette: Palette) -> str:
    """Render a finding about one sub-job, or about how many there are."""
    symbol = _paint_symbol(_symbol_of(finding), palette)
    index, _, field = finding.path.removeprefix("sub_jobs").partition(".")
    label = quote(finding.label) if finding.label is not None else show_value(finding.expected or finding.actual)
    name = " ".join(part for part in (index, label if index else "") if part)
    match finding.kind:
        case Kind.CHANGED:
            return f"{symbol} {name}{'.' if name else ''}{field} = {_show_change(finding)}"
        case Kind.MISSING:
            wanted = f"{field} = {show_value(finding.expected)}" if field else name
            return f"{symbol} {wanted}   # expected, not observed{_describe_waiver(finding)}"
        case Kind.UNEXPECTED:
            why = "success implies that none has" if finding.implied else "not expected"
            observed = f"# observed{_describe_status(finding.actual)}, {why}"
            return f"{symbol} {label}   {observed}{_describe_waiver(finding)}"


def _describe_status(sub_job: JsonValue) -> str:
    return f" as {escape(str(sub_job['status']))}" if isinstance(sub_job, Mapping) and "status" in sub_job else ""


def _show_change(finding: Finding) -> str:
    implied = "   # implied" if finding.implied else ""
    return f"{show_value(finding.expected)} -> {show_value(finding.actual)}{implied}{_describe_waiver(finding)}"


def _describe_waiver(finding: Finding) -> str:
    return f"   # {describe_waiver(finding.waiver)}" if finding.waiver else ""


# --- Symbols ---------------------------------------------------------------------------------------------------


def _symbol_of(finding: Finding) -> str:
    if finding.truth is Truth.CAN_HOLD:
        return "?"
    return {Kind.CHANGED: "~", Kind.MISSING: "-", Kind.UNEXPECTED: "+"}[finding.kind]


def _paint_symbol(symbol: str, palette: Palette) -> str:
    return palette.paint(symbol, _SYMBOLS[symbol][1]) if symbol in _SYMBOLS else symbol
