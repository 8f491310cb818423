import pytest

from reconcile.codes import Code
from reconcile.document import Schema, check_document, find_schema, find_schema_errors, parse_text
from reconcile.document.text import Text
from reconcile.errors import DocumentError

HEAD = "version: 1\nproviders: {p: {api: a, project_id: b}}\n"


def check(content, **options):
    document = parse_text(Text("f", HEAD + content), is_json=False)
    return [error.diagnostic for error in find_schema_errors(document, find_schema("manifest.v1"), **options)]


def describe(diagnostics):
    return [(d.code, d.source.line, d.source.column, d.width) for d in diagnostics]


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param("{job_id: a, expcet: {}}", (Code.UNKNOWN_KEY, 3, 23, 6), id="C21 unknown key"),
        pytest.param("{job_id: a, token: b}", (Code.OPERATOR_ONLY, 3, 23, 5), id="A01 operator only"),
        pytest.param("{job_id: [a]}", (Code.WRONG_TYPE, 3, 20, 3), id="type"),
        pytest.param("{job_id: ~}", (Code.WRONG_TYPE, 3, 20, 1), id="C12 null"),
        pytest.param("{job_id: 26e65}", (Code.QUOTE_IT, 3, 20, 5), id="B06 float"),
        pytest.param("{job_id: a, expect: {status: [1]}}", (Code.QUOTE_IT, 3, 41, 1), id="element"),
        pytest.param("{job_id: a, expect: {status: succes}}", (Code.VALUE_NOT_ALLOWED, 3, 40, 6), id="C23 enum"),
        pytest.param('{job_id: "a\\n"}', (Code.VALUE_NOT_ALLOWED, 3, 20, 5), id="B04 pattern"),
        pytest.param("{}", (Code.KEY_REQUIRED, 3, 8, 1), id="missing key"),
        pytest.param("{job_id: a, expect: {sub_jobs: {}}}", (Code.KEY_REQUIRED, 3, 42, 2), id="C22 choice of keys"),
        pytest.param(
            "{job_id: a, expect: {sub_jobs: {count: {min: 1.0}}}}", (Code.WRONG_TYPE, 3, 56, 3), id="no integer"
        ),
        pytest.param(
            "{job_id: a, expect: {job_type: [b, b]}}", (Code.VALUE_NOT_ALLOWED, 3, 42, 6), id="the same twice"
        ),
    ],
)
def test_an_error_stands_at_its_token(job, expected):
    assert describe(check(f"jobs: {{j: {job}}}", operator_only={"token": "give it"})) == [expected]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ("{status: 1}", (Code.QUOTE_IT, 2, 23, 1)),
        ("1", (Code.WRONG_TYPE, 2, 14, 1)),
    ],
)
def test_of_a_choice_the_branch_is_told_that_was_meant(observed, expected):
    document = parse_text(Text("f", f"jobs:\n- {{observed: {observed}}}\n"), is_json=False)
    found = describe(check_document(document, find_schema("plan.v1")))
    assert [each for each in found if each[2] >= 14] == [expected]


def test_keys_that_need_the_same_other_key_ask_for_it_once():
    content = "version: 1\napi: a\njobs: {j: {raw: {status_code: 200}, error_code: a, job_type: b}}\n"
    found = check_document(parse_text(Text("f", content), is_json=False), find_schema("scenario.v1"))
    assert [fault.message for fault in found] == ["the key 'status' is missing here beside 'job_type'"]


def test_all_errors_are_told_in_order_of_position():
    found = check("jobs:\n  a: {}\n  b: {job_id: 1}\n  é: {job_id: x, labels: [y]}\nnaem: x\n")
    assert [(d.source.line, d.code) for d in found] == [
        (4, Code.KEY_REQUIRED),
        (5, Code.QUOTE_IT),
        (6, Code.VALUE_NOT_ALLOWED),
        (6, Code.WRONG_TYPE),
        (7, Code.UNKNOWN_KEY),
    ]


@pytest.mark.parametrize(
    ("job", "hint"),
    [
        ("{job_id: a, Expect: {}}", "did you mean 'expect'?"),
        ("{job_id: 0123}", 'quote it: "0123"'),
        ("{job_id: 0o17}", 'quote it: "0o17"'),
        ("{job_id: TRUE}", 'quote it: "TRUE"'),
        ("{job_id: a, expect: {status: 'SUCCESS '}}", "did you mean 'success'?"),
        ("{job_id: a, expect: {sub_jobs: {count: {min: '1'}}}}", "remove the quotes"),
        ("{job_id: '../a'}", "An id is 1 to 64 ASCII letters, digits, '_' and '-'"),
    ],
)
def test_a_hint_says_what_to_do(job, hint):
    (found,) = check(f"jobs: {{j: {job}}}")
    assert found.hint == hint


def test_a_foreign_letter_is_named_by_its_code_point__B08():
    (found,) = check("jobs: {bаd: {job_id: a}}")
    assert "\\u0430" in found.message
    assert "CYRILLIC" in found.message


@pytest.mark.parametrize(
    "job",
    [
        pytest.param("{{job_id: a, {secret}: b}}", id="C31 key"),
        pytest.param("{{job_id: {secret}/}}", id="C31 pattern"),
        pytest.param("{{job_id: a, expect: {{status: {secret}}}}}", id="C31 enum"),
        pytest.param("{{job_id: a, labels: {secret}}}", id="C31 type"),
    ],
)
def test_a_message_shows_little_of_what_is_wrong(job):
    secret = "s3cr3t" * 12
    (found,) = check(f"jobs: {{j: {job.format(secret=secret)}}}")
    assert not any(secret[:41] in (text or "") for text in (found.message, found.hint, found.excerpt))


def test_what_stands_behind_a_key_for_operators_is_not_shown__A01():
    (found,) = check("token: hunter2\njobs: {}\n", operator_only={"token": "give it"})
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("key", [pytest.param("$schema", id="C24 $schema"), pytest.param("$ref", id="C24 $ref")])
def test_a_document_cannot_name_another_schema(key):
    (found,) = check(f"'{key}': http://evil.test/\njobs: {{}}\n")
    assert found.code is Code.UNKNOWN_KEY


def test_equal_values_that_were_written_otherwise_are_quoted_as_written():
    found = check("jobs:\n  a: {job_id: i, labels: {a: 10}}\n  b: {job_id: i, labels: {a: 0xA}}\n")
    assert [d.hint for d in found] == ['quote it: "10"', 'quote it: "0xA"']


def test_no_more_errors_are_told_than_anyone_reads():
    found = check("jobs: {}\n" + "".join(f"k{n}: 1\n" for n in range(5_000)))
    assert len(found) == 1_001
    assert found[-1].code is Code.TOO_LARGE


class RefusingSchema(Schema):
    def is_valid(self, value, definition=None):
        return False


def test_a_document_about_which_the_validators_disagree_is_an_error():
    document = parse_text(Text("f", HEAD + "jobs: {a: {job_id: b}}"), is_json=False)
    with pytest.raises(DocumentError) as raised:
        find_schema_errors(document, RefusingSchema(find_schema("manifest.v1").strict))
    (found,) = raised.value.diagnostics
    assert (found.code, found.message) == (Code.INTERNAL, "f is invalid to jsonschema-rs and valid to jsonschema")
