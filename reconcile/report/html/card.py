"""One job of a plan, as the page shows it."""

import re
import shlex
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from markupsafe import Markup
from markupsafe import escape as escape_markup
from msgspec import Struct

from reconcile.model import Finding, Job, JobPlan, Missing, Observed, Plan, Problem, Truth, Unobserved, Verdict
from reconcile.report.escape import LONGEST, escape
from reconcile.report.html.difference import (
    Difference,
    build_difference,
    write_difference,
    write_held,
)
from reconcile.report.run_time import read_stretch
from reconcile.report.messages import choose_headline, describe_expiry

SYMBOLS: Final = {
    Verdict.ERROR: "!",
    Verdict.DRIFT: "~",
    Verdict.PENDING: "?",
    Verdict.WAIVED: "≈",
    Verdict.IN_SYNC: "✓",
}

_SHUT: Final = frozenset({Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING})
"""Verdicts that keep the gate shut: their jobs are open."""


class Details(Struct, frozen=True, kw_only=True):
    """
    What a job has to tell, part by part.

    `held` is how many expectations hold, and `open` says whether all this is shown without being asked for.
    """

    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...]
    held: int
    facts: tuple[tuple[str, str], ...]
    open: bool


class Card(Struct, frozen=True, kw_only=True):
    """
    One job.

    `anchor` is what a link to it ends in, `gist` what a glance should tell. A job is told with `details`, or, where
    they are None, in the lines of `short`. `held` are lines for the expectations that hold. `command` asks for the
    job again; None where it could not be pasted into a shell as it is shown.
    """

    anchor: str
    job: Job
    verdict: Verdict
    symbol: str
    headline: str
    gist: str
    details: Details | None
    short: Markup
    held: Markup
    notes: tuple[str, ...]
    command: str | None


def build_card(planned: JobPlan, *, now: datetime, command: str, in_short: bool) -> Card:
    """
    Turn one job of a plan into its card.

    Args:
        now: the time of judging, in UTC.
        command: what `start_command` says.
        in_short: tell it without details.
    """
    job, today = planned.job, now.date()
    held = [write_held(finding) for finding in planned.findings if finding.truth is Truth.HOLDS]
    return Card(
        anchor=name_anchor(job.address),
        job=job,
        verdict=planned.verdict,
        symbol=SYMBOLS[planned.verdict],
        headline=choose_headline(planned)[0],
        gist=" · ".join(_tell_gist(planned, now)),
        details=None if in_short else _build_details(planned, today, held=len(held)),
        short=escape_markup("\n".join([*_write_short(planned, today), *held])) if in_short else Markup(""),
        held=escape_markup("" if in_short else "\n".join(held)),
        notes=(*planned.notes, *_tell_waivers(job, today)),
        command=_end_command(command, job.address),
    )


def _build_details(planned: JobPlan, today: date, *, held: int) -> Details:
    return Details(
        problems=planned.problems,
        differences=tuple([build_difference(finding, planned, today) for finding in _find_differing(planned)]),
        held=held,
        facts=tuple(_list_facts(planned)),
        open=planned.verdict in _SHUT,
    )


def _find_differing(planned: JobPlan) -> Iterator[Finding]:
    return (each for each in planned.findings if each.truth in (Truth.CAN_HOLD, Truth.CANNOT_HOLD))


def _write_short(planned: JobPlan, today: date) -> Iterator[str]:
    yield " · ".join(f"{escape(name)} {escape(value)}" for name, value in _list_facts(planned))
    for problem in planned.problems:
        yield f"! {problem.code} {escape(problem.message)}"
    for finding in _find_differing(planned):
        yield write_difference(finding, planned, today)


# --- Names -----------------------------------------------------------------------------------------------------


def name_anchor(address: str) -> str:
    """
    Name the place of a job in the page: its address, or what is left of one that would not look well in a link.

    It always has a dot, so that it is never the name of another place, nor of anything in a script.
    """
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", address)[:80].strip("-.")
    if slug == address and "." in slug:
        return slug
    return f"{slug}.{sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def start_command(plan: Plan) -> str:
    """Write what asks for the jobs of a plan again; the address of one has to follow."""
    files = [file.file for file in plan.manifest.files]
    named = [f"./{file}" if file.startswith("-") and file != "-" else file for file in files]
    return shlex.join(["reconcile", "plan", *named, "--target"])


def _end_command(command: str, address: str) -> str | None:
    """Add an address; None where escaping would change what a shell gets, for it would not be what it looks like."""
    quoted = shlex.quote(address)
    whole = f"{command} {quoted if quoted != address else chr(39) + address + chr(39)}"
    return whole if len(whole) <= LONGEST and escape(whole) == whole else None


# --- What was observed -----------------------------------------------------------------------------------------


def _tell_gist(planned: JobPlan, now: datetime) -> Iterator[str]:
    observation = planned.observation
    match observation:
        case Observed():
            yield observation.status
            stretch = read_stretch(observation, planned.job.provider.api)
            if stretch and stretch.end:
                yield stretch.measure(now)
        case Missing():
            yield "missing"
        case Unobserved():
            yield "not observed"


def _list_facts(planned: JobPlan) -> Iterator[tuple[str, str]]:
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
    if observation.request_id:
        yield "request", observation.request_id
    yield "manifest", f"{job.source.file}:{job.source.line}:{job.source.column}"
    yield from job.labels.items()


def _tell_waivers(job: Job, today: date) -> Iterator[str]:
    for waiver in job.waivers:
        place = f"{waiver.source.file}:{waiver.source.line}"
        yield f"{place} waives {', '.join(waiver.fields)} {describe_expiry(waiver, today)}: {waiver.reason}"
