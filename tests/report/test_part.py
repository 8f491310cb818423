"""A plan of a part of the jobs says so wherever it is read, but for Code Quality, which has no place for it."""

import json

import pytest
from builders import NOW, job, manifest, observed
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from report.schemas import check_against

from reconcile.manifest.selection import select_jobs
from reconcile.plan import make_plan
from reconcile.report import render_plan
from reconcile.report.style import PLAIN
from reconcile.shards import take_shard

READ = ("text", "markdown", "html", "github", "azure", "tap", "junit", "sarif", "ctrf")
NAMED = ("text", "markdown", "html", "sarif", "ctrf")
DECLARED = manifest(*(job(name=name) for name in "abcd"))


def render(part, name):
    answers = [observed("success", job_id=each.job_id) for each in part.jobs]
    return render_plan(make_plan(part, answers, now=NOW, origins={}), format_name=name, style=PLAIN)


@pytest.mark.parametrize("name", READ)
def test_a_reader_sees_how_many_of_how_many(name):
    selected = select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[])
    assert "2 of 4 jobs" in render(selected, name)
    assert "2 of 4 jobs, shard 1 of 2" in render(take_shard(DECLARED, 1, 2), name)
    both = render(take_shard(selected, 2, 2), name)
    assert "1 of 4 jobs" in both
    assert "shard 2 of 2" in both
    for whole in (DECLARED, select_jobs(DECLARED, targets=["*"], selectors=[])):
        assert "of 4 jobs" not in render(whole, name)


@pytest.mark.parametrize("name", NAMED)
def test_a_reader_sees_what_selected_them_the_first_of_it_at_least(name):
    targets = ["jobs.a", "jobs.b", "jobs.[x](http://evil)*`<b>*", "jobs.c"]
    hostile = manifest(*(job(name=each) for each in ("a", "b", "c", "d", "[x](http://evil)`<b>")))
    text = render(select_jobs(hostile, targets=targets, selectors=[]), name)
    assert "--target jobs.a --target jobs.b --target" in text
    assert "and 1 more option" in text
    if name == "html":
        assert "<b>*" not in text
    if name == "markdown":
        (line,) = [line for line in text.splitlines() if "and 1 more option" in line]
        assert line.count("`") % 2 == 0
        assert r"\x60" in line


@pytest.mark.parametrize(("name", "schema"), [("sarif", "sarif-schema-2.1.0.json"), ("ctrf", "ctrf-schema-0.0.json")])
def test_a_report_of_a_part_is_valid(name, schema):
    part = take_shard(select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[]), 1, 2)
    check_against(schema, json.loads(render(part, name)))


def test_a_script_is_told_of_a_part_and_of_no_part():
    part = take_shard(select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[]), 1, 2)
    told = [json.loads(render(each, "ctrf"))["results"]["extra"]["part"] for each in (part, DECLARED)]
    assert told == ["1 of 4 jobs selected by --target jobs.a --target jobs.b, shard 1 of 2", None]


@pytest.mark.parametrize(
    ("part", "selected", "declared"),
    [
        (DECLARED, 4, 4),
        (select_jobs(DECLARED, targets=["jobs.a"], selectors=[]), 1, 4),
        (take_shard(DECLARED, 1, 2), 2, 4),
        (take_shard(select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[]), 1, 2), 1, 4),
    ],
    ids=["all", "selected", "a shard", "a shard of the selected"],
)
def test_a_dashboard_can_compare_how_many_there_are(part, selected, declared):
    families = {each.name: each.samples for each in text_string_to_metric_families(render(part, "openmetrics"))}
    assert sum(sample.value for sample in families["reconcile_jobs"]) == selected
    assert [sample.value for sample in families["reconcile_declared_jobs"]] == [declared]


def test_code_scanning_keeps_the_alerts_of_the_jobs_that_a_plan_is_not_about():
    """It closes what an analysis of the same name does not list any more."""
    selected = select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[])
    parts = [
        DECLARED,
        selected,
        select_jobs(DECLARED, targets=["jobs.a", "jobs.c"], selectors=[]),
        *(take_shard(each, index, 2) for each in (DECLARED, selected) for index in (1, 2)),
    ]
    names = [name_analysis(part) for part in parts]
    assert len(set(names)) == len(parts)
    assert names[0] == "reconcile/reconcile.yaml/"
    assert names[3] == "reconcile/reconcile.yaml/shard-1-of-2/"
    assert name_analysis(select_jobs(DECLARED, targets=["jobs.b", "jobs.a"], selectors=[])) == names[1]


def name_analysis(part):
    return json.loads(render(part, "sarif"))["runs"][0]["automationDetails"]["id"]
