"""`for_each`: many jobs of one declaration."""

import json
from itertools import chain

import pytest
from builders import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import measure_growth

from reconcile.apis import SHIPPED
from reconcile.codes import Code
from reconcile.document import Text, find_schema, parse_text
from reconcile.errors import DocumentError, ReconcileError
from reconcile.manifest.reader import ManifestReader
from reconcile.manifest.variables import read_values
from reconcile.model.manifest import Assignment

HEAD = "version: 1\nproviders: {p: {api: sfs-turbo, project_id: a}}\n"


def write_ids(count):
    return ", ".join(f"id-{number}" for number in range(count))


def test_an_entry_of_a_list_is_key_and_value(load_jobs):
    jobs = load_jobs("jobs:\n  a: {for_each: [x, 'y'], job_id: 'id-${each.key}', labels: {v: '${each.value}'}}\n")
    assert [(job.address, job.job_id, job.labels["v"]) for job in jobs] == [
        ('jobs.a["x"]', "id-x", "x"),
        ('jobs.a["y"]', "id-y", "y"),
    ]
    assert {(job.source.line, job.source.column) for job in jobs} == {(4, 3)}


def test_an_entry_of_a_mapping_may_be_any_value(load_jobs):
    (job,) = load_jobs("jobs:\n  a: {for_each: {k: {tier: web}}, job_id: '${each.key}', labels: '${each.value}'}\n")
    assert (job.job_id, job.labels) == ("k", {"tier": "web"})


@pytest.mark.parametrize(
    ("key", "address"),
    [('a"b', 'jobs.a["a\\"b"]'), ("a\\b", 'jobs.a["a\\\\b"]'), ("ü", 'jobs.a["ü"]'), ("", 'jobs.a[""]')],
)
def test_a_key_is_quoted_in_the_address(load_jobs, key, address):
    (job,) = load_jobs(
        "variables: {k: {}}\njobs:\n  a: {for_each: ['${var.k}'], job_id: i}\n", given=[Assignment("k", key)]
    )
    assert job.address == address


def test_what_each_job_expects_may_differ(load_jobs):
    jobs = load_jobs(
        "jobs:\n  a: {for_each: {x: s, y: t}, job_id: '${each.key}', expect: {job_type: '${each.value}'}}\n"
    )
    assert [job.expect.fields[1].accept for job in jobs] == [("s",), ("t",)]


def test_what_no_job_has_to_itself_is_read_once(load_jobs):
    jobs = load_jobs("jobs:\n  a: {for_each: [x, y], job_id: '${each.key}', expect: {job_type: t, sub_jobs: [t]}}\n")
    assert jobs[0].expect is jobs[1].expect


@pytest.mark.parametrize(
    ("job", "code", "column"),
    [
        pytest.param("{for_each: [], job_id: i}", Code.NOTHING_TO_CHECK, 7, id="empty list"),
        pytest.param("{for_each: {}, job_id: i}", Code.NOTHING_TO_CHECK, 7, id="empty mapping"),
        pytest.param("{for_each: [a, a], job_id: i}", Code.DUPLICATE_INSTANCE, 21, id="twice"),
        pytest.param("{for_each: [1], job_id: i}", Code.QUOTE_IT, 18, id="no string"),
        pytest.param("{for_each: ['${each.key}'], job_id: i}", Code.MALFORMED_REFERENCE, 19, id="each of itself"),
        pytest.param("{for_each: [a/b], job_id: 'i-${each.key}'}", Code.VALUE_NOT_ALLOWED, 32, id="B02"),
        pytest.param("{for_each: {a: [1]}, job_id: i, labels: {a: '${each.value}'}}", Code.WRONG_TYPE, 50, id="type"),
        pytest.param(
            "{for_each: {a: succes}, job_id: i, expect: {status: '${each.value}'}}",
            Code.VALUE_NOT_ALLOWED,
            58,
            id="C23",
        ),
        pytest.param("{for_each: [a], job_id: '${each.valeu}'}", Code.MALFORMED_REFERENCE, 31, id="misspelt"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_once_at_its_place(refuse_jobs, job, code, column):
    (found,) = refuse_jobs(f"jobs:\n  a: {job}\n")
    assert (found.code, found.source.line, found.source.column) == (code, 4, column)


def test_one_job_of_two_entries_is_declared_twice__B07(refuse_jobs):
    found = refuse_jobs("jobs:\n  a: {for_each: {x: s, y: t}, job_id: i, expect: {job_type: '${each.value}'}}\n")
    assert [fault.code for fault in found] == [Code.CONTRADICTING_JOBS]


EACH = "{sub_jobs: [" + ", ".join(['"${each.key}"'] * 500) + "]}"


@pytest.mark.parametrize(
    ("expect", "count", "said"),
    [
        ("{job_type: t}", 60_000, "for_each creates more than 100000 jobs"),
        (EACH, 5_000, "for_each creates more than 4000000 keys and values that differ from job to job"),
    ],
    ids=["jobs", "what they say"],
)
def test_too_much_is_refused_before_any_job_is_made(expect, count, said):
    declared = f"{{for_each: [{write_ids(count)}], job_id: '${{each.key}}', expect: {expect}}}"
    document = parse_text(Text("m", f"{HEAD}jobs:\n  a: {declared}\n  b: {declared}\n"), is_json=False)
    values, schema = read_values([], {}, None), find_schema("manifest.v1")
    reader = ManifestReader(document, values=values, apis=SHIPPED, schema=schema)
    jobs = reader.read_jobs(prefix="", today=NOW.date(), judged=NOW.date())
    with pytest.raises(DocumentError, match=said):
        next(jobs)


def test_what_the_jobs_have_in_common_counts_once(load_jobs):
    items = ", ".join(f"{{job_type: t{n}}}" for n in range(1_000))
    expect = f"{{sub_jobs: {{match: contains, items: [{items}]}}}}"
    jobs = load_jobs(f"jobs:\n  a: {{for_each: [{write_ids(2_000)}], job_id: '${{each.key}}', expect: {expect}}}\n")
    assert len(jobs) == 2_000
    assert len({id(job.expect) for job in jobs}) == 1


def test_the_work_grows_as_the_entries_do(load_jobs):
    declared = "{for_each: '${var.ids}', job_id: '${each.value}', expect: {job_type: t}}"
    content = f"variables: {{ids: {{default: []}}}}\njobs:\n  a: {declared}\n"

    def work(many):
        assert len(load_jobs(content, given=[Assignment("ids", f"[{write_ids(many)}]")])) == many

    assert measure_growth(work, 1_000) < 2.5


IDS = ["id-1", "a", "26e65", "0123", "null", "x" * 64, "i" * 40]
ODD = ["", "a/b", "x" * 65, "é", "a b", "${each.key}", "a\nb", 1, 1.5, True, None, ["a"], {"a": "b"}]
TEMPLATES = ["${each.key}", "${each.value}", "i-${each.key}", "${each.key}${each.value}", "${var.p}-${each.value}"]
TEMPLATES += ["$${each.key}", "${each.valeu}", "${var.none}-${each.key}"]
REST = ["", ", labels: {a: '${each.value}'}", ", provider: none", ", timeout: 0s", ", expect: {status: [success, odd]}"]
REST += [", waivers: [{fields: [age], reason: r, expires: 2026-11-01}]", ", expect: {job_type: '${each.value}'}"]


@settings(max_examples=200, deadline=None)
@given(
    job_id=st.sampled_from(TEMPLATES),
    rest=st.sampled_from(REST),
    entries=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS * 2 + ODD)), min_size=1, max_size=6).map(dict),
    as_list=st.booleans(),
)
def test_each_job_is_what_it_would_be_alone(load_jobs, job_id, rest, entries, as_list):
    content = f"variables: {{ids: {{default: {{}}}}, p: {{default: p}}}}\njobs:\n  a: {{job_id: '{job_id}'{rest}, "

    def tell(entries):
        """Return the jobs, and what is wrong with any of them alone."""
        value = json.dumps(list(entries.values()) if as_list else entries)
        try:
            return load_jobs(content + "for_each: '${var.ids}'}\n", given=[Assignment("ids", value)]), set()
        except ReconcileError as error:
            return (), {each for each in error.diagnostics if each.code is not Code.CONTRADICTING_JOBS}

    if as_list:
        entries = {value: value for value in entries.values() if isinstance(value, str)} or {"a": "a"}
    told = [tell({key: value}) for key, value in entries.items()]
    faults = set(chain.from_iterable(faults for _, faults in told))
    jobs = tuple(chain.from_iterable(jobs for jobs, _ in told))
    if faults or len({job.job_id for job in jobs}) < len(jobs):
        jobs = ()
    assert tell(entries) == (jobs, faults)
