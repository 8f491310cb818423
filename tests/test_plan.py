"""The verdict of a run, and the only way to 0."""

import dataclasses
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from builders import NOW, PROVIDER, SOURCE, job, manifest, observed, sub_job

import reconcile
from reconcile.codes import Code
from reconcile.model import (
    Absence,
    Diagnostic,
    ExitCode,
    Missing,
    Problem,
    Span,
    SpanExpectation,
    Unobserved,
    Verdict,
    Waiver,
)
from reconcile.plan import is_settled, make_plan

UNOBSERVED = Unobserved(problem=Problem(code=Code.TIMED_OUT, message="late"))
ANSWERS = {
    Verdict.IN_SYNC: lambda name: observed("success", job_id=f"id-{name}"),
    Verdict.DRIFT: lambda name: observed("failed", job_id=f"id-{name}"),
    Verdict.PENDING: lambda name: observed("running", job_id=f"id-{name}"),
    Verdict.ERROR: lambda name: UNOBSERVED,
}


def plan_of(*verdicts, **options):
    names = [f"j{i}" for i in range(len(verdicts))]
    jobs = [job(name=name) for name in names]
    answers = [ANSWERS[verdict](name) for verdict, name in zip(verdicts, names, strict=True)]
    return make_plan(manifest(*jobs), answers, **options, now=NOW, origins={})


@pytest.mark.parametrize("present", list(product([False, True], repeat=4)))
def test_f28_worst_wins_in_every_combination_and_order(present):
    verdicts = [verdict for verdict, there in zip(ANSWERS, present, strict=True) if there]
    worst_first = [(Verdict.ERROR, 1), (Verdict.DRIFT, 2), (Verdict.PENDING, 3), (Verdict.IN_SYNC, 0)]
    expected = next((pair for pair in worst_first if pair[0] in verdicts), (Verdict.ERROR, 1))
    for order in (verdicts, verdicts[::-1]):
        plan = plan_of(*order)
        assert (plan.verdict, plan.exit_code) == expected
        assert [job_plan.verdict for job_plan in plan.jobs] == order


@pytest.mark.parametrize(
    ("code", "complete"), [(Code.DEADLINE, False), (Code.INTERRUPTED, False), (Code.TIMED_OUT, True)]
)
def test_a_run_that_was_cut_short_says_so(code, complete):
    cut = Unobserved(problem=Problem(code=code, message="late"))
    plan = make_plan(manifest(job(name="a")), [cut], now=NOW, origins={})
    assert (plan.complete, plan.exit_code) == (complete, ExitCode.ERROR)


def test_strict_makes_errors_of_warnings():
    warned = dataclasses.replace(manifest(job(name="a")), warnings=(Diagnostic(code=Code.SYNTAX, message="odd"),))
    answers = [observed("success", job_id="id-a")]
    assert make_plan(warned, answers, now=NOW, origins={}).exit_code is ExitCode.IN_SYNC
    strict = make_plan(warned, answers, now=NOW, origins={}, strict=True)
    assert (strict.verdict, strict.exit_code, strict.errors) == (Verdict.ERROR, ExitCode.ERROR, warned.warnings)


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.IN_SYNC, 0), (Verdict.DRIFT, 0), (Verdict.PENDING, 0), (Verdict.ERROR, 1)],
)
def test_f29_soft_fail_ends_drift_and_pending_with_0_and_nothing_else(verdict, code):
    plan = plan_of(verdict, soft_fail=True)
    assert (plan.verdict, plan.exit_code, plan.soft_fail) == (verdict, code, True)


def test_f21_a_lost_observation_is_never_overlooked():
    with pytest.raises(ValueError, match="shorter"):
        make_plan(manifest(job(name="a"), job(name="b")), [observed("success", job_id="id-a")], now=NOW, origins={})


def test_d07_the_answer_for_another_job_is_no_proof():
    plan = make_plan(manifest(job(name="a")), [observed("success", job_id="id-b")], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_a_job_without_an_assertion_is_no_proof():
    empty = job(name="a")
    empty = dataclasses.replace(empty, expect=dataclasses.replace(empty.expect, fields=()))
    plan = make_plan(manifest(empty), [observed("success", job_id="id-a")], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_d28_a_missing_job_is_drift():
    plan = make_plan(manifest(job(name="a")), [Missing(code="X", message=None, request_id=None)], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.DRIFT, ExitCode.DRIFT)


MISSING = Missing(code="X", message=None, request_id=None)


def waived(name, *fields, days=0):
    expires = NOW.date() + timedelta(days=days)
    waiver = Waiver(fields=fields, reason="vendor ticket", expires=expires, source=SOURCE)
    return dataclasses.replace(job(name=name), waivers=(waiver,))


@pytest.mark.parametrize(
    ("the_job", "strict", "verdicts", "code"),
    [
        pytest.param(waived("a", "status"), False, [Verdict.WAIVED, Verdict.IN_SYNC], 0, id="waived"),
        pytest.param(waived("a", "duration"), False, [Verdict.DRIFT, Verdict.IN_SYNC], 2, id="another field"),
        pytest.param(
            waived("a", "status", days=-1),
            False,
            [Verdict.DRIFT, Verdict.IN_SYNC],
            2,
            id="expired",
        ),
    ],
)
def test_waivers(the_job, strict, verdicts, code):
    answers = [observed("failed", job_id="id-a"), observed("success", job_id="id-b")]
    plan = make_plan(manifest(the_job, job(name="b")), answers, now=NOW, origins={}, strict=strict)
    assert [job_plan.verdict for job_plan in plan.jobs] == verdicts
    assert plan.exit_code == code


def test_c35_all_waived_is_1_and_strict_makes_drift_of_waived():
    answers = [observed("failed", job_id="id-a")]
    plan = make_plan(manifest(waived("a", "status")), answers, now=NOW, origins={})
    assert (plan.verdict, plan.exit_code, plan.summary.waived) == (Verdict.ERROR, 1, 1)
    partly = dataclasses.replace(waived("a", "status"), expect=job(job_type="x").expect)
    answers = [observed("failed", job_id="id-a", job_type="x"), observed("success", job_id="id-b")]
    strict = make_plan(manifest(partly, job(name="b")), answers, now=NOW, origins={}, strict=True)
    assert (strict.verdict, strict.exit_code) == (Verdict.DRIFT, 2)


@pytest.mark.parametrize(
    ("days", "code"), [(0, Code.WAIVER_COVERS_ALL), (-1, Code.WAIVER_EXPIRED)], ids=["covers all", "expired"]
)
def test_waivers_that_deserve_a_warning(days, code):
    the_job = waived("a", "status", days=days)
    answers = [observed("failed", job_id="id-a"), observed("success", job_id="id-b")]
    plan = make_plan(manifest(the_job, job(name="b")), answers, now=NOW, origins={})
    assert [warning.code for warning in plan.warnings] == [code]


def test_d30_an_absence_is_proven_only_beside_a_job_that_was_observed():
    absent = dataclasses.replace(job(name="a"), expect=Absence(source=SOURCE))
    alone = make_plan(manifest(absent), [MISSING], now=NOW, origins={})
    assert (alone.verdict, alone.jobs[0].problems[0].code) == (Verdict.ERROR, Code.UNPROVEN)
    beside = make_plan(
        manifest(absent, job(name="b")), [MISSING, observed("success", job_id="id-b")], now=NOW, origins={}
    )
    assert (beside.verdict, beside.exit_code) == (Verdict.IN_SYNC, 0)


def test_d12_times_that_cannot_be_judged_are_an_error_of_the_job():
    timed = SpanExpectation(span=Span.DURATION, min=None, max=60, source=SOURCE)
    the_job = job(name="a")
    the_job = dataclasses.replace(the_job, expect=dataclasses.replace(the_job.expect, fields=(timed,)))
    answer = dataclasses.replace(observed("success", job_id="id-a"), begin_time="soon", end_time="soon")
    plan = make_plan(manifest(the_job), [answer], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code, len(plan.jobs[0].problems)) == (Verdict.ERROR, 1, 1)


def test_f32_one_place_each_can_say_0_of_a_plan_and_of_a_command():
    package = Path(reconcile.__file__).parent
    places = {
        str(path.relative_to(package)): path.read_text().count("ExitCode.IN_SYNC") for path in package.rglob("*.py")
    }
    # The demo names it as what it expects of another process.
    assert {place: count for place, count in places.items() if count} == {
        "plan.py": 1,
        "cli/main.py": 1,
        "cli/demo.py": 2,
    }


def test_g1_a_manifest_of_nothing_is_no_proof():
    plan = make_plan(manifest(), [], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)
    assert [error.code for error in plan.errors] == [Code.UNPROVEN]


def test_what_the_api_says_of_failures_is_repeated_up_to_a_bound():
    parts = [sub_job("failed", "a", f"E{j}") for j in range(8)]
    answer = observed("failed", *parts, job_id="id-a", error_code="E", fail_reason="because")
    (job_plan,) = make_plan(manifest(job(name="a")), [answer], now=NOW, origins={}).jobs
    said = [note for note in job_plan.notes if "says" in note or "reason" in note]
    assert said[1] == "the job says E: because"
    assert said[0] == "likely root: sub-job 0 (a) failed first, and says E0"
    assert said[2] == "sub-job 1 (a) says E1"
    assert (len(said), said[-1]) == (8, "2 more sub-jobs give a reason")


@pytest.mark.parametrize(
    ("times", "root"),
    [
        (((None, None), (None, None)), 0),
        (((None, "12:00:02"), (None, "12:00:01")), 1),
        (((None, None), (None, "12:00:01")), 1),
        ((("12:00:03", None), (None, "12:00:04")), 0),
        ((("12:00:01", "12:00:05"), ("12:00:00", "12:00:05")), 1),
        (((None, "soon"), (None, "12:00:04")), 1),
    ],
)
def test_the_sub_job_that_failed_first_is_the_likely_root(times, root):
    moments = [[each and f"2026-11-21 {each}" for each in pair] for pair in times]
    parts = [dataclasses.replace(sub_job("failed", "a"), begin_time=begin, end_time=end) for begin, end in moments]
    answer = observed("failed", *parts, sub_job("success", "b"))
    (job_plan,) = make_plan(manifest(job()), [answer], now=NOW, origins={}).jobs
    assert job_plan.notes[0] == f"likely root: sub-job {root} (a) failed first"


def test_a_waived_drift_does_not_end_the_waiting():
    the_job = waived("a", "job_type")
    the_job = dataclasses.replace(the_job, expect=job(job_type="x").expect)
    now = observed("running", job_type="y")
    assert not is_settled(the_job, now, now=NOW, strict=False)
    assert is_settled(the_job, now, now=NOW, strict=True)


def test_that_a_job_is_missing_can_be_waived_only_beside_one_that_was_observed():
    gone = waived("a", "missing")
    other = dataclasses.replace(job(name="b"), provider=dataclasses.replace(PROVIDER, name="other"))
    answers = [MISSING, observed("success", job_id="id-b")]
    plan = make_plan(manifest(gone, other), answers, now=NOW, origins={})
    assert (plan.verdict, plan.jobs[0].problems[0].code) == (Verdict.ERROR, Code.UNPROVEN)
    assert make_plan(manifest(gone, job(name="b")), answers, now=NOW, origins={}).exit_code is ExitCode.IN_SYNC


def test_one_remote_job_told_in_two_ways_is_no_proof():
    accepting = job(name="a", status=["running", "success"])
    again = dataclasses.replace(accepting, address="jobs.again")
    answers = [observed("running", job_id="id-a"), observed("success", job_id="id-a")]
    plan = make_plan(manifest(accepting, again), answers, now=NOW, origins={})
    assert (plan.verdict, [error.code for error in plan.errors]) == (Verdict.ERROR, [Code.UNPROVEN])
