"""The drifts of two plans, compared."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from builders import NOW, SOURCE, expects, item, job, manifest, observed, sub_job, sub_jobs
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from report.plans import GONE, KINDS, drifted, plan_failed, plan_of, present

from reconcile.baseline import compare_plans, parse_document, read_earlier_plan
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.manifest import Match, Span, SpanExpectation
from reconcile.model.plan import DriftState, Truth
from reconcile.plan import make_plan
from reconcile.report import render_plan


def read(plan):
    document = parse_document("earlier.json", render_plan(plan, format_name="json"))
    return read_earlier_plan("earlier.json", document)


def list_drifts(plan):
    return [(each, finding) for each in plan.jobs for finding in each.findings if finding.truth is Truth.CANNOT_HOLD]


cases = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(KINDS)), min_size=1, unique_by=lambda pair: pair[0])
plans = cases.map(lambda pairs: plan_of(*(kind(name) for name, kind in pairs)))


@given(then=plans, now=plans)
def test_every_drift_of_both_plans_is_counted_once(then, now):
    assume({each.job.address for each in then.jobs} & {each.job.address for each in now.jobs})
    compared = compare_plans(now, read(then))
    comparison, drifts = compared.comparison, list_drifts(compared)
    assert Counter(finding.state for _, finding in drifts) == +Counter(
        {DriftState.NEW: comparison.new, DriftState.PERSISTING: comparison.persisting}
    )
    assert comparison.new + comparison.persisting == len(list_drifts(now))
    gone = (*comparison.fixed, *comparison.undecided)
    assert comparison.persisting + len(gone) == len(list_drifts(then))
    decided = {each.job.address for each in now.jobs if each.verdict.value in ("in_sync", "drift", "waived")}
    assert {each.address for each in comparison.fixed} <= decided
    assert (compared.verdict, compared.exit_code) == (now.verdict, now.exit_code)
    assert not any(finding.state for _, finding in list_drifts(now))


@given(plan=plans)
def test_a_plan_beside_itself_has_nothing_new(plan):
    comparison = compare_plans(plan, read(plan)).comparison
    assert (comparison.new, comparison.fixed, comparison.undecided) == (0, (), ())


ONE = job(sub_jobs(Match.EXACT, item(job_type="a", status="success")))
EACH = job(sub_jobs(Match.CONTAINS, each=expects(status="success")))
GOOD, BAD, OTHER = sub_job("success", "a"), sub_job("failed", "a"), sub_job("success", "b")
DONE = observed("success")


@pytest.mark.parametrize(
    ("then", "now", "fixed"),
    [
        ((job(), observed("failed")), (job(), DONE), True),
        ((job(error_code="x"), DONE), (job(error_code="x"), observed("success", error_code="x")), True),
        ((job(error_code="x"), DONE), (job(), DONE), False),
        ((job(), GONE), (job(), DONE), True),
        ((job(), GONE), (present("a")[0], GONE), False),
        ((ONE, observed("success", BAD)), (ONE, observed("success", GOOD)), True),
        ((ONE, DONE), (ONE, observed("success", GOOD)), True),
        ((ONE, observed("success", GOOD, OTHER)), (ONE, observed("success", GOOD)), True),
        ((EACH, DONE), (EACH, observed("success", GOOD)), True),
        ((ONE, observed("success", BAD)), (job(), DONE), False),
        ((ONE, DONE), (job(), DONE), False),
        ((ONE, observed("success", GOOD, OTHER)), (job(), DONE), False),
        ((EACH, DONE), (job(), DONE), False),
    ],
)
def test_what_is_not_expected_any_more_is_not_fixed(then, now, fixed):
    comparison = compare_plans(plan_of(now), read(plan_of(then))).comparison
    assert (bool(comparison.fixed), bool(comparison.undecided)) == (fixed, not fixed)


def test_another_value_at_the_same_path_is_new():
    expected = job(error_code=None)
    then, now = (plan_of((expected, observed("failed", error_code=code))) for code in ("A.1", "A.2"))
    comparison = compare_plans(now, read(then)).comparison
    assert (comparison.new, comparison.persisting) == (1, 1)
    assert [(each.path, each.actual) for each in comparison.fixed] == [("error_code", "A.1")]


def test_an_age_that_has_grown_persists():
    old = SpanExpectation(span=Span.AGE, min=None, max=60.0, source=SOURCE)
    expected = job()
    expected = replace(expected, expect=replace(expected.expect, fields=(*expected.expect.fields, old)))
    seen = replace(observed("success"), begin_time="2026-11-21 10:00:00", end_time="2026-11-21 10:01:00")
    then, now = (
        make_plan(manifest(expected), [seen], now=NOW + timedelta(hours=hours), origins={}) for hours in (0, 24)
    )
    comparison = compare_plans(now, read(then)).comparison
    assert (comparison.new, comparison.persisting, comparison.fixed) == (0, 1, ())


def test_nobody_can_tell_whether_a_sensitive_value_is_the_one_of_then():
    secret = expects(error_code="x")[0]
    expected = replace(job(), expect=replace(job().expect, fields=(replace(secret, sensitive=True),)))
    then, other = (plan_of((expected, observed("success", error_code=code))) for code in ("A.1", "A.2"))
    for now in (then, other):
        comparison = compare_plans(now, read(then)).comparison
        assert (comparison.new, comparison.persisting, comparison.fixed) == (1, 0, ())
        assert [each.path for each in comparison.undecided] == ["error_code"]
    met = plan_of((expected, observed("success", error_code="x")))
    assert [each.path for each in compare_plans(met, read(then)).comparison.fixed] == ["error_code"]


def test_a_plan_of_another_version_is_compared_and_its_version_shown():
    plan = plan_of(drifted("a"))
    document = json.loads(render_plan(plan, format_name="json"))
    document["tool"]["version"] = "0.0.9"
    document["format_version"] = "1.7"
    compared = compare_plans(plan, read_earlier_plan("x.json", document))
    assert (compared.comparison.new, compared.comparison.fixed) == (0, ())
    assert "Since x.json (2026-11-21T12:00:00Z, by reconcile 0.0.9): 0 new differences" in render_plan(
        compared, format_name="text"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "it is not JSON"),
        ("[]", "it is JSON, but not a plan"),
        ("{}", "it is not a reconcile plan"),
        ('{"tool": {"name": "terraform", "version": "0.1.0"}}', "it is not a reconcile plan"),
        (
            '{"tool": {"name": "reconcile", "version": "9.0.0"}, "format_version": "2.0"}',
            "it is not a reconcile plan: ",
        ),
        (render_plan(plan_failed(), format_name="json"), "its run failed before any job was judged"),
    ],
)
def test_what_is_no_plan_in_this_format_is_an_error(content, why):
    with pytest.raises(DocumentError) as caught:
        read_earlier_plan("x.json", parse_document("x.json", content))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code is Code.NOT_COMPARABLE
    assert diagnostic.message.startswith(f"cannot compare with x.json: {why}")


@pytest.mark.parametrize(
    "path",
    [
        "format_version",
        "tool",
        "judged_at",
        "manifests",
        "jobs",
        "jobs.address",
        "jobs.verdict",
        "jobs.drifts",
        "jobs.drifts.path",
        "jobs.drifts.actual",
    ],
)
def test_a_plan_that_lacks_a_key_is_an_error(path):
    document = place = json.loads(render_plan(plan_of(drifted("a")), format_name="json"))
    *above, key = path.split(".")
    for name in above:
        place = place[name][0]
    del place[key]
    with pytest.raises(DocumentError):
        read_earlier_plan("x.json", document)


def test_a_plan_of_other_manifests_is_an_error():
    plan = plan_of((job(), observed("failed")))
    earlier = replace(read(plan), manifests=("other.yaml",))
    with pytest.raises(DocumentError, match=r"it is a plan of other\.yaml, not of reconcile\.yaml"):
        compare_plans(plan, earlier)


@pytest.mark.parametrize(
    ("name", "earlier_name", "why"),
    [
        ("shop", "blog", "it is a plan of the manifest named blog, not of shop"),
        ("shop", None, "no job is in both plans"),
        (None, None, "no job is in both plans"),
    ],
)
def test_a_plan_of_another_manifest_with_the_same_path_is_an_error(name, earlier_name, why):
    then, now = (name_manifest(plan_of(drifted(each)), of) for each, of in (("a", earlier_name), ("b", name)))
    with pytest.raises(DocumentError, match=why):
        compare_plans(now, read(then))
    part = replace(now, manifest=replace(name_manifest(now, None).manifest, declared=2))
    assert compare_plans(part, read(then)).comparison.new > 0


def test_a_job_in_common_is_enough_unless_the_names_differ():
    plan = plan_of(drifted("a"))
    for now, then in ((None, "blog"), ("shop", None), ("shop", "shop")):
        assert compare_plans(name_manifest(plan, now), read(name_manifest(plan, then))).comparison.new == 0
    with pytest.raises(DocumentError, match="named blog, not of shop"):
        compare_plans(name_manifest(plan, "shop"), read(name_manifest(plan, "blog")))


def name_manifest(plan, name):
    return replace(plan, manifest=replace(plan.manifest, files=(replace(plan.manifest.files[0], name=name),)))
