"""A review as SARIF 2.1.0, for code scanning: a result for each job that a reviewer must look at."""

from collections.abc import Sequence
from hashlib import sha256

from reconcile import __version__
from reconcile.canonical import dump
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.plan import ExitCode
from reconcile.model.review import JobReview, Review
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape
from reconcile.report.location import place_inside
from reconcile.report.messages import count, cut, describe_diagnostic
from reconcile.report.review.messages import SHOWN, describe_allowed, describe_change, describe_headline, find_source
from reconcile.report.sarif import MOST_RESULTS, SCHEMA, encode_path, escape_links
from reconcile.report.style import Palette

_RULES = {
    "review.weaker": ("The new manifest lets more through", "The job lets an answer pass that the old manifest stops."),
    "review.different": (
        "Each manifest lets through what the other stops",
        "The job lets an answer pass that the old manifest stops, and stops one that the old manifest lets pass.",
    ),
    "review.undecided": (
        "It could not be decided whether the job lets more through",
        "There is too much to compare, or an 'after' or what depends on variables without a value has changed.",
    ),
    "review.error": ("The manifests could not be reviewed", "What to do: reconcile explain, with the error's code."),
}


def render(review: Review, palette: Palette) -> str:
    """Render a review; `palette` is not used."""
    del palette
    shown = [job for relation in SHOWN for job in review.jobs if job.relation is relation]
    notes = [_note("note", each) for each in describe_allowed(review)]
    if len(shown) > MOST_RESULTS:
        notes.append(_note("warning", f"{count(len(shown) - MOST_RESULTS, 'more result')} not listed"))
    results = [_make_result(job, review) for job in shown[:MOST_RESULTS]]
    return _render(results, notes, review.failure)


def render_failure(errors: tuple[Diagnostic, ...]) -> str:
    """Render why there is no review, as notifications and also as results, because GitHub reads only results."""
    results = [
        _make("review.error", "error", describe_diagnostic(each), each.source, f"{each.code} {each.message}")
        for each in errors
    ]
    return _render(results, [_note("error", describe_diagnostic(each)) for each in errors], ExitCode.ERROR)


def _render(results: Sequence[dict[str, JsonValue]], notes: Sequence[JsonValue], failure: ExitCode | None) -> str:
    rules = sorted({str(each["ruleId"]) for each in results})
    run: dict[str, JsonValue] = {
        "tool": {
            "driver": {"name": "reconcile", "version": __version__, "rules": [_make_rule(each) for each in rules]}
        },
        "automationDetails": {"id": "reconcile-review/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "exitCode": int(failure or 0),
                "executionSuccessful": failure is not ExitCode.ERROR,
                "toolExecutionNotifications": notes,
            }
        ],
        "results": results,
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, compact=True)


def _make_result(job: JobReview, review: Review) -> dict[str, JsonValue]:
    message = f"{escape(job.address)} {describe_headline(job)}. {' '.join(describe_change(job, review))}"
    rule = f"review.{job.relation.value}"
    made = _make(rule, "note" if job.allowed else "error", message, find_source(job, review), job.address)
    if job.allowed:
        made["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"--allow {escape(job.allowed_by[0])}"}
        ]
    return made


def _make(rule: str, level: str, message: str, source: Source | None, subject: str) -> dict[str, JsonValue]:
    place = place_inside(source or Source(file="", line=1, column=1))
    region: JsonValue = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column + 1,
    }
    location = {"physicalLocation": {"artifactLocation": {"uri": encode_path(place.file)}, "region": region}}
    fingerprint = sha256(f"{subject}\0{rule}".encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": escape_links(cut(message, 4_000))},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1"},
    }


def _make_rule(rule: str) -> dict[str, JsonValue]:
    short, full = _RULES[rule]
    return {
        "id": rule,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": full},
        "defaultConfiguration": {"level": "error"},
        "properties": {"problem.severity": "error"},
    }


def _note(level: str, message: str) -> JsonValue:
    return {"level": level, "message": {"text": escape_links(message)}}
