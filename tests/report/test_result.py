"""What a plan has to tell is told once, under a name that stays, and never less than its verdict."""

import pytest
from builders import SOURCE
from msgspec.structs import replace
from report.plans import each_plan, load_plan, plan_mixed, plan_of, present, unobserved, with_findings

from reconcile.model.diagnostic import Source
from reconcile.model.observation import Missing
from reconcile.model.plan import Truth, Verdict
from reconcile.report.location import locate
from reconcile.report.result import group_by_job, list_results, rank_results


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("in_sync", [("in_sync", "jobs.a status"), ("in_sync", "jobs.b status")]),
        ("changed", [("drift", "jobs.a status"), ("drift", "jobs.a job_type"), ("drift", "jobs.a error_code")]),
        ("missing", [("drift", "jobs.a missing"), ("drift", "jobs.b absent")]),
        ("error", [("error", "jobs.a error.RC412")]),
        ("waived", [("waived", "jobs.a status")]),
        ("failed", [("error", "run error.RC102"), ("error", "run error.RC301")]),
    ],
)
def test_every_assertion_and_every_error_is_told(name, told):
    results = list_results(load_plan(name))
    assert [(result.verdict.value, result.title) for result in results][: len(told)] == told


def test_rules_say_what_kind_of_thing_is_told():
    rules = {result.rule for result in rank_results(list_results(load_plan("mixed")))}
    fields = {"drift.status", "drift.job_type", "drift.error_code", "drift.sub_jobs", "drift.absent"}
    assert rules == fields | {"missing", "pending", "error.RC412"}


def test_the_worst_is_told_first():
    plan = load_plan("mixed")
    verdicts = [result.verdict for result in rank_results(list_results(plan))]
    assert list(dict.fromkeys(verdicts)) == [Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING, Verdict.WAIVED]
    assert next(job.verdict for job, _ in group_by_job(list_results(plan))) is Verdict.ERROR


@each_plan
def test_names_are_unique_although_one_item_stands_for_several_sub_jobs(name):
    results = list_results(load_plan(name))
    assert len({result.title for result in results}) == len(results)
    assert len({result.fingerprint for result in results}) == len(results)


def test_lines_are_in_no_name_and_no_fingerprint():
    plan = load_plan("mixed")
    moved = replace(SOURCE, line=SOURCE.line + 100)
    jobs = tuple(with_findings(job, *(replace(finding, source=moved) for finding in job.findings)) for job in plan.jobs)
    before, after = (list_results(each) for each in (plan, replace(plan, jobs=jobs)))
    assert [result.fingerprint for result in before] == [result.fingerprint for result in after]


def test_what_is_not_the_same_thing_has_another_fingerprint():
    (one, other) = (list_results(plan_of(unobserved(name)))[0] for name in "ab")
    assert one.fingerprint != other.fingerprint
    assert replace(one, rule="missing").fingerprint != one.fingerprint


# --- Never less than the verdict -------------------------------------------------------------------------------


@each_plan
def test_something_is_as_bad_as_the_verdict(name):
    plan = load_plan(name)
    assert plan.verdict in {result.verdict for result in list_results(plan)}


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.DRIFT, Verdict.PENDING])
def test_a_verdict_that_nothing_explains_is_an_error(verdict):
    plan = load_plan("in_sync")
    of_run = list_results(replace(plan, verdict=verdict))
    assert [(result.address, result.rule) for result in of_run if result.verdict is Verdict.ERROR] == [
        ("run", "error.RC007")
    ]
    of_job = list_results(replace(plan, jobs=(replace(plan.jobs[0], verdict=verdict),)))
    assert [(result.address, result.rule) for result in of_job if result.verdict is Verdict.ERROR] == [
        ("jobs.a", "error.RC007")
    ]


@pytest.mark.parametrize("changes", [{"jobs": ()}, {"complete": False}], ids=["no job", "cut short"])
def test_a_run_that_checked_not_everything_is_never_told_as_success(changes):
    results = list_results(replace(load_plan("in_sync"), **changes))
    assert Verdict.ERROR in {result.verdict for result in results}


def test_a_job_without_findings_is_never_told_as_success():
    plan = load_plan("one")
    results = list_results(replace(plan, jobs=(with_findings(plan.jobs[0]),)))
    assert {result.verdict for result in results} == {Verdict.ERROR}


def test_an_absence_without_a_witness_does_not_pass():
    case, _ = present("a")
    results = list_results(plan_of((case, Missing(code=None, message=None, request_id=None))))
    assert {result.verdict for result in results} == {Verdict.ERROR}


def test_what_cannot_be_judged_does_not_pass():
    plan = plan_mixed(1)
    finding = replace(plan.jobs[0].findings[0], truth=Truth.UNDECIDABLE, actual="no time")
    results = list_results(replace(plan, jobs=(replace(with_findings(plan.jobs[0], finding), verdict=Verdict.ERROR),)))
    assert {(result.verdict, result.rule) for result in results} == {(Verdict.ERROR, "error.RC007")}


# --- Places ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("infra/reconcile.yaml", "infra/reconcile.yaml"),
        ("./reconcile.yaml", "reconcile.yaml"),
        ("../../etc/passwd", "etc/passwd"),
        ("/builds/x/../reconcile.yaml", "builds/x/reconcile.yaml"),
        ("..", "reconcile.yaml"),
        ("", "reconcile.yaml"),
        ("a\nb.yaml", r"a\nb.yaml"),
    ],
)
def test_e10_a_place_is_relative_and_inside(file, shown):
    plan = load_plan("changed")
    result = replace(list_results(plan)[0], source=Source(file=file, line=3, column=4))
    assert locate(result, plan) == Source(file=shown, line=3, column=4)


def test_what_has_no_place_stands_at_the_head_of_the_manifest():
    plan = load_plan("failed")
    assert locate(list_results(plan)[-1], plan) == Source(file="reconcile.yaml", line=1, column=1)
