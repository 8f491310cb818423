"""An order of jobs that no answer can prove is refused before anything is requested."""

import pytest
from builders import NOW
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.document import Text
from reconcile.manifest import load_manifests

HEAD = """
version: 1
providers:
  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}
defaults: {provider: otc}
"""


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("first: {job_id: a}\n  second: {job_id: b, after: jobs.frist}", "there is no such job"),
        ("first: {job_id: a, after: jobs.first}", "cannot come after itself"),
        ("first: {job_id: a, after: jobs.second}\n  second: {job_id: b, after: jobs.first}", "back to this job"),
        (
            "first: {job_id: a, expect: {absent: true}}\n  second: {job_id: b, after: jobs.first}",
            "to be absent",
        ),
        (
            "first: {job_id: a}\n  second: {job_id: b, after: jobs.first, expect: {absent: true}}",
            "to be absent",
        ),
        ("first: {job_id: a, expect: {status: failed}}\n  second: {job_id: b, after: jobs.first}", "not expected to"),
        ("first: {for_each: [x], job_id: '${each.value}'}\n  second: {job_id: b, after: jobs.first}", "several jobs"),
    ],
)
def test_an_order_that_cannot_be_proven_is_refused(refuse, jobs, told):
    diagnostic, *_ = refuse(f"{HEAD}jobs:\n  {jobs}\n")
    assert diagnostic.code == "RC219"
    assert told in diagnostic.message


def test_what_could_be_meant_is_another_job(refuse):
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  b: {{job_id: b}}\n  c: {{job_id: c, after: jobs.d}}\n")
    assert "jobs.c" not in diagnostic.hint
    made = "a: {for_each: [x, y], job_id: '${each.value}'}"
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  b: {{job_id: b}}\n  c: {{job_id: c, after: b}}\n")
    assert diagnostic.hint == "write after: jobs.b"
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  b: {{job_id: b}}\n  c: {{job_id: c, after: [jobs.b]}}\n")
    assert diagnostic.hint == 'write one only, like "jobs.create-share"'
    (diagnostic,) = refuse(f"{HEAD}jobs:\n  {made}\n  c: {{job_id: c, after: jobs.a}}\n")
    assert diagnostic.hint == 'name one: jobs.a["x"], jobs.a["y"]'


@pytest.mark.parametrize(
    ("job", "address", "hint"),
    [
        ("{job_id: a, expcet: {}}", "jobs.a", "did you mean 'expect'?"),
        ("{job_id: a, provider: otx}", "jobs.a", "did you mean 'otc'?"),
        ("{for_each: [x], job_id: '${each.value}', provider: otx}", """'jobs.a["x"]'""", "did you mean 'otc'?"),
        ("{for_each: {x: ok, y: '%'}, job_id: '${each.value}'}", """'jobs.a["y"]'""", "An id is 1 to 64 ASCII letters"),
    ],
)
def test_a_job_with_an_error_of_its_own_still_counts_as_declared(refuse, job, address, hint):
    first, second = f"a: {job}", f"b: {{job_id: b, after: {address}}}"
    for jobs in (f"{first}\n  {second}", f"{second}\n  {first}"):
        (diagnostic,) = refuse(f"{HEAD}jobs:\n  {jobs}\n")
        assert diagnostic.code != "RC219"
        assert diagnostic.hint.startswith(hint)


def test_a_job_whose_api_is_not_known_yet_still_counts_as_declared(load):
    ecs = "  ecs: {api: ecs, cloud: otc, region: eu-de, project_id: p1}\ndefaults"
    jobs = "jobs:\n  a: {job_id: a, provider: '${var.p}'}\n  b: {job_id: b, after: jobs.a}\nvariables: {p: {}}\n"
    assert len(load(f"{HEAD.replace('defaults', ecs)}{jobs}", offline=True).jobs) == 1


def test_jobs_that_were_made_for_each_entry_follow_each_other(load):
    jobs = """
  first: {for_each: [x, y], job_id: "a-${each.value}"}
  second: {for_each: [x, y], job_id: "b-${each.value}", after: 'jobs.first["${each.key}"]'}
"""
    loaded = load(f"{HEAD}jobs:{jobs}", offline=True).jobs
    assert [each.after and each.after.address for each in loaded] == [
        None,
        None,
        'jobs.first["x"]',
        'jobs.first["y"]',
    ]
    head = f"{HEAD}variables: {{keys: {{type: list}}}}\n"
    unknown = jobs.replace("[x, y]", "'${var.keys}'")
    assert load(f"{head}jobs:{unknown}", offline=True).jobs
    assert load(f"{head}jobs:{unknown.replace('${each.key}', 'x')}", offline=True).jobs


def test_of_several_manifests_an_order_is_within_one():
    jobs = "jobs:\n  first: {job_id: a}\n  second: {job_id: b, after: jobs.first}\n"
    texts = [Text(name, f"name: {name}\n{HEAD}{jobs.replace('_id: ', f'_id: {name}-')}") for name in ("m", "p")]
    loaded = load_manifests(["m", "p"], now=NOW, texts=texts, offline=True).jobs
    assert [each.after.address for each in loaded if each.after] == ["m.jobs.first", "p.jobs.first"]


def test_a_long_chain_takes_no_longer_than_its_jobs(load):
    chain = "".join(f"  j{n}: {{job_id: i{n}, after: jobs.j{n + 1}}}\n" for n in range(3_000))
    assert len(load(f"{HEAD}jobs:\n{chain}  j3000: {{job_id: last}}\n", offline=True).jobs) == 3_001


@pytest.mark.parametrize("role", ["begin_time", "end_time"])
def test_an_api_without_times_shows_no_order(refuse, role):
    api = load_api("sfs-turbo")
    fields = {name: way for name, way in api.job.fields.items() if name != role}
    poor = replace(api, job=replace(api.job, fields=fields))
    jobs = "jobs:\n  first: {job_id: a}\n  second: {job_id: b, after: jobs.first}\n"
    (diagnostic,) = refuse(f"{HEAD}{jobs}", apis={"sfs-turbo": poor})
    assert "does not say when a job" in diagnostic.message
