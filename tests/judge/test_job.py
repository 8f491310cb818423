"""What is found of one job is said of others that are alike, and of no other."""

import pytest
from alike import ELSEWHERE, alike_jobs
from builders import NOW, SOURCE, expects, item, job, observed, sub_job, sub_jobs
from hypothesis import given, settings
from msgspec.structs import replace

from reconcile.judge import Judge, judge_job
from reconcile.judge.notes import notes_of
from reconcile.judge.sensitive import find_sensitive_fields, hide_fields
from reconcile.model import (
    Absence,
    Expectation,
    Match,
    Missing,
    Observed,
    Span,
    SpanExpectation,
)


def judge_alone(a_job, observation):
    """Say what `Judge` has to say, of one job alone and from all that was observed of it."""
    shown = observation
    if isinstance(a_job.expect, Expectation) and isinstance(observation, Observed):
        hidden = find_sensitive_fields(a_job.expect)
        shown = replace(
            hide_fields(observation, hidden), sub_jobs=tuple(hide_fields(part, hidden) for part in observation.sub_jobs)
        )
    return judge_job(a_job, observation, now=NOW), tuple(notes_of(shown, a_job.provider.api)), shown


def judge_together(*cases):
    judge = Judge(NOW)
    judgements = [judge.judge(*case) for case in cases]
    return [(each.findings, each.notes, each.shown) for each in judgements]


def lasting(**bounds):
    return SpanExpectation(span=Span.DURATION, **{"min": None, "max": None, **bounds}, source=SOURCE)


def timed(answer, begin, end):
    return replace(answer, begin_time=f"2026-11-21 {begin}", end_time=f"2026-11-21 {end}")


# What is alike in two cases is one object here, for so it is known again.
PLAIN = job()
PARTS = job(sub_jobs(Match.CONTAINS, each=expects(error_code="X")), status=["running", "success"])
NO_PARTS = job(sub_jobs(Match.EXACT))
TIMED = replace(PLAIN, expect=replace(PLAIN.expect, fields=(lasting(max=60), *PLAIN.expect.fields)))
SECRET = replace(PLAIN, expect=replace(PLAIN.expect, fields=(replace(expects(error_code="X")[0], sensitive=True),)))
SUCCESS = observed("success")
FAILED = observed("failed", sub_job("failed", "a", "X"), sub_job("failed", "b", "Y"))
FIRST, LAST = (timed(FAILED.sub_jobs[0], "11:00:00", end) for end in ("11:00:01", "11:00:03"))
OTHER = timed(FAILED.sub_jobs[1], "11:00:00", "11:00:02")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((PLAIN, SUCCESS), (job(status="failed"), SUCCESS), id="expectation"),
        pytest.param(
            (PLAIN, observed("waiting")),
            (replace(PLAIN, provider=ELSEWHERE), observed("waiting")),
            id="statuses of API",
        ),
        pytest.param(
            (PLAIN, observed("success", job_type="a")),
            (replace(PLAIN, provider=ELSEWHERE), observed("success", job_type="a")),
            id="types of API",
        ),
        pytest.param((PLAIN, SUCCESS), (PLAIN, observed("failed")), id="status"),
        pytest.param((PLAIN, SUCCESS), (PLAIN, observed("success", job_type="a")), id="type"),
        pytest.param((PLAIN, SUCCESS), (PLAIN, observed("success", error_code="X")), id="code"),
        pytest.param((PLAIN, SUCCESS), (PLAIN, observed("success", fail_reason="X")), id="reason"),
        pytest.param((PLAIN, SUCCESS), (PLAIN, observed("success", job_id="id-b")), id="id"),
        pytest.param((PLAIN, SUCCESS), (PLAIN, replace(SUCCESS, request_id=None)), id="request"),
        pytest.param(
            (PARTS, observed("running", sub_job("running", "a"))),
            (PARTS, observed("success", sub_job("running", "a"))),
            id="whether it can change",
        ),
        pytest.param(
            (PARTS, observed("success", sub_job("success", "a"))),
            (PARTS, observed("success", sub_job("success", "b"))),
            id="type of a sub-job",
        ),
        pytest.param(
            (PARTS, observed("success", sub_job("success", "a"), sub_job("success", "b"))),
            (PARTS, observed("success", sub_job("success", "b"), sub_job("success", "a"))),
            id="order of sub-jobs",
        ),
        pytest.param((PARTS, SUCCESS), (PARTS, observed("success", sub_job("success", "a"))), id="sub-jobs"),
        pytest.param(
            (NO_PARTS, observed("success", replace(sub_job("success", "a"), job_id="one"))),
            (NO_PARTS, observed("success", replace(sub_job("success", "a"), job_id="other"))),
            id="id of an unexpected sub-job",
        ),
        pytest.param(
            (PLAIN, replace(FAILED, sub_jobs=(FIRST, OTHER))),
            (PLAIN, replace(FAILED, sub_jobs=(LAST, OTHER))),
            id="times of failed sub-jobs",
        ),
        pytest.param(
            (TIMED, timed(SUCCESS, "11:00:00", "11:00:30")),
            (TIMED, timed(SUCCESS, "11:00:00", "11:02:00")),
            id="duration",
        ),
        pytest.param(
            (SECRET, observed("success", error_code="X")),
            (SECRET, observed("success", error_code="Y")),
            id="sensitive value",
        ),
        pytest.param((PLAIN, SUCCESS), (PLAIN, Missing(code=None, message=None, request_id=None)), id="missing"),
        pytest.param((PLAIN, SUCCESS), (replace(PLAIN, expect=Absence(source=SOURCE)), SUCCESS), id="absence"),
    ],
)
def test_what_is_found_of_one_job_is_said_of_no_other_that_differs(first, second):
    assert judge_alone(*first) != judge_alone(*second)
    assert judge_together(first, second, first) == [judge_alone(*each) for each in (first, second, first)]


def test_jobs_that_differ_in_ids_and_times_alone_share_what_was_found():
    wanted = sub_jobs(Match.EXACT, item(job_type="a", status="success"))
    a_job, answer = job(wanted, job_type="a"), observed("success", sub_job("success", "a"), job_type="a")
    part = timed(replace(answer.sub_jobs[0], job_id="other"), "11:00:00", "11:00:30")
    other = timed(replace(answer, job_id="id-b", request_id="req-2", sub_jobs=(part,)), "11:00:00", "11:00:30")
    one, again = judge_together((a_job, answer), (replace(a_job, address="jobs.b", job_id="id-b"), other))
    assert one[:2] == judge_alone(a_job, answer)[:2]
    assert (again[0] is one[0], again[1] is one[1], again[2] is other) == (True, True, True)


def test_what_needs_a_time_is_looked_for_in_each_job_and_the_rest_once():
    one, again = judge_together(
        (TIMED, timed(SUCCESS, "11:00:00", "11:00:30")), (TIMED, timed(SUCCESS, "11:00:00", "11:00:31"))
    )
    assert [finding.actual for finding in one[0]] == ["30s", "success"]
    assert [finding.actual for finding in again[0]] == ["31s", "success"]
    assert one[0][1] is again[0][1]


@settings(max_examples=200, deadline=None)
@given(alike_jobs())
def test_judging_together_is_judging_each_alone(cases):
    assert judge_together(*cases) == [judge_alone(*case) for case in cases]
