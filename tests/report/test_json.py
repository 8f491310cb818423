"""The JSON plan keeps the promise of its schema."""

import json

import pytest
from builders import NOW, SOURCE, item, job, manifest, observed, sub_job, sub_jobs
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Problem
from reconcile.model.manifest import Match
from reconcile.model.observation import Looks, Missing, Unobserved
from reconcile.plan import make_failed_plan, make_plan
from reconcile.report import render_plan
from reconcile.report.style import PLAIN
from reconcile.shipped import load_schema


def closed(schema):
    """The schema is open, for later versions add keys; this version writes no key that it does not describe."""
    match schema:
        case {"properties": _}:
            return {**{key: closed(value) for key, value in schema.items()}, "additionalProperties": False}
        case dict():
            return {key: closed(value) for key, value in schema.items()}
        case list():
            return [closed(value) for value in schema]
        case _:
            return schema


VALIDATOR = Draft202012Validator(closed(load_schema("plan.v1")))
HOSTILE = "\x1b[2J\u202e\ud800\x00\n::error::x ##[add-mask]a </script>"


def rendered(*observations):
    expectation = sub_jobs(Match.EXACT, item(job_type="a", status="success"), item(job_type="b"))
    jobs = [job(expectation, name=f"j{i}", job_type="x") for i in range(len(observations))]
    return render_plan(make_plan(manifest(*jobs), observations, now=NOW, origins={}), format_name="json", style=PLAIN)


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(load_schema("plan.v1"))


@pytest.mark.parametrize(
    "observation",
    [
        observed("success", sub_job("success", "a"), sub_job("success", "b"), job_id="id-j0", job_type="x"),
        observed("failed", sub_job("failed", "a"), sub_job("success", HOSTILE), job_id="id-j0", fail_reason=HOSTILE),
        observed("running", job_id="id-j0"),
        replace(observed("running", job_id="id-j0"), looks=Looks(alike=2, span=30.0)),
        Missing(code="SFS.TURBO.0019", message=HOSTILE, request_id=None),
        Unobserved(problem=Problem(code=Code.NOT_JSON, message=HOSTILE), request_id="r"),
    ],
)
def test_e11_every_kind_of_job_is_valid_and_ascii(observation):
    text = rendered(observation)
    VALIDATOR.validate(json.loads(text))
    assert text.isascii()


def test_drift_names_path_kind_values_and_place():
    plan = json.loads(rendered(observed("failed", sub_job("failed", "a"), sub_job("success", "c"), job_id="id-j0")))
    drifts = [(drift["path"], drift["kind"], drift["expected"], drift["actual"]) for drift in plan["jobs"][0]["drifts"]]
    assert drifts == [
        ("status", "changed", "success", "failed"),
        ("job_type", "changed", "x", None),
        ("sub_jobs[0].status", "changed", "success", "failed"),
        ("sub_jobs[1]", "missing", {"job_type": "b"}, None),
        ("sub_jobs[+1]", "unexpected", None, {"job_type": "c", "status": "success"}),
    ]
    assert {(drift["line"], drift["column"]) for drift in plan["jobs"][0]["drifts"]} == {(SOURCE.line, SOURCE.column)}
    assert (plan["verdict"], plan["exit_code"]) == ("drift", 2)


def test_a_run_without_a_plan_has_the_keys_of_one():
    plan = make_failed_plan([Diagnostic(code=Code.SYNTAX, message="x", source=SOURCE)], now=NOW)
    document = json.loads(render_plan(plan, format_name="json", style=PLAIN))
    VALIDATOR.validate(document)
    assert (document["verdict"], document["exit_code"], document["complete"]) == ("error", 1, False)
