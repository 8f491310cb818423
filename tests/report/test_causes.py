"""Jobs that failed for one reason are one cause in every report, and no job is lost in it."""

import json
import re

import pytest
from builders import item, job, observed, sub_job, sub_jobs
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from report.plans import KINDS, done, drifted, missing, plan_of, unobserved

from reconcile.model.manifest import Match
from reconcile.model.observation import Missing
from reconcile.model.plan import Verdict
from reconcile.report import render_plan
from reconcile.report.causes import find_cause, list_causes
from reconcile.shipped import load_schema

REASON = "quota exceeded: {used} of 20 shares are used by project 0123456789abcdef0123456789abcdef (request {id})"


def over_quota(name, i):
    """A job whose sub-jobs differ from those of the next, and that failed by the quota as they did."""
    parts = [item(job_type=f"t{k}", status="success") for k in range(1 + i % 3)]
    reason = REASON.format(used=20 + i, id=f"{i:032x}")
    answer = [
        replace(sub_job("failed", "t0", "SFS.TURBO.0005"), fail_reason=reason),
        *(sub_job("failed", f"t{k}") for k in range(1, 1 + i % 3)),
    ]
    expected = job(sub_jobs(Match.EXACT, *parts), name=name)
    return expected, observed("failed", *answer, job_id=f"id-{name}", error_code="SFS.TURBO.0100")


def plan_quota(number=8):
    return plan_of(*(over_quota(f"j{i}", i) for i in range(number)), drifted("other"), done("fine"), unobserved("lost"))


def test_u34_failures_that_differ_in_ids_and_numbers_are_one_cause():
    first, *others = list_causes(plan_quota().jobs)
    assert (first.verdict, first.code, len(first.jobs)) == (Verdict.DRIFT, "SFS.TURBO.0005", 8)
    assert first.reason == "quota exceeded: ... of ... shares are used by project ... (request ...)"
    assert [(cause.code, len(cause.jobs)) for cause in others] == [("SFS.TURBO.0005", 1), ("RC412", 1)]


def lost_after(name, attempts):
    """A job that could not be observed after so many attempts."""
    expected, lost = unobserved(name)
    message = f"HTTP 503 from the job API (request id {lost.request_id}); gave up after {attempts} attempts over 9 s"
    return expected, replace(lost, problem=replace(lost.problem, message=message))


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ([over_quota("a", 3)], REASON.format(used=23, id=f"{3:032x}")),
        ([over_quota("a", 3), over_quota("b", 3)], REASON.format(used=23, id=f"{3:032x}")),
        ([lost_after("a", 8)], "HTTP 503 from the job API (request id {own}); gave up after 8 attempts over 9 s"),
        (
            [lost_after("a", 8), lost_after("b", 7)],
            "HTTP 503 from the job API (request id ...); gave up after ... attempts over ... s",
        ),
    ],
)
def test_u34_only_what_differs_from_job_to_job_is_left_out(cases, reason):
    own = getattr(cases[0][1], "request_id", None)
    assert [cause.reason for cause in list_causes(plan_of(*cases).jobs)] == [reason.replace("{own}", str(own))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"error_code": "E.1"}, {"error_code": "E.2"}),
        ({"fail_reason": "no route"}, {"fail_reason": "no space"}),
        ({"error_code": "SFS.TURBO.0005", "fail_reason": "a"}, {"error_code": "SFS.TURBO.0006", "fail_reason": "a"}),
    ],
)
def test_u34_another_code_or_another_reason_is_another_cause(one, other):
    cases = [(job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", **each)) for i, each in enumerate((one, other))]
    assert len(list_causes(plan_of(*cases).jobs)) == 2


def test_u34_http_statuses_stay_apart():
    cases = []
    for i, status in enumerate((403, 500)):
        expected, lost = unobserved(f"j{i}")
        cases.append(
            (expected, replace(lost, problem=replace(lost.problem, message=f"HTTP {status} from the job API")))
        )
    assert len(list_causes(plan_of(*cases).jobs)) == 2


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_u34_every_job_that_is_not_in_sync_has_one_cause(kinds):
    plan = plan_of(*(kind(f"j{i}") for i, kind in enumerate(kinds)))
    causes = list_causes(plan.jobs)
    listed = [job.job.address for cause in causes for job in cause.jobs]
    assert sorted(listed) == sorted(job.job.address for job in plan.jobs if job.verdict is not Verdict.IN_SYNC)
    sizes = [len(cause.jobs) for cause in causes]
    assert sizes == sorted(sizes, reverse=True)
    assert all(job.verdict is cause.verdict for cause in causes for job in cause.jobs)


def test_u34_what_the_api_says_of_a_missing_job_is_its_cause():
    expected, gone = missing("a")
    assert find_cause(plan_of((expected, gone), done("b")).jobs[0]).code == "SFS.TURBO.0019"
    silent = Missing(code=None, message=None, request_id=None)
    assert find_cause(plan_of((expected, silent), done("b")).jobs[0]).reason == "missing: the job API has no such job"


def test_u41_an_expected_failure_has_no_root():
    failed = observed("failed", sub_job("failed", "a"), error_code="E.1", job_id="id-a")
    expected = job(name="a", status="failed", error_code="E.2")
    plan = plan_of((expected, failed), done("b"))
    assert not any("likely root" in note for note in plan.jobs[0].notes)
    assert find_cause(plan.jobs[0]).reason.startswith("error_code: expected")
    unexpected = plan_of((job(name="a"), failed), done("b"))
    assert unexpected.jobs[0].notes[0].startswith("likely root cause: ")
    text = render_plan(unexpected, format_name="text")
    assert text.index("likely root") < text.index('"success" -> "failed"')


@pytest.mark.parametrize("name", ["text", "markdown", "github", "html"])
def test_u34_every_report_for_people_names_the_one_cause_first_with_its_count_and_three_jobs(name):
    plan = plan_quota(30)
    text = re.sub("<[^>]*>", " ", render_plan(plan, format_name=name).replace("%3A", ":").replace("`", ""))
    first = text.index("quota exceeded")
    assert re.search(r"\b30 jobs\b", text[:first])
    assert "SFS.TURBO.0005" in text[:first]
    if name != "html":  # which lists all jobs below
        assert "jobs.j0, jobs.j1, jobs.j2 and 27 more" in text
    details = text.partition("Details")[2] if name == "markdown" else text
    assert details.count("observed") + details.count('"success" -> "failed"') < 30


def test_u34_json_lists_the_causes_with_their_jobs():
    document = json.loads(render_plan(plan_quota(), format_name="json"))
    Draft202012Validator(load_schema("plan.v1")).validate(document)
    assert document["causes"][0] == {
        "code": "SFS.TURBO.0005",
        "reason": "quota exceeded: ... of ... shares are used by project ... (request ...)",
        "verdict": "drift",
        "count": 8,
        "addresses": [f"jobs.j{i}" for i in range(8)],
    }


def test_u34_jobs_that_differ_in_detail_are_not_hidden():
    text = render_plan(plan_quota(), format_name="text")
    assert "(showing jobs.j0; 5 of 8 jobs differ; --full shows each)" in text
