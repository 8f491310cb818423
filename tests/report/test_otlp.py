"""The trace is one that OpenTelemetry's own messages read, and it tells of verdicts what the plan does."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from builders import NOW, SOURCE, expects, job, manifest, observed, sub_job
from google.protobuf import json_format
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from report.plans import done, drifted, each_plan, load_plan, missing, pending, plan_of, present, unobserved, waived

from reconcile.cli.surroundings import find_trace_parent
from reconcile.codes import Code
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Expectation, Field, FieldExpectation
from reconcile.model.observation import Timing, Unobserved
from reconcile.model.plan import ExitCode
from reconcile.plan import make_plan
from reconcile.report import render_plan

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
IDS = ("traceId", "spanId", "parentSpanId")


def read_trace(plan):
    """Read a trace as a collector does: ids are hexadecimal in OTLP/JSON, where protobuf's own JSON has base64."""
    document = json.loads(render_plan(plan, format_name="otlp"))
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in IDS:
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    request = json_format.ParseDict(document, ExportTraceServiceRequest())
    (resource,) = request.resource_spans
    (scope,) = resource.scope_spans
    return resource.resource, scope.spans


def attributes_of(span):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def timed(plan):
    jobs = tuple(replace(job, timing=Timing(attempts=3, polls=1, started=0.5, elapsed=1.25)) for job in plan.jobs)
    return replace(plan, jobs=jobs, started_at=NOW - timedelta(seconds=2))


@each_plan
def test_each_plan_is_a_trace_with_one_root_and_ids_that_fit(name):
    plan = load_plan(name)
    _, (root, *others) = read_trace(plan)
    spans = {span.span_id: span for span in (root, *others)}
    assert len(spans) == len(others) + 1
    assert {len(span.trace_id) for span in spans.values()} == {16}
    assert {len(each) for each in spans} == {8}
    assert len({span.trace_id for span in spans.values()}) == 1
    assert root.parent_span_id == b""
    assert all(span.parent_span_id in spans for span in others)
    assert all(span.name and span.start_time_unix_nano <= span.end_time_unix_nano for span in spans.values())
    assert (root.status.code == Status.STATUS_CODE_ERROR) is (plan.exit_code is not ExitCode.IN_SYNC)
    assert sum(span.parent_span_id == root.span_id for span in others) == len(plan.jobs)


def test_results_and_errors_follow_from_verdicts():
    late = replace(drifted("late")[0]), Unobserved(problem=Problem(code=Code.DEADLINE, message="no time"))
    skipped = replace(drifted("skipped")[0]), Unobserved(problem=Problem(code=Code.NOT_REACHED, message="not reached"))
    plan = plan_of(
        done("a"), drifted("b"), pending("c"), waived("d"), unobserved("e"), missing("f"), present("g"), late, skipped
    )
    _, (root, *spans) = read_trace(plan)
    found = {
        span.name.removeprefix("jobs."): (
            attributes_of(span)["cicd.pipeline.task.run.result"],
            attributes_of(span).get("error.type"),
            span.status.code == Status.STATUS_CODE_ERROR,
        )
        for span in spans
        if span.parent_span_id == root.span_id
    }
    assert found["a"] == ("success", None, False)
    assert found["b"] == ("failure", "drift.status", True)
    assert found["c"] == ("timeout", "pending", True)
    assert found["d"] == ("skip", None, False)
    assert found["e"][0] == "error"
    assert found["e"][1].startswith("error.RC")
    assert found["f"] == ("failure", "missing", True)
    assert found["late"] == ("timeout", "error.RC005", True)
    assert found["skipped"] == ("skip", "error.RC019", True)
    assert attributes_of(root)["cicd.pipeline.result"] == "error"


def test_spans_have_the_times_of_the_run_the_requests_the_job_and_its_parts():
    part = replace(sub_job("success", "bind_ldap"), begin_time="2026-11-21 11:00:10", end_time="2026-11-21 11:00:40")
    below = replace(part, depth=2, job_type="below", begin_time=None, end_time=None)
    answer = observed("success", part, below)
    answer = replace(answer, begin_time="2026-11-21 11:00:00", end_time="2026-11-21 11:01:00")
    plan = timed(plan_of((done("a")[0], answer)))
    resource, (root, job, requests, first, second) = read_trace(plan)

    def times(span):
        return [
            datetime.fromtimestamp(each / 1e9, UTC).strftime("%H:%M:%S.%f")[:-4]
            for each in (span.start_time_unix_nano, span.end_time_unix_nano)
        ]

    assert (root.kind, times(root)) == (Span.SPAN_KIND_SERVER, ["11:59:58.00", "12:00:00.00"])
    assert (job.kind, times(job)) == (Span.SPAN_KIND_INTERNAL, ["11:00:00.00", "11:01:00.00"])
    assert (requests.kind, times(requests)) == (Span.SPAN_KIND_CLIENT, ["11:59:58.50", "11:59:59.75"])
    assert attributes_of(requests)["reconcile.attempts"] == 3
    assert (first.name, times(first)) == ("bind_ldap", ["11:00:10.00", "11:00:40.00"])
    assert [span.parent_span_id for span in (job, requests, first, second)] == [
        root.span_id,
        job.span_id,
        job.span_id,
        first.span_id,
    ]
    assert attributes_of(resource)["service.name"] == "reconcile"


def test_a_trace_goes_on_where_its_parent_says_and_runs_in_it_are_told_apart():
    plan = timed(plan_of(done("a")))
    _, (root, *_) = read_trace(replace(plan, trace_parent=PARENT))
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == tuple(PARENT.split("-")[1:3])
    _, (other, *_) = read_trace(replace(plan, trace_parent=PARENT, judged_at=NOW + timedelta(seconds=1)))
    assert other.trace_id == root.trace_id
    assert other.span_id != root.span_id


def test_what_is_compared_with_a_sensitive_value_is_not_in_a_trace():
    hidden = FieldExpectation(field=Field.JOB_TYPE, accept=("hush-expected",), source=SOURCE, sensitive=True)
    declared = replace(job(), expect=Expectation(fields=(*expects(status="success"), hidden), sub_jobs=None))
    answer = observed("success", sub_job("failed", "hush-part"), job_type="hush-observed")
    plan = make_plan(manifest(declared), [answer], now=NOW, origins={})
    assert "drift.job_type" in (text := render_plan(plan, format_name="otlp"))
    assert "hush" not in text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (PARENT, PARENT),
        (f"cc{PARENT[2:]}-more", f"cc{PARENT[2:]}"),
        (f"{PARENT}-more", None),
        (f"{PARENT}0", None),
        (f"ff{PARENT[2:]}", None),
        (PARENT.upper(), None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{'a' * 32}-{'0' * 16}-01", None),
        ("", None),
    ],
)
def test_a_parent_that_is_not_valid_is_none(value, found):
    assert find_trace_parent({"TRACEPARENT": value}) == found
    assert find_trace_parent({}) is None
