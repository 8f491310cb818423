"""
The plan in the Common Test Report Format, ctrf.io: one test for each assertion.

What is true of the whole run stands in `extra`. `part` describes which jobs the plan covers, and is null for all.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import UNSET, Struct, UnsetType

from reconcile import __version__
from reconcile.canonical import dump
from reconcile.model import JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import describe_jobs, describe_selection, is_part
from reconcile.report.result import Result, list_results
from reconcile.report.style import Style

_STATUSES = {
    Verdict.IN_SYNC: "passed",
    Verdict.DRIFT: "failed",
    Verdict.WAIVED: "skipped",
    Verdict.PENDING: "pending",
    Verdict.ERROR: "other",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Extra(Struct, frozen=True, gc=False):
    job_id: str
    request_id: str | None


class _Test(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    name: str
    status: str
    duration: int
    raw_status: Verdict
    suite: Sequence[str]
    file_path: str | UnsetType
    line: int | UnsetType
    message: str | UnsetType
    tags: Sequence[str] | UnsetType
    extra: _Extra | UnsetType


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used. All tests start and stop when the plan was judged."""
    del style
    results = list_results(plan)
    report = {
        "tool": {"name": "reconcile", "version": __version__},
        "summary": _summarize(results, judged_at=(plan.judged_at - _EPOCH) // timedelta(milliseconds=1)),
        "tests": [_make_test(result) for result in results],
        "extra": {
            "verdict": plan.verdict,
            "complete": plan.complete,
            "soft_fail": plan.soft_fail,
            "part": describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        },
    }
    return dump({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": report}, compact=True)


def _summarize(results: Sequence[Result], *, judged_at: int) -> dict[str, int]:
    verdicts = [result.verdict for result in results]
    counts = {status: verdicts.count(verdict) for verdict, status in _STATUSES.items()}
    return {"tests": len(results), **counts, "start": judged_at, "stop": judged_at}


def _make_test(result: Result) -> _Test:
    source, passed = result.source, result.verdict is Verdict.IN_SYNC
    return _Test(
        name=result.title,
        status=_STATUSES[result.verdict],
        duration=0,
        raw_status=result.verdict,
        suite=(result.address,),
        file_path=escape(source.file) if source else UNSET,
        line=source.line if source else UNSET,
        message=UNSET if passed else result.message,
        tags=UNSET if passed else (result.rule,),
        extra=_identify_job(result.job) if result.job else UNSET,
    )


def _identify_job(plan: JobPlan) -> _Extra:
    request_id = plan.observation.request_id
    return _Extra(job_id=escape(plan.job.job_id), request_id=escape(request_id) if request_id else None)
