"""
Sentences that several formats share.

Each is one line, and safe on a terminal and in a CI log. A format also escapes its own special characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from reconcile.codes import Code
from reconcile.model.api import Outcome
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.manifest import FAIL_FAST, Waiver
from reconcile.model.observation import Heading, Missing, Observed, Record, SubJob, Unobserved
from reconcile.model.plan import Finding, JobPlan, Kind, Plan, Summary, Truth, Verdict
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape, note_cut, quote
from reconcile.report.timing import describe_length

LONGEST_MESSAGE = 1000
"""The most characters shown of one message; a list of values can have any length."""

_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]{1,2000}")

_MOST_CONTACTS = 3
_MOST_PARTS = 3
_MOST_OPTIONS = 3
_LONGEST_SELECTION = 200
"""The most characters that a heading shows of the options that selected the jobs; the JSON has all of them."""

SOFT_FAIL = "soft-fail: drift and pending end with exit code 0"

WORDS = {
    Verdict.ERROR: "error",
    Verdict.DRIFT: "drift",
    Verdict.PENDING: "pending",
    Verdict.WAIVED: "waived",
    Verdict.IN_SYNC: "in sync",
}
"""The names of the verdicts in reports, worst first."""

_HEADLINES = {
    Verdict.DRIFT: ("has drifted", "have drifted"),
    Verdict.PENDING: ("is pending", "are pending"),
    Verdict.WAIVED: ("has drifted, and is waived", "have drifted, and are waived"),
    Verdict.ERROR: ("could not be checked", "could not be checked"),
    Verdict.IN_SYNC: ("is in sync", "are in sync"),
}

_MISSING_HEADLINES = {
    Verdict.DRIFT: ("is missing", "are missing"),
    Verdict.PENDING: ("is not there yet", "are not there yet"),
    Verdict.WAIVED: ("is missing, and is waived", "are missing, and are waived"),
    Verdict.ERROR: _HEADLINES[Verdict.ERROR],
    Verdict.IN_SYNC: ("is absent, as expected", "are absent, as expected"),
}


def count(number: int, noun: str) -> str:
    """Write a number and its noun, in the plural if needed."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def cut(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Cut a message to a length that every CI system accepts, and mark the cut."""
    return text if len(text) <= longest else note_cut(text[:longest], len(text) - longest)


# --- The run ---------------------------------------------------------------------------------------------------


def describe_run(plan: Plan) -> str:
    """
    Describe the verdict of a run, how many jobs have each verdict, whether they are only a part of all jobs, and how
    long the run took.
    """
    part = f" ({describe_jobs(plan)})" if is_part(plan) else ""
    cut_short = "; the run was cut short" if is_cut_short(plan) else ""
    soft_fail = f" ({SOFT_FAIL})" if plan.soft_fail else ""
    counts = f"{describe_counts(plan.summary)}{part}{describe_length(plan)}"
    return f"reconcile: {WORDS[plan.verdict]}: {counts}{cut_short}{soft_fail}"


def is_cut_short(plan: Plan) -> bool:
    """Return whether a run ended early; one that failed before it began did not."""
    return not plan.complete and bool(plan.jobs or not plan.errors)


def is_part(plan: Plan) -> bool:
    """Return whether a plan covers only some of the declared jobs, or may not have reached all of them."""
    manifest = plan.manifest
    return manifest.declared is not None or manifest.shard is not None or FAIL_FAST in manifest.selection


def count_declared(plan: Plan) -> int:
    """Return how many jobs the selection chose from, including those of other shards."""
    shard = plan.manifest.shard
    return plan.manifest.declared or (shard.selected if shard else len(plan.jobs))


def describe_jobs(plan: Plan, selection: str = "") -> str:
    """
    Describe how many jobs a plan covers and, if it covers a part, out of how many.

    Args:
        selection: the options that selected them, safe for the reader; "" leaves them out.
    """
    shard, number = plan.manifest.shard, len(plan.jobs)
    fail_fast = f", {FAIL_FAST}" if FAIL_FAST in plan.manifest.selection else ""
    if plan.manifest.declared is None and shard is None:
        return f"{count(number, 'job')}{fail_fast}"
    by = f" selected by {selection}" if selection else ""
    dealt = f", shard {shard.index} of {shard.total}" if shard else ""
    return f"{number:,} of {count(count_declared(plan), 'job')}{by}{dealt}{fail_fast}"


def describe_selection(plan: Plan) -> str:
    """Name the first few options that selected the jobs of a plan, and count the others; "" if none did."""
    options = [option for option in plan.manifest.selection if option != FAIL_FAST]
    shown = cut(escape(" ".join(options[:_MOST_OPTIONS])), _LONGEST_SELECTION)
    hidden = len(options) - _MOST_OPTIONS
    return f"{shown} and {count(hidden, 'more option')}" if hidden > 0 else shown


def describe_counts(summary: Summary) -> str:
    """Describe how many jobs have each verdict, without zeros."""
    counts = {
        "in sync": summary.in_sync,
        "drift": summary.drift,
        "pending": summary.pending,
        "waived": summary.waived,
        "error" if summary.error == 1 else "errors": summary.error,
    }
    return ", ".join(f"{number:,} {word}" for word, number in counts.items() if number) or "nothing checked"


def describe_proof(plan: Plan) -> str:
    """Describe in one sentence what a plan that is in sync, or an error, has proven."""
    if plan.verdict is Verdict.IN_SYNC:
        return f"Every expectation {'that is not waived ' if plan.summary.waived else ''}was proven."
    if not plan.summary.error:
        return "Nothing is proven."
    outranked = [word for word in (Verdict.DRIFT, Verdict.PENDING) if getattr(plan.summary, word)]
    hint = f" An error outranks {outranked[0]}." if outranked else ""
    return f"Some jobs could not be checked.{hint}"


def describe_diagnostic(diagnostic: Diagnostic) -> str:
    """Describe what is wrong and what to do."""
    return f"{escape(diagnostic.message)}{f'; {escape(diagnostic.hint)}' if diagnostic.hint else ''}"


def describe_place(source: Source) -> str:
    """Write a place as compilers do: file, line and column."""
    return f"{escape(source.file)}:{source.line}:{source.column}"


# --- Jobs ------------------------------------------------------------------------------------------------------


def describe_job(plan: JobPlan) -> Iterator[str]:
    """Name a job and its request, then list its notes."""
    yield f"job {quote(plan.job.job_id)} of provider {escape(plan.job.provider.name)}"
    if plan.observation.request_id:
        yield f"request {escape(plan.observation.request_id)}"
    yield from list_contacts([plan])
    yield from (f"note: {escape(note)}" for note in plan.notes)
    yield from describe_shown(plan)


def describe_shown(plan: JobPlan) -> Iterator[str]:
    """Show what the API says about a job that is not in sync, and about its sub-jobs that have not succeeded."""
    observed = plan.observation
    if plan.verdict is Verdict.IN_SYNC or not isinstance(observed, Observed):
        return
    if observed.shown:
        yield f"about: {_list_shown(observed)}"
    yield from describe_shown_parts(plan)


def describe_shown_parts(plan: JobPlan) -> Iterator[str]:
    """Show what the API says about the first sub-jobs that have not succeeded, and about their parents."""
    observed, statuses = plan.observation, plan.job.provider.api.statuses
    if plan.verdict is Verdict.IN_SYNC or not isinstance(observed, Observed):
        return
    parts = [
        (index, part, above)
        for index, part, above in _list_parts(observed)
        if statuses[part.status].outcome is not Outcome.SUCCESS and (part.shown or above)
    ]
    for index, part, above in parts[:_MOST_PARTS]:
        about = f": {_list_shown(part)}" if part.shown else ""
        within = "".join(f" in {_name_part(each)}" for each in reversed(above))
        yield cut(f"sub-job {index} {_name_part(part)}{within}{about}")
    if len(parts) > _MOST_PARTS:
        yield f"and {count(len(parts) - _MOST_PARTS, 'more sub-job')} that did not succeed"


def _list_parts(observed: Observed) -> Iterator[tuple[int, SubJob, Sequence[SubJob | Heading]]]:
    """List the sub-jobs with their number and their parents, the outermost first."""
    above: list[SubJob | Heading] = []
    headings = iter(observed.headings)
    heading = next(headings, None)
    for index, part in enumerate(observed.sub_jobs):
        while heading is not None and heading.before == index:
            above = [*above[: heading.depth - 1], heading]
            heading = next(headings, None)
        above = above[: part.depth - 1]
        yield index, part, above
        above = [*above, part]


def _name_part(part: SubJob | Heading) -> str:
    name = quote(part.job_type) if part.job_type is not None else "of unknown type"
    return f"{name} ({_list_shown(part)})" if isinstance(part, Heading) and part.shown else name


def _list_shown(record: Record | Heading) -> str:
    return ", ".join(f"{escape(label)} {quote(value)}" for label, value in record.shown.items())


def choose_url(url: str | None) -> str | None:
    """Return a URL if it is safe as a link in every format, else None."""
    return url if url and _URL.fullmatch(url) else None


def list_reached(jobs: Sequence[JobPlan]) -> list[JobPlan]:
    """List the jobs without those that the run did not reach, unless that is only one."""
    reached = [job for job in jobs if not _is_unreached(job)]
    return reached if len(jobs) - len(reached) > 1 else list(jobs)


def _is_unreached(plan: JobPlan) -> bool:
    observation = plan.observation
    return (
        isinstance(observation, Unobserved)
        and observation.problem.code in (Code.DEADLINE, Code.INTERRUPTED, Code.NOT_REACHED)
        and not plan.timing.attempts
    )


def list_contacts(jobs: Iterable[JobPlan]) -> Iterator[str]:
    """List the first few owners and runbooks of the jobs that are not in sync."""
    bad = [each.job for each in jobs if each.verdict is not Verdict.IN_SYNC]
    for name, values in (("owner", [job.owner for job in bad]), ("runbook", [job.runbook for job in bad])):
        given = list(dict.fromkeys(escape(value) for value in values if value))
        more = f" and {len(given) - _MOST_CONTACTS:,} more" if len(given) > _MOST_CONTACTS else ""
        if given:
            yield f"{name}: {', '.join(given[:_MOST_CONTACTS])}{more}"


def choose_headline(plan: JobPlan) -> tuple[str, str]:
    """Describe the state of a job in a few words, in the singular and in the plural."""
    return (_MISSING_HEADLINES if isinstance(plan.observation, Missing) else _HEADLINES)[plan.verdict]


# --- Findings --------------------------------------------------------------------------------------------------


def find_place(finding: Finding, planned: JobPlan) -> Source:
    """Return the place of a finding in the manifest; for an implied assertion, the place of the job."""
    return finding.source or planned.job.source


def describe_finding(finding: Finding) -> str:
    """Describe the expected and the observed value, without the path of the finding."""
    remarks = ", ".join(_describe_circumstances(finding))
    return cut(f"{_describe_difference(finding)}{f' ({remarks})' if remarks else ''}")


def describe_none(finding: Finding) -> str:
    """Describe an assertion that holds because there is no such sub-job."""
    return "none has failed" if finding.implied else "no unexpected sub-job"


def describe_waiver(waiver: Waiver, *, today: date | None = None) -> str:
    """Describe until when and why a drift is accepted; if `today` is given, also how many days are left."""
    until = describe_expiry(waiver, today) if today else f"until {waiver.expires}"
    return f"waived {until}: {escape(waiver.reason)}"


def list_waivers(finding: Finding, *, today: date | None = None) -> list[str]:
    """Describe the waiver of a drift, or the one that does not apply; for `today`, see `describe_waiver`."""
    if finding.waiver:
        return [describe_waiver(finding.waiver, today=today)]
    return [_describe_ignored(finding.ignored, today=today)] if finding.ignored else []


def _describe_ignored(waiver: Waiver, *, today: date | None) -> str:
    if today and today > waiver.expires:
        return f"the waiver {describe_expiry(waiver, today)}: {escape(waiver.reason)}"
    return f"the waiver until {waiver.expires} is ignored: {escape(waiver.reason)}"


def describe_expiry(waiver: Waiver, today: date) -> str:
    """Describe until when a waiver is valid, and how many days are left."""
    days = (waiver.expires - today).days
    if days < 0:
        return f"expired on {waiver.expires}"
    left = "today is its last day" if days == 0 else f"{count(days, 'day')} left"
    return f"until {waiver.expires}, {left}"


def show_value(value: JsonValue) -> str:
    """Write a value on one line, as in a manifest."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case int() | float():
            return str(value)
        case Mapping():
            return f"{{{', '.join(f'{escape(key)}: {show_value(part)}' for key, part in value.items())}}}"
        case _:
            return f"[{', '.join(show_value(part) for part in value)}]"


def show_actual(finding: Finding) -> str:
    """Write the observed value; a status with the API's own word beside it."""
    own = f" ({escape(finding.status_word)})" if finding.status_word is not None else ""
    return f"{show_value(finding.actual)}{own}"


def _describe_difference(finding: Finding) -> str:
    if finding.truth is Truth.UNDECIDABLE:
        return f"cannot be judged: {show_value(finding.actual)}"
    match finding.path, finding.kind:
        case "missing", _:
            return "the job API has no such job"
        case "absent", _:
            return "the job exists, but must not"
        case _, Kind.CHANGED:
            return f"expected {show_value(finding.expected)}, observed {show_actual(finding)}"
        case _, Kind.MISSING:
            return f"expected {show_value(finding.expected)}, not observed"
        case _:
            return f"observed {show_value(finding.actual)}, not expected"


def _describe_circumstances(finding: Finding) -> Iterator[str]:
    if finding.label is not None and finding.kind is Kind.CHANGED:
        yield f"sub-job {quote(finding.label)}"
    if finding.implied:
        yield "implied"
    if finding.truth is Truth.CAN_HOLD:
        yield "not decided yet"
    yield from list_waivers(finding)
