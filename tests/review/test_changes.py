"""Each way to weaken each key is found, and neither the way back nor another way to say the same is taken for one."""

import json
from datetime import UTC, datetime
from itertools import count

import pytest
import yaml
from msgspec.structs import replace
from steps import measure_growth

from reconcile.cli.judging import make_judge
from reconcile.manifest import load_manifests
from reconcile.model.review import Relation
from reconcile.review import review_manifests

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROVIDERS = {"otc": {"api": "sfs-turbo", "cloud": "otc", "region": "eu-de", "project_id": "p1"}}

# Strong and weak, as parts of a job.
EXPECTATIONS = {
    "status dropped": ("status: failed", "status: [failed, success]"),
    "status widened": ("status: success", "status: [success, running]"),
    "status of a wait": ("status: running", "status: [running, waiting]"),
    "type dropped": ("job_type: bind_ldap", ""),
    "type widened": ("job_type: bind_ldap", "job_type: [bind_ldap, create_share]"),
    "type to glob": ("job_type: bind_ldap", 'job_type: {glob: "bind_*"}'),
    "glob widened": ('job_type: {glob: "bind_*"}', 'job_type: {glob: "bind*"}'),
    "glob with a question mark": ('job_type: {glob: "bind_????"}', 'job_type: {glob: "bind_*"}'),
    "two globs": ('job_type: [{glob: "a*b"}, {glob: "ab*b"}]', 'job_type: [{glob: "a*b"}, {glob: "b*"}]'),
    "type or none": ("job_type: bind_ldap", "job_type: [bind_ldap, null]"),
    "error code dropped": ("error_code: null", ""),
    "error code widened": ("error_code: null", "error_code: [null, SFS.TURBO.0005]"),
    "reason dropped": ("fail_reason: null", ""),
    "reason to glob": ("{status: failed, fail_reason: full}", '{status: failed, fail_reason: {glob: "*full*"}}'),
    "begin dropped": ("begin_time: {after: 2026-11-20T00:00:00Z}", ""),
    "begin earlier": ("begin_time: {after: 2026-11-20T00:00:00Z}", "begin_time: {after: 2026-11-19T23:59:59Z}"),
    "begin later": ("begin_time: {before: 2026-11-20T00:00:00Z}", "begin_time: {before: 2026-11-20T00:00:01Z}"),
    "begin in the future": ("begin_time: {before: 2026-12-20T00:00:00Z}", "begin_time: {before: 2026-12-21T00:00:00Z}"),
    "end without a bound": (
        "end_time: {after: 2026-11-20T00:00:00Z, before: 2026-11-21T00:00:00Z}",
        "end_time: {after: 2026-11-20T00:00:00Z}",
    ),
    "duration dropped": ("duration: {max: 10m}", ""),
    "duration longer": ("duration: {max: 10m}", "duration: {max: 601s}"),
    "duration shorter": ("duration: {min: 10s, max: 10m}", "duration: {min: 9s, max: 10m}"),
    "age older": ("age: {max: 24h}", "age: {max: 25h}"),
    "age by a moment": ("age: {max: 24h}", "age: {max: 24h1ms}"),
    "age younger": ("age: {min: 1h}", "age: {min: 59m}"),
    "beside a time to come": (
        "{begin_time: {after: 2026-12-20T00:00:00Z}, error_code: null}",
        "begin_time: {after: 2026-12-20T00:00:00Z}",
    ),
    "beside a length to come": (
        "{begin_time: {after: 2026-11-22T11:00:00Z}, duration: {min: 2h}, error_code: null}",
        "{begin_time: {after: 2026-11-22T11:00:00Z}, duration: {min: 2h}}",
    ),
    "age to time": (
        "{age: {max: 12h}, end_time: {after: 2026-11-22T00:00:00Z}}",
        "end_time: {after: 2026-11-22T00:00:00Z}",
    ),
    "fewer looks": ("settle: {reads: 3, over: 30s}", "settle: {reads: 2, over: 30s}"),
    "looks over less": ("settle: {reads: 3, over: 30s}", "settle: {reads: 3, over: 29s}"),
    "one look": ("settle: {reads: 2, over: 1s}", ""),
    "stuck for longer": ("stuck: 10m", "stuck: 601s"),
    "stuck for ever": ("stuck: 10m", ""),
    "stuck where running will do": (
        "{status: [running, success], stuck: 10m}",
        "{status: [running, success]}",
    ),
    "one look at a time to come": (
        "{begin_time: {after: 2026-12-20T00:00:00Z}, settle: {reads: 2, over: 1s}}",
        "begin_time: {after: 2026-12-20T00:00:00Z}",
    ),
    "stuck at a time to come": (
        "{end_time: {after: 2026-12-20T00:00:00Z}, stuck: 10m}",
        "end_time: {after: 2026-12-20T00:00:00Z}",
    ),
    "stuck and settled": (
        "{stuck: 10m, settle: {reads: 3, over: 30s}, duration: {max: 1h}}",
        "{stuck: 20m, settle: {reads: 2, over: 20s}, duration: {max: 1h}}",
    ),
    "sub-jobs dropped": ("sub_jobs: [a, b]", "{}"),
    "sub-jobs implied": ("{}", "sub_jobs: {match: none, items: [{job_type: a, status: failed}]}"),
    "sub-job optional": (
        "sub_jobs: {items: [{job_type: a}, {job_type: b}]}",
        "sub_jobs: {items: [{job_type: a}, {job_type: b, count: {min: 0, max: 1}}]}",
    ),
    "sub-job repeated": ("sub_jobs: {items: [{job_type: a}]}", "sub_jobs: {items: [{job_type: a, count: {min: 1}}]}"),
    "sub-job of any status": ("sub_jobs: [a]", "sub_jobs: {items: [{job_type: a}]}"),
    "sub-job widened": (
        "sub_jobs: {items: [{job_type: a, status: success}]}",
        "sub_jobs: {items: [{job_type: [a, b], status: success}]}",
    ),
    "sub-job of any code": (
        "sub_jobs: {items: [{job_type: a, error_code: null}]}",
        "sub_jobs: {items: [{job_type: a}]}",
    ),
    "sub-job for longer": (
        "sub_jobs: {items: [{job_type: a, duration: {max: 1m}}]}",
        "sub_jobs: {items: [{job_type: a, duration: {max: 2m}}]}",
    ),
    "exact to contains": (
        "sub_jobs: {items: [{job_type: a}, {job_type: b}]}",
        "sub_jobs: {match: contains, items: [{job_type: a}, {job_type: b}]}",
    ),
    "ordered to exact": (
        "sub_jobs: {match: ordered, items: [{job_type: a}, {job_type: b}]}",
        "sub_jobs: {items: [{job_type: a}, {job_type: b}]}",
    ),
    "item of contains dropped": (
        "sub_jobs: {match: contains, items: [{job_type: a}, {job_type: b}]}",
        "sub_jobs: {match: contains, items: [{job_type: a}]}",
    ),
    "maximum of contains dropped": (
        "sub_jobs: {match: contains, items: [{job_type: a, count: {min: 1, max: 2}}]}",
        "sub_jobs: {match: contains, items: [{job_type: a, count: {min: 1}}]}",
    ),
    "item of none dropped": (
        "sub_jobs: {match: none, items: [{job_type: a}, {status: failed}]}",
        "sub_jobs: {match: none, items: [{status: failed}]}",
    ),
    "item of none narrowed": (
        "sub_jobs: {match: none, items: [{status: failed}]}",
        "sub_jobs: {match: none, items: [{status: failed, job_type: a}]}",
    ),
    "each dropped": (
        "sub_jobs: {each: {status: success}, count: {min: 1, max: 5}}",
        "sub_jobs: {count: {min: 1, max: 5}}",
    ),
    "each widened": (
        "sub_jobs: {each: {status: success}}",
        "sub_jobs: {each: {status: [success, running]}}",
    ),
    "count wider": ("sub_jobs: {count: {min: 2, max: 30}}", "sub_jobs: {count: {min: 2, max: 31}}"),
    "count lower": ("sub_jobs: {count: {min: 30}}", "sub_jobs: {count: {min: 29}}"),
}

JOBS = {
    "waiver added": ("{}", "waivers: [{fields: [duration], reason: known, expires: 2026-12-01}]"),
    "waiver longer": (
        "waivers: [{fields: [job_type], reason: known, expires: 2026-12-01}]",
        "waivers: [{fields: [job_type], reason: known, expires: 2026-12-02}]",
    ),
    "waiver of more": (
        "waivers: [{fields: [duration], reason: known, expires: 2026-12-01}]",
        "waivers: [{fields: [duration, sub_jobs], reason: known, expires: 2026-12-01}]",
    ),
    "waiver of a missing job": ("{}", "waivers: [{fields: [missing], reason: known, expires: 2026-12-01}]"),
    "missing: wait": ("missing: drift", "missing: wait"),
    "timeout longer": ("timeout: 10m", "timeout: 11m"),
    "timeout dropped": ("timeout: 10m", "{}"),
    "missing: wait for a time to come": (
        "expect: {begin_time: {after: 2026-12-20T00:00:00Z}}",
        "{expect: {begin_time: {after: 2026-12-20T00:00:00Z}}, missing: wait}",
    ),
    "waiver that ends between times to come": (
        "expect: {begin_time: {after: 2026-12-05T00:00:00Z, before: 2027-01-01T00:00:00Z}}",
        "{expect: {begin_time: {after: 2026-12-05T00:00:00Z, before: 2027-01-01T00:00:00Z}},"
        " waivers: [{fields: [status, sub_jobs], reason: known, expires: 2026-12-10}]}",
    ),
    "waiver that ends between times of sub-jobs to come": (
        "expect: {sub_jobs: {items: [{end_time: {after: 2026-12-05T00:00:00Z, before: 2027-01-01T00:00:00Z}}]}}",
        "{expect: {sub_jobs: {items: [{end_time: {after: 2026-12-05T00:00:00Z, before: 2027-01-01T00:00:00Z}}]}},"
        " waivers: [{fields: [status], reason: known, expires: 2026-12-10}]}",
    ),
    "timeout longer for a time to come": (
        "{expect: {begin_time: {after: 2026-12-20T00:00:00Z}}, timeout: 10m}",
        "{expect: {begin_time: {after: 2026-12-20T00:00:00Z}}, timeout: 11m}",
    ),
}
EXPECTED = "{job_type: bind_ldap, duration: {max: 1h}, sub_jobs: [a]}"


def write(jobs, **more):
    return {"version": 1, "providers": PROVIDERS, **more, "jobs": jobs}


def read(text):
    read = yaml.load(text if text.startswith("{") else f"{{{text}}}", Loader=yaml.BaseLoader) if text else {}
    return _as_numbers(read)


def _as_numbers(node):
    """Return a tree of strings with the counts and nulls that were meant."""
    if isinstance(node, dict):
        return {key: _as_numbers(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_numbers(each) for each in node]
    return None if node == "null" else int(node) if node.isdecimal() else node


def in_a_job(expect):
    return write({"a": {"job_id": "id-1", "expect": expect}})


def in_the_defaults(expect):
    return write({"a": {"job_id": "id-1"}, "b": {"job_id": "id-2"}}, defaults={"expect": expect})


def in_for_each(expect):
    return write({"a": {"for_each": ["id-1", "id-2"], "job_id": "${each.value}", "expect": expect}})


def beside_others(expect):
    defaults = {"expect": {"error_code": None, "fail_reason": None, "duration": {"max": "2h"}}}
    return write({"a": {"job_id": "id-1", "expect": expect, "labels": {"tier": "web"}}}, defaults=defaults)


def beside_a_waiver(expect):
    waiver = {"fields": ["missing"], "reason": "known", "expires": "2026-12-24"}
    return write({"a": {"job_id": "id-1", "expect": expect, "waivers": [waiver]}})


PLACES = [in_a_job, in_the_defaults, in_for_each, beside_a_waiver]


def list_pairs(places):
    """List all pairs, each expectation in so many places, which take turns."""
    for number, (name, (strong, weak)) in enumerate(EXPECTATIONS.items()):
        for place in [PLACES[(number + turn) % len(PLACES)] for turn in range(places)]:
            yield pytest.param(place(read(strong)), place(read(weak)), id=f"{name}-{place.__name__}")
    for name, (strong, weak) in JOBS.items():
        pair = (write({"a": {"job_id": "id-1", "expect": read(EXPECTED), **read(each)}}) for each in (strong, weak))
        yield pytest.param(*pair, id=name)


@pytest.fixture
def compare(tmp_path):
    """Review two manifests, given as trees or texts; return the jobs."""

    def load(tree, name):
        path = tmp_path / f"{name}.{'yaml' if isinstance(tree, str) else 'json'}"
        path.write_text(tree if isinstance(tree, str) else json.dumps(tree))
        return load_manifests([str(path)], now=NOW, offline=True)

    def run(old, new):
        return review_manifests(load(old, "old"), load(new, "new"), make_judge(), now=NOW).jobs

    return run


@pytest.mark.parametrize(("strong", "weak"), [*list_pairs(places=len(PLACES))])
def test_a_weakening_is_found_with_its_witness_and_the_way_back_is_none(compare, strong, weak):
    for job in compare(strong, weak):
        assert job.relation is Relation.WEAKER, job
        assert job.witness.answers[-1].new == "in_sync"
        assert job.witness.answers[0].old not in ("in_sync", None)
    assert {job.relation for job in compare(weak, strong)} == {Relation.STRONGER}


# --- The same in other words -----------------------------------------------------------------------------------


def to_yaml(tree):
    return json.dumps(tree, indent=1)


def reorder(tree):
    if isinstance(tree, dict):
        return {key: reorder(tree[key]) for key in sorted(tree, reverse=True)}
    return tree


def write_out(tree):
    """Write the defaults into each job, and each job of a for_each by itself, under another name."""
    jobs = {}
    for name, job in tree["jobs"].items():
        own = {key: value for key, value in job.items() if key != "for_each"}
        expect = {**tree.get("defaults", {}).get("expect", {}), **job.get("expect", {})}
        for number, value in enumerate(job.get("for_each", [job["job_id"]])):
            jobs[f"{name}-{number}"] = {**own, "job_id": value, "expect": expect}
    return write(jobs)


def say_what_is_implied(tree):
    jobs = {}
    for name, job in tree["jobs"].items():
        expect = {"status": "success", **tree.get("defaults", {}).get("expect", {}), **job.get("expect", {})}
        if expect["status"] == "success" and "sub_jobs" not in expect:
            expect["sub_jobs"] = {"match": "none", "items": [{"status": "failed"}]}
        jobs[name] = {**job, "expect": expect}
    return {**tree, "jobs": jobs}


@pytest.mark.parametrize("rewrite", [to_yaml, reorder, write_out, say_what_is_implied], ids=lambda each: each.__name__)
@pytest.mark.parametrize(("strong", "weak"), [*list_pairs(places=1)])
def test_the_same_in_other_words_is_equal(compare, strong, weak, rewrite):
    for tree in (strong, weak):
        assert {job.relation for job in compare(tree, rewrite(tree))} == {Relation.EQUAL}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sub_jobs: [a, b]", "sub_jobs: {items: [{job_type: b, status: success}, {status: success, job_type: a}]}"),
        ("sub_jobs: [a, a]", "sub_jobs: {items: [{job_type: a, status: success, count: {min: 2, max: 2}}]}"),
        ("sub_jobs: []", "sub_jobs: {count: {max: 0}}"),
        ("job_type: [x, y]", "job_type: [y, x]"),
        ('job_type: {glob: "x*"}', 'job_type: [{glob: "x*"}, {glob: "xy*"}, xyz]'),
        ('job_type: {glob: "x*"}', 'job_type: [x, {glob: "x?*"}]'),
        ("duration: {max: 60m}", "duration: {max: 1h}"),
        ("duration: {max: 60m}", "duration: {max: 1h0.5s}"),
        ("end_time: {after: 2026-11-20T01:00:00+01:00}", "end_time: {after: 2026-11-20T00:00:00Z}"),
        ("sub_jobs: {each: {status: success}}", "sub_jobs: {each: {status: success}, count: {min: 1}}"),
        (
            "sub_jobs: {match: contains, items: [{job_type: a, count: {min: 1, max: 1}}]}",
            "sub_jobs: {match: contains, items: [{job_type: a, count: {max: 1}}, {job_type: a, count: {min: 1}}]}",
        ),
        (
            "sub_jobs: {match: contains, items: [{job_type: a, count: {min: 2, max: 2}}]}",
            "sub_jobs: {match: contains, items: "
            "[{job_type: a, count: {min: 1, max: 3}}, {job_type: a, count: {min: 1, max: 2}}]}",
        ),
        (
            "sub_jobs: {items: [{job_type: a, count: {min: 2, max: 5}}]}",
            "sub_jobs: {items: [{job_type: a, count: {min: 1, max: 3}}, {job_type: a, count: {min: 1, max: 2}}]}",
        ),
    ],
)
def test_other_ways_to_say_the_same_are_equal(compare, one, other):
    assert {job.relation for job in compare(in_a_job(read(one)), in_a_job(read(other)))} == {Relation.EQUAL}


def test_jobs_with_the_same_change_are_judged_once(tmp_path):
    judged = []
    gate = make_judge()

    def judge(*arguments):
        judged.append(arguments)
        return gate.judge(*arguments)

    manifests = []
    for name, expect in (("old", {"error_code": None}), ("new", {})):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(write({f"j{n}": {"job_id": f"id-{n}", "expect": expect} for n in range(1_000)})))
        manifests.append(load_manifests([str(path)], now=NOW, offline=True))
    jobs = review_manifests(*manifests, replace(gate, judge=judge), now=NOW).jobs
    assert {job.relation for job in jobs} == {Relation.WEAKER}
    assert [json.loads(job.witness.answers[0].exchange.body)["job_id"] for job in jobs] == [
        f"id-{n}" for n in range(1_000)
    ]
    assert len(judged) == 2


FIRST = {"job_id": "id-1"}
SECOND = {"job_id": "id-2", "after": "jobs.a"}
THIRD = {"job_id": "id-3"}
CODE = {"error_code": None}
WAIVED = {"fields": ["after"], "reason": "known", "expires": "2026-12-24"}


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        ({"a": FIRST, "b": SECOND}, {"b": SECOND, "a": FIRST}, Relation.EQUAL),
        ({"a": FIRST, "b": SECOND}, {"c": FIRST, "b": {**SECOND, "after": "jobs.c"}}, Relation.EQUAL),
        ({"a": FIRST, "b": SECOND}, {"a": FIRST, "b": {"job_id": "id-2"}}, Relation.WEAKER),
        ({"a": FIRST, "b": SECOND}, {"a": {"job_id": "id-3"}, "b": SECOND}, Relation.DIFFERENT),
        ({"a": FIRST, "b": SECOND}, {"a": {**FIRST, "after": "jobs.b"}, "b": {"job_id": "id-2"}}, Relation.WEAKER),
        (
            {"a": FIRST, "b": SECOND},
            {"a": FIRST, "c": {**THIRD, "after": "jobs.a"}, "b": {**SECOND, "after": "jobs.c"}},
            Relation.STRONGER,
        ),
        (
            {"a": FIRST, "b": SECOND},
            {"a": FIRST, "c": {**THIRD, "after": "jobs.a", "waivers": [WAIVED]}, "b": {**SECOND, "after": "jobs.c"}},
            Relation.DIFFERENT,
        ),
        (
            {"a": FIRST, "c": {**THIRD, "after": "jobs.a"}, "b": {**SECOND, "after": "jobs.c"}},
            {"a": FIRST, "c": THIRD, "b": SECOND},
            Relation.WEAKER,
        ),
        ({"a": FIRST, "b": {"job_id": "id-2"}}, {"a": FIRST, "b": SECOND}, Relation.STRONGER),
        ({"a": FIRST, "b": {"job_id": "id-2"}}, {"a": FIRST, "b": {**SECOND, "expect": CODE}}, Relation.STRONGER),
        ({"a": FIRST, "b": {"job_id": "id-2", "expect": CODE}}, {"a": FIRST, "b": SECOND}, Relation.DIFFERENT),
        ({"a": FIRST, "b": {**SECOND, "expect": CODE}}, {"a": FIRST, "b": SECOND}, Relation.WEAKER),
        ({"a": FIRST, "b": SECOND}, {"a": FIRST, "b": {**SECOND, "expect": CODE}}, Relation.STRONGER),
        ({"a": FIRST, "b": SECOND}, {"a": FIRST, "b": {**SECOND, "missing": "wait"}}, Relation.WEAKER),
        ({"a": FIRST, "b": SECOND}, {"a": {**FIRST, "expect": CODE}, "b": SECOND}, Relation.EQUAL),
        (
            {"a": FIRST, "b": {**SECOND, "expect": {"begin_time": {"after": "2026-11-20T00:00:00Z"}}}},
            {"a": FIRST, "b": SECOND},
            Relation.WEAKER,
        ),
        ({"a": FIRST, "b": SECOND}, {"a": FIRST, "b": {**SECOND, "waivers": [WAIVED]}}, Relation.WEAKER),
        (
            {"a": FIRST, "b": {**SECOND, "waivers": [{**WAIVED, "expires": "2026-12-01"}]}},
            {"a": FIRST, "b": {**SECOND, "waivers": [WAIVED]}},
            Relation.WEAKER,
        ),
        (
            {"a": FIRST, "b": {**SECOND, "waivers": [WAIVED]}},
            {"a": FIRST, "b": {**SECOND, "waivers": [{**WAIVED, "expires": "2026-12-01"}]}},
            Relation.STRONGER,
        ),
        (
            {"a": FIRST, "b": SECOND},
            {"a": FIRST, "b": {**SECOND, "waivers": [{**WAIVED, "expires": "2026-11-20"}]}},
            Relation.EQUAL,
        ),
        (
            {"a": FIRST, "b": {**SECOND, "waivers": [WAIVED]}},
            {"a": FIRST, "b": {**SECOND, "waivers": [{**WAIVED, "reason": "other"}]}},
            Relation.EQUAL,
        ),
    ],
    ids=[
        "same",
        "renamed",
        "dropped",
        "another job",
        "turned around",
        "a step between",
        "a waived step between",
        "a step less between",
        "added",
        "added beside more",
        "added beside less",
        "weaker beside it",
        "stronger beside it",
        "longer patience beside it",
        "the other job is stronger",
        "begun earlier",
        "waived",
        "waived for longer",
        "waived for less long",
        "waived until yesterday",
        "waived as before",
    ],
)
def test_a_job_that_comes_after_another_is_compared_by_what_else_it_expects(compare, old, new, relation):
    found = {job.old.job_id: job for job in compare(write(old), write(new)) if job.old}["id-2"]
    assert found.relation is relation
    own = [each for each in found.witness.answers if each.about is None] if found.witness else []
    assert not own or own[-1].observation.begin_time is not None


@pytest.mark.parametrize(
    ("first", "expect", "gone"),
    [
        ({}, {}, False),
        ({}, {}, True),
        ({"job_type": "create_share", "sub_jobs": ["x"]}, {"error_code": None}, False),
        ({"end_time": {"before": "2026-01-01T00:00:00Z"}, "duration": {"min": "10m", "max": "1h"}}, {}, False),
        ({"age": {"min": "1d"}}, {"duration": {"min": "2d"}, "age": {"max": "1h"}}, False),
        ({"status": ["running", "success", "failed"]}, {"status": ["failed", "success"]}, False),
    ],
)
def test_two_answers_show_what_a_dropped_order_lets_through(compare, first, expect, gone):
    """One is about a job that is otherwise in sync, the other about the one whose success it did not wait for."""
    first, job = {**FIRST, "expect": first}, {"job_id": "id-2", "expect": expect}
    new = write({**({} if gone else {"c": first}), "b": job})
    found = {each.address: each for each in compare(write({"a": first, "b": {**job, "after": "jobs.a"}}), new)}[
        "jobs.b"
    ]
    begun, ended = found.witness.answers
    assert (begun.about, begun.observation.job_id, begun.old, begun.new) == (None, "id-2", "drift", "in_sync")
    assert (ended.about, ended.observation.job_id, ended.old, ended.new) == (
        "jobs.a",
        "id-1",
        "in_sync",
        None if gone else "in_sync",
    )
    assert ended.observation.status == "success"
    assert begun.observation.begin_time < ended.observation.end_time
    assert [each.path for each in found.witness.findings] == ["after"]


@pytest.mark.parametrize(
    ("old_first", "new_first", "expect"),
    [
        ({"end_time": {"before": "2026-11-20T00:00:00Z"}}, None, {"begin_time": {"after": "2026-11-20T00:00:00Z"}}),
        ({"job_type": "x"}, {"job_type": "y"}, {"begin_time": {"after": "2026-11-20T00:00:00Z"}}),
        ({}, {"status": "failed"}, {"begin_time": {"after": "2026-11-20T00:00:00Z"}}),
    ],
    ids=["bounds keep the order", "no answer meets both", "no success"],
)
def test_a_dropped_order_is_undecided_if_no_answers_show_what_it_lets_through(compare, old_first, new_first, expect):
    job = {"job_id": "id-2", "expect": expect}
    old = write({"a": {**FIRST, "expect": old_first}, "b": {**job, "after": "jobs.a"}})
    new = write({"a": {**FIRST, "expect": old_first if new_first is None else new_first}, "b": job})
    found = compare(old, new)[1]
    assert (found.relation, found.witness) == (Relation.UNDECIDED, None)
    assert "'after'" in found.reason


def test_orders_of_several_jobs_are_told_by_their_own_names(compare):
    old = {"a": FIRST, "b": SECOND, "c": {**THIRD, "after": "jobs.b"}}
    jobs = compare(write(old), write({name: {"job_id": job["job_id"]} for name, job in old.items()}))
    told = {job.address: (job.witness.answers[1].about, job.witness.findings[0].expected) for job in jobs[1:]}
    assert told == {"jobs.b": ("jobs.a", "jobs.a"), "jobs.c": ("jobs.b", "jobs.b")}
    gone = compare(write(old), write({"x": {"job_id": "id-9"}}))
    assert [each.witness.findings[-1].expected for each in gone[1:3]] == ["jobs.a", "jobs.b"]


def begin(**bounds):
    return {"expect": {"begin_time": bounds}}


@pytest.mark.parametrize(
    ("old", "waived", "told"),
    [
        pytest.param({**begin(after="1971-01-01T00:00:00Z"), "waivers": [WAIVED]}, "after", None, id="no begin"),
        pytest.param(begin(before="2026-01-01T00:00:00Z"), "begin_time", "2026-11-22 12:00:00", id="any begin"),
    ],
)
def test_a_job_has_begun_unless_its_order_is_waived(compare, old, waived, told):
    new = {**(begin(before="2026-01-01T00:00:00Z") if told else {}), "waivers": [{**WAIVED, "fields": [waived]}]}
    _, job = compare(*(write({"a": FIRST, "b": {**SECOND, **each}}) for each in (old, new)))
    assert (job.relation, job.witness.answers[0].observation.begin_time) == (Relation.WEAKER, told)


@pytest.mark.parametrize(("status", "relation"), [("success", "weaker"), (["success", "failed"], "undecided")])
def test_a_waived_order_lets_a_begin_that_makes_no_sense_through_only_after_a_failure(compare, status, relation):
    first = {**FIRST, "expect": {"status": status}}
    waived = {**SECOND, "waivers": [{**WAIVED, "fields": ["after", "begin_time"]}]}
    old = write({"a": first, "b": {**waived, **begin(before="2026-01-01T00:00:00Z")}})
    assert compare(old, write({"a": first, "b": waived}))[1].relation == relation


def test_a_waiver_of_a_stuck_job_lets_it_through(compare):
    stuck = {"job_id": "id-1", "expect": {"stuck": "10m"}}
    (job,) = compare(write({"a": stuck}), write({"a": {**stuck, "waivers": [{**WAIVED, "fields": ["stuck"]}]}}))
    assert (job.relation, job.witness.answers[0].observation.looks.idle) == (Relation.WEAKER, 600.0)


def test_a_job_that_is_sooner_stuck_under_a_waiver_passes_sooner_while_it_runs(compare):
    def wait(limit):
        expect = {"status": ["running", "success"], "stuck": limit}
        return write({"a": {"job_id": "id-1", "expect": expect, "waivers": [{**WAIVED, "fields": ["stuck"]}]}})

    (job,) = compare(wait("20m"), wait("10m"))
    assert (job.relation, job.witness.answers[0].observation.looks.idle) == (Relation.DIFFERENT, 600.0)


def test_a_dropped_time_of_a_job_that_comes_after_another_is_found(compare):
    def begin(**expect):
        job = {"job_id": "id-1", "after": "jobs.b", "expect": {"age": {"min": "1d"}, **expect}}
        return write({"a": job, "b": {"job_id": "id-2"}})

    job, _ = compare(begin(begin_time={"before": "2026-11-22T11:00:00Z"}), begin())
    assert job.relation is Relation.WEAKER


# --- Variables without a value ---------------------------------------------------------------------------------

UNSET = {name: {} for name in "rstu"}
TWO = {**PROVIDERS, "other": {**PROVIDERS["otc"], "project_id": "p2"}}
ANY = {"glob": "*"}
NONE_FAILED = {"match": "none", "items": [{"status": "failed"}]}


def open_job(defaults=None, providers=PROVIDERS, **job):
    own = {"job_id": "id-1", **job}
    return {
        **write({"a": own, "z": {"job_id": "id-9", "provider": "otc"}}, variables=UNSET),
        "providers": providers,
    } | ({"defaults": defaults} if defaults is not None else {})


def for_each_of(name, **variables):
    job = {"for_each": f"${{var.{name}}}", "job_id": "${each.key}"}
    return write({"a": job}, variables=variables or UNSET)


LISTS = {name: {"default": ["id-1"]} for name in "tu"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(open_job(after="${var.t}"), open_job(), id="after"),
        pytest.param(open_job(after="${var.t}"), open_job(after="${var.u}"), id="another after"),
        pytest.param(for_each_of("t"), for_each_of("u"), id="for_each"),
        pytest.param(for_each_of("t", **LISTS), for_each_of("u", **LISTS), id="for_each with the same default"),
        pytest.param(
            open_job(provider="${var.s}", providers=TWO), open_job(provider="${var.r}", providers=TWO), id="provider"
        ),
        pytest.param(
            open_job(provider="${var.s}", providers=TWO),
            open_job(provider="${var.s}", providers={**TWO, "other": {**TWO["other"], "project_id": "p3"}}),
            id="what a provider may be",
        ),
        pytest.param(
            open_job({"provider": "${var.s}"}, TWO), open_job({"provider": "${var.r}"}, TWO), id="default provider"
        ),
        *[
            pytest.param(
                open_job({"expect": default}, expect={"fail_reason": None}),
                open_job({"expect": default}, expect={"fail_reason": None, key: value}),
                id=f"{key} over {default}",
            )
            for key, value in {"job_type": ANY, "error_code": ANY, "sub_jobs": NONE_FAILED}.items()
            for default in ({key: "${var.t}"}, "${var.t}")
        ],
        pytest.param(
            open_job({"expect": "${var.s}"}, expect={"job_type": "x"}),
            open_job({"expect": {"job_type": "x"}}, expect="${var.s}"),
            id="what is over what",
        ),
        pytest.param(
            open_job(expect={"status": "${var.t}", "sub_jobs": NONE_FAILED}),
            open_job(expect={"status": "${var.t}"}),
            id="sub-jobs that a status implies",
        ),
    ],
)
def test_another_variable_without_a_value_is_neither_equal_nor_stronger(compare, old, new):
    for job in compare(old, new):
        assert job.address == "jobs.z" or job.relation not in (Relation.EQUAL, Relation.STRONGER), job
    assert {job.relation for job in compare(old, old)} == {Relation.EQUAL}


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        (open_job({"expect": {"job_type": "${var.t}"}}), open_job(expect={"job_type": "${var.t}"}), Relation.EQUAL),
        (
            open_job({"expect": {"job_type": "${var.t}"}}),
            open_job({"expect": {"job_type": "${var.t}"}}, expect={"error_code": None}),
            Relation.STRONGER,
        ),
        (open_job(owner="${var.t}"), open_job(labels={"tier": "${var.u}"}), Relation.EQUAL),
    ],
    ids=["written out", "beside a default", "for people"],
)
def test_the_same_variable_without_a_value_says_the_same_wherever_it_stands(compare, old, new, relation):
    assert {job.address: job.relation for job in compare(old, new)}["jobs.a"] is relation


# --- Lists of sub-jobs that are replaced ---------------------------------------------------------------------------

TYPES = [f"type-{letter}" for letter in "abcdefghijklmnopqrstuvwx"]
MATCHES = ["exact", "ordered", "contains"]


def expect_items(match, types, **more):
    return {"sub_jobs": {"match": match, "items": [{"job_type": each, "status": "success", **more} for each in types]}}


def check_replaced(compare, old, new, size):
    """Check that a replacement is decided, with the fewest sub-jobs that the new manifest lets through."""
    (job,) = compare(in_a_job(old), in_a_job(new))
    assert job.relation is Relation.DIFFERENT, job.reason
    assert len(job.witness.answers[0].observation.sub_jobs) == size


@pytest.mark.parametrize("kept", [0, 3, 11])
@pytest.mark.parametrize("new", MATCHES)
@pytest.mark.parametrize("old", MATCHES)
def test_a_list_of_twelve_that_is_replaced_is_decided(compare, old, new, kept):
    check_replaced(compare, expect_items(old, TYPES[:12]), expect_items(new, TYPES[12 - kept : 24 - kept]), 12)


@pytest.mark.parametrize("match", MATCHES)
def test_a_list_with_counts_that_is_replaced_is_decided(compare, match):
    old, new = (expect_items(match, types, count={"min": 2, "max": 4}) for types in (TYPES[:10], TYPES[10:20]))
    check_replaced(compare, old, new, 20)


@pytest.mark.parametrize("match", MATCHES)
def test_as_many_sub_jobs_of_another_type_are_decided(compare, match):
    check_replaced(compare, expect_items(match, ["a"] * 40), expect_items(match, ["b"] * 40), 40)


@pytest.mark.parametrize("match", MATCHES)
def test_globs_that_overlap_are_decided(compare, match):
    old, new = ([{"glob": text.format(each)} for each in "abcdef"] for text in ("{}*", "*{}"))
    check_replaced(compare, expect_items(match, old), expect_items(match, old[:3] + new[3:]), 6)


def test_the_work_grows_as_the_list_that_is_replaced(compare):
    numbers = count()

    def write_items(size):
        bounds = [(f"2026-11-{day:02}T00:00:00Z", f"2026-11-{day + 10:02}T00:00:00Z") for day in range(1, size + 1)]
        times = [{"begin_time": {"after": after}, "end_time": {"before": before}} for after, before in bounds]
        return {"sub_jobs": {"items": [{"job_type": f"type-{next(numbers)}", **each} for each in times]}}

    assert measure_growth(lambda size: compare(in_a_job(write_items(size)), in_a_job(write_items(size))), 4) < 3
