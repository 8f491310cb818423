"""Expected texts that look like others."""

import io

import pytest
from builders import NOW

from reconcile.codes import Code
from reconcile.manifest import load_manifests
from reconcile.model.manifest import Assignment

HEAD = "version: 1\nproviders: {p: {api: sfs-turbo, project_id: a}}\n"


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param(written, id=f"C20 {written}")
        for written in (
            "{job_type: ' a'}",
            "{job_type: [b, 'a ']}",
            '{job_type: "a\\t"}',
            '{job_type: "a\\u00a0"}',
            '{fail_reason: "a\\n"}',
            "{error_code: {glob: 'a* '}}",
            "{error_code: [null, {glob: ' a*'}]}",
            "{error_code: ' '}",
            "{sub_jobs: [a, 'b ']}",
            "{sub_jobs: {match: none, items: [{job_type: 'a '}]}}",
            "{sub_jobs: {each: {job_type: 'a '}}}",
        )
    ],
)
def test_blanks_around_an_expected_text_are_refused(refuse_jobs, expect):
    status = "status: failed, " if "fail_reason" in expect or "error_code" in expect else ""
    (found,) = refuse_jobs(f"jobs: {{a: {{job_id: i, expect: {{{status}{expect[1:]}}}}}\n")
    assert found.code is Code.VALUE_NOT_ALLOWED
    assert "spaces" in found.message


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param(written, id=f"C20 {written}")
        for written in (
            "{job_type: bаd}",
            "{job_type: [a, {glob: 'bа*'}]}",
            "{sub_jobs: [bаd]}",
            "{sub_jobs: {match: none, items: [{job_type: bаd}]}}",
        )
    ],
)
def test_of_a_letter_that_only_looks_the_same_a_reader_is_warned(load, expect):
    (warning,) = load(f"{HEAD}jobs: {{a: {{job_id: i, expect: {expect}}}}}\n").warnings
    assert warning.code is Code.ENCODING
    assert "CYRILLIC SMALL LETTER A" in warning.message


def test_of_other_texts_than_types_every_letter_is_let_be(load):
    assert not load(f"{HEAD}jobs: {{a: {{job_id: i, expect: {{status: failed, fail_reason: Überlast}}}}}}\n").warnings


def test_nothing_of_a_sensitive_type_is_shown(load):
    content = (
        HEAD
        + 'variables: {t: {default: bаd, sensitive: true}}\njobs: {a: {job_id: i, expect: {job_type: "${var.t}"}}}\n'
    )
    (warning,) = load(content).warnings
    assert "CYRILLIC" not in warning.message


@pytest.mark.parametrize("hidden", ["\u034f", "\u115f", "\u17b4", "\u180b", "\u3164", "\ufe0f", "\uffa0", "\U000e0100"])
@pytest.mark.parametrize("given", ["written", "escaped", "--var", "environment"])
def test_a_hidden_character_is_refused_however_it_comes__C20(refuse, hidden, given):
    written = {"written": hidden, "escaped": f"\\U{ord(hidden):08x}"}.get(given, "")
    content = f'{HEAD}variables: {{t: {{default: "bad{written}"}}}}\n'
    content += 'jobs: {a: {job_id: i, expect: {job_type: "${var.t}"}}}\n'
    value = f"bad{hidden}"
    (found,) = refuse(
        content,
        given=[Assignment("t", value)] if given == "--var" else [],
        environ={"RECONCILE_VAR_t": value} if given == "environment" else {},
    )
    assert found.code is Code.ENCODING


# --- Many ----------------------------------------------------------------------------------------------------------


def test_of_many_faults_a_thousand_are_told_and_few_names_in_each(refuse):
    providers = ", ".join(f"p{n}: {{api: sfs-turbo, project_id: a}}" for n in range(3_000))
    jobs = "".join(f"  j{n}: {{job_id: i{n}{', provider: qqqq' if n % 2 else ''}}}\n" for n in range(3_000))
    found = refuse(f"version: 1\nproviders: {{{providers}}}\njobs:\n{jobs}")
    assert len(found) == 1_001
    assert found[-1].code is Code.TOO_LARGE
    assert max(len(f"{fault.message}{fault.hint}") for fault in found) < 400
    assert any("and 2990 more" in fault.message for fault in found)


def test_of_many_warnings_a_thousand_are_told(load):
    variables = ", ".join(f"v{n}: {{default: a}}" for n in range(3_000))
    assert len(load(f"{HEAD}variables: {{{variables}}}\njobs: {{a: {{job_id: i}}}}\n").warnings) == 1_001


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param('  a: {for_each: "${var.x}", job_id: a}\n  b: {for_each: "${var.x}", job_id: b}\n', id="C05 jobs"),
        pytest.param("".join(f'  a{n}: {{job_id: i, for_each: "${{var.x}}"}}\n' for n in range(200)), id="C05 values"),
    ],
)
def test_what_is_referred_to_often_is_not_multiplied_without_end(refuse, jobs):
    entries = ", ".join(f"e{n}" for n in range(60_000))
    found = refuse(f"{HEAD}variables: {{x: {{default: [{entries}]}}}}\njobs:\n{jobs}")
    assert [fault.code for fault in found] == [Code.TOO_LARGE]


def test_long_texts_are_not_multiplied_without_end_either__C05(refuse):
    jobs = "".join(f'  a{n}: {{job_id: i, expect: {{job_type: "{n}-${{var.x}}"}}}}\n' for n in range(5_000))
    (found,) = refuse(f"{HEAD}variables: {{x: {{default: {'x' * 60_000}}}}}\njobs:\n{jobs}")
    assert (found.code, found.message) == (
        Code.TOO_LARGE,
        "the values that this file refers to are too large in total",
    )


def test_a_string_with_references_is_no_longer_than_one_without__C09(refuse, load):
    fits, too_long = (
        f"{HEAD}variables: {{x: {{default: {'x' * 32_768}}}}}\n"
        f"jobs: {{a: {{job_id: i, expect: {{job_type: '${{var.x}}{'x' * rest}${{var.x}}'}}}}}}\n"
        for rest in (0, 1)
    )
    assert len(load(fits).jobs[0].expect.fields[1].accept[0]) == 65_536
    (found,) = refuse(too_long)
    assert (found.code, found.message) == (
        Code.TOO_LARGE,
        "this string is longer than 65536 characters (the value of var.x)",
    )


def test_labels_of_the_defaults_are_not_multiplied_without_end(refuse, load):
    few, many = (", ".join(f"l{n}: v" for n in range(count)) for count in (64, 65))
    content = f"{HEAD}defaults: {{labels: {{%s}}}}\njobs: {{a: {{job_id: i, labels: {{own: v}}}}}}\n"
    assert len(load(content % few).jobs[0].labels) == 65
    (found,) = refuse(content % many)
    assert (found.code, found.message) == (Code.VALUE_NOT_ALLOWED, "there can be at most 64 of these")


def test_a_hundred_thousand_jobs_are_not_too_many__C29():
    content = HEAD + "jobs:\n  a: {for_each: ${var.x}, job_id: '${each.key}'}\n"
    content += f"variables: {{x: {{default: [{', '.join(f'e{n}' for n in range(100_000))}]}}}}\n"
    manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO(content.replace("${var.x}", '"${var.x}"').encode()))
    assert len(manifest.jobs) == 100_000


# --- Texts that say nothing --------------------------------------------------------------------------------------

BLANKS = ["", " ", "\t", "\n", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000", " \u3000 "]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("given", ["written", "--var"])
def test_u05_a_blank_text_has_no_visible_character(load, refuse, blank, given):
    def write(text):
        waivers = f'[{{fields: [age], expires: 2026-12-01, reason: "{text}"}}]'
        job = f'{{job_id: i, owner: "{text}", waivers: {waivers}}}'
        return f'{HEAD}variables: {{t: {{default: a}}}}\nname: "{text}"\njobs: {{a: {job}}}\n'

    text = blank.encode("unicode_escape").decode() if given == "written" else "${var.t}"
    found = refuse(write(text), given=[Assignment("t", blank)])
    assert [each.code for each in found] == [Code.VALUE_NOT_ALLOWED] * 3
    assert load(write(f"{blank.strip()}Jörg")).jobs


IDS = [
    "null", "Null", "NULL", "none", "None", "nil", "undefined", "NaN", "_none_", "N-A", "true",
    "00000000-0000-0000-0000-000000000000", "0" * 32, "TODO", "tbd", "FIXME", "xxx", "changeme", "job_id", "JOB-ID",
    "your-job-id",
    "${X}", "$JOB_ID", "$(terraform output id)", "{{ x }}", "{% x %}", "<no value>", "<nil>", "<id>", "%JOB_ID%",
    "@@JOB@@", "[object Object]", "...", "", " ",
]  # fmt: skip


@pytest.mark.parametrize("place", ["job_id", "project_id", "for_each"])
@pytest.mark.parametrize("word", IDS)
def test_u04_a_word_for_nothing_and_a_left_over_are_no_ids(refuse, word, place):
    project, job = ("${var.x}", "{job_id: i}") if place == "project_id" else ("p", '{job_id: "${var.x}"}')
    if place == "for_each":
        job = '{for_each: {a: "${var.x}"}, job_id: "${each.value}", expect: {absent: true}}'
    (found,) = refuse(
        f'version: 1\nvariables: {{x: {{}}}}\nproviders: {{p: {{api: sfs-turbo, project_id: "{project}"}}}}\n'
        f"jobs: {{a: {job}}}\n",
        given=[Assignment("x", word)],
    )
    assert found.code is Code.VALUE_NOT_ALLOWED
    assert "jq -e" in found.hint or "template" in found.hint


@pytest.mark.parametrize("job_id", ["26f6b565-0000-4000-8000-03f0bd975433", "0", "null-1", "nonesuch", "todo-list"])
def test_u04_an_id_may_contain_such_a_word(load, job_id):
    assert load(f"{HEAD}jobs: {{a: {{job_id: '{job_id}'}}}}\n").jobs[0].job_id == job_id


# --- What takes too long or too much room ------------------------------------------------------------------------


def test_u44_patterns_and_texts_that_take_too_long_to_compare_are_refused(refuse_jobs):
    patterns = ", ".join(f"{{glob: 'b{number}*'}}" for number in range(100))
    texts = ", ".join(f"{'a' * 400}-{number}" for number in range(20))
    items = ", ".join([f"{{job_type: [{texts}]}}"] * 90)
    (found,) = refuse_jobs(
        f"jobs: {{a: {{job_id: i, expect: {{sub_jobs: {{each: {{job_type: [{patterns}]}}, items: [{items}]}}}}}}}}\n"
    )
    assert (found.code, "too many patterns" in found.message) == (Code.TOO_LARGE, True)


LONG = "a" * 60_000


@pytest.mark.parametrize(
    "content",
    [
        "defaults: {expect: {job_type: {long}}}\njobs:\n{jobs}",
        "defaults: {expect: {sub_jobs: [{types}]}}\njobs:\n{jobs}",
        "jobs: {a: {for_each: [{keys}], job_id: '${each.key}', expect: {job_type: {long}}}}\n",
        "jobs: {a: {for_each: [{keys}], job_id: '${each.key}', expect: {job_type: '${each.key}{long}'}}}\n",
        "variables: {t: {default: {long}}}\ndefaults: {expect: {job_type: '${var.t}'}}\njobs:\n{jobs}",
    ],
    ids=["defaults", "sub_jobs", "for_each", "each.key", "variable"],
)
def test_u63_what_jobs_share_is_bounded(load_jobs, refuse_jobs, content):
    def write(jobs):
        parts = {
            "{long}": LONG,
            "{types}": ", ".join(f"{'t' * 56}{number:04}" for number in range(1_000)),
            "{jobs}": "".join(f"  j{number}: {{job_id: i{number}}}\n" for number in range(jobs)),
            "{keys}": ", ".join(f"k{number}" for number in range(jobs)),
        }
        written = content
        for name, text in parts.items():
            written = written.replace(name, text)
        return written

    assert len(load_jobs(write(200))) == 200
    (found,) = refuse_jobs(write(2_000))
    assert (found.code, "what the jobs share" in found.message) == (Code.TOO_LARGE, True)


def test_u63_a_hundred_thousand_jobs_may_share_what_is_common(load_jobs):
    jobs = "".join(f"  j{number}: {{job_id: i{number}}}\n" for number in range(20_000))
    assert len(load_jobs(f"defaults: {{expect: {{job_type: {'a' * 900}}}}}\njobs:\n{jobs}")) == 20_000
