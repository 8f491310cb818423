"""The verdict of a run, and the only way to 0."""

import dataclasses
from itertools import product

import pytest
from builders import NOW, job, manifest, observed

from reconcile.codes import Code
from reconcile.model import Diagnostic, ExitCode, Missing, Problem, Unobserved, Verdict
from reconcile.plan import make_plan

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


def test_a_missing_job_is_drift():
    plan = make_plan(manifest(job(name="a")), [Missing(code="X", message=None, request_id=None)], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.DRIFT, ExitCode.DRIFT)
