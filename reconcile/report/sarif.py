"""
The plan as SARIF 2.1.0, for code scanning.

An error is both a notification of the run and a result: GitHub reads only results, and would close the alerts of a job
that could not be observed, as if they were fixed. For the same reason, a plan of a part of the jobs is a separate
analysis, which leaves the alerts of the other jobs open. Columns count characters. Fingerprints do not depend on lines.

A drift that was fixed since an earlier plan is a notification, not a result with the baselineState `absent`: GitHub
does not know that state, and would open an alert.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from itertools import islice
from urllib.parse import quote as percent_encode

from reconcile.canonical import dump, stream
from reconcile.lazy import LazyList
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import DriftState, Plan, Verdict
from reconcile.model.value import JsonValue
from reconcile.report.comparison import describe_comparison
from reconcile.report.documentation import find_rule_page
from reconcile.report.escape import escape
from reconcile.report.location import locate, name_file
from reconcile.report.messages import count, describe_diagnostic, describe_jobs, describe_selection, is_part
from reconcile.report.result import Result, count_verdicts, iterate_ranked
from reconcile.report.style import Style

MOST_RESULTS = 25_000
"""The most results of one run that GitHub accepts (docs.github.com, SARIF support for code scanning)."""

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {
    Verdict.ERROR: "error",
    Verdict.DRIFT: "error",
    Verdict.PENDING: "warning",
    Verdict.WAIVED: "note",
}

_BASELINE_STATES = {DriftState.NEW: "new", DriftState.PERSISTING: "unchanged"}

_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; of `style`, only `docs_url` is used."""
    counts = count_verdicts(plan)
    shown = list(islice(iterate_ranked(plan), MOST_RESULTS))
    run: dict[str, object] = {
        "tool": {"driver": {"name": "reconcile", "version": plan.tool, "rules": _list_rules(shown, style.docs_url)}},
        "automationDetails": {"id": _categorize(plan)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "exitCode": int(plan.exit_code),
                "executionSuccessful": plan.complete and not counts[Verdict.ERROR],
                "toolExecutionNotifications": _list_notifications(plan, counts.total() - counts[Verdict.IN_SYNC]),
            }
        ],
        "results": LazyList(partial(_make_result, plan), shown),
    }
    return stream({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, compact=True)


def _categorize(plan: Plan) -> str:
    """Name the analysis after its first manifest and the selected part of the jobs, so that each has its own name."""
    manifest = plan.manifest
    names = [each.name or name_file(each.file, plan) for each in manifest.files]
    parts = ["reconcile", encode_path(escape(names[0])) if names else ""]
    if manifest.selection:
        parts.append(f"selection-{sha256(dump(sorted(manifest.selection)).encode()).hexdigest()[:12]}")
    if manifest.shard:
        parts.append(f"shard-{manifest.shard.index}-of-{manifest.shard.total}")
    return "".join(f"{part}/" for part in parts)


# --- Results ---------------------------------------------------------------------------------------------------


def _make_result(plan: Plan, result: Result) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {
        "ruleId": result.rule,
        "level": _LEVELS[result.verdict],
        "message": {"text": escape_links(f"{result.title}: {result.message}")},
        "locations": [_locate(result, plan)],
        "partialFingerprints": {"primaryLocationLineHash": f"{result.fingerprint}:1"},
    }
    if result.state:
        made["baselineState"] = _BASELINE_STATES[result.state]
    if result.waiver:
        made["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": escape_links(escape(result.waiver.reason))}
        ]
    return made


def _locate(result: Result, plan: Plan) -> dict[str, JsonValue]:
    place = locate(result, plan)
    region: dict[str, JsonValue] = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.column + 1,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": encode_path(place.file)}, "region": region}}


def encode_path(path: str) -> str:
    """Write a relative path as a URI."""
    return percent_encode(path, safe="/")


def escape_links(text: str) -> str:
    """Escape what a viewer would show as a link: `[text](target)`, SARIF 2.1.0 section 3.11.6."""
    return text.replace("](", "]\\(")


# --- Rules -----------------------------------------------------------------------------------------------------


def _list_rules(results: Iterable[Result], docs_url: str | None) -> list[JsonValue]:
    return [_make_rule(rule, docs_url) for rule in sorted({result.rule for result in results})]


def _make_rule(rule: str, docs_url: str | None) -> dict[str, JsonValue]:
    short, full, level = _describe_rule(rule)
    page = find_rule_page(rule, docs_url)
    return {
        "id": rule,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        **({"helpUri": page} if page else {}),
        "help": {"text": full, **({"markdown": f"{full}\n\n[To learn more](<{page}>)"} if page else {})},
        "defaultConfiguration": {"level": level},
        "properties": {"problem.severity": _SEVERITIES[level]},
    }


def _describe_rule(rule: str) -> tuple[str, str, str]:
    """Return the short and the long description of a rule, and its level."""
    kind, _, detail = rule.partition(".")
    match kind:
        case "pending":
            full = "A job is still waiting or running, so the assertion is false now but may still become true."
            return "An expectation is not decided yet", full, "warning"
        case "missing":
            full = "The job API reports that it has no such job: it never existed, or it has expired."
            return "The job API has no such job", full, "error"
        case "error":
            full = f"It could not be checked, so nothing is proven. What to do: reconcile explain {detail}"
            return f"{detail}: could not be checked", full, "error"
        case _:
            full = f"The expectation of {detail} is false, and can no longer become true."
            return f"{detail} is not as expected", full, "error"


# --- Notifications ---------------------------------------------------------------------------------------------


def _list_notifications(plan: Plan, count_of_results: int) -> list[JsonValue]:
    hidden = count_of_results - MOST_RESULTS
    notifications: list[JsonValue] = []
    if is_part(plan):
        message = f"this covers {describe_jobs(plan, describe_selection(plan))}, and says nothing about the others"
        notifications.append({"level": "note", "message": {"text": escape_links(message)}})
    if hidden > 0:
        message = f"{count(hidden, 'more result')} not listed: a run has at most {MOST_RESULTS:,}, the worst first"
        notifications.append({"level": "warning", "message": {"text": message}})
    if compared := describe_comparison(plan):
        text = "\n".join([compared.summary, *compared.jobs])
        notifications.append({"level": "note", "message": {"text": escape_links(text)}})
    errors = (result for result in iterate_ranked(plan) if result.verdict is Verdict.ERROR)
    notifications += [_notify_error(result, plan) for result in islice(errors, MOST_RESULTS)]
    notifications += [_notify_warning(warning) for warning in plan.warnings]
    return notifications


def _notify_error(result: Result, plan: Plan) -> dict[str, JsonValue]:
    return {
        "level": "error",
        "descriptor": {"id": result.rule},
        "message": {"text": escape_links(f"{result.title}: {result.message}")},
        "locations": [_locate(result, plan)],
    }


def _notify_warning(warning: Diagnostic) -> dict[str, JsonValue]:
    return {"level": "warning", "message": {"text": escape_links(f"{warning.code} {describe_diagnostic(warning)}")}}
