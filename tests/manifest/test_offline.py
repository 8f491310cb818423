"""Manifests whose variables get their values later, and manifests that are checked side by side."""

import pytest
from builders import NOW

from reconcile.codes import Code
from reconcile.document import Text
from reconcile.errors import DocumentError
from reconcile.manifest import load_manifests
from reconcile.model.manifest import Assignment

UNKNOWN = "variables: {id: {}, word: {}, any: {}, ids: {type: list}}\n"
COVERS_ALL_BUT_AGE = "{fields: [status, sub_jobs], reason: r, expires: 2026-12-01}"
USE = "x: {job_id: '${var.id}', labels: {a: '${var.word} ${var.any}'}, owner: '${var.ids}'}"


@pytest.fixture
def find_problems(refuse_jobs, load_jobs):
    """Return the codes of what is wrong with a manifest while no variable has a value, or its jobs."""

    def find(jobs):
        content = f"{UNKNOWN}jobs:\n  {USE}\n{jobs}"
        try:
            return load_jobs(content, offline=True)[1:]
        except DocumentError as error:
            return [each.code for each in error.diagnostics]

    return find


@pytest.mark.parametrize(
    "job",
    [
        "job_id: '${var.word}'",
        "job_id: 'a-${var.id}'",
        "job_id: i, expect: '${var.any}'",
        "job_id: i, expect: {status: '${var.word}', error_code: E}",
        "job_id: i, expect: {status: ['${var.word}', failed], error_code: E}",
        "job_id: i, expect: {error_code: ['${var.word}', '${var.any}']}",
        "job_id: i, expect: {job_type: {glob: '${var.word}'}}",
        "job_id: i, expect: {duration: '${var.any}'}",
        "job_id: i, expect: {age: {max: '${var.word}'}}",
        "job_id: i, expect: {end_time: {after: '${var.word}'}}",
        "job_id: i, expect: {sub_jobs: '${var.any}'}",
        "job_id: i, expect: {sub_jobs: ['${var.word}']}",
        "job_id: i, expect: {sub_jobs: {match: '${var.word}', items: [{status: failed}]}}",
        "job_id: i, expect: {sub_jobs: {count: {max: '${var.any}'}, each: {status: success}}}",
        "job_id: i, timeout: '${var.word}', missing: '${var.word}', labels: '${var.any}'",
        "job_id: i, owner: '${var.word}', runbook: '${var.word}'",
        "job_id: i, waivers: '${var.any}'",
        "job_id: i, waivers: [{fields: '${var.any}', reason: r, expires: 2026-12-01}]",
        "job_id: i, waivers: [{fields: [status], reason: r, expires: '${var.word}'}]",
        "job_id: i, expect: {age: '${var.any}'}, waivers: [" + COVERS_ALL_BUT_AGE + "]",
        "job_id: i, provider: '${var.word}'",
        "job_id: '${each.value}', for_each: '${var.ids}', expect: {job_type: '${each.key}'}",
        "job_id: '${each.value}', for_each: {k: '${var.word}', l: '${var.any}'}",
        "job_id: '${each.value}-${var.id}', for_each: [a, b]",
    ],
)
def test_u10_what_depends_on_a_variable_without_a_value_is_no_error(find_problems, job):
    jobs = find_problems(f"  a: {{{job}}}\n")
    assert {job.address.partition("[")[0] for job in jobs} == {"jobs.a"}


@pytest.mark.parametrize(
    ("jobs", "code"),
    [
        ("  a: {job_id: '${var.id}'}", Code.CONTRADICTING_JOBS),
        (
            "  a: {job_id: 'a-${each.key}-${var.id}', for_each: [a-b, a]}\n  b: {job_id: 'a-a-${var.id}'}",
            Code.CONTRADICTING_JOBS,
        ),
        ("  a: {job_id: '${var.word}', expcet: {}}", Code.UNKNOWN_KEY),
        ("  a: {job_id: '${var.word}', expect: {status: success, error_code: E}}", Code.IMPOSSIBLE_EXPECTATION),
        ("  a: {job_id: i, expect: {job_type: '${var.word}', duration: {max: ten}}}", Code.VALUE_NOT_ALLOWED),
        ("  a: {job_id: i, expect: {job_type: '${var.word}', status: succes}}", Code.VALUE_NOT_ALLOWED),
        ("  a: {job_id: i, expect: {sub_jobs: '${var.any}', job_type: ' a'}}", Code.VALUE_NOT_ALLOWED),
        ("  a: {job_id: '${var.wrod}'}", Code.UNDEFINED_VARIABLE),
        (
            "  a: {job_id: '${each.value}', for_each: '${var.ids}', expect: {age: {min: 2h, max: 1h}}}",
            Code.IMPOSSIBLE_EXPECTATION,
        ),
        ("  a: {job_id: '${each.value}', for_each: '${var.ids}', timeout: 0s}", Code.VALUE_NOT_ALLOWED),
    ],
)
def test_u10_everything_else_is_checked(find_problems, jobs, code):
    assert find_problems(f"{jobs}\n") == [code]


def test_u10_it_is_told_what_is_needed_and_which_jobs_are_undecided(load):
    manifest = load(
        "version: 1\nname: '${var.word}'\n" + UNKNOWN + "providers: {p: {api: '${var.word}', project_id: '${var.any}'},"
        " q: {api: sfs-turbo, cloud: '${var.word}', region: '${var.word}', project_id: '${var.any}'}}\n"
        "defaults: {provider: q}\n"
        "jobs:\n  a: {job_id: '${var.id}'}\n  b: {job_id: i, expect: {job_type: '${var.word}'}}\n"
        "  c: {job_id: '${each.key}', for_each: '${var.ids}'}\n  d: {job_id: j, provider: p}\n",
        offline=True,
    )
    assert manifest.unset == ("id", "word", "any", "ids")
    assert [job.address for job in manifest.jobs] == ["jobs.a", "jobs.b", "jobs.c"]
    assert manifest.undecided == ("jobs.b",)


@pytest.mark.parametrize(
    ("name", "value", "code"), [("id", "null", "RC108"), ("ids", "a", "RC107"), ("wrod", "a", "RC211")]
)
def test_u10_a_value_that_is_given_is_checked(refuse_jobs, name, value, code):
    found = refuse_jobs(f"{UNKNOWN}jobs:\n  {USE}\n", offline=True, given=[Assignment(name, value)])
    assert [each.code for each in found] == [code]


def test_u10_a_run_needs_every_value(refuse_jobs):
    found = refuse_jobs(f"{UNKNOWN}jobs:\n  {USE}\n")
    assert [each.code for each in found] == [Code.NO_VALUE] * 4


HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("", "", {Code.AMBIGUOUS_MANIFESTS}),
        ("name: a\n", "name: A\n", {Code.AMBIGUOUS_MANIFESTS}),
        ("name: a\n", "name: two words\n", {Code.AMBIGUOUS_MANIFESTS}),
        ("name: a\n", "name: b\n", set()),
        ("name: a\n", "name: b\ndefaults: {expect: {status: failed}}\n", {Code.CONTRADICTING_JOBS}),
    ],
)
def test_u11_what_only_the_combination_breaks_is_a_warning(first, second, codes):
    texts = [Text(file, f"{head}{HEAD}jobs: {{j: {{job_id: i}}}}\n") for file, head in (("m", first), ("n", second))]
    assert {each.code for each in load_manifests(["m", "n"], now=NOW, texts=texts, separate=True).warnings} == codes
    if codes:
        with pytest.raises(DocumentError) as raised:
            load_manifests(["m", "n"], now=NOW, texts=texts)
        assert {each.code for each in raised.value.diagnostics} == codes


def test_u11_other_providers_of_one_name_are_a_warning():
    jobs = "jobs: {j: {job_id: i}}\n"
    texts = [Text("m", f"name: m\n{HEAD}{jobs}"), Text("n", f"name: n\n{HEAD.replace('eu-de', 'eu-nl')}{jobs}")]
    manifest = load_manifests(["m", "n"], now=NOW, texts=texts, separate=True)
    assert [each.code for each in manifest.warnings] == [Code.AMBIGUOUS_MANIFESTS]


def test_u11_a_file_that_cannot_be_read_hides_nothing_of_the_others():
    texts = [Text("m", "{"), Text("n", f"{HEAD}jobs: {{a: {{job_id: i}}, b: {{job_id: i}}}}\n")]
    with pytest.raises(DocumentError) as raised:
        load_manifests(["m", "n"], now=NOW, texts=texts, separate=True)
    assert [(each.code, each.source.file) for each in raised.value.diagnostics] == [
        (Code.SYNTAX, "m"),
        (Code.CONTRADICTING_JOBS, "n"),
    ]


def test_a_scenario_is_no_manifest():
    text = Text("scenario.yaml", "version: 1\napi: sfs-turbo\njobs: {a: {status: success}}\n")
    with pytest.raises(DocumentError) as raised:
        load_manifests(["scenario.yaml"], now=NOW, texts=[text])
    assert [each.message for each in raised.value.diagnostics] == [
        "this is a scenario of 'reconcile simulate', not a manifest"
    ]


@pytest.mark.parametrize("separate", [True, False])
def test_u11_good_files_beside_a_bad_one_are_known(separate):
    good = f"variables: {{v: {{}}}}\n{HEAD}jobs: {{a: {{job_id: '${{var.v}}'}}, b: {{job_id: i}}}}\n"
    texts = [Text("m", "{"), Text("n", f"name: n\n{good}"), Text("o", f"name: o\n{HEAD}jobs: {{}}\n"), Text("p", good)]
    with pytest.raises(DocumentError) as raised:
        load_manifests([*"mnop"], now=NOW, texts=texts, separate=separate, offline=True)
    valid = [(each.files[0].file, len(each.jobs), each.unset) for each in raised.value.valid]
    assert valid == ([("n", 2, ("v",)), ("p", 2, ("v",))] if separate else [])
