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
    return make_plan(manifest(*jobs), answers, **options, now=NOW)


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
    "options",
    [{"complete": False}, {"errors": [Diagnostic(code=Code.DEADLINE, message="late")]}],
    ids=["incomplete", "an error of the run"],
)
def test_jobs_in_sync_are_not_enough(options):
    plan = plan_of(Verdict.IN_SYNC, **options)
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_f21_a_lost_observation_is_never_overlooked():
    with pytest.raises(ValueError, match="shorter"):
        make_plan(manifest(job(name="a"), job(name="b")), [observed("success", job_id="id-a")], now=NOW)


def test_d07_the_answer_for_another_job_is_no_proof():
    plan = make_plan(manifest(job(name="a")), [observed("success", job_id="id-b")], now=NOW)
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_a_job_without_an_assertion_is_no_proof():
    empty = job(name="a")
    empty = dataclasses.replace(empty, expect=dataclasses.replace(empty.expect, fields=()))
    plan = make_plan(manifest(empty), [observed("success", job_id="id-a")], now=NOW)
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_a_missing_job_is_drift():
    plan = make_plan(manifest(job(name="a")), [Missing(code="X", message=None, request_id=None)], now=NOW)
    assert (plan.verdict, plan.exit_code) == (Verdict.DRIFT, ExitCode.DRIFT)
