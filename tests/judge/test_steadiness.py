"""What is said of a job that has to settle, or must not get stuck, and when it is looked at again."""

from builders import API, NOW, SOURCE, job, observed
from msgspec.structs import replace

from reconcile.judge import judge_job
from reconcile.judge.steadiness import space_look
from reconcile.model.manifest import Settle, Stuck
from reconcile.model.observation import Looks
from reconcile.model.plan import Finding, Kind, Truth

SETTLE = Settle(reads=3, over=90.0, source=SOURCE)
STUCK = Stuck(limit=600.0, source=SOURCE)
ADVICE = "settle needs 3 reads that agree, spread over 1m30s: wait for them with reconcile plan --wait 10m"


def expecting(**more):
    a_job = job()
    return replace(a_job, expect=replace(a_job.expect, **more))


def look(status, **looks):
    return replace(observed(status), looks=Looks(**looks) if looks else None)


def test_a_job_that_only_has_to_settle_says_what_to_do():
    judgement = judge_job(expecting(settle=SETTLE), look("success", alike=2, span=45.9), now=NOW)
    assert judgement.findings[-1] == Finding(
        path="settle",
        truth=Truth.CAN_HOLD,
        kind=Kind.CHANGED,
        expected={"reads": 3, "over": "1m30s"},
        actual={"reads": 2, "over": "45s"},
        source=SOURCE,
    )
    assert judgement.notes == (ADVICE,)


def test_a_job_that_lacks_more_does_not_say_how_to_settle():
    judgement = judge_job(expecting(settle=SETTLE), look("failed"), now=NOW)
    assert ADVICE not in judgement.notes
    assert ADVICE not in judge_job(job(), look("success"), now=NOW).notes


def test_a_job_that_is_stuck_says_for_how_long():
    assert judge_job(expecting(stuck=STUCK), look("running", idle=601.2), now=NOW).findings[-1] == Finding(
        path="stuck",
        truth=Truth.CANNOT_HOLD,
        kind=Kind.CHANGED,
        expected="10m",
        actual="running, and nothing changed for 10m1s",
        source=SOURCE,
    )


def test_looks_are_spread_over_what_is_still_to_be_seen():
    def space(status, usual, **looks):
        return round(space_look(expecting(settle=SETTLE, stuck=STUCK).expect, look(status, **looks), API, usual))

    assert space("success", 5.0) == 45
    assert space("success", 5.0, alike=3, span=80.0) == 10
    assert space("success", 5.0, alike=2, span=89.9) == 1
    assert space("running", 5.0) == 5
    assert space("running", 50.0, alike=4, idle=580.0) == 20
    assert space_look(job().expect, look("running"), API, 5.0) == 5.0
