"""Variables: where their values come from, and where they may go."""

import io
import json

import pytest
from builders import NOW

from reconcile.codes import Code
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.manifest import load_manifests
from reconcile.model.manifest import Assignment, Glob, VariableFile

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\n"


@pytest.fixture
def load_with(load, tmp_path, monkeypatch):
    """Load a manifest with values; a mapping among them is written to a file and given as one."""
    monkeypatch.chdir(tmp_path)

    def with_values(content, *given, environ=None):
        options = []
        for number, each in enumerate(given):
            if isinstance(each, dict):
                (tmp_path / f"{number}.json").write_text(json.dumps(each))
            options.append(
                VariableFile(f"{number}.json") if isinstance(each, dict) else Assignment(*each.split("=", 1))
            )
        return load(HEAD + content, given=options, environ=environ or {})

    return with_values


@pytest.fixture
def refuse_with(load_with):
    def codes(content, *given, environ=None):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - two kinds, and what they say is what counts
            load_with(content, *given, environ=environ)
        return [fault.code for fault in raised.value.diagnostics]

    return codes


ONE = "variables: {x: %s}\njobs: {a: {job_id: i, labels: {x: '${var.x}'}}}\n"


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        ([], {}, "default"),
        ([], {"RECONCILE_VAR_x": "environment"}, "environment"),
        (["x=option"], {"RECONCILE_VAR_x": "environment"}, "option"),
        ([{"x": "file"}], {"RECONCILE_VAR_x": "environment"}, "file"),
        ([{"x": "file"}, "x=option"], {}, "option"),
        (["x=option", {"x": "file"}], {}, "file"),
        (["x=1", "x=2=3"], {}, "2=3"),
        (["x="], {}, ""),
    ],
)
def test_the_last_value_counts_and_the_environment_least(load_with, given, environ, expected):
    assert load_with(ONE % "{default: default}", *given, environ=environ).jobs[0].labels == {"x": expected}


@pytest.mark.parametrize("text", ["0123", "26e65", "no", "[a", "null", "${var.x}", "${OS_PASSWORD}", " a "])
@pytest.mark.parametrize("declared", ["{}", "{default: a}", "{default: null}"])
def test_the_value_of_a_string_is_the_very_text(load_with, declared, text):
    assert load_with(ONE % declared, f"x={text}").jobs[0].labels == {"x": text}


def test_a_value_is_yaml_where_the_default_is_no_string(load_with):
    content = (
        "variables: {ids: {default: []}, n: {default: 1}}\n"
        "jobs: {a: {for_each: '${var.ids}', job_id: '${each.value}', expect: {sub_jobs: {count: {min: '${var.n}'}}}}}\n"
    )
    manifest = load_with(content, "ids={north: x, south: y}", environ={"RECONCILE_VAR_n": "3"})
    assert [(job.address, job.job_id) for job in manifest.jobs] == [('jobs.a["north"]', "x"), ('jobs.a["south"]', "y")]
    assert manifest.jobs[0].expect.sub_jobs.count.min == 3


def test_the_output_of_terraform_is_taken_as_it_is(load_with):
    outputs = {
        "code": {"sensitive": True, "type": "string", "value": "s3cr3t"},
        "unused": {"sensitive": False, "type": "number", "value": 1},
    }
    content = "variables: {code: {}}\njobs: {a: {job_id: i, expect: {status: failed, error_code: '${var.code}'}}}\n"
    manifest = load_with(content, outputs)
    assert (manifest.jobs[0].expect.fields[1].accept, manifest.jobs[0].expect.fields[1].sensitive) == (
        ("s3cr3t",),
        True,
    )
    assert manifest.warnings == ()


def test_a_file_that_is_not_all_outputs_is_a_file_of_mappings(load_with):
    content = "variables: {m: {}}\njobs: {a: {job_id: i, labels: '${var.m}'}}\n"
    mapping = {"value": "a", "type": "b", "sensitive": "c"}
    assert load_with(content, {"m": mapping, "n": "x"}).jobs[0].labels == mapping


def test_a_name_that_is_not_declared_is_an_error_on_the_command_line_and_counted_in_a_file(load_with, refuse_with):
    assert refuse_with(ONE % "{default: a}", "y=1") == [Code.UNDEFINED_VARIABLE]
    manifest = load_with(ONE % "{default: a}", {"y": 1, "zone": 2}, environ={"RECONCILE_VAR_y": "1"})
    assert (manifest.warnings, manifest.unused) == ((), {"0.json": 2})


LISTED = (
    "variables: {expand_jobs: {default: [a]}, tier: {default: web}}\n"
    "jobs: {a: {for_each: '${var.expand_jobs}', job_id: '${each.key}', labels: {tier: '${var.tier}'}}}\n"
)


@pytest.mark.parametrize(
    "key", ["expand_job", "expand-jobs", "EXPAND_JOBS", "expandJobs", "epxand_jobs", "teir", "tiers"]
)
@pytest.mark.parametrize("source", ["file", "outputs", "environment"])
def test_u03_a_name_close_to_a_variable_without_a_value_is_an_error(load_with, key, source):
    output = {"sensitive": False, "type": "string", "value": "b"}
    given = {"file": [{key: ["b"]}], "outputs": [{key: output, "other": output}], "environment": []}[source]
    environ = {f"RECONCILE_VAR_{key}": "b"} if source == "environment" else {}
    with pytest.raises(UsageError) as raised:
        load_with(LISTED, *given, environ=environ)
    (found,) = raised.value.diagnostics
    meant = "tier" if "t" in key[:2] else "expand_jobs"
    assert (found.code, found.hint) == (Code.UNDEFINED_VARIABLE, f"did you mean '{meant}', which has no value?")


@pytest.mark.parametrize("key", ["bind_job", "expand_jobs_2", "owner", "title"])
def test_u03_other_names_of_a_file_are_counted(load_with, key):
    manifest = load_with(LISTED, {key: "b"}, environ={f"RECONCILE_VAR_{key}": "b"})
    assert manifest.unused == {"0.json": 1}


def test_u03_a_name_close_to_a_variable_that_has_a_value_is_counted(load_with):
    manifest = load_with(LISTED, {"expand_jobs": ["b"], "expand_job": ["c"], "tiers": "a"}, "tier=db")
    assert ([job.job_id for job in manifest.jobs], manifest.unused) == (["b"], {"0.json": 2})


# --- Types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [["ids=[a, b]"], [], [{"ids": ["a", "b"]}]])
@pytest.mark.parametrize("declared", ["{}", "{type: list}", "{default: ''}", "{default: null}"])
def test_u16_what_for_each_uses_is_read_as_yaml(load_with, given, declared):
    content = f"variables: {{ids: {declared}}}\njobs: {{a: {{for_each: '${{var.ids}}', job_id: '${{each.key}}'}}}}\n"
    manifest = load_with(content, *given, environ={"RECONCILE_VAR_ids": '["a", "b"]'})
    assert [job.job_id for job in manifest.jobs] == ["a", "b"]


@pytest.mark.parametrize(
    ("declared", "given", "known"),
    [
        ("{type: string}", "12", "12"),
        ("{type: string, default: a}", "true", "true"),
        ("{type: string, default: null}", None, None),
        ("{type: number}", "12", 12),
        ("{type: bool}", "true", True),
        ("{type: list}", "[a]", ["a"]),
        ("{type: map, default: {}}", "{a: b}", {"a": "b"}),
    ],
)
def test_u16_a_variable_has_values_of_its_type(load_with, declared, given, known):
    content = f"variables: {{x: {declared}}}\njobs: {{a: {{job_id: i}}}}\n"
    manifest = load_with(content, *([f"x={given}"] if given else []))
    assert manifest.files[0].variables == {"x": known}


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ("{type: list}", "x=a,b", "--var x gives this variable a string, where a list is expected"),
        ("{type: map}", "x=[a]", "--var x gives this variable a list, where a mapping is expected"),
        ("{type: bool}", "x=yes", "--var x gives this variable a string, where true or false is expected"),
        ("{type: number}", "x=", "--var x gives this variable null, where a number is expected"),
        ("{type: string}", {"x": 26}, "0.json gives this variable a number, where a string is expected"),
        ("{type: list, default: a}", None, "the default is a string, where a list is expected"),
    ],
)
def test_u16_a_value_of_another_type_is_an_error(load_with, declared, given, message):
    content = f"variables: {{x: {declared}}}\njobs: {{a: {{job_id: i, labels: {{x: '${{var.x}}'}}}}}}\n"
    with pytest.raises(DocumentError) as raised:
        load_with(content, *([given] if given else []))
    assert [(each.code, each.message) for each in raised.value.diagnostics] == [(Code.WRONG_TYPE, message)]


@pytest.mark.parametrize("content", ["", "[]", "a"])
def test_a_file_without_values_is_refused(load, tmp_path, refuse, content):
    (tmp_path / "vars.yaml").write_text(content)
    (found,) = refuse(HEAD + ONE % "{default: a}", given=[VariableFile(str(tmp_path / "vars.yaml"))])
    assert found.code is Code.WRONG_TYPE


def test_a_file_of_variables_can_be_standard_input(tmp_path, refuse):
    (tmp_path / "m.yaml").write_text(HEAD + ONE % "{}")
    path = str(tmp_path / "m.yaml")
    manifest = load_manifests([path], now=NOW, given=[VariableFile("-")], stdin=io.BytesIO(b"x: from-stdin"))
    assert manifest.jobs[0].labels == {"x": "from-stdin"}
    assert [fault.code for fault in refuse(HEAD + ONE % "{}", given=[VariableFile("-")])] == [Code.USAGE]


def test_a_value_with_a_hidden_character_is_refused__C20(refuse_with):
    assert refuse_with(ONE % "{}", "x=a\u202eb") == [Code.ENCODING]
    assert refuse_with(ONE % "{}", environ={"RECONCILE_VAR_x": "a\udcffb"}) == [Code.ENCODING]


# --- References --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${var.x}", "X"),
        ("${ var.x }", "X"),
        ("a-${var.x}-${var.x}", "a-X-X"),
        ("$${var.x}", "${var.x}"),
        ("$$${var.x}", "$${var.x}"),
        ("$ {var.x} $5 $", "$ {var.x} $5 $"),
        ("$${", "${"),
    ],
)
@pytest.mark.parametrize("style", ["'{}'", '"{}"', "|-\n        {}"])
def test_a_reference_is_replaced_and_an_escaped_one_is_not(load_with, written, meant, style):
    content = (
        f"variables: {{x: {{default: X}}}}\njobs:\n  a:\n    job_id: i\n    labels:\n      l: {style.format(written)}\n"
    )
    assert load_with(content).jobs[0].labels == {"l": meant}


def test_a_reference_that_is_written_with_escapes_is_one(load_with, refuse_with):
    assert load_with('variables: {x: {default: X}}\njobs: {a: {job_id: "\\u0024{var.x}"}}\n').jobs[0].job_id == "X"
    assert refuse_with('jobs: {a: {job_id: "\\u0024{OS_PASSWORD}"}}\n') == [Code.MALFORMED_REFERENCE]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("jobs: {a: {job_id: i, status: success}}", "write expect: {status: success}"),
        ("jobs: {a: {job_id: i, sub_jobs: [bind_ldap]}}", "write expect: {sub_jobs: [bind_ldap]}"),
        ("defaults: {error_code: null}\njobs: {a: {job_id: i}}", "write expect: {error_code: null}"),
        ("expect: {status: success}\njobs: {a: {job_id: i}}", "write defaults: {expect: {status: success}}"),
    ],
)
def test_u51_a_key_one_level_too_high_is_mended_as_it_would_be_written(refuse_jobs, content, hint):
    (found,) = refuse_jobs(f"{content}\n")
    assert (found.code, found.hint) == (Code.UNKNOWN_KEY, hint)


@pytest.mark.parametrize(
    "place", ["job_id: '{}'", "job_id: a, expect: {{fail_reason: '{}'}}", "job_id: a, labels: {{a: '{}'}}"]
)
@pytest.mark.parametrize(
    "text", [pytest.param(text, id=f"C32 {text}") for text in ("${OS_PASSWORD}", "${env.HOME}", "x${HOME}")]
)
def test_the_environment_is_not_to_be_reached(load_with, place, text):
    with pytest.raises(DocumentError) as raised:
        load_with(f"jobs: {{a: {{{place.format(text)}}}}}\n", environ={"OS_PASSWORD": "hunter2", "HOME": "/hunter2"})
    assert Code.MALFORMED_REFERENCE in [fault.code for fault in raised.value.diagnostics]
    assert "hunter2" not in repr(raised.value.diagnostics)


def test_a_value_that_looks_like_a_reference_is_none(load_with, refuse_with):
    job = "{for_each: ['${var.x}'], job_id: '%s', labels: {k: '${each.key}${var.y}'}}"
    content = f"variables: {{x: {{}}, y: {{default: Y}}}}\njobs: {{a: {job}}}\n"
    assert load_with(content % "i", "x=${each.key}${var.y}").jobs[0].labels == {"k": "${each.key}${var.y}Y"}
    assert refuse_with(content % "${each.value}", "x=${var.y}") == [Code.VALUE_NOT_ALLOWED]
    assert refuse_with("variables: {s: {}}\njobs: {a: {job_id: i, expect: {status: '${var.s}'}}}", "s=${x}") == [
        Code.VALUE_NOT_ALLOWED
    ]


def test_what_nobody_reads_is_left_alone(load_with):
    content = "x-a: ${x}\njobs:\n  x-b: {job_id: i, x-c: ['${y}'], expect: {x-d: {a: '${z}'}}, labels: {x-e: '$${'}}\n"
    assert load_with(content).jobs[0].labels == {"x-e": "${"}


def test_a_default_is_a_value_and_refers_to_nothing(load_with, refuse_with):
    variables = "{x: {default: X, description: '${var.y}'}, y: {default: ['%s']}}"
    content = f"variables: {variables}\njobs: {{a: {{for_each: '${{var.y}}', job_id: i}}}}\n"
    assert load_with(content % "$${var.x}").jobs[0].address == 'jobs.a["${var.x}"]'
    assert refuse_with(content % "${var.x}") == [Code.MALFORMED_REFERENCE]


def test_the_places_of_references_are_exact(refuse):
    first = "  a: {job_id: 'x${var.nope}', labels: {b: \"${var.no}${\"}}\n"
    content = f"jobs:\n{first}  b:\n    job_id: >-\n      a\n      ${{var.gone}}\n"
    places = [(fault.source.line, fault.source.column, fault.width) for fault in refuse(HEAD + content)]
    assert places == [(4, 17, 11), (4, 44, 9), (4, 53, 2), (8, 7, 11)]


def test_an_unused_variable_is_a_warning_and_a_faulty_one_is_no_consequence(load_with, refuse_with):
    manifest = load_with("variables: {x: {default: 1}}\njobs: {a: {job_id: i, x-note: '${var.x}'}}\n")
    assert [warning.code for warning in manifest.warnings] == [Code.UNUSED_VARIABLE]
    assert refuse_with("variables: {x: {defautl: 1}}\njobs: {a: {job_id: '${var.x}'}}\n") == [Code.UNKNOWN_KEY]


# --- Sensitive values --------------------------------------------------------------------------------------------

SECRET = "variables: {s: {default: hunter2, sensitive: true}, n: {default: null, sensitive: true}}\n"


@pytest.mark.parametrize(
    ("expect", "accept"),
    [
        ("{status: failed, error_code: '${var.s}'}", ("hunter2",)),
        ("{status: failed, error_code: 'a-${var.s}'}", ("a-hunter2",)),
        ("{status: failed, fail_reason: [a, '${var.s}']}", ("a", "hunter2")),
        ("{status: failed, fail_reason: {glob: '${var.s}*'}}", (Glob(pattern="hunter2*"),)),
        ("{status: failed, fail_reason: '${var.n}'}", (None,)),
    ],
)
def test_a_sensitive_value_is_an_expectation_that_nobody_shows(load_with, expect, accept):
    field = load_with(f"{SECRET}jobs: {{a: {{job_id: i, expect: {expect}}}}}\n").jobs[0].expect.fields[1]
    assert (field.accept, field.sensitive) == (accept, True)
    assert all(type(each) in (str, Glob, type(None)) for each in field.accept)


def test_a_sensitive_type_of_a_sub_job_is_one_as_well(load_with):
    (job,) = load_with(f"{SECRET}jobs: {{a: {{job_id: i, expect: {{sub_jobs: ['${{var.s}}']}}}}}}\n").jobs
    assert job.expect.sub_jobs.items[0].fields[1].sensitive


@pytest.mark.parametrize(
    "job",
    [
        "{job_id: '${var.s}'}",
        "{job_id: i, labels: {job_type: '${var.s}'}}",
        "{job_id: i, for_each: ['${var.s}']}",
        "{job_id: i, provider: '${var.s}'}",
        "{job_id: i, expect: {status: '${var.s}'}}",
        "{job_id: i, expect: {duration: {max: '${var.s}'}}}",
        "{job_id: i, waivers: [{fields: [age], reason: '${var.s}', expires: 2026-12-01}]}",
        "{job_id: i, expect: '${var.s}'}",
    ],
)
def test_a_sensitive_value_stands_nowhere_else(refuse, job):
    (found,) = refuse(f"{HEAD}{SECRET}jobs:\n  a: {job}\n")
    assert found.code is Code.SENSITIVE_SHOWN


@pytest.mark.parametrize("value", ["s3cr3t" * 200, ["s3cr3t", "s3cr3t"], {"s3cr3t": "s3cr3t"}, [["s3cr3t"]], 5318008])
def test_a_sensitive_value_that_does_not_fit_is_not_shown(load_with, refuse_with, value):
    outputs = {"s": {"sensitive": True, "type": "dynamic", "value": value}}
    with pytest.raises(Exception) as raised:  # noqa: PT011
        load_with("variables: {s: {}}\njobs: {a: {job_id: i, expect: {job_type: {glob: '${var.s}'}}}}\n", outputs)
    assert not any(secret in repr(raised.value.diagnostics) for secret in ("s3cr3t", "5318008"))


# --- What messages say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "given", "hint"),
    [
        ("jobs: {a: {job_id: 26e65}}", None, 'quote it: "26e65"'),
        ("variables: {x: {default: 26e65}}\njobs: {a: {job_id: '${var.x}'}}", None, 'quote it: "26e65"'),
        ("variables: {x: {type: number}}\njobs: {a: {job_id: '${var.x}'}}", "x=0x1F", 'quote it: "0x1F"'),
        ("variables: {x: {}}\njobs: {a: {job_id: '${var.x}'}}", {"x": 26}, 'quote it: "26"'),
        ("jobs: {a: {for_each: {n: 1, m: 0o17}, job_id: '${each.value}'}}", None, 'quote it: "0o17"'),
        (
            "variables: {x: {default: {n: 26e65}}}\njobs: {a: {for_each: '${var.x}', job_id: '${each.value}'}}",
            None,
            "put it in quotes where it is given",
        ),
    ],
)
def test_u46_a_hint_shows_a_value_as_it_was_written(load_with, content, given, hint):
    with pytest.raises(DocumentError) as raised:
        load_with(content + "\n", *([given] if given else []))
    found = raised.value.diagnostics[-1]
    assert (found.code, found.hint) == (Code.QUOTE_IT, hint)
    assert "e+" not in found.message


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("${JOB_ID}", "write ${var.JOB_ID}, and declare it: variables: {JOB_ID: {}}"),
        ("${env.JOB_ID}", "write ${var.JOB_ID}, and declare it: variables: {JOB_ID: {}}"),
        ("${env:JOB_ID}", "write ${var.JOB_ID}, and declare it: variables: {JOB_ID: {}}"),
        ("${JOB_ID:-none}", "write ${var.JOB_ID}, and declare it: variables: {JOB_ID: {}}"),
        ("${{ secrets.JOB_ID }}", "write ${var.JOB_ID}, and declare it: variables: {JOB_ID: {}}"),
        ("${x}", "write ${var.x}"),
        ("${vars.x}", "write ${var.x}"),
        ("${each}", "write ${each.value} or ${each.key}"),
    ],
)
def test_u51_a_reference_is_mended_as_it_would_be_written(refuse_jobs, written, hint):
    content = f"variables: {{x: {{default: i}}}}\njobs:\n  a: {{job_id: '${{var.x}}'}}\n  b: {{job_id: '{written}'}}\n"
    (found,) = refuse_jobs(content)
    assert (found.code, found.hint) == (Code.MALFORMED_REFERENCE, hint)


@pytest.mark.parametrize(
    ("job", "hint"),
    [
        ("26f6b565", "write a: {job_id: 26f6b565}"),
        ("{job_id: i, expect: success}", "write expect: {status: success}"),
        ("{job_id: i, expect: {duration: 10m}}", "write duration: {max: 10m}"),
        ("{job_id: i, expect: {age: '7d'}}", "write age: {max: '7d'}"),
        ("{job_id: i, expect: {end_time: 2026-11-21T00:00:00Z}}", "write end_time: {after: 2026-11-21T00:00:00Z}"),
        ("{job_id: i, expect: {sub_jobs: bind_ldap}}", "write sub_jobs: [bind_ldap]"),
        ("{job_id: i, expect: {sub_jobs: {count: 3}}}", "write count: {min: 3, max: 3}"),
        ("{job_id: i, expect: {sub_jobs: {each: success}}}", "write each: {status: success}"),
        ("{job_id: i, expect: {sub_jobs: {items: [bind_ldap]}}}", "write {job_type: bind_ldap}"),
        ("{job_id: i, expect: {sub_jobs: {items: bind_ldap}}}", "write items: [{job_type: bind_ldap}]"),
        ("{job_id: '${each.key}', for_each: a}", "write for_each: [a]"),
        ("{job_id: i, waivers: [{fields: age, reason: r, expires: 2026-12-01}]}", "write fields: [age]"),
        ("{job_id: i, expect: {duration: soon}}", 'write it like {"max": "10m"}'),
        ("{job_id: i, expect: {duration: 10}}", 'write it like {"max": "10m"}'),
        ("{job_id: i, expect: {duration: '${var.x}'}}", "write duration: {max: '${var.x}'}"),
        ("{job_id: i, expect: {duration: ${var.x}}}", 'write duration: {max: "${var.x}"}'),
    ],
)
def test_u51_a_value_is_mended_as_it_would_be_written(refuse_jobs, job, hint):
    content = "jobs:\n  a: " + job + "\n"
    if "{var.x}" in content:
        content = "variables: {x: {default: 10m}}\n" + content
    if "duration: ${" in content:
        content = "variables: {x: {default: 10m}}\njobs:\n  a:\n    job_id: i\n    expect:\n      duration: ${var.x}\n"
    (found,) = refuse_jobs(content)
    assert (found.code, found.hint) == (Code.WRONG_TYPE, hint)


@pytest.mark.parametrize(
    "place", ["job_id: '${var.id}'", "job_id: i, labels: {id: '${var.id}'}", "job_id: 'a-${var.id}'"]
)
def test_u55_a_sensitive_output_is_named_with_its_file_and_what_to_do_in_terraform(load_with, place):
    content = f"variables: {{id: {{}}}}\njobs: {{a: {{{place}}}}}\n"
    with pytest.raises(ReconcileError) as raised:
        load_with(content, {"id": {"sensitive": True, "type": "string", "value": "s3cr3t"}})
    (found,) = raised.value.diagnostics
    assert found.code is Code.SENSITIVE_SHOWN
    assert "sensitive in 0.json" in found.message
    assert "nonsensitive(" in found.hint
    assert "s3cr3t" not in f"{found}"
