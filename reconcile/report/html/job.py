"""Prepares one job of a plan for the page."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from markupsafe import Markup
from markupsafe import escape as escape_markup
from msgspec import Struct

from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Job, Waiver
from reconcile.model.observation import Missing, Observed, Unobserved
from reconcile.model.plan import Finding, JobPlan, Kind, Plan, Truth, Verdict
from reconcile.model.value import JsonValue
from reconcile.report.causes import find_cause
from reconcile.report.diff_lines import MEANINGS, OPEN, choose_symbol
from reconcile.report.escape import LONGEST, escape
from reconcile.report.messages import (
    choose_headline,
    choose_url,
    describe_expiry,
    describe_none,
    describe_shown_parts,
    find_place,
    list_waivers,
    show_actual,
    show_value,
)
from reconcile.report.run_time import read_run_time

SYMBOLS: Final = {
    Verdict.ERROR: "!",
    Verdict.DRIFT: "~",
    Verdict.PENDING: "?",
    Verdict.WAIVED: "≈",
    Verdict.IN_SYNC: "✓",
}

_UNFOLDED: Final = frozenset({Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING})
"""Verdicts that fail the gate; their jobs are shown open."""


class Difference(Struct, frozen=True, kw_only=True):
    """
    One finding that does not hold, with the expected and the observed value in lines that are safe, or None if empty.

    `meaning` explains `symbol` in words. `place` is the place in the manifest, without the file if that is the file of
    the job.
    """

    symbol: str
    meaning: str
    place: str
    path: str
    label: str | None
    expected: Sequence[str] | None
    observed: Sequence[str] | None
    implied: bool
    waived: str | None
    ignored: str | None
    pending: bool


class Details(Struct, frozen=True, kw_only=True):
    """The parts of a job that is shown in full; `open` is whether it is open from the start."""

    problems: Sequence[Problem]
    differences: Sequence[Difference]
    facts: Sequence[tuple[str, str]]
    open: bool


class JobCard(Struct, frozen=True, kw_only=True):
    """
    One job.

    `anchor` is the fragment of links to it, `code` the code of its cause ("" without one), and `gist` its state at a
    glance. `owner` and `runbook`, a URL that is safe as a link, are None if the job is in sync. The job is shown with
    `details` or, if these are None, with the lines of `brief`. `held` are lines for the expectations that hold.
    `command` plans this job alone; None if it could not be pasted into a shell as shown.
    """

    anchor: str
    job: Job
    verdict: Verdict
    code: str
    owner: str | None
    runbook: str | None
    symbol: str
    headline: str
    gist: str
    details: Details | None
    brief: Sequence[str]
    held: Sequence[str]
    notes: Sequence[str]
    command: str | None


class JobLine(Struct, frozen=True, kw_only=True):
    """One job on one line, below a job that shows what both have in common."""

    anchor: str
    job: Job
    gist: str
    request_id: str | None
    owner: str | None
    runbook: str | None


def build_line(planned: JobPlan, like: Job, *, now: datetime) -> JobLine:
    """Prepare one of many jobs with the same cause, without the values that are the same as in `like`."""
    job, runbook = planned.job, choose_url(planned.job.runbook)
    return JobLine(
        anchor=name_anchor(job.address),
        job=job,
        owner=job.owner if job.owner != like.owner else None,
        runbook=Markup(escape_markup(runbook)) if runbook and job.runbook != like.runbook else None,
        gist=_describe_state(planned, now),
        request_id=planned.observation.request_id,
    )


def build_job(
    planned: JobPlan, *, now: datetime, command: str, brief: bool, paths: Mapping[str, str] = MappingProxyType({})
) -> JobCard:
    """
    Prepare one job of a plan for the page.

    Args:
        planned: the job.
        now: the time of judging, in UTC.
        command: the result of `start_command`.
        brief: show a few lines instead of details.
        paths: the paths of the plan.
    """
    job, today, cause = planned.job, now.date(), find_cause(planned)
    runbook = choose_url(job.runbook) if planned.verdict is not Verdict.IN_SYNC else None
    return JobCard(
        anchor=name_anchor(job.address),
        job=job,
        verdict=planned.verdict,
        code=(cause and cause.code) or "",
        owner=job.owner if planned.verdict is not Verdict.IN_SYNC else None,
        runbook=Markup(escape_markup(runbook)) if runbook else None,
        symbol=SYMBOLS[planned.verdict],
        headline=choose_headline(planned)[0],
        gist=_describe_state(planned, now),
        details=None if brief else _build_details(planned, today, paths),
        brief=list(_list_lines(planned, today, paths)) if brief else (),
        held=[_write_held(finding) for finding in planned.findings if finding.truth is Truth.HOLDS],
        notes=(*planned.notes, *describe_shown_parts(planned), *_describe_waivers(job, today)),
        command=_end_command(command, job.address),
    )


def _build_details(planned: JobPlan, today: date, paths: Mapping[str, str]) -> Details:
    return Details(
        problems=planned.problems,
        differences=[_build_difference(finding, planned, today) for finding in _list_open_findings(planned)],
        facts=list(_list_facts(planned, paths)),
        open=planned.verdict in _UNFOLDED,
    )


def _list_open_findings(planned: JobPlan) -> Iterator[Finding]:
    return (each for each in planned.findings if each.truth in OPEN)


# --- Names -----------------------------------------------------------------------------------------------------


def name_anchor(address: str) -> str:
    """
    Name the anchor of a job: its address or, if that would look bad in a link, a part of it and a digest.

    The name always has a dot, so that it never equals the name of another element, or of anything in a script.
    """
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", address)[:80].strip("-.")
    if slug == address and "." in slug:
        return slug
    return f"{slug}.{sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def start_command(plan: Plan) -> str:
    """Write the beginning of the command that plans one job again; its address must follow."""
    files = [file.file for file in plan.manifest.files]
    named = [f"./{file}" if file.startswith("-") and file != "-" else file for file in files]
    return shlex.join(["reconcile", "plan", *named, "--target"])


def _end_command(command: str, address: str) -> str | None:
    """Add an address; None if the command would be shown with escapes, which a shell would not understand."""
    quoted = shlex.quote(address)
    whole = f"{command} {quoted}" if quoted != address else f"{command} '{address}'"
    return whole if len(whole) <= LONGEST and escape(whole) == whole else None


# --- What was observed -----------------------------------------------------------------------------------------


def _describe_state(planned: JobPlan, now: datetime) -> str:
    match planned.observation:
        case Observed() as observed:
            ran = read_run_time(observed, planned.job.provider.api)
            return f"{observed.status} · {ran.format_length(now)}" if ran and ran.end else observed.status
        case Missing():
            return "missing"
        case Unobserved():
            return "not observed"


def _list_facts(planned: JobPlan, paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    job, observation = planned.job, planned.observation
    yield "job", job.job_id
    yield "provider", job.provider.name
    if isinstance(observation, Observed):
        if observation.job_type:
            yield "type", observation.job_type
        if observation.begin_time:
            yield "begin", observation.begin_time
        if observation.end_time:
            yield "end", observation.end_time
        if planned.verdict is not Verdict.IN_SYNC:
            yield from observation.shown.items()
    if observation.request_id:
        yield "request", observation.request_id
    yield "manifest", f"{paths.get(job.source.file, job.source.file)}:{job.source.line}:{job.source.column}"
    yield from job.labels.items()


def _describe_waivers(job: Job, today: date) -> Iterator[str]:
    for waiver in job.waivers:
        place = f"{waiver.source.file}:{waiver.source.line}"
        yield f"{place} waives {', '.join(waiver.fields)} {describe_expiry(waiver, today)}: {waiver.reason}"


# --- Findings as rows of a table ---------------------------------------------------------------------------------


def _build_difference(finding: Finding, planned: JobPlan, today: date) -> Difference:
    symbol = choose_symbol(finding)
    source = find_place(finding, planned)
    return Difference(
        symbol=symbol,
        meaning=MEANINGS[symbol],
        place=str(source.line) if source.file == planned.job.source.file else f"{source.file}:{source.line}",
        path=finding.path,
        label=finding.label,
        expected=_show_lines(finding.expected) if _has_expected(finding) else None,
        observed=_show_observed(finding, planned),
        implied=finding.implied,
        waived=_show_waiver(finding.waiver, today),
        ignored=_show_waiver(finding.ignored, today),
        pending=finding.truth is Truth.CAN_HOLD,
    )


def _show_waiver(waiver: Waiver | None, today: date) -> str | None:
    return f"{waiver.reason} ({describe_expiry(waiver, today)})" if waiver else None


def _has_expected(finding: Finding) -> bool:
    return finding.kind is not Kind.UNEXPECTED or finding.expected is not None


def _show_observed(finding: Finding, planned: JobPlan) -> Sequence[str] | None:
    if isinstance(planned.observation, Missing):
        return ["the job API has no such job"]
    if finding.path == "absent":
        return ["the job API has this job"]
    return None if finding.kind is Kind.MISSING and finding.actual is None else _show_lines(finding.actual)


def _show_lines(value: JsonValue) -> Sequence[str]:
    """Show a value; each entry of a mapping has its own line."""
    if isinstance(value, Mapping):
        return [f"{escape(key)}: {show_value(part)}" for key, part in value.items()]
    return [show_value(value)]


# --- Findings as lines -----------------------------------------------------------------------------------------


def _list_lines(planned: JobPlan, today: date, paths: Mapping[str, str]) -> Iterator[str]:
    """List the lines of a job that is shown briefly, without the expectations that hold."""
    yield " · ".join([f"{escape(name)} {escape(value)}" for name, value in _list_facts(planned, paths)])
    for problem in planned.problems:
        yield f"! {problem.code} {escape(problem.message)}"
    for finding in _list_open_findings(planned):
        yield _write_difference(finding, planned, today)


def _write_difference(finding: Finding, planned: JobPlan, today: date) -> str:
    expected = show_value(finding.expected) if _has_expected(finding) else "(not expected)"
    observed = "(not there)" if finding.kind is Kind.MISSING else show_actual(finding)
    remarks = [
        *([show_value(finding.label)] if finding.label is not None else []),
        *(["implied"] if finding.implied else []),
        f"line {find_place(finding, planned).line}",
        *list_waivers(finding, today=today),
    ]
    return f"{choose_symbol(finding)} {escape(finding.path)} = {expected} -> {observed}   # {', '.join(remarks)}"


def _write_held(finding: Finding) -> str:
    if finding.kind is Kind.UNEXPECTED and finding.expected is None:
        line = f"{escape(finding.path)}: {describe_none(finding)}"
    else:
        line = f"{escape(finding.path)} = {show_value(finding.expected)}"
    remarks = []
    if finding.label not in (None, finding.actual):
        remarks.append(show_value(finding.label))
    if finding.actual != finding.expected:
        remarks.append(f"observed {show_actual(finding)}")
    if finding.implied:
        remarks.append("implied")
    return f"{line}   # {', '.join(remarks)}" if remarks else line
