"""
The plan as a GitLab Code Quality report: an array of everything not in sync, the worst first.

Contract: GitLab's app/validators/json_schemas/codeclimate.json. Errors are listed as well, because an empty report
would read as nothing found. The format has no place for facts about the whole run: only the other formats say that a
plan covers a part of the jobs.
"""

from collections.abc import Iterator

from reconcile.canonical import stream
from reconcile.model.plan import Plan, Verdict
from reconcile.model.value import JsonValue
from reconcile.report.location import locate
from reconcile.report.result import Result, iterate_ranked
from reconcile.report.style import Style

_SEVERITIES = {
    Verdict.ERROR: "critical",
    Verdict.DRIFT: "major",
    Verdict.PENDING: "minor",
    Verdict.WAIVED: "info",
}


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; `style` is not used."""
    del style
    return stream((_make_issue(result, plan) for result in iterate_ranked(plan)), compact=True)


def _make_issue(result: Result, plan: Plan) -> dict[str, JsonValue]:
    place = locate(result, plan)
    return {
        "description": f"{result.title}: {result.message}",
        "check_name": result.rule,
        "fingerprint": result.fingerprint,
        "severity": _severity_of(result),
        "location": {"path": place.file, "lines": {"begin": place.line}},
    }


def _severity_of(result: Result) -> str:
    missing = result.rule == "missing" and result.verdict is Verdict.DRIFT
    return "critical" if missing else _SEVERITIES[result.verdict]
