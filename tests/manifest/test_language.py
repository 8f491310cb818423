"""The safety cases that concern the text of a manifest."""

import io
import time

import pytest
from builders import NOW
from jsonschema import Draft202012Validator
from steps import measure_growth

from reconcile.codes import Code
from reconcile.manifest import load_manifests
from reconcile.shipped import load_schema

MANY = 10_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(content, id=f"C01 {content!r}")
        for content in (
            "",
            "# nothing\n",
            "---\n",
            "null",
            "~",
            "[]",
            "{}",
            "jobs: []",
            "version: 1\njobs: {}\n",
            "jobs:",
        )
    ],
)
def test_nothing_to_check_is_an_error(refuse, content):
    (found,) = refuse(content)
    assert found.code is Code.NOTHING_TO_CHECK


BAD_IDS = {
    "B01": ["..", ".", "../../v3/auth/tokens"],
    "B02": ["a%2f..%2fb", "a/b", "a?x=1", "a#f", "a;b", "a\\\\b", "a b", ""],
    "B03": ["a\\n", "１２", "x" * 65, "x" * 10_000],
    "B04": ["abc\\n", "abc\\t"],
}


@pytest.mark.parametrize("key", ["job_id", pytest.param("project_id", id="B05")])
@pytest.mark.parametrize(
    "written", [pytest.param(text, id=f"{case} {text[:20]!r}") for case, texts in BAD_IDS.items() for text in texts]
)
def test_an_id_that_a_url_could_misread_is_refused(refuse, key, written):
    ids = {"job_id": "a", "project_id": "b", key: written}
    provider = f'{{api: sfs-turbo, project_id: "{ids["project_id"]}"}}'
    (found,) = refuse(f'version: 1\nproviders: {{p: {provider}}}\njobs:\n  j: {{job_id: "{ids["job_id"]}"}}\n')
    assert (found.code, found.source.line) == (Code.VALUE_NOT_ALLOWED, 4 if key == "job_id" else 2)


@pytest.mark.parametrize(
    "escape",
    [pytest.param("\\0", id="B03 NUL"), pytest.param("\\r", id="B03 CR"), pytest.param("\\u202e", id="B03 bidi")],
)
def test_an_id_with_a_control_character_is_refused(refuse_jobs, escape):
    (found,) = refuse_jobs(f'jobs:\n  j: {{job_id: "a{escape}"}}\n')
    assert (found.code, found.source.line, found.source.column) == (Code.ENCODING, 4, 15)


@pytest.mark.parametrize(
    "written",
    [pytest.param(text, id=f"B06 C12 {text}") for text in ("00012345", "26e65", "0o17", "0x1F", "123", "1e3")],
)
def test_an_id_that_is_read_as_a_number_must_be_quoted(refuse_jobs, load_jobs, written):
    (found,) = refuse_jobs(f"jobs:\n  j: {{job_id: {written}}}\n")
    assert (found.code, found.hint) == (Code.QUOTE_IT, f'quote it: "{written}"')
    assert load_jobs(f'jobs:\n  j: {{job_id: "{written}"}}\n')[0].job_id == written


def test_an_id_that_is_certainly_a_string_needs_no_quotes__B06(load_jobs, refuse_jobs):
    assert load_jobs("jobs:\n  j: {job_id: 1_000}\n")[0].job_id == "1_000"
    assert refuse_jobs("jobs:\n  j: {job_id: 12:30:45}\n")[0].code is Code.VALUE_NOT_ALLOWED


@pytest.mark.parametrize("key", [pytest.param(key, id=f"A01 F07 {key}") for key in ("endpoint", "token", "output")])
@pytest.mark.parametrize("place", ["{}", "providers: {{otc: {{{}}}}}", "jobs: {{j: {{job_id: 1, {}}}}}"])
def test_what_is_the_operators_is_refused_in_a_manifest_and_never_shown(refuse, key, place):
    found = refuse("version: 1\n" + place.format(f"{key}: http://evil.test/hunter2") + "\n")
    (fault,) = [diagnostic for diagnostic in found if diagnostic.code is Code.OPERATOR_ONLY]
    assert "set it outside the manifest" in fault.hint
    assert "hunter2" not in repr(found)


def test_only_the_lines_of_a_secret_are_hidden__A01(refuse):
    found = refuse("naem: a\ntoken:\n  - hunter2\n  # hunter2\nversion: 1\nproviders: 1\njobs: {a: {}}\n")
    assert [(fault.source.line, fault.excerpt) for fault in found] == [
        (1, "naem: a"),
        (2, None),
        (6, "providers: 1"),
        (7, "jobs: {a: {}}"),
    ]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=f"A01 {key}")
        for key in (
            "base_url",
            "auth_url",
            "proxy",
            "insecure",
            "headers",
            "ca_file",
            "password",
            "access_key",
            "report",
        )
    ],
)
def test_all_of_what_is_the_operators_is_called_so(refuse, key):
    assert Code.OPERATOR_ONLY in [fault.code for fault in refuse(f"version: 1\n{key}: a\n")]


@pytest.mark.parametrize(
    "place", ["{}: 1", "defaults: {{{}: 1}}", "jobs: {{j: {{{}: 1}}}}", "jobs: {{j: {{expect: {{{}: 1}}}}}}"]
)
@pytest.mark.parametrize("key", [pytest.param("expcet", id="C21"), pytest.param("include", id="C30")])
def test_an_unknown_key_is_refused_everywhere(refuse, place, key):
    content = f"version: 1\n{place.format(key)}\n"
    (fault,) = [diagnostic for diagnostic in refuse(content) if diagnostic.code is Code.UNKNOWN_KEY]
    assert (fault.source.line, fault.source.column, fault.width) == (2, place.format(key).index(key) + 1, len(key))


def test_keys_that_begin_with_x_are_read_by_no_one(load_jobs):
    plain = "defaults: {expect: {job_type: a}}\njobs:\n  a: {job_id: i, expect: {sub_jobs: {count: {min: 1}}}}\n"
    noted = (
        "defaults: {x-a: 1, expect: {job_type: a, x-b: [1]}}\n"
        "jobs:\n  a: {job_id: i, expect: {sub_jobs: {count: {min: 1, x-c: ~}, x-d: a}, x-e: {}}, x-f: b}\n"
        "x-g: {token: a}\n"
    )
    assert [job.expect.fields[1].accept for job in load_jobs(noted)] == [("a",)]
    assert load_jobs(noted)[0].expect.sub_jobs.count == load_jobs(plain)[0].expect.sub_jobs.count


def test_a_job_called_x_is_a_job(load_jobs):
    assert [job.address for job in load_jobs("jobs:\n  x-bind: {job_id: a}\n")] == ["jobs.x-bind"]


@pytest.mark.parametrize("status", [pytest.param(s, id=f"C23 {s!r}") for s in ("succes", "SUCCESS ", "Success", "")])
def test_a_status_that_no_api_has_is_refused(refuse_jobs, status):
    (found,) = refuse_jobs(f"jobs:\n  a: {{job_id: i, expect: {{status: '{status}'}}}}\n")
    assert found.code is Code.VALUE_NOT_ALLOWED


@pytest.mark.parametrize(
    ("version", "code"),
    [
        pytest.param("version: 2", Code.UNSUPPORTED_VERSION, id="C33 newer"),
        pytest.param("version: 10000000000000000000000000000000000", Code.UNSUPPORTED_VERSION, id="C33 much newer"),
        pytest.param("name: a", Code.KEY_REQUIRED, id="C33 missing"),
        pytest.param("version: 0", Code.VALUE_NOT_ALLOWED, id="C33 older"),
        pytest.param("version: '1'", Code.WRONG_TYPE, id="C33 a string"),
        pytest.param("version: 1.0", Code.WRONG_TYPE, id="C33 a fraction"),
        pytest.param("version: true", Code.WRONG_TYPE, id="C33 true"),
    ],
)
def test_another_version_is_refused(refuse, version, code):
    (found,) = refuse(f"{version}\nproviders: {{p: {{api: sfs-turbo, project_id: a}}}}\njobs: {{j: {{job_id: a}}}}\n")
    assert found.code is code


@pytest.mark.parametrize("name", ["bаd", "", "1a", "a.b", "a[0]", "a b", "x" * 65])
def test_a_name_that_is_no_address_is_refused(refuse_jobs, name):
    (found,) = refuse_jobs(f'jobs:\n  ok: {{job_id: i}}\n  "{name}": {{job_id: j}}\n')
    assert (found.code, found.source.line) == (Code.VALUE_NOT_ALLOWED, 5)


def test_many_jobs_are_read_in_two_seconds__C29():
    """It is a promise: forty times what it takes on a common machine, of this process alone."""
    jobs = "".join(f"  job-{n}: {{job_id: id-{n}, expect: {{job_type: t}}}}\n" for n in range(MANY))
    head = "version: 1\nproviders: {p: {api: sfs-turbo, project_id: a}}\njobs:\n"
    started = time.process_time()
    manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO((head + jobs).encode()))
    assert time.process_time() - started < 2
    assert len(manifest.jobs) == MANY


@pytest.mark.parametrize("item", ["t{}", "{{glob: t{}}}"], ids=["C28 texts", "C28 mappings"])
def test_the_work_of_comparing_a_list_grows_as_the_list_does(refuse_jobs, item):
    def work(many):
        items = ", ".join(item.format(n) for n in range(many))
        found = refuse_jobs(f"jobs:\n  a: {{job_id: i, expect: {{job_type: [{items}, null]}}}}\n")
        assert [fault.code for fault in found] == [Code.VALUE_NOT_ALLOWED]

    assert measure_growth(work, 1_000) < 2.5


# --- The schema itself -----------------------------------------------------------------------------------------


def walk(schema):
    yield schema
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from walk(value)


def test_the_schema_is_one_and_names_no_host__C24():
    schema = load_schema("manifest.v1")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:")
    references = [part["$ref"] for part in walk(schema) if isinstance(part, dict) and isinstance(part.get("$ref"), str)]
    assert all(reference.startswith("#/$defs/") for reference in references)


def test_editors_find_a_description_and_examples_of_each_property():
    schema = load_schema("manifest.v1")
    for part in walk(schema):
        if not isinstance(part, dict) or not isinstance(part.get("properties"), dict):
            continue
        assert part["additionalProperties"] is False
        for name, described in part["properties"].items():
            whole = {**schema["$defs"].get(described.get("$ref", "").removeprefix("#/$defs/"), {}), **described}
            assert whole["description"].endswith("."), name
            assert whole["examples"], name


def test_every_example_of_the_schema_is_valid():
    schema = load_schema("manifest.v1")
    for part in walk(schema):
        if isinstance(part, dict) and isinstance(part.get("examples"), list):
            validator = Draft202012Validator({**part, "$defs": schema["$defs"]})
            for example in part["examples"]:
                assert not list(validator.iter_errors(example)), example
