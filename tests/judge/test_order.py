"""One job began only when another had ended in success: decided as by looking at everything that can happen."""

from collections import defaultdict
from itertools import product

import pytest
from builders import NOW, SOURCE, job, manifest, observed
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.judge import judge_order
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import MissingPolicy, Order
from reconcile.model.observation import Missing, Unobserved
from reconcile.model.plan import Truth, Verdict
from reconcile.plan import is_final, make_plan

FIRST = job(name="first")
SECOND = replace(job(name="second"), after=Order(address="jobs.first", source=SOURCE))
LAST, LATEST_LOOK = 7, 4
"""In steps of half a second, while the API writes whole ones."""
GONE = Missing(code=None, message=None, request_id=None)


def write(second):
    return None if second is None else f"2026-11-21 11:00:{second:02}"


def answer(name, status, begin=None, end=None):
    return replace(observed(status, job_id=f"id-{name}"), begin_time=write(begin), end_time=write(end))


def list_lives():
    """List when a job may begin and end and how: None is never, and a job may fail without having begun."""
    steps = range(LAST + 1)
    yield None, None, None
    yield from ((None, end, "failed") for end in steps)
    for begin in steps:
        yield begin, None, None
        yield from product([begin], range(begin, LAST + 1), ["success", "failed"])


def look(life, at):
    """Return status, begin and end as the API tells them at a time."""
    begin, end, outcome = life
    if end is not None and end <= at:
        return outcome, None if begin is None else begin // 2, end // 2
    return ("running", begin // 2, None) if begin is not None and begin <= at else ("waiting", None, None)


def holds(first, second):
    return first[2] == "success" and second[0] is not None and second[0] // 2 >= first[1] // 2


def test_an_order_is_decided_as_early_as_logic_allows_and_never_otherwise():
    possible = defaultdict(set)
    for first, second in product(list_lives(), repeat=2):
        # Looks come in any order, and some before anything has happened.
        for seen in product(
            {look(first, at) for at in range(-1, LATEST_LOOK + 1)},
            {look(second, at) for at in range(-1, LATEST_LOOK + 1)},
        ):
            possible[seen].add(holds(first, second))
    truths = {(True,): Truth.HOLDS, (False,): Truth.CANNOT_HOLD, (False, True): Truth.CAN_HOLD}
    for (first, second), outcomes in possible.items():
        found = judge_order(
            SECOND.after, SECOND, answer("second", *second), FIRST, answer("first", *first), now=NOW
        ).truth
        assert found is truths[tuple(sorted(outcomes))], (first, second)
    assert len(possible) > 300


DONE = answer("second", "success", 5, 6)


BEGAN = "it began at 2026-11-21T11:00:05Z, and jobs.first"


@pytest.mark.parametrize(
    ("first", "second", "verdict", "told"),
    [
        (answer("first", "success", 1, 5), DONE, Verdict.IN_SYNC, f"{BEGAN} ended at 2026-11-21T11:00:05Z"),
        (answer("first", "success", 1, 6), DONE, Verdict.DRIFT, f"{BEGAN} ended at 2026-11-21T11:00:06Z"),
        (answer("first", "running", 6), DONE, Verdict.DRIFT, f"{BEGAN} at 2026-11-21T11:00:06Z"),
        (answer("first", "running", 5), DONE, Verdict.PENDING, "jobs.first is running"),
        (answer("first", "failed", 1, 2), DONE, Verdict.DRIFT, "jobs.first has failed"),
        (answer("first", "success", 1), DONE, Verdict.ERROR, "jobs.first has ended, and there is no end time"),
        (answer("first", "success", 5, 1), DONE, Verdict.ERROR, "the end of jobs.first is before its begin"),
        (
            answer("first", "success", 1, 5),
            answer("second", "success", 9, 6),
            Verdict.ERROR,
            "the end of jobs.second is before its begin",
        ),
        (
            replace(answer("first", "success", 1), end_time="2026-11-21 12:01:01"),
            DONE,
            Verdict.ERROR,
            "'2026-11-21 12:01:01' of jobs.first is in the future",
        ),
        (
            replace(answer("first", "success", 1), end_time="soon"),
            DONE,
            Verdict.ERROR,
            "'soon' of jobs.first is not a time as the API writes it",
        ),
        (
            Unobserved(problem=Problem(code=Code.TIMED_OUT, message="no answer")),
            DONE,
            Verdict.ERROR,
            "jobs.first could not be checked",
        ),
        (GONE, DONE, Verdict.DRIFT, "jobs.first is missing"),
        (
            answer("first", "success", 1, 5),
            answer("second", "running"),
            Verdict.PENDING,
            "jobs.first ended at 2026-11-21T11:00:05Z, and it has not begun",
        ),
        (
            answer("first", "success", 1, 5),
            answer("second", "success", None, 6),
            Verdict.DRIFT,
            "it has ended and never begun",
        ),
    ],
)
def test_what_is_doubtful_is_red_and_says_why(first, second, verdict, told):
    plan = make_plan(manifest(FIRST, SECOND), [first, second], now=NOW, origins={})
    (finding,) = [each for each in plan.jobs[1].findings if each.path == "after"]
    assert (plan.jobs[1].verdict, finding.expected, finding.actual) == (verdict, "jobs.first", told)
    assert (plan.exit_code == 0) is (verdict is Verdict.IN_SYNC)


def test_that_the_first_job_was_not_reached_hides_no_drift():
    unreached = Unobserved(problem=Problem(code=Code.NOT_REACHED, message="not checked"))
    bad = answer("second", "failed", 5, 6)
    for jobs, seen, verdicts in [
        ((FIRST, SECOND, job(name="third")), [unreached, DONE, answer("third", "failed")], ["error", "error", "drift"]),
        ((FIRST, SECOND), [unreached, bad], ["error", "drift"]),
    ]:
        plan = make_plan(manifest(*jobs), seen, now=NOW, origins={})
        assert [each.verdict.value for each in plan.jobs] == verdicts
        assert {each.code for planned in plan.jobs for each in planned.problems} == {Code.NOT_REACHED}
        assert (plan.exit_code, plan.complete) == (2, False)
    plan = make_plan(manifest(FIRST, SECOND), [unreached, DONE], now=NOW, origins={})
    assert plan.exit_code == 1
    assert plan.jobs[1].problems[0].message == "after cannot be judged: jobs.first was not reached"


def test_a_job_that_is_not_there_yet_may_still_come_and_one_of_another_run_proves_nothing():
    waiting = replace(FIRST, missing=MissingPolicy.WAIT)
    plan = make_plan(manifest(waiting, SECOND), [GONE, DONE], now=NOW, origins={})
    assert [each.verdict for each in plan.jobs] == [Verdict.PENDING, Verdict.PENDING]
    plan = make_plan(manifest(SECOND), [DONE], now=NOW, origins={})
    assert plan.exit_code == 1
    assert "jobs.first is not part of this run: select it, too" in plan.jobs[0].problems[0].message


def test_a_job_is_looked_at_until_the_order_can_be_judged():
    running = replace(job(name="first", status=["running", "success"]))
    later = replace(SECOND, expect=running.expect)
    for followed, status, settled in [(False, "running", True), (True, "running", False), (True, "success", True)]:
        seen = answer("first", status, 1)
        assert is_final(running, seen, now=NOW, strict=False, followed=followed) is settled
    for seen, settled in [(answer("second", "running"), False), (answer("second", "running", 1), True)]:
        assert is_final(later, seen, now=NOW, strict=False) is settled


def test_d12_a_zero_time_is_no_proof_that_another_job_had_ended():
    zero = "1970-01-01 00:00:00"
    first = replace(answer("first", "success"), begin_time=zero, end_time=zero)
    plan = make_plan(manifest(FIRST, SECOND), [first, answer("second", "success", 2, 3)], now=NOW, origins={})
    assert (plan.jobs[1].verdict, plan.exit_code) == (Verdict.ERROR, 1)
