"""What no run could decide about looks is refused before anything is requested."""

import pytest

from reconcile.model.manifest import Settle, Stuck

HEAD = """
version: 1
providers:
  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}
"""


@pytest.mark.parametrize(
    ("job", "code", "told"),
    [
        ("expect: {settle: {reads: 1, over: 30s}}", "RC108", "this must be at least 2"),
        ("expect: {settle: {reads: 101, over: 30s}}", "RC108", "this can be at most 100"),
        ("expect: {settle: {reads: 3}}", "RC109", "'over' is missing"),
        ("expect: {settle: {reads: 3, over: 0s}}", "RC108", "'over' must be longer than 0"),
        ("expect: {settle: {reads: 3, over: soon}}", "RC108", "'soon' is not allowed here"),
        ("expect: {stuck: 0s}", "RC108", "'stuck' must be longer than 0"),
        ("expect: {stuck: 10m, status: running}", "RC208", "a job that must be running may get stuck at any time"),
        ("expect: {stuck: 10m, status: [waiting, running]}", "RC208", "must be waiting or running"),
        ("timeout: 30s, expect: {settle: {reads: 3, over: 30s}}", "RC208", "settle needs reads over 30s"),
        ("timeout: 5m, expect: {stuck: 10m}", "RC208", "it takes 10m to see that the job is stuck"),
        ("expect: {absent: true, stuck: 10m}", "RC208", "'stuck' cannot be expected of a job that must not exist"),
    ],
)
def test_what_no_run_could_decide_is_refused(refuse, job, code, told):
    diagnostic, *_ = refuse(f"{HEAD}jobs:\n  a: {{job_id: id-a, {job}}}\n")
    assert diagnostic.code == code
    assert told in diagnostic.message


def test_a_waiver_cannot_name_what_is_never_drift(refuse):
    waiver = "{fields: [status, settle], reason: known, expires: 2026-12-24}"
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  a: {{job_id: id-a, waivers: [{waiver}]}}\n")
    assert (diagnostic.code, diagnostic.source.column) == ("RC108", 49)
    assert "'settle' is not one of status" in diagnostic.message
    assert "`settle` is only ever pending, never drift, so no waiver covers it" in diagnostic.hint


@pytest.mark.parametrize(
    ("settle", "hint"),
    [("30s", "write settle: {reads: 3, over: 30s}"), ("3", 'write it like {"reads": 3, "over": "30s"}')],
)
def test_a_scalar_is_shown_as_the_mapping_that_settle_needs(refuse, settle, hint):
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  a: {{job_id: id-a, expect: {{settle: {settle}}}}}\n")
    assert diagnostic.hint == hint


def test_the_jobs_own_expectation_takes_the_place_of_the_default(load):
    defaults = "defaults: {expect: {settle: {reads: 3, over: 30s}, stuck: 10m}}\n"
    jobs = "jobs:\n  a: {job_id: id-a}\n  b: {job_id: id-b, expect: {settle: {reads: 2, over: 1m}, stuck: 1h}}\n"
    a, b = load(f"{HEAD}{defaults}{jobs}").jobs
    for job, (settle, stuck) in ((a, ((3, 30.0), 600.0)), (b, ((2, 60.0), 3600.0))):
        assert isinstance(job.expect.settle, Settle)
        assert isinstance(job.expect.stuck, Stuck)
        assert ((job.expect.settle.reads, job.expect.settle.over), job.expect.stuck.limit) == (settle, stuck)


def test_values_come_from_variables(load):
    head = f"{HEAD}variables: {{reads: {{default: 4}}, over: {{default: 1m}}}}\n"
    expect = "{settle: {reads: '${var.reads}', over: '${var.over}'}, stuck: '${var.over}'}"
    (job,) = load(f"{head}jobs:\n  a: {{job_id: id-a, expect: {expect}}}\n").jobs
    assert (job.expect.settle.reads, job.expect.settle.over, job.expect.stuck.limit) == (4, 60.0, 60.0)
    unknown = head.replace("default: 4", "type: number")
    (job,) = load(f"{unknown}jobs:\n  a: {{job_id: id-a, expect: {expect}}}\n", offline=True).jobs
    assert (job.expect.settle, job.expect.stuck.limit) == (None, 60.0)
