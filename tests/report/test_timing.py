"""Reports tell when a run was, how long it took, and how long each of its jobs, all from the plan."""

import json
import xml.etree.ElementTree as ElementTree
from datetime import timedelta

import pytest
from builders import NOW
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from report.plans import done, drifted, load_plan, plan_of
from report.schemas import check_against

from reconcile.model.observation import Timing
from reconcile.report import render_plan

TIMINGS = (
    Timing(attempts=3, polls=1, started=0.1, elapsed=1.25),
    Timing(attempts=1, started=0.2, elapsed=0.0309),
)


def plan_timed(seconds=1.84, **changes):
    plan = plan_of(drifted("a"), done("b"))
    jobs = [replace(job, timing=timing) for job, timing in zip(plan.jobs, TIMINGS, strict=True)]
    return replace(plan, jobs=tuple(jobs), started_at=NOW - timedelta(seconds=seconds), tool="9.8.7", **changes)


def test_u32_junit_has_the_time_of_the_run_of_each_job_and_of_each_case():
    root = ElementTree.fromstring(render_plan(plan_timed(), format_name="junit"))
    assert root.get("time") == "1.840"
    assert [(suite.get("time"), suite.get("timestamp")) for suite in root] == [
        ("1.250", "2026-11-21T11:59:58"),
        ("0.031", "2026-11-21T11:59:58"),
    ]
    for suite in root:
        times = [float(case.get("time")) for case in suite.findall("testcase")]
        assert sum(times) == float(suite.get("time"))


@pytest.mark.parametrize("name", ["failed", "mixed"])
def test_u32_junit_has_times_where_none_are_known(name):
    root = ElementTree.fromstring(render_plan(load_plan(name), format_name="junit"))
    assert all(element.get("time") == "0.000" for element in (root, *root.iter("testsuite"), *root.iter("testcase")))


def test_u32_ctrf_has_begin_and_end():
    document = json.loads(render_plan(plan_timed(), format_name="ctrf"))
    check_against("ctrf-schema-0.0.json", document)
    summary, tests = document["results"]["summary"], document["results"]["tests"]
    stop = 1_795_262_400_000
    assert (summary["start"], summary["stop"]) == (stop - 1840, stop)
    assert {(test["start"], test["duration"], test["stop"]) for test in tests if test["suite"] == ["jobs.a"]} == {
        (stop - 1740, 1250, stop - 490)
    }


def test_u32_openmetrics_has_the_duration_the_time_and_the_requests():
    families = text_string_to_metric_families(render_plan(plan_timed(), format_name="openmetrics"))
    values = {family.name: family.samples[0].value for family in families}
    assert values["reconcile_duration_seconds"] == pytest.approx(1.84)
    assert values["reconcile_judged_timestamp_seconds"] == NOW.timestamp()
    assert values["reconcile_requests"] == 4


def test_u33_json_has_the_tool_the_times_and_the_effort_of_each_job():
    document = json.loads(render_plan(plan_timed(), format_name="json"))
    assert document["tool"] == {"name": "reconcile", "version": "9.8.7"}
    assert (document["started_at"], document["judged_at"]) == ("2026-11-21T11:59:58.160000Z", "2026-11-21T12:00:00Z")
    assert [(job["attempts"], job["polls"], job["elapsed_ms"]) for job in document["jobs"]] == [
        (3, 1, 1250),
        (1, 0, 31),
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1.84, " in 1.8 s."), (75, " in 1m15s."), (0.01, " in 0.1 s."), (0, " in 0.1 s."), (-5, "1 drift.")],
)
def test_u33_the_last_line_says_how_long_it_took(seconds, said):
    assert said in render_plan(plan_timed(seconds), format_name="text").splitlines()[-1]


@pytest.mark.parametrize("name", ["markdown", "html", "github", "azure", "tap"])
def test_u33_so_do_the_other_reports_for_people(name):
    assert " in 1.8 s" in render_plan(plan_timed(), format_name=name)


def test_u36_markdown_and_html_link_to_the_ci_run_but_to_nothing_that_is_no_url():
    url = "https://github.com/o/r/actions/runs/1"
    plan = plan_timed(run_url=url)
    assert f"Judged at 2026-11-21T12:00:00Z in [this run](<{url}>)." in render_plan(plan, format_name="markdown")
    assert f'<a href="{url}" rel="noopener noreferrer">CI run</a>' in render_plan(plan, format_name="html")
    for bad in ("javascript:alert(1)", "https://a/>)[x](http://evil", 'https://a/"onclick=', "https://a/ b", ""):
        plan = plan_timed(run_url=bad)
        assert "this run" not in render_plan(plan, format_name="markdown")
        assert "CI run" not in render_plan(plan, format_name="html")
