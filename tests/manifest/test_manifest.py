"""What a manifest means, and what it cannot mean."""

import io
import json
from hashlib import sha256

import pytest
from builders import API, NOW
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import Schema
from reconcile.errors import DocumentError
from reconcile.manifest import load_manifests
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Count, Field, ManifestFile, Match

ONE, SOME = Count(min=1, max=1), Count(min=1, max=None)


def accepts(fields):
    return {field.field.value: field.accept for field in fields}


def describe(sub_jobs):
    """Return a sub-job expectation without the places where it was written."""
    items = None if sub_jobs.items is None else [(accepts(item.fields), item.count) for item in sub_jobs.items]
    return sub_jobs.match, items, accepts(sub_jobs.each), sub_jobs.count


# --- Expectations ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expect", ["{}", "{job_type: a}", "{error_code: null}"])
def test_success_is_expected_where_nothing_is_said_of_the_status__C22(load_job, expect):
    job = load_job(expect)
    status = job.expect.fields[0]
    assert (status.field, status.accept, status.implied, status.source) == (Field.STATUS, ("success",), True, None)


def test_a_job_without_expect_expects_success_too__C22(load_jobs):
    (job,) = load_jobs("jobs:\n  a: {job_id: i}\n")
    assert accepts(job.expect.fields) == {"status": ("success",)}


@pytest.mark.parametrize("expect", ["{}", "{status: success}", "{status: [success]}"])
def test_success_implies_that_no_sub_job_has_failed(load_job, expect):
    job = load_job(expect)
    assert describe(job.expect.sub_jobs) == (Match.NONE, [({"status": ("failed",)}, SOME)], {}, None)
    assert job.expect.sub_jobs.implied
    assert job.expect.sub_jobs.source is None


@pytest.mark.parametrize("expect", ["{status: failed}", "{status: [success, running]}"])
def test_no_other_status_implies_anything_of_sub_jobs(load_job, expect):
    assert load_job(expect).expect.sub_jobs is None


@pytest.mark.parametrize(
    ("written", "accept"),
    [
        ("a", ("a",)),
        ("[a, b]", ("a", "b")),
        ("null", (None,)),
        ('""', (None,)),
        ('[a, null, ""]', ("a", None)),
        ("no", ("no",)),
        ("12:30", ("12:30",)),
    ],
)
def test_a_field_accepts_what_is_written(load_job, written, accept):
    assert accepts(load_job(f"{{status: failed, fail_reason: {written}}}").expect.fields)["fail_reason"] == accept


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[]", (Match.EXACT, [], {}, None)),
        ("{items: []}", (Match.EXACT, [], {}, None)),
        ("{match: ordered, items: [{job_type: a}]}", (Match.ORDERED, [({"job_type": ("a",)}, ONE)], {}, None)),
        ("{match: contains, items: [{job_type: a}]}", (Match.CONTAINS, [({"job_type": ("a",)}, SOME)], {}, None)),
        ("{match: none, items: [{status: failed}]}", (Match.NONE, [({"status": ("failed",)}, SOME)], {}, None)),
        ("{items: [{count: {max: 4}}]}", (Match.EXACT, [({}, Count(min=0, max=4))], {}, None)),
        (
            "{items: [{job_type: a, count: {min: 2}}]}",
            (Match.EXACT, [({"job_type": ("a",)}, Count(min=2, max=None))], {}, None),
        ),
        ("{each: {status: success}}", (Match.EXACT, None, {"status": ("success",)}, None)),
        ("{count: {min: 1, max: 4}}", (Match.EXACT, None, {}, Count(min=1, max=4))),
    ],
)
def test_sub_jobs_are_expected_as_written(load_job, written, expected):
    sub_jobs = load_job(f"{{sub_jobs: {written}}}").expect.sub_jobs
    assert describe(sub_jobs) == expected
    assert not sub_jobs.implied


@given(types=st.lists(st.text("abc_", min_size=1), max_size=5))
def test_the_short_form_of_sub_jobs_is_the_long_form(load_job, types):
    long = ", ".join(f"{{job_type: {name}, status: success}}" for name in types)
    short_form, long_form = (
        load_job(f"{{sub_jobs: [{', '.join(types)}]}}"),
        load_job(f"{{sub_jobs: {{items: [{long}]}}}}"),
    )
    assert describe(short_form.expect.sub_jobs) == describe(long_form.expect.sub_jobs)


def test_everything_points_to_where_it_was_written(load_jobs):
    (job,) = load_jobs(
        "defaults:\n  expect: {error_code: null}\njobs:\n  a:\n    job_id: i\n    expect:\n"
        "      job_type:\n        - b\n      sub_jobs: [c, d]\n"
    )
    assert (job.source.line, job.source.column) == (6, 3)
    assert [(field.field.value, field.source) for field in job.expect.fields] == [
        ("status", None),
        ("job_type", Source(file="<stdin>", line=9, column=7)),
        ("error_code", Source(file="<stdin>", line=4, column=12)),
    ]
    assert job.expect.sub_jobs.source == Source(file="<stdin>", line=11, column=7)
    assert [item.source.column for item in job.expect.sub_jobs.items] == [18, 21]


# --- Defaults ----------------------------------------------------------------------------------------------------

DEFAULTS = (
    "defaults:\n  labels: {tier: web, team: a}\n"
    "  expect: {status: failed, error_code: [a, b], sub_jobs: {match: contains, items: [{job_type: t}]}}\n"
)


def test_a_job_takes_from_the_defaults_what_it_does_not_say(load_jobs):
    (job,) = load_jobs(DEFAULTS + "jobs:\n  a: {job_id: i}\n")
    assert job.labels == {"tier": "web", "team": "a"}
    assert accepts(job.expect.fields) == {"status": ("failed",), "error_code": ("a", "b")}
    assert job.expect.sub_jobs.match is Match.CONTAINS


def test_the_jobs_own_key_wins_and_is_joined_with_nothing(load_jobs):
    (job,) = load_jobs(
        DEFAULTS
        + "jobs:\n  a: {job_id: i, labels: {tier: db}, expect: {error_code: [c], sub_jobs: {count: {min: 1}}}}\n"
    )
    assert job.labels == {"tier": "db", "team": "a"}
    assert accepts(job.expect.fields) == {"status": ("failed",), "error_code": ("c",)}
    assert describe(job.expect.sub_jobs) == (Match.EXACT, None, {}, Count(min=1, max=None))


# --- Providers ---------------------------------------------------------------------------------------------------

TWO = "version: 1\nproviders:\n  p: {api: sfs-turbo, project_id: a}\n  q: {api: sfs-turbo, project_id: b}\n"


def test_a_provider_is_found_by_name_or_by_default_or_because_it_is_the_only_one(load):
    jobs = "jobs: {a: {job_id: i}, b: {job_id: j, provider: p}}\n"
    assert [job.provider.name for job in load(TWO + "defaults: {provider: q}\n" + jobs).jobs] == ["q", "p"]
    only = TWO.replace("  q: {api: sfs-turbo, project_id: b}\n", "")
    assert [job.provider.project_id for job in load(only + jobs).jobs] == ["a", "a"]


def test_a_manifest_is_what_its_file_says(load):
    content = "name: n\n" + TWO + "defaults: {provider: p}\njobs: {b: {job_id: i}, a: {job_id: j}}\n"
    manifest = load(content)
    digest = sha256(content.encode()).hexdigest()
    assert manifest.files == (ManifestFile(file="<stdin>", name="n", sha256=digest),)
    assert list(manifest.providers) == ["p", "q"]
    assert [job.address for job in manifest.jobs] == ["jobs.b", "jobs.a"]
    assert (manifest.providers["p"].cloud, manifest.providers["p"].source.line) == (None, 4)


def test_json_is_read_as_well(load):
    content = (
        '{"version": 1, "providers": {"p": {"api": "sfs-turbo", "project_id": "a"}}, "jobs": {"a": {"job_id": "1"}}}'
    )
    assert load(content).jobs[0].job_id == "1"


@pytest.mark.parametrize(
    ("providers", "code", "column"),
    [
        pytest.param("{api: sfs-turb, project_id: a}", Code.UNKNOWN_API, 12, id="api"),
        pytest.param("{api: ../x, project_id: a}", Code.UNKNOWN_API, 12, id="api as a path"),
        pytest.param("{api: sfs-turbo, cloud: oct, region: eu-de, project_id: a}", Code.UNKNOWN_REGION, 30, id="cloud"),
        pytest.param(
            "{api: sfs-turbo, cloud: otc, region: eu-de.evil.test/, project_id: a}", Code.UNKNOWN_REGION, 43, id="A02"
        ),
        pytest.param("{api: sfs-turbo, cloud: otc, project_id: a}", Code.KEY_REQUIRED, 3, id="cloud alone"),
        pytest.param("{api: sfs-turbo, region: eu-de, project_id: a}", Code.KEY_REQUIRED, 3, id="region alone"),
    ],
)
def test_a_provider_that_leads_nowhere_is_refused(refuse, providers, code, column):
    (found,) = refuse(f"version: 1\nproviders:\n  p: {providers}\njobs: {{a: {{job_id: i}}}}\n")
    assert (found.code, found.source.line, found.source.column) == (code, 3, column)


@pytest.mark.parametrize(
    ("cloud", "region", "hint"),
    [
        ("huaweicloud", "eu-de", "cloud 'otc' has this region"),
        ("otc", "cn-north-4", "cloud 'huaweicloud' has this region"),
        ("otc", "eu-dee", "did you mean 'eu-de'?"),
    ],
)
def test_u52_a_region_of_another_cloud_names_that_cloud(refuse, cloud, region, hint):
    provider = f"{{api: sfs-turbo, cloud: {cloud}, region: {region}, project_id: a}}"
    (found,) = refuse(f"version: 1\nproviders:\n  p: {provider}\njobs: {{a: {{job_id: i}}}}\n")
    assert (found.code, found.hint) == (Code.UNKNOWN_REGION, hint)


@pytest.mark.parametrize(
    ("rest", "line", "hint"),
    [
        ("jobs:\n  a: {job_id: i}\n", 6, "add 'provider' to the job or to the defaults"),
        ("jobs:\n  a: {job_id: i, provider: P}\n", 6, "did you mean 'p'?"),
        ("defaults: {provider: zz}\njobs: {a: {job_id: i, provider: p}, b: {job_id: i}}\n", 5, "declared: p, q"),
    ],
)
def test_a_job_of_an_unknown_provider_is_refused(refuse, rest, line, hint):
    (found,) = refuse(TWO + rest)
    assert (found.code, found.source.line, found.hint) == (Code.UNKNOWN_PROVIDER, line, hint)


# --- What cannot be meant ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sub_jobs",
    [
        pytest.param(written, id=f"C22 {written}")
        for written in (
            "{}",
            "{match: contains}",
            "{each: {}}",
            "{count: {}}",
            "{items: [{}]}",
            "{each: {x-a: 1}}",
            "{x-a: 1}",
        )
    ],
)
def test_a_mapping_that_demands_nothing_is_refused(refuse_jobs, sub_jobs):
    (found,) = refuse_jobs(f"jobs:\n  a: {{job_id: i, expect: {{sub_jobs: {sub_jobs}}}}}\n")
    assert found.code is Code.KEY_REQUIRED


@pytest.mark.parametrize(
    ("sub_jobs", "code"),
    [
        ("{count: {min: 2, max: 1}}", Code.IMPOSSIBLE_EXPECTATION),
        ("{items: [{count: {min: 2, max: 1}}]}", Code.IMPOSSIBLE_EXPECTATION),
        ("{match: none, items: [{status: failed, count: {max: 1}}]}", Code.VALUE_NOT_ALLOWED),
        ("{count: {min: -1}}", Code.VALUE_NOT_ALLOWED),
        ("{count: {max: 1000001}}", Code.VALUE_NOT_ALLOWED),
        (f"[{', '.join(['a'] * 1_001)}]", Code.VALUE_NOT_ALLOWED),
    ],
)
def test_a_count_that_makes_no_sense_is_refused(refuse_jobs, sub_jobs, code):
    (found,) = refuse_jobs(f"jobs:\n  a: {{job_id: i, expect: {{sub_jobs: {sub_jobs}}}}}\n")
    assert found.code is code


def test_a_job_that_is_declared_twice_and_otherwise_is_refused__B07(refuse_jobs):
    (found,) = refuse_jobs("jobs:\n  a: {job_id: i, expect: {status: failed}}\n  b: {job_id: j}\n  c: {job_id: i}\n")
    assert (found.code, found.source.line) == (Code.CONTRADICTING_JOBS, 6)
    assert "jobs.a on line 4" in found.message


def test_three_declarations_that_agree_in_pairs_can_contradict_each_other__B07(load_files):
    jobs = [f"jobs: {{j: {{job_id: i, expect: {{job_type: {pair}}}}}}}\n" for pair in ("[a, b]", "[b, c]", "[a, c]")]
    with pytest.raises(DocumentError) as raised:
        load_files(*jobs)
    assert [(found.code, found.source.file) for found in raised.value.diagnostics] == [(Code.CONTRADICTING_JOBS, "c")]


def test_several_manifests_may_declare_a_job_if_both_can_hold__B07(load_files):
    manifest = load_files(
        "jobs: {j: {job_id: i, expect: {job_type: t}}}\n", "jobs: {j: {job_id: i, expect: {status: success}}}\n"
    )
    assert [job.address for job in manifest.jobs] == ["a.jobs.j", "b.jobs.j"]


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param("  a: {job_id: i}\n  b: {job_id: i}\n", id="alike"),
        pytest.param("  a: {job_id: i}\n  b: {job_id: '${var.id}'}\n", id="by a variable"),
        pytest.param("  a: {job_id: i}\n  b: {job_id: '${each.value}', for_each: {x: j, y: i}}\n", id="for_each"),
        pytest.param("  a: {job_id: i}\n  b: {job_id: i, provider: same}\n", id="one provider, two names"),
        pytest.param("  a: {job_id: i}\n  b: {job_id: i, expect: {absent: true}}\n", id="absent"),
    ],
)
def test_u02_one_manifest_declares_each_job_once(refuse, jobs):
    provider = "{api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}"
    (found,) = refuse(
        f"version: 1\nvariables: {{id: {{default: i}}}}\nproviders: {{otc: {provider}, same: {provider}}}\n"
        f"defaults: {{provider: otc, labels: {{id: '${{var.id}}'}}}}\njobs:\n{jobs}"
    )
    assert (found.code, found.source.line) == (Code.CONTRADICTING_JOBS, 7)
    assert "the same job_id as jobs.a on line 6" in found.message


def test_u02_two_entries_of_one_for_each_are_two_jobs(refuse_jobs):
    (found,) = refuse_jobs("jobs: {a: {job_id: i, for_each: [x, y]}}\n")
    assert found.message == 'jobs.a["y"] has the same job_id as jobs.a["x"] on line 3'


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(
            TWO + "defaults: {provider: p}\njobs:\n  aB: {job_id: i}\n  Ab: {job_id: j}\n",
            8,
            id="B08 jobs",
        ),
        pytest.param(TWO.replace("  q", "  P") + "jobs: {a: {job_id: i, provider: p}}\n", 4, id="B08 providers"),
        pytest.param(
            TWO.replace("  p", "  a-b").replace("  q", "  a_b") + "defaults: {provider: a-b}\njobs: {a: {job_id: i}}\n",
            4,
            id="B08 one variable for two credentials",
        ),
    ],
)
def test_names_that_could_be_taken_for_one_another_are_refused(refuse, content, line):
    (found,) = refuse(content)
    assert (found.code, found.source.line) == (Code.SIMILAR_NAMES, line)


def test_all_that_cannot_be_meant_is_told_in_order_of_position(refuse_jobs):
    found = refuse_jobs(
        "defaults: {expect: {sub_jobs: {count: {min: 0}}}}\njobs:\n  a: {job_id: i, provider: z}\n  b: {job_id: i}\n"
        "  B: {job_id: i, expect: {status: failed}}\n"
    )
    assert [(fault.code, fault.source.line) for fault in found] == [
        (Code.VACUOUS_EXPECTATION, 3),
        (Code.UNKNOWN_PROVIDER, 5),
        (Code.SIMILAR_NAMES, 7),
        (Code.CONTRADICTING_JOBS, 7),
    ]


# --- Other job APIs ----------------------------------------------------------------------------------------------


def load_with(api, expect):
    content = (
        f"version: 1\nproviders: {{p: {{api: other, project_id: a}}}}\njobs:\n  a: {{job_id: i, expect: {expect}}}\n"
    )
    stdin = io.BytesIO(content.encode())
    return load_manifests(["-"], now=NOW, apis={"other": api}, stdin=stdin).jobs[0]


def refuse_with(api, expect):
    with pytest.raises(DocumentError) as raised:
        load_with(api, expect)
    return [(fault.code, fault.source.line, fault.source.column) for fault in raised.value.diagnostics]


def test_a_status_that_this_api_does_not_have_is_refused():
    statuses = {word: status for word, status in API.statuses.items() if word != "waiting"}
    api = replace(API, statuses=statuses)
    assert refuse_with(api, "{status: [success, waiting]}") == [(Code.UNKNOWN_STATUS, 4, 45)]
    assert refuse_with(api, "{sub_jobs: {each: {status: waiting}}}") == [(Code.UNKNOWN_STATUS, 4, 53)]


def test_an_api_without_sub_jobs_implies_nothing_of_them_and_takes_none():
    api = replace(API, parts=None)
    assert load_with(api, "{}").expect.sub_jobs is None
    assert refuse_with(api, "{sub_jobs: []}") == [(Code.IMPOSSIBLE_EXPECTATION, 4, 27)]


# --- Whatever is written -----------------------------------------------------------------------------------------

WORDS = [
    "expect", "status", "job_type", "error_code", "sub_jobs", "match", "items", "each", "count", "min", "max", "job_id",
    "provider", "labels", "x-note", "expcet",
]  # fmt: skip
VALUES = st.sampled_from(
    ["success", "failed", "exact", "contains", "none", "p", "a", "", None, True, 0, 1, 7, 1.0, 2.5]
)


def grow(children):
    likely = {"min": st.integers(0, 3), "max": st.integers(0, 3), "status": st.sampled_from(["success", "failed"])}
    known = st.fixed_dictionaries({}, optional={word: likely.get(word, children) for word in WORDS})
    return st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(WORDS), children, max_size=3) | known


NODES = st.recursive(VALUES, grow, max_leaves=8)


@given(
    jobs=st.dictionaries(
        st.sampled_from("abcAB"), st.fixed_dictionaries({"job_id": st.just("i")}, optional={"expect": NODES})
    ),
    defaults=st.fixed_dictionaries({}, optional={"expect": NODES}),
)
def test_a_manifest_is_understood_whole_or_refused_at_places_in_it(load, jobs, defaults):
    providers = {"p": {"api": "sfs-turbo", "project_id": "a"}}
    content = json.dumps({"version": 1, "providers": providers, "defaults": defaults, "jobs": jobs}, indent=1)
    try:
        manifest = load(content)
    except DocumentError as error:
        places = [(fault.source.line, fault.source.column) for fault in error.diagnostics]
        assert places == sorted(places)
        assert all(line <= content.count("\n") + 1 for line, _ in places)
    else:
        assert [job.address for job in manifest.jobs] == [f"jobs.{name}" for name in jobs]
        assert all(job.expect.fields[0].field is Field.STATUS for job in manifest.jobs)


@pytest.mark.parametrize(
    ("wrong", "line", "column"),
    [
        pytest.param("    job_id: 26e65\n", 1, 13, id="a number"),
        pytest.param("    job_id: id-1\n    expcet: {}\n", 2, 5, id="an unknown key"),
        pytest.param("    job_id: id-1\n    labels: {a: null}\n", 2, 17, id="a label that is null"),
        pytest.param("    job_id: [\n", 2, 1, id="no YAML"),
        pytest.param("    job_id: id-1\n    expect: {absent: true}\n", 0, 3, id="a contradiction"),
    ],
)
def test_one_wrong_job_among_many_is_reported_in_its_place(refuse_jobs, wrong, line, column):
    right = "jobs:\n" + "".join(f"  job-{n}:\n    job_id: id-{n}\n" for n in range(30))
    begin = 3 + right.count("\n")
    found = refuse_jobs(f"{right}  wrong:\n{wrong}")
    assert [(each.source.line, each.source.column) for each in found] == [(begin + line, column)]


def test_a_warning_is_reported_of_each_job_that_it_is_about(load):
    head = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\n"
    waiver = "waivers: [{fields: [age], reason: r, expires: 2026-11-01}]"
    jobs = "".join(f"  job-{n}: {{job_id: id-{n}, {waiver}}}\n" for n in range(30))
    manifest = load(f"{head}jobs:\n{jobs}")
    assert len({each.source.line for each in manifest.warnings}) == 30


def test_the_schema_alone_refuses_what_is_not_of_the_language(load_jobs, refuse_jobs):
    content = "jobs: {'a b': {job_id: a/b, expcet: 1, labels: {'1': web}, timeout: 9m}}\n"
    assert len(refuse_jobs(content)) == 4
    (job,) = load_jobs(content, schema=Schema({"$defs": {"job": {}}}))
    assert (job.address, job.job_id, job.labels) == ("jobs.a b", "a/b", {"1": "web"})
