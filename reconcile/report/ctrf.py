"""
The plan in the Common Test Report Format, ctrf.io: one test for each assertion.

What is true of the whole run stands in `extra`; `part` says of which jobs a plan is, and is null where of all.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from reconcile import __version__
from reconcile.canonical import dump
from reconcile.model import JobPlan, JsonValue, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.result import Result, list_results
from reconcile.report.style import Style
from reconcile.report.messages import describe_jobs, describe_selection, is_part

_STATUSES = {
    Verdict.IN_SYNC: "passed",
    Verdict.DRIFT: "failed",
    Verdict.WAIVED: "skipped",
    Verdict.PENDING: "pending",
    Verdict.ERROR: "other",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used. All tests start and stop when the plan was judged."""
    del style
    results = list_results(plan)
    report: dict[str, JsonValue] = {
        "tool": {"name": "reconcile", "version": __version__},
        "summary": _summarize(results, judged_at=(plan.judged_at - _EPOCH) // timedelta(milliseconds=1)),
        "tests": [_make_test(result) for result in results],
        "extra": {
            "verdict": plan.verdict.value,
            "complete": plan.complete,
            "soft_fail": plan.soft_fail,
            "part": describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        },
    }
    return dump({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": report}, compact=True)


def _summarize(results: Sequence[Result], *, judged_at: int) -> dict[str, JsonValue]:
    counts = Counter(_STATUSES[result.verdict] for result in results)
    return {
        "tests": len(results),
        **{status: counts[status] for status in _STATUSES.values()},
        "start": judged_at,
        "stop": judged_at,
    }


def _make_test(result: Result) -> dict[str, JsonValue]:
    test: dict[str, JsonValue] = {
        "name": result.title,
        "status": _STATUSES[result.verdict],
        "duration": 0,
        "rawStatus": result.verdict.value,
        "suite": [result.address],
    }
    if result.source:
        test |= {"filePath": escape(result.source.file), "line": result.source.line}
    if result.verdict is not Verdict.IN_SYNC:
        test |= {"message": result.message, "tags": [result.rule]}
    if result.job:
        test["extra"] = _identify(result.job)
    return test


def _identify(plan: JobPlan) -> dict[str, JsonValue]:
    request_id = plan.observation.request_id
    return {"job_id": escape(plan.job.job_id), "request_id": escape(request_id) if request_id else None}
