"""
The plan as a trace in OTLP/JSON, which any OpenTelemetry collector accepts; this program sends nothing.

    the run                  SERVER     when the jobs were fetched and judged
      a job                  INTERNAL   when it ran, by the job API; when it was fetched, if that is unknown
        its requests         CLIENT     one span for all of them: the plan has no times of each
        a sub-job            INTERNAL   when it ran; its own parts are below it

Attributes are named by the semantic conventions for CI/CD, if these have a name. The result is success for a job in
sync, failure for drift, skip for a waived drift or a job that was not reached, timeout for a pending job, and for one
that could not be checked error, or what ended the run. Ids are digests, so that the same plan gives the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from msgspec import UNSET, Struct, UnsetType

from reconcile.canonical import dump
from reconcile.codes import Code
from reconcile.instant import format_instant
from reconcile.model.api import JobApi, Outcome
from reconcile.model.observation import Observed, Record, SubJob
from reconcile.model.plan import ExitCode, JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.location import name_file
from reconcile.report.messages import WORDS, choose_url, cut, describe_counts
from reconcile.report.result import RUN, Result, list_results
from reconcile.report.run_time import read_run_time
from reconcile.report.style import Style
from reconcile.report.timing import find_begin, find_job_begin

_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
_FAILED = 2
"""The status code of a span that is an error."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RESULTS = {
    Verdict.IN_SYNC: "success",
    Verdict.DRIFT: "failure",
    Verdict.PENDING: "timeout",
    Verdict.WAIVED: "skip",
    Verdict.ERROR: "error",
}
_CAUSES = {f"error.{Code.DEADLINE}": "timeout", f"error.{Code.INTERRUPTED}": "cancellation"}
_CAUSES[f"error.{Code.NOT_REACHED}"] = "skip"
_OUTCOMES = {Outcome.SUCCESS: "success", Outcome.FAILURE: "failure"}

_Value = str | int | bool | None


class _Attribute(Struct, frozen=True, gc=False):
    key: str
    value: Mapping[str, str | bool]


class _Status(Struct, frozen=True, gc=False):
    code: int
    message: str


class _Span(Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    trace_id: str
    span_id: str
    parent_span_id: str | UnsetType
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: Sequence[_Attribute]
    status: _Status | UnsetType


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used."""
    del style
    resource: Mapping[str, _Value] = {
        "service.name": "reconcile",
        "service.version": plan.tool,
        "cicd.pipeline.name": _name_pipeline(plan),
        "cicd.pipeline.run.id": _name_run(plan),
        "cicd.pipeline.run.url.full": choose_url(plan.run_url),
    }
    spans = {"scope": {"name": "reconcile", "version": plan.tool}, "spans": list(_Trace(plan).list_spans())}
    trace = {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [spans]}
    return dump({"resourceSpans": [trace]}, compact=True)


class _Trace:
    """Makes the spans of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seed = _digest(plan.trace_parent or "", _name_run(plan), _identify(plan))
        parent = plan.trace_parent.split("-") if plan.trace_parent is not None else None
        self._trace_id = parent[1] if parent else _digest(self._seed, "trace")[:32]
        self._parent = parent[2] if parent else UNSET
        self._worst: dict[str, Result] = {}
        """For each job and for the run, the first result that is as bad as its verdict."""
        verdicts = {RUN: plan.verdict} | {escape(job.job.address): job.verdict for job in plan.jobs}
        for result in list_results(plan):
            if result.verdict is verdicts.get(result.address):
                self._worst.setdefault(result.address, result)

    def list_spans(self) -> Iterator[_Span]:
        """Yield the span of the run, and then those of each job in the order of the manifest."""
        plan = self._plan
        root = self._make_root()
        yield root
        for index, job in enumerate(plan.jobs):
            yield from self._list_job_spans(job, index, root)

    def _make_root(self) -> _Span:
        plan, worst = self._plan, self._worst.get(RUN)
        result = "cancellation" if plan.exit_code > ExitCode.PENDING else _RESULTS[plan.verdict]
        failed = bool(plan.exit_code)
        counts = {f"reconcile.jobs.{verdict}": getattr(plan.summary, verdict) for verdict in WORDS}
        return self._make_span(
            RUN,
            name="RUN reconcile",
            kind=_SERVER,
            parent=self._parent,
            begin=find_begin(plan),
            end=plan.judged_at,
            attributes={
                "cicd.pipeline.action.name": "RUN",
                "cicd.pipeline.result": result,
                "error.type": (worst.rule if worst else plan.verdict.value) if failed else None,
                "reconcile.verdict": plan.verdict.value,
                "reconcile.exit_code": int(plan.exit_code),
                "reconcile.complete": plan.complete,
                "reconcile.soft_fail": plan.soft_fail,
                **counts,
            },
            failure=(worst.message if worst else describe_counts(plan.summary)) if failed else None,
        )

    def _list_job_spans(self, job: JobPlan, index: int, root: _Span) -> Iterator[_Span]:
        key = f"{index}\0{job.job.address}"
        begin, end = _find_times(job, self._plan)
        worst = self._worst.get(escape(job.job.address))
        passed = job.verdict in (Verdict.IN_SYNC, Verdict.WAIVED)
        span = self._make_span(
            key,
            name=escape(job.job.address),
            kind=_INTERNAL,
            parent=root.span_id,
            begin=begin,
            end=end,
            attributes={
                "cicd.pipeline.task.name": escape(job.job.address),
                "cicd.pipeline.task.run.id": escape(job.job.job_id),
                "cicd.pipeline.task.run.result": _choose_result(job, worst),
                "error.type": worst.rule if worst and not passed else None,
                "reconcile.verdict": job.verdict.value,
                "reconcile.provider": escape(job.job.provider.name),
                "reconcile.api": escape(job.job.provider.api.name),
                "reconcile.status": escape(job.observation.status) if isinstance(job.observation, Observed) else None,
                "reconcile.resumed": job.timing.resumed or None,
                "reconcile.waived": cut(worst.message) if worst and job.verdict is Verdict.WAIVED else None,
            },
            failure=worst.message if worst and not passed else None,
        )
        yield span
        if job.timing.attempts:
            yield self._make_requests(job, key, span)
        if isinstance(job.observation, Observed):
            yield from self._list_part_spans(job, job.observation, key, span)

    def _make_requests(self, job: JobPlan, key: str, parent: _Span) -> _Span:
        begin, request_id = find_job_begin(job, self._plan), job.observation.request_id
        origin = self._plan.origins.get(job.job.provider.name, "")
        return self._make_span(
            f"{key}\0requests",
            name="GET",
            kind=_CLIENT,
            parent=parent.span_id,
            begin=begin,
            end=begin + timedelta(seconds=job.timing.elapsed),
            attributes={
                "http.request.method": "GET",
                "server.address": escape(origin.rpartition("//")[2]) or None,
                "reconcile.attempts": job.timing.attempts,
                "reconcile.polls": job.timing.polls,
                "reconcile.request_id": escape(request_id) if request_id else None,
            },
        )

    def _list_part_spans(self, job: JobPlan, observed: Observed, key: str, parent: _Span) -> Iterator[_Span]:
        above = [parent]
        for number, part in enumerate(observed.sub_jobs):
            del above[part.depth :]
            begin, end = _read_times(part, job.job.provider.api, self._plan.judged_at) or (None, None)
            span = self._make_span(
                f"{key}\0{number}",
                name=escape(part.job_type or "sub-job"),
                kind=_INTERNAL,
                parent=above[-1].span_id,
                begin=begin or above[-1].start_time_unix_nano,
                end=end or above[-1].start_time_unix_nano,
                attributes=_describe_part(part, job.job.provider.api),
            )
            above.append(span)
            yield span

    def _make_span(
        self,
        key: str,
        *,
        name: str,
        kind: int,
        parent: str | UnsetType,
        begin: datetime | str,
        end: datetime | str,
        attributes: Mapping[str, _Value],
        failure: str | None = None,
    ) -> _Span:
        """Make a span; a time that is text is copied from another span, and `failure` is None unless it is an error."""
        first = begin if isinstance(begin, str) else _count_nanoseconds(begin)
        last = end if isinstance(end, str) else _count_nanoseconds(end)
        return _Span(
            trace_id=self._trace_id,
            span_id=_digest(self._seed, key)[:16],
            parent_span_id=parent,
            name=name,
            kind=kind,
            start_time_unix_nano=first,
            end_time_unix_nano=last if int(last) > int(first) else first,
            attributes=_attributes(attributes),
            status=_Status(_FAILED, cut(failure)) if failure is not None else UNSET,
        )


def _choose_result(job: JobPlan, worst: Result | None) -> str:
    cause = _CAUSES.get(worst.rule) if worst is not None and job.verdict is Verdict.ERROR else None
    return cause or _RESULTS[job.verdict]


def _describe_part(part: SubJob, api: JobApi) -> Mapping[str, _Value]:
    outcome = api.statuses[part.status].outcome
    return {
        "cicd.pipeline.task.name": escape(part.job_type or "sub-job"),
        "cicd.pipeline.task.run.id": escape(part.job_id) if part.job_id else None,
        "cicd.pipeline.task.run.result": _OUTCOMES[outcome] if outcome is not None else None,
        "error.type": escape(part.error_code or "failed") if outcome is Outcome.FAILURE else None,
        "reconcile.status": escape(part.status),
    }


def _find_times(job: JobPlan, plan: Plan) -> tuple[datetime, datetime]:
    """Return when a job ran or, if that is unknown, when it was fetched."""
    if isinstance(job.observation, Observed):
        times = _read_times(job.observation, job.job.provider.api, plan.judged_at)
        if times is not None:
            return times
    begin = find_job_begin(job, plan)
    return begin, begin + timedelta(seconds=job.timing.elapsed)


def _read_times(record: Record, api: JobApi, now: datetime) -> tuple[datetime, datetime] | None:
    """Return begin and end of a record, or now if it has not ended; None if it has no begin, or invalid times."""
    run_time = read_run_time(record, api)
    return None if run_time is None or run_time.begin < _EPOCH else (run_time.begin, run_time.end or now)


def _name_pipeline(plan: Plan) -> str:
    names = ", ".join(escape(each.name or name_file(each.file, plan)) for each in plan.manifest.files)
    return cut(names) or "reconcile"


def _name_run(plan: Plan) -> str:
    """Return the name that the operator or the CI system gave the run, or else when it began."""
    shard = plan.manifest.shard
    return escape(shard.run) if shard is not None and shard.run else format_instant(find_begin(plan))


def _identify(plan: Plan) -> str:
    """Return the text that tells two plans in one trace apart."""
    shard = plan.manifest.shard
    dealt = f"{shard.index}/{shard.total}" if shard is not None else ""
    times = f"{format_instant(find_begin(plan))}\0{format_instant(plan.judged_at)}"
    return "\0".join((times, dealt, plan.run_url or "", *(each.sha256 for each in plan.manifest.files)))


def _attributes(values: Mapping[str, _Value]) -> list[_Attribute]:
    """List the known values in OTLP's form."""
    return [_Attribute(key, _write_value(value)) for key, value in values.items() if value is not None]


def _write_value(value: str | int | bool) -> Mapping[str, str | bool]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case _:
            return {"stringValue": value}


def _count_nanoseconds(instant: datetime) -> str:
    return str((instant - _EPOCH) // timedelta(microseconds=1) * 1000)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
