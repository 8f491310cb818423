"""
What several formats say in the same words.

Every sentence is one line, and harmless on a terminal and in a CI log; what else a format's reader would obey, the
format itself escapes.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from reconcile.model import (
    Diagnostic,
    Finding,
    JobPlan,
    JsonValue,
    Kind,
    Missing,
    Plan,
    Source,
    Summary,
    Truth,
    Verdict,
    Waiver,
)
from reconcile.report.escape import escape, quote

LONGEST_MESSAGE = 1000
"""Characters of one message that are shown; a list of values can be of any length."""

_MOST_OPTIONS = 3
_LONGEST_SELECTION = 200
"""How much of what selected the jobs is told in a heading; the JSON has all of it."""

SOFT_FAIL = "soft-fail: drift and pending end with exit code 0"

WORDS = {
    Verdict.ERROR: "error",
    Verdict.DRIFT: "drift",
    Verdict.PENDING: "pending",
    Verdict.WAIVED: "waived",
    Verdict.IN_SYNC: "in sync",
}
"""What a reader calls the verdicts, worst first."""

_HEADLINES = {
    Verdict.DRIFT: ("has drifted", "have drifted"),
    Verdict.PENDING: ("is pending", "are pending"),
    Verdict.WAIVED: ("has drifted, and is waived", "have drifted, and are waived"),
    Verdict.ERROR: ("could not be decided", "could not be decided"),
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
    """Write a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def describe_run(plan: Plan) -> str:
    """Say what was decided of the run, how many jobs have each verdict, and whether they are a part of all."""
    part = f" ({describe_jobs(plan)})" if is_part(plan) else ""
    cut_short = "" if plan.complete else "; the run was cut short"
    soft_fail = f" ({SOFT_FAIL})" if plan.soft_fail else ""
    return f"reconcile: {WORDS[plan.verdict]}: {describe_counts(plan.summary)}{part}{cut_short}{soft_fail}"


def is_part(plan: Plan) -> bool:
    """Say whether a plan is about some of the declared jobs only."""
    return plan.manifest.declared is not None or plan.manifest.shard is not None


def count_declared(plan: Plan) -> int:
    """Return how many jobs there were to select from, those of other shards among them."""
    shard = plan.manifest.shard
    return plan.manifest.declared or (shard.selected if shard else len(plan.jobs))


def describe_jobs(plan: Plan, selection: str = "") -> str:
    """
    Say how many jobs a plan is about and, where that is a part, of how many.

    Args:
        selection: by which options they were selected, harmless to the reader; "" if that is not told.
    """
    shard, number = plan.manifest.shard, len(plan.jobs)
    if not is_part(plan):
        return count(number, "job")
    by = f" selected by {selection}" if selection else ""
    dealt = f", shard {shard.index} of {shard.total}" if shard else ""
    return f"{number:,} of {count(count_declared(plan), 'job')}{by}{dealt}"


def describe_selection(plan: Plan) -> str:
    """Say by which options the jobs of a plan were selected, the first of them at least; "" if all were."""
    options = plan.manifest.selection
    shown = cut(escape(" ".join(options[:_MOST_OPTIONS])), _LONGEST_SELECTION)
    hidden = len(options) - _MOST_OPTIONS
    return f"{shown} and {count(hidden, 'more option')}" if hidden > 0 else shown


def describe_counts(summary: Summary) -> str:
    """Say how many jobs have each verdict that any has."""
    counts = {
        "in sync": summary.in_sync,
        "drift": summary.drift,
        "pending": summary.pending,
        "waived": summary.waived,
        "error" if summary.error == 1 else "errors": summary.error,
    }
    return ", ".join(f"{number:,} {word}" for word, number in counts.items() if number) or "nothing checked"


def describe_finding(finding: Finding) -> str:
    """Say what is expected and what was observed; the path of the finding is not repeated."""
    remarks = "".join(f" ({remark})" for remark in _remarks_on(finding))
    return cut(f"{_describe_difference(finding)}{remarks}")


def describe_none(finding: Finding) -> str:
    """Say what holds where there is no sub-job that there should not be."""
    return "none has failed" if finding.implied else "none that is not expected"


def describe_waiver(waiver: Waiver, *, today: date | None = None) -> str:
    """Say until when something is accepted, for how many days that is where `today` is given, and why."""
    until = describe_expiry(waiver, today) if today else f"until {waiver.expires}"
    return f"waived {until}: {escape(waiver.reason)}"


def describe_expiry(waiver: Waiver, today: date) -> str:
    """Say until when a waiver is good, and how long that is."""
    days = (waiver.expires - today).days
    if days < 0:
        return f"expired on {waiver.expires}"
    left = "today is its last day" if days == 0 else f"{count(days, 'day')} left"
    return f"until {waiver.expires}, {left}"


def describe_diagnostic(diagnostic: Diagnostic) -> str:
    """Say what is wrong, and what to do."""
    return f"{escape(diagnostic.message)}{f'; {escape(diagnostic.hint)}' if diagnostic.hint else ''}"


def describe_job(plan: JobPlan) -> Iterator[str]:
    """Say what identifies a job and its answer, and what is remarkable about it."""
    yield f"job {quote(plan.job.job_id)} of provider {escape(plan.job.provider.name)}"
    if plan.observation.request_id:
        yield f"request {escape(plan.observation.request_id)}"
    yield from (f"note: {escape(note)}" for note in plan.notes)


def choose_headline(plan: JobPlan) -> tuple[str, str]:
    """Say in a few words how it is with a job, and how it is with several."""
    return (_MISSING_HEADLINES if isinstance(plan.observation, Missing) else _HEADLINES)[plan.verdict]


def find_place(finding: Finding, planned: JobPlan) -> Source:
    """Return where the manifest says what a finding of a job is about; what is implied stands where the job does."""
    return finding.source or planned.job.source


def describe_place(source: Source) -> str:
    """Name a place as compilers do."""
    return f"{escape(source.file)}:{source.line}:{source.column}"


def show_value(value: JsonValue) -> str:
    """Write a value as a manifest would, on one line."""
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


def cut(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Cut a message to a length that every reader of it can bear, and say so."""
    rest = len(text) - longest
    return f"{text[:longest]}... ({rest} more characters)" if rest > 0 else text


def _describe_difference(finding: Finding) -> str:
    if finding.truth is Truth.UNDECIDABLE:
        return f"cannot be judged: {show_value(finding.actual)}"
    match finding.path, finding.kind:
        case "missing", _:
            return "the job API has no such job"
        case "absent", _:
            return "the job API has such a job, and there must be none"
        case _, Kind.CHANGED:
            return f"expected {show_value(finding.expected)}, observed {show_value(finding.actual)}"
        case _, Kind.MISSING:
            return f"expected {show_value(finding.expected)}, not observed"
        case _:
            return f"observed {show_value(finding.actual)}, not expected"


def _remarks_on(finding: Finding) -> Iterator[str]:
    if finding.label is not None and finding.kind is Kind.CHANGED:
        yield f"sub-job {quote(finding.label)}"
    if finding.implied:
        yield "implied"
    if finding.truth is Truth.CAN_HOLD:
        yield "not decided yet"
    if finding.waiver:
        yield describe_waiver(finding.waiver)
