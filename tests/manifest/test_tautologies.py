"""What every answer meets, and that it is refused wherever it stands."""

import pytest

from reconcile.codes import Code

ALL = "[waiting, running, success, failed]"
WORST = [
    # Statuses
    f"{{status: {ALL}}}",
    f"{{status: {ALL}, job_type: a}}",
    f"{{sub_jobs: {{each: {{status: {ALL}}}}}}}",
    f"{{sub_jobs: {{items: [{{status: {ALL}}}]}}}}",
    f"{{sub_jobs: {{match: none, items: [{{status: {ALL}}}]}}}}",
    # Texts
    "{fail_reason: [null, {glob: '*'}]}",
    "{fail_reason: ['', {glob: '**'}, a]}",
    "{error_code: [null, {glob: '?*'}]}",
    "{error_code: [null, {glob: '?'}, {glob: '*??'}]}",
    "{sub_jobs: {each: {job_type: [null, {glob: '*'}]}}}",
    # Times
    "{duration: {min: 0s}}",
    "{duration: {max: 999999999h}}",
    "{duration: {min: 0s, max: 876000h}}",
    "{age: {min: 0s}}",
    "{age: {min: 0h0m0s}}",
    "{begin_time: {after: 1970-01-01T00:00:00Z}}",
    "{end_time: {before: 9999-12-31T00:00:00Z}}",
    "{sub_jobs: {each: {duration: {min: 0s}}}}",
    # Numbers
    "{sub_jobs: {count: {min: 0}}}",
    "{sub_jobs: {count: {max: 1000000}}}",
    "{sub_jobs: {count: {min: 0, max: 10001}}}",
    "{sub_jobs: {match: none, items: []}}",
    "{sub_jobs: {match: none, items: [], count: {min: 1}}}",
    "{sub_jobs: {match: contains, items: [], each: {status: success}}}",
    # Items
    "{sub_jobs: {items: [{count: {min: 0}}]}}",
    "{sub_jobs: {items: [{job_type: a}, {count: {max: 1000000}}]}}",
    "{sub_jobs: {match: ordered, items: [{count: {min: 0}}]}}",
    "{sub_jobs: {match: contains, items: [{job_type: a, count: {min: 0}}]}}",
    "{sub_jobs: {match: contains, items: [{job_type: a, count: {max: 10001}}]}}",
    "{sub_jobs: {items: [{status: [success, failed], count: {min: 0}}, "
    "{status: [waiting, running], count: {min: 0}}]}}",
    "{sub_jobs: {items: [{error_code: null, count: {min: 0}}, {error_code: {glob: '*'}, count: {min: 0}}]}}",
]


@pytest.mark.parametrize("expect", [pytest.param(written, id=f"C22 C23 {written}") for written in WORST])
@pytest.mark.parametrize(
    "place", ["jobs: {{a: {{job_id: i, expect: {}}}}}", "defaults: {{expect: {}}}\njobs: {{a: {{job_id: i}}}}"]
)
def test_what_proves_nothing_is_refused_and_says_why(refuse_jobs, place, expect):
    (found,) = refuse_jobs(place.format(expect) + "\n")
    assert found.code is Code.VACUOUS_EXPECTATION
    assert found.message.startswith("this proves nothing: ")
    assert found.source.line == 3


@pytest.mark.parametrize(
    "expect",
    [
        "{status: [waiting, running, success]}",
        "{error_code: [null, {glob: 'a*'}]}",
        "{error_code: [null, {glob: '??*'}]}",
        "{error_code: [null, {glob: '?'}, {glob: '???*'}]}",
        "{job_type: {glob: '*'}}",
        "{duration: {min: 1ms}}",
        "{duration: {max: 0s}}",
        "{age: {min: 0s, max: 24h}}",
        "{begin_time: {after: 1970-01-01T00:00:00Z, before: 2026-11-20T00:00:00Z}}",
        "{sub_jobs: {count: {max: 10000}}}",
        "{sub_jobs: {count: {min: 1, max: 1000000}}}",
        "{sub_jobs: {count: {max: 0}}}",
        "{sub_jobs: {items: [{job_type: a, count: {min: 0}}]}}",
        "{sub_jobs: {items: [{count: {max: 4}}]}}",
        "{sub_jobs: {items: [{status: failed, count: {min: 0}}, {status: success, count: {min: 0}}]}}",
        "{sub_jobs: {match: ordered, items: [{status: [success, failed], count: {min: 0}}, "
        "{status: [waiting, running], count: {min: 0}}]}}",
    ],
)
def test_what_demands_a_little_is_let_be(load_job, expect):
    assert load_job(expect).expect.fields


def test_what_an_operator_gives_is_judged_as_well__C22(refuse_jobs):
    content = 'variables: {s: {default: success}}\njobs: {a: {job_id: i, expect: {status: "${var.s}"}}}\n'
    (found,) = refuse_jobs(content.replace("success", "[waiting, running, success, failed]"))
    assert found.code is Code.VACUOUS_EXPECTATION


def test_a_century_is_no_demand_either__C23(refuse_jobs):
    (found,) = refuse_jobs(
        "jobs: {a: {job_id: i, expect: {sub_jobs: {match: none, items: [{duration: {min: 876000h}}]}}}}"
    )
    assert found.code is Code.IMPOSSIBLE_EXPECTATION
