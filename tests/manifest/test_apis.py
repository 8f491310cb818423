"""A manifest says the same of every job API, but not what an API cannot answer."""

import pytest

from reconcile.apis import api_names, load_api
from reconcile.codes import Code
from reconcile.fetch.request import build_path


def manifest_of(api, expect, parameters=None):
    needed = dict.fromkeys(load_api(api).parameters, "s1") if parameters is None else parameters
    return (
        f"version: 1\nproviders: {{p: {{api: {api}, project_id: p1}}}}\n"
        f"jobs: {{a: {{job_id: i, parameters: {needed}, expect: {expect}}}}}\n"
    )


@pytest.mark.parametrize("api", api_names())
@pytest.mark.parametrize("state", ["running", "success", "failed"])
def test_every_api_has_the_states_of_one_language(api, state, load):
    assert load(manifest_of(api, f"{{status: {state}}}")).jobs[0].expect.fields[0].accept == (state,)


@pytest.mark.parametrize(
    ("api", "expect", "code", "said"),
    [
        ("rds", "{status: failed, error_code: DBS.1}", Code.IMPOSSIBLE_EXPECTATION, "fail_reason"),
        ("rds", "{error_code: null}", Code.IMPOSSIBLE_EXPECTATION, "status, job_type"),
        ("ddm", "{status: failed, fail_reason: no}", Code.IMPOSSIBLE_EXPECTATION, "status, job_type"),
        ("sfs-turbo-du-task", "{job_type: du}", Code.IMPOSSIBLE_EXPECTATION, "begin_time"),
        ("cce", "{sub_jobs: {each: {error_code: null}}}", Code.IMPOSSIBLE_EXPECTATION, "fail_reason"),
        ("ecs", "{absent: true}", Code.IMPOSSIBLE_EXPECTATION, "expect a status instead"),
        ("dcs", "{sub_jobs: []}", Code.IMPOSSIBLE_EXPECTATION, "remove it"),
        ("rds", "{status: Completed}", Code.VALUE_NOT_ALLOWED, None),
        ("rds", "{status: waiting}", Code.UNKNOWN_STATUS, None),
    ],
)
def test_what_an_api_never_says_is_refused_offline(api, expect, code, said, refuse):
    (diagnostic,) = refuse(manifest_of(api, expect))
    assert diagnostic.code is code
    assert said is None or said in diagnostic.hint


@pytest.mark.parametrize("api", ["rds", "cce", "geminidb", "sfs-turbo-data-task", "sfs-turbo"])
def test_an_api_that_says_so_may_have_no_such_job(api, load):
    assert load(manifest_of(api, "{absent: true}")).jobs


def test_a_path_takes_what_each_job_brings(load, refuse):
    (job,) = load(manifest_of("sfs-turbo-data-task", "{}")).jobs
    assert build_path(job) == "/v1/p1/sfs-turbo/s1/hpc-cache/task/i"
    (missing,) = refuse(manifest_of("sfs-turbo-data-task", "{}", {}))
    assert (missing.code, "share_id" in missing.message) == (Code.KEY_REQUIRED, True)
    (unknown,) = refuse(manifest_of("rds", "{}", {"share_id": "s1"}))
    assert unknown.code is Code.UNKNOWN_KEY
    assert refuse(manifest_of("sfs-turbo-data-task", "{}", {"share_id": "../x"}))


def test_one_id_is_asked_for_at_one_path(refuse):
    text = manifest_of("sfs-turbo-data-task", "{}").replace(
        "jobs: {", "jobs: {b: {job_id: i, parameters: {share_id: s2}}, "
    )
    (diagnostic,) = refuse(text)
    assert diagnostic.code is Code.CONTRADICTING_JOBS


@pytest.mark.parametrize(
    ("cloud", "path"),
    [("otc, region: eu-de", "/v1/p1/jobs/i"), ("huaweicloud, region: cn-north-4", "/v1/cloudimages/job/i")],
)
def test_a_cloud_may_have_a_path_of_its_own(cloud, path, load):
    (job,) = load(manifest_of("ims", "{}").replace("project_id", f"cloud: {cloud}, project_id")).jobs
    assert build_path(job) == path


def test_the_id_may_stand_in_the_query(load):
    (job,) = load(manifest_of("rds", "{}")).jobs
    assert build_path(job) == "/v3/p1/jobs?id=i"
