"""The verdict of a run, and the only way to 0."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from builders import NOW, PROVIDER, SOURCE, expects, item, job, manifest, observed, sub_job, sub_jobs
from msgspec.structs import replace

import reconcile
from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Problem
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Absence, Count, Manifest, Match, Order, Span, SpanExpectation, Waiver
from reconcile.model.observation import Fetched, Missing, Unobserved
from reconcile.model.plan import ExitCode, Plan, Summary, Truth, Verdict
from reconcile.plan import (
    accept_evidence,
    derive_plan,
    ends_fail_fast,
    is_final,
    is_order_broken,
    make_failed_evidence,
    make_failed_plan,
    make_plan,
)

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
    warned = replace(manifest(job(name="a")), warnings=(Diagnostic(code=Code.SYNTAX, message="odd"),))
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
    empty = replace(empty, expect=replace(empty.expect, fields=()))
    plan = make_plan(manifest(empty), [observed("success", job_id="id-a")], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_d28_a_missing_job_is_drift():
    plan = make_plan(manifest(job(name="a")), [Missing(code="X", message=None, request_id=None)], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.DRIFT, ExitCode.DRIFT)


MISSING = Missing(code="X", message=None, request_id=None)


def waived(name, *fields, days=0):
    expires = NOW.date() + timedelta(days=days)
    waiver = Waiver(fields=fields, reason="vendor ticket", expires=expires, source=SOURCE)
    return replace(job(name=name), waivers=(waiver,))


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
    partly = replace(waived("a", "status"), expect=job(job_type="x").expect)
    answers = [observed("failed", job_id="id-a", job_type="x"), observed("success", job_id="id-b")]
    strict = make_plan(manifest(partly, job(name="b")), answers, now=NOW, origins={}, strict=True)
    assert (strict.verdict, strict.exit_code) == (Verdict.DRIFT, 2)


@pytest.mark.parametrize(
    ("expected", "fields", "answer", "code"),
    [
        pytest.param({}, ("duration",), {}, 0, id="the status was proven"),
        pytest.param({"job_type": "x"}, ("status", "duration"), {"status": "failed"}, 0, id="the type was proven"),
        pytest.param({}, ("status", "duration"), {"status": "failed"}, 1, id="nothing else is asserted"),
        pytest.param({}, ("status", "duration"), {}, 1, id="what holds would be waived, too"),
        pytest.param({"error_code": None}, ("status", "duration"), {"status": "failed"}, 1, id="nothing was observed"),
        pytest.param({}, ("duration",), {"status": "running"}, 3, id="the status is not decided"),
        pytest.param({}, ("duration",), {"status": "failed"}, 2, id="the status has drifted"),
        pytest.param({}, ("duration",), {"job_id": "id-b"}, 1, id="the answer is about another job"),
    ],
)
def test_u14_what_is_proven_beside_a_waived_drift_counts(expected, fields, answer, code):
    the_job = replace(waived("a", *fields), expect=job(**expected).expect)
    the_job = with_fields(the_job, *the_job.expect.fields, lasting(most=60))
    seen = replace(begun("success", end="2026-11-21 11:10:00"), **{"job_type": "x", **answer})
    plan, job_plan = plan_one(the_job, seen)
    assert plan.exit_code == code
    assert (job_plan.verdict is Verdict.WAIVED) == (code in (0, 1))
    if code == 0:
        assert (plan.verdict, plan.errors, plan.warnings) == (Verdict.IN_SYNC, (), ())
        assert plan_one(the_job, seen, strict=True)[0].exit_code is ExitCode.DRIFT


def test_u14_sub_jobs_that_are_not_there_prove_nothing_beside_a_waived_drift():
    parts = replace(sub_jobs(Match.EXACT), implied=True)
    the_job = replace(waived("a", "status"), expect=job(parts).expect)
    assert plan_one(the_job, observed("failed", job_id="id-a"))[0].exit_code is ExitCode.ERROR


def test_u14_that_there_are_no_sub_jobs_proves_nothing_beside_a_waived_drift():
    parts = replace(sub_jobs(Match.CONTAINS), count=Count(min=0, max=0), items=None)
    the_job = replace(waived("a", "status"), expect=job(parts).expect)
    plan, job_plan = plan_one(the_job, observed("failed", job_id="id-a"))
    assert {finding.path: finding.actual for finding in job_plan.findings} == {"status": "failed", "sub_jobs.count": 0}
    assert plan.exit_code is ExitCode.ERROR


def test_u14_a_hidden_value_proves_nothing_beside_a_waived_drift():
    hidden = replace(expects(error_code=None)[0], sensitive=True)
    the_job = waived("a", "status")
    the_job = with_fields(the_job, *the_job.expect.fields, hidden)
    assert plan_one(the_job, observed("failed", job_id="id-a"))[0].exit_code is ExitCode.ERROR


def test_u14_a_missing_job_whose_absence_is_waived_is_proven_beside_another_alone():
    gone, there = waived("a", "missing"), replace(waived("b", "job_type"), expect=job(job_type="x").expect)
    answers = [MISSING, observed("success", job_id="id-b")]
    assert make_plan(manifest(gone, there), answers, now=NOW, origins={}).exit_code is ExitCode.IN_SYNC
    assert make_plan(manifest(gone), answers[:1], now=NOW, origins={}).exit_code is ExitCode.ERROR


@pytest.mark.parametrize("days", [0, -1], ids=["current", "expired"])
@pytest.mark.parametrize(
    ("status", "code"), [("failed", ExitCode.DRIFT), ("success", ExitCode.ERROR), ("running", ExitCode.ERROR)]
)
def test_u15_strict_leaves_a_decided_drift_and_shows_the_waiver(days, status, code):
    the_job = waived("a", "status", days=days)
    plan, job_plan = plan_one(the_job, observed(status, job_id="id-a"), job(name="b"), strict=True)
    assert plan.exit_code == code
    # The warning stays as well, as the error that decides or beside the drift.
    assert [each.code for each in (*plan.errors, *plan.warnings)] == [
        Code.WAIVER_EXPIRED if days else Code.WAIVER_COVERS_ALL
    ]
    assert bool(plan.errors) == (code is ExitCode.ERROR)
    (finding,) = job_plan.findings
    assert (finding.waiver, finding.ignored) == (None, the_job.waivers[0] if status == "failed" else None)


def test_u15_an_error_beside_the_drift_stays_an_error_under_strict():
    answers = [observed("failed", job_id="id-a"), UNOBSERVED]
    plan = make_plan(manifest(waived("a", "status", days=-1), job(name="b")), answers, now=NOW, origins={}, strict=True)
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)


def test_u15_a_waiver_that_counts_comes_before_one_that_has_expired():
    old, new = waived("a", "status", days=-1).waivers[0], waived("a", "status").waivers[0]
    the_job = replace(job(name="a"), waivers=(old, new))
    answer = observed("failed", job_id="id-a")
    lenient, strict = (plan_one(the_job, answer, strict=strict)[1].findings[0] for strict in (False, True))
    assert (lenient.waiver, lenient.ignored) == (new, None)
    assert (strict.waiver, strict.ignored) == (None, new)


@pytest.mark.parametrize(
    ("days", "code"), [(0, Code.WAIVER_COVERS_ALL), (-1, Code.WAIVER_EXPIRED)], ids=["covers all", "expired"]
)
def test_waivers_that_deserve_a_warning(days, code):
    the_job = waived("a", "status", days=days)
    answers = [observed("failed", job_id="id-a"), observed("success", job_id="id-b")]
    plan = make_plan(manifest(the_job, job(name="b")), answers, now=NOW, origins={})
    assert [warning.code for warning in plan.warnings] == [code]


def test_d30_an_absence_is_proven_only_beside_a_job_that_was_observed():
    absent = replace(job(name="a"), expect=Absence(source=SOURCE))
    alone = make_plan(manifest(absent), [MISSING], now=NOW, origins={})
    assert (alone.verdict, alone.jobs[0].problems[0].code) == (Verdict.ERROR, Code.UNPROVEN)
    beside = make_plan(
        manifest(absent, job(name="b")), [MISSING, observed("success", job_id="id-b")], now=NOW, origins={}
    )
    assert (beside.verdict, beside.exit_code) == (Verdict.IN_SYNC, 0)


def test_d12_times_that_cannot_be_judged_are_an_error_of_the_job():
    timed = SpanExpectation(span=Span.DURATION, min=None, max=60, source=SOURCE)
    the_job = job(name="a")
    the_job = replace(the_job, expect=replace(the_job.expect, fields=(timed,)))
    answer = replace(observed("success", job_id="id-a"), begin_time="soon", end_time="soon")
    plan = make_plan(manifest(the_job), [answer], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code, len(plan.jobs[0].problems)) == (Verdict.ERROR, 1, 1)


def test_f32_one_place_each_can_say_0_of_a_plan_and_of_a_command():
    package = Path(reconcile.__file__).parent
    places = {
        str(path.relative_to(package)): path.read_text().count("ExitCode.IN_SYNC") for path in package.rglob("*.py")
    }
    # The demo names it as what it expects of another process, and to prove is to ask which mutants come to it.
    assert {place: count for place, count in places.items() if count} == {
        "plan.py": 1,
        "cli/main.py": 1,
        "cli/demo.py": 2,
        "cli/mutants.py": 2,
    }


def test_g1_a_manifest_of_nothing_is_no_proof():
    plan = make_plan(manifest(), [], now=NOW, origins={})
    assert (plan.verdict, plan.exit_code) == (Verdict.ERROR, ExitCode.ERROR)
    assert [error.code for error in plan.errors] == [Code.UNPROVEN]


def test_a_waived_drift_does_not_end_the_waiting():
    the_job = waived("a", "job_type")
    the_job = replace(the_job, expect=job(job_type="x").expect)
    now = observed("running", job_type="y")
    assert not is_final(the_job, now, now=NOW, strict=False)
    assert is_final(the_job, now, now=NOW, strict=True)


def test_that_a_job_is_missing_can_be_waived_only_beside_one_that_was_observed():
    gone = waived("a", "missing")
    other = replace(job(name="b"), provider=replace(PROVIDER, name="other"))
    answers = [MISSING, observed("success", job_id="id-b")]
    plan = make_plan(manifest(gone, other), answers, now=NOW, origins={})
    assert (plan.verdict, plan.jobs[0].problems[0].code) == (Verdict.ERROR, Code.UNPROVEN)
    assert make_plan(manifest(gone, job(name="b")), answers, now=NOW, origins={}).exit_code is ExitCode.IN_SYNC


def test_one_remote_job_told_in_two_ways_is_no_proof():
    accepting = job(name="a", status=["running", "success"])
    again = replace(accepting, address="jobs.again")
    answers = [observed("running", job_id="id-a"), observed("success", job_id="id-a")]
    plan = make_plan(manifest(accepting, again), answers, now=NOW, origins={})
    assert (plan.verdict, [error.code for error in plan.errors]) == (Verdict.ERROR, [Code.UNPROVEN])


@pytest.mark.parametrize(
    ("status", "days", "strict", "noted"),
    [
        ("success", 3, False, True),
        ("failed", 3, False, False),
        ("running", 3, False, False),
        ("success", -1, False, False),
        ("success", 3, True, False),
    ],
    ids=["in sync", "waived", "pending", "expired", "strict"],
)
def test_u58_a_waiver_that_covers_nothing_is_noted(status, days, strict, noted):
    plan, first = plan_one(
        waived("a", "status", days=days), observed(status, job_id="id-a"), job(name="b"), strict=strict
    )
    notes = [
        note for note in first.notes if note.startswith("the waiver of status until 2026-11-24 is not needed any more")
    ]
    assert bool(notes) is noted
    assert plan.verdict is not Verdict.IN_SYNC or not noted or plan.exit_code is ExitCode.IN_SYNC


def test_one_id_at_two_providers_names_two_remote_jobs():
    elsewhere = replace(job(name="a"), address="jobs.b", provider=replace(PROVIDER, name="other"))
    answers = [observed("success", job_id="id-a"), observed("failed", job_id="id-a")]
    plan = make_plan(manifest(job(name="a"), elsewhere), answers, now=NOW, origins={})
    assert (plan.verdict, plan.errors) == (Verdict.DRIFT, ())


def test_every_job_that_tells_otherwise_is_named():
    said = ["success", "failed", "success", "running"]
    jobs = [replace(job(name="a"), address=f"jobs.{number}") for number in range(len(said))]
    plan = make_plan(manifest(*jobs), [observed(each, job_id="id-a") for each in said], now=NOW, origins={})
    assert [error.message.split()[0] for error in plan.errors] == ["jobs.1", "jobs.3"]


# --- What a plan says, word for word ---------------------------------------------------------------------------


def plan_one(the_job, observation, *others, **options):
    """Plan a job, and others that succeeded; return the plan and the first job's."""
    answers = [observation, *(observed("success", job_id=other.job_id) for other in others)]
    plan = make_plan(manifest(the_job, *others), answers, now=NOW, origins={}, **options)
    return plan, plan.jobs[0]


def unproven(message, hint=None):
    return Diagnostic(code=Code.UNPROVEN, message=message, hint=hint)


def with_fields(the_job, *fields):
    return replace(the_job, expect=replace(the_job.expect, fields=fields))


def lasting(least=None, most=None, span=Span.DURATION):
    return SpanExpectation(span=span, min=least, max=most, source=SOURCE)


def begun(status="running", begin="2026-11-21 11:00:00", end=None, job_id="id-a"):
    return replace(observed(status, job_id=job_id), begin_time=begin, end_time=end)


def test_a_run_that_ended_early_has_a_plan_that_says_why():
    errors = [Diagnostic(code=Code.SYNTAX, message="odd")]
    assert make_failed_plan(errors, now=NOW) == Plan(
        manifest=Manifest(files=(), providers={}, jobs=()),
        judged_at=NOW,
        origins={},
        jobs=(),
        summary=Summary(selected=0, in_sync=0, drift=0, pending=0, waived=0, error=0),
        errors=tuple(errors),
        warnings=(),
        complete=False,
        soft_fail=False,
        verdict=Verdict.ERROR,
        exit_code=ExitCode.ERROR,
    )


def test_the_evidence_of_a_run_that_ended_early_is_its_errors_and_nothing_else():
    errors = [Diagnostic(code=Code.SYNTAX, message="odd")]
    evidence = make_failed_evidence(errors, now=NOW)
    assert evidence == Evidence(
        tool=reconcile.__version__,
        manifest=Manifest(files=(), providers={}, jobs=()),
        observations=(),
        remarks=(),
        origins={},
        judged_at=NOW,
        since=NOW,
        strict=False,
        soft_fail=False,
        ended_by=None,
        errors=tuple(errors),
    )
    assert derive_plan(evidence) == make_failed_plan(errors, now=NOW)


@pytest.mark.parametrize(
    ("strict", "soft_fail", "ended_by"),
    [(False, False, None), (True, False, None), (False, True, None), (False, False, ExitCode.INTERRUPTED)],
)
def test_a_plan_follows_from_its_evidence(strict, soft_fail, ended_by):
    evidence = replace(
        make_failed_evidence((), now=NOW),
        manifest=manifest(waived("a", "status"), job(name="b")),
        observations=(observed("failed", job_id="id-a"), observed("running", job_id="id-b")),
        remarks=(("one",), ()),
        origins={"otc": "https://api.example:443"},
        strict=strict,
        soft_fail=soft_fail,
        ended_by=ended_by,
    )
    assert derive_plan(evidence) == make_plan(
        evidence.manifest,
        evidence.observations,
        now=NOW,
        origins=evidence.origins,
        notes=evidence.remarks,
        strict=strict,
        soft_fail=soft_fail,
        ended_by=ended_by,
    )


def test_every_job_is_counted_once():
    counts = {Verdict.IN_SYNC: 1, Verdict.DRIFT: 2, Verdict.PENDING: 3, Verdict.ERROR: 4}
    plan = plan_of(*(verdict for verdict, count in counts.items() for _ in range(count)))
    assert plan.summary == Summary(selected=10, in_sync=1, drift=2, pending=3, waived=0, error=4)


def test_strict_has_no_warnings_left():
    warned = replace(manifest(job(name="a")), warnings=(Diagnostic(code=Code.SYNTAX, message="odd"),))
    answers = [observed("success", job_id="id-a")]
    assert make_plan(warned, answers, now=NOW, origins={}).warnings == warned.warnings
    assert make_plan(warned, answers, now=NOW, origins={}, strict=True).warnings == ()


def test_what_fetching_has_to_say_follows_what_the_answer_says():
    jobs, answers = manifest(job(name="a"), job(name="b")), [MISSING, observed("success", job_id="id-b")]
    plain = make_plan(jobs, answers, now=NOW, origins={})
    plan = make_plan(jobs, answers, now=NOW, origins={}, notes=[("one", "two"), ()])
    assert plan.jobs[0].notes == (*plain.jobs[0].notes, "one", "two")
    assert plan.jobs[1] == plain.jobs[1]
    with pytest.raises(ValueError, match="shorter"):
        make_plan(jobs, answers, now=NOW, origins={}, notes=[()])


@pytest.mark.parametrize(
    ("the_job", "observation", "said"),
    [
        (job(name="a"), observed("success", job_id="id-b"), ["jobs.a is not proven"]),
        (
            waived("a", "status"),
            observed("failed", job_id="id-a"),
            ["the drift of every job is waived: nothing is proven", "select a job that needs no waiver, too"],
        ),
    ],
)
def test_why_a_run_is_no_proof(the_job, observation, said):
    assert plan_one(the_job, observation)[0].errors == (unproven(*said),)


def test_why_nothing_is_no_proof():
    plan = make_plan(manifest(), [], now=NOW, origins={})
    assert plan.errors == (unproven("not every job of the manifest was checked: nothing is proven"),)


@pytest.mark.parametrize("lost", [UNOBSERVED, observed("running", job_id="id-a")], ids=["lost", "running"])
def test_one_remote_job_is_told_in_one_way(lost):
    again = replace(job(name="a"), address="jobs.again")
    plan = make_plan(manifest(job(name="a"), again), [MISSING, lost], now=NOW, origins={})
    assert plan.errors == (unproven("jobs.again and another job of this plan disagree about the same remote job"),)


def test_two_remote_jobs_may_differ():
    assert plan_of(Verdict.IN_SYNC, Verdict.DRIFT).errors == ()


def test_why_a_job_was_not_observed_is_its_problem():
    _, job_plan = plan_one(job(name="a"), UNOBSERVED)
    assert (job_plan.problems, job_plan.findings, job_plan.notes) == ((UNOBSERVED.problem,), (), ())


def test_a_plan_says_of_what_it_is_when_it_was_made_and_where_was_asked():
    jobs, origins = manifest(job(name="a")), {"otc": "https://api.example:443"}
    plan = make_plan(jobs, [observed("success", job_id="id-a")], now=NOW, origins=origins)
    assert (plan.manifest, plan.judged_at, plan.origins) == (jobs, NOW, origins)


@pytest.mark.parametrize(
    ("the_job", "message"),
    [
        (
            replace(job(name="a"), expect=Absence(source=SOURCE)),
            "its absence is not proven: no other job of provider otc was observed in this run, and a wrong project id "
            "looks the same; select one that is there, too",
        ),
        (
            waived("a", "missing"),
            "that it is missing cannot be waived: no other job of provider otc was observed in this run, and a wrong "
            "project id looks the same; select one that is there, too",
        ),
    ],
)
def test_what_only_another_job_could_prove(the_job, message):
    _, job_plan = plan_one(the_job, MISSING)
    assert job_plan.verdict is Verdict.ERROR
    assert job_plan.problems == (Problem(code=Code.UNPROVEN, message=message),)
    assert plan_one(the_job, MISSING, job(name="b"))[1].problems == ()


def test_a_job_with_other_parameters_proves_no_absence():
    gone = replace(job(name="a"), expect=Absence(source=SOURCE), parameters={"share_id": "s1"})
    elsewhere, beside = (replace(job(name="b"), parameters={"share_id": share}) for share in ("s2", "s1"))
    _, job_plan = plan_one(gone, MISSING, elsewhere)
    assert "the same parameters was observed" in job_plan.problems[0].message
    assert plan_one(gone, MISSING, beside)[1].verdict is Verdict.IN_SYNC


def test_what_cannot_be_judged_is_a_problem_of_the_job():
    _, job_plan = plan_one(with_fields(job(name="a"), lasting(most=60)), begun("success", "soon", "late"))
    message = "duration cannot be judged: 'soon' is not a time as the API writes it"
    assert job_plan.problems == (Problem(code=Code.UNPROVEN, message=message),)


def test_a_job_of_which_nothing_is_asserted_is_an_error():
    assert plan_one(with_fields(job(name="a")), observed("success", job_id="id-a"))[1].verdict is Verdict.ERROR


def test_a_job_is_judged_at_the_time_of_the_run():
    the_job = with_fields(job(name="a"), lasting(most=3599))
    assert plan_one(the_job, begun())[1].verdict is Verdict.DRIFT
    assert is_final(the_job, begun(), now=NOW, strict=False)
    assert not is_final(the_job, begun(), now=NOW - timedelta(seconds=1), strict=False)


# --- Waivers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expectation", [{"count": Count(min=2, max=2)}, {"items": (item(job_type="a"),)}, {}])
def test_a_waiver_of_sub_jobs_covers_whatever_is_asserted_of_them(expectation):
    parts = replace(sub_jobs(Match.EXACT), **expectation)
    the_job = replace(waived("a", "sub_jobs"), expect=job(parts).expect)
    answer = observed("success", sub_job("success", "b"), job_id="id-a")
    _, job_plan = plan_one(the_job, answer, job(name="b"))
    assert job_plan.verdict is Verdict.WAIVED
    assert {finding.waiver for finding in job_plan.findings if finding.truth is Truth.CANNOT_HOLD} == {*the_job.waivers}
    _, unwaived = plan_one(replace(the_job, waivers=waived("a", "status").waivers), answer, job(name="b"))
    assert unwaived.verdict is Verdict.DRIFT


def test_a_waiver_of_sub_jobs_covers_their_fields():
    parts = sub_jobs(Match.EXACT, item(job_type="a", status="success"))
    the_job = replace(waived("a", "sub_jobs"), expect=job(parts).expect)
    answer = observed("success", sub_job("failed", "a"), job_id="id-a")
    assert plan_one(the_job, answer, job(name="b"))[1].verdict is Verdict.WAIVED


def test_a_waiver_covers_what_is_false_for_ever_alone():
    _, job_plan = plan_one(waived("a", "status"), observed("running", job_id="id-a"), job(name="b"))
    assert (job_plan.verdict, job_plan.findings[0].waiver) == (Verdict.PENDING, None)


@pytest.mark.parametrize(
    ("days", "code", "message"),
    [
        (
            -1,
            Code.WAIVER_EXPIRED,
            "a waiver of jobs.a expired on 2026-11-20: what it covered is drift again",
        ),
        (0, Code.WAIVER_COVERS_ALL, "a waiver covers every assertion of jobs.a: nothing of this job is proven"),
    ],
)
def test_what_is_said_of_waivers(days, code, message):
    plan, _ = plan_one(waived("a", "status", days=days), observed("success", job_id="id-a"), job(name="b"))
    assert plan.warnings == (Diagnostic(code=code, message=message, source=SOURCE),)


# --- Waiting and fetching --------------------------------------------------------------------------------------


def test_d37_strict_does_not_believe_a_cache():
    answer = observed("success", job_id="id-a")
    cached = Fetched(observation=answer, cached=61)
    message = "the answer came from a cache and was 61 s old, which --strict does not accept"
    unbelieved = Unobserved(problem=Problem(code=Code.UNPROVEN, message=message), request_id="req-1")
    assert accept_evidence(cached, strict=True) == unbelieved
    assert accept_evidence(cached, strict=False) is answer
    assert accept_evidence(Fetched(observation=answer), strict=True) is answer
    assert accept_evidence(replace(cached, observation=UNOBSERVED), strict=True) is UNOBSERVED


def test_a_run_that_a_signal_ended_is_not_complete_even_if_every_job_was_seen():
    plan = make_plan(manifest(job()), [observed("running")], now=NOW, origins={}, ended_by=ExitCode.INTERRUPTED)
    assert (plan.complete, plan.exit_code) == (False, ExitCode.INTERRUPTED)


def test_a_run_that_failed_after_judging_shows_its_jobs_and_why():
    good = replace(
        make_failed_evidence([], now=NOW),
        manifest=manifest(job(name="a")),
        observations=(observed("success", job_id="id-a"),),
        remarks=((),),
        trace_parent="00-1-2-01",
    )
    assert derive_plan(good).trace_parent == "00-1-2-01"
    errors = (Diagnostic(code=Code.OUTPUT_NOT_WRITTEN, message="disk full"),)
    failed = derive_plan(replace(good, errors=errors))
    assert (failed.errors, failed.verdict, failed.exit_code) == (errors, Verdict.ERROR, ExitCode.ERROR)
    assert (failed.complete, [each.verdict for each in failed.jobs]) == (False, [Verdict.IN_SYNC])


@pytest.mark.parametrize(
    ("answer", "strict", "ends"),
    [
        (observed("success"), True, False),
        (observed("running"), True, False),
        (observed("failed"), False, False),
        (observed("failed"), True, True),
        (UNOBSERVED, False, True),
    ],
)
def test_fail_fast_ends_a_run_at_a_drift_that_no_waiver_covers(answer, strict, ends):
    days = NOW.date() + timedelta(days=1)
    waived = replace(job(), waivers=(Waiver(fields=("status",), reason="r", expires=days, source=SOURCE),))
    assert ends_fail_fast(waived, Fetched(observation=answer), now=NOW, strict=strict) is ends


def test_an_order_that_is_broken_stays_so():
    first, second = job(name="a"), replace(job(name="b"), after=Order(address="jobs.a", source=SOURCE))
    begun = replace(observed("running", job_id="id-b"), begin_time="2026-11-21 11:00:00")

    def is_broken(a_job, seen, *, strict=False):
        return is_order_broken(a_job, begun, first, seen, now=NOW, strict=strict)

    assert is_broken(second, observed("failed"))
    assert not is_broken(second, observed("waiting"))
    assert not is_broken(first, observed("failed"))
    days = NOW.date() + timedelta(days=1)
    waived = replace(second, waivers=(Waiver(fields=("after",), reason="r", expires=days, source=SOURCE),))
    assert not is_broken(waived, observed("failed"))
    assert is_broken(waived, observed("failed"), strict=True)


def test_a_job_that_is_not_observed_has_no_order():
    second = replace(job(name="b"), after=Order(address="jobs.a", source=SOURCE))
    plan = make_plan(manifest(job(name="a"), second), [observed("success"), UNOBSERVED], now=NOW, origins={})
    assert [each.verdict for each in plan.jobs] == [Verdict.IN_SYNC, Verdict.ERROR]
    assert plan.jobs[1].findings == ()
