"""
The plan in the Common Test Report Format, ctrf.io: one test for each assertion.

An error counts as failed, because readers of the counts do not look at "other". Facts about the whole run are in
`extra`. `part` describes which jobs the plan covers, and is null for all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct, UnsetType

from reconcile.canonical import stream
from reconcile.model.plan import JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import describe_jobs, describe_selection, is_part
from reconcile.report.result import Result, count_verdicts, iterate_results
from reconcile.report.style import Style
from reconcile.report.timing import count_milliseconds, find_begin, find_job_begin

_STATUSES = {
    Verdict.IN_SYNC: "passed",
    Verdict.DRIFT: "failed",
    Verdict.WAIVED: "skipped",
    Verdict.PENDING: "pending",
    Verdict.ERROR: "failed",
}

_ALL_STATUSES = ("passed", "failed", "skipped", "pending", "other")


class _Extra(Struct, frozen=True, gc=False):
    job_id: str
    request_id: str | None


class _Test(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    name: str
    status: str
    duration: int
    start: int
    stop: int
    raw_status: Verdict
    suite: Sequence[str]
    file_path: str | UnsetType
    line: int | UnsetType
    message: str | UnsetType
    tags: Sequence[str] | UnsetType
    extra: _Extra | UnsetType


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; `style` is not used. A test takes as long as fetching its job."""
    del style
    report = {
        "tool": {"name": "reconcile", "version": plan.tool},
        "summary": _summarize(plan),
        "tests": (_make_test(result, plan) for result in iterate_results(plan)),
        "extra": {
            "verdict": plan.verdict,
            "complete": plan.complete,
            "soft_fail": plan.soft_fail,
            "part": describe_jobs(plan, describe_selection(plan)) if is_part(plan) else None,
        },
    }
    return stream({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": report}, compact=True)


def _summarize(plan: Plan) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for verdict, number in count_verdicts(plan).items():
        counts[_STATUSES[verdict]] += number
    times = {"start": count_milliseconds(find_begin(plan)), "stop": count_milliseconds(plan.judged_at)}
    return {"tests": counts.total(), **{status: counts[status] for status in _ALL_STATUSES}, **times}


def _make_test(result: Result, plan: Plan) -> _Test:
    source, passed = result.source, result.verdict is Verdict.IN_SYNC
    start = count_milliseconds(find_job_begin(result.job, plan) if result.job else find_begin(plan))
    duration = round(result.job.timing.elapsed * 1000) if result.job else 0
    return _Test(
        name=result.title,
        status=_STATUSES[result.verdict],
        duration=duration,
        start=start,
        stop=start + duration,
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
