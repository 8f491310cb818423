"""CTRF as its schema wants it."""

import json
from collections import Counter
from functools import partial

from report.plans import each_plan, every_plan, load_plan
from report.schemas import check_against

from reconcile.report import render_plan

render = partial(render_plan, format_name="ctrf")


SOME = 100


def results_of(name):
    return json.loads(render(load_plan(name)))["results"]


@every_plan
def test_every_report_is_valid(name):
    document = json.loads(render(load_plan(name)))
    document["results"]["tests"] = document["results"]["tests"][:SOME]
    check_against("ctrf-schema-0.0.json", document)


@each_plan
def test_counts_are_those_of_the_tests(name):
    results = results_of(name)
    summary, tests = results["summary"], results["tests"]
    counts = Counter(test["status"] for test in tests)
    assert summary["tests"] == len(tests) == len({test["name"] for test in tests})
    statuses = ("passed", "failed", "skipped", "pending", "other")
    assert {status: summary[status] for status in statuses} == {status: counts[status] for status in statuses}


def test_every_verdict_has_its_status():
    statuses = {test["rawStatus"]: test["status"] for test in results_of("mixed")["tests"]}
    assert statuses == {
        "in_sync": "passed",
        "drift": "failed",
        "waived": "skipped",
        "pending": "pending",
        "error": "failed",
    }


def test_times_are_milliseconds_of_the_judging():
    summary = results_of("one")["summary"]
    assert summary["start"] == summary["stop"] == 1_795_262_400_000


def test_a_test_says_what_and_where():
    test = results_of("changed")["tests"][0]
    assert test == {
        "name": "jobs.a status",
        "status": "failed",
        "rawStatus": "drift",
        "duration": 0,
        "start": 1_795_262_400_000,
        "stop": 1_795_262_400_000,
        "suite": ["jobs.a"],
        "filePath": "reconcile.yaml",
        "line": 7,
        "message": 'expected "success", observed "failed"',
        "tags": ["drift.status"],
        "extra": {"job_id": "id-a", "request_id": "req-1"},
    }
