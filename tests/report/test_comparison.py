"""Three runs, each compared with the one before, in every format."""

import json
import re
from pathlib import Path

import pytest
from builders import NOW, job, manifest, observed
from msgspec.structs import replace
from report.plans import LOST, PAYLOADS, check_harmless, plan_mixed, poison_plan
from report.test_json import VALIDATOR

from reconcile.baseline import compare_plans, read_earlier_plan
from reconcile.plan import make_plan
from reconcile.report import FORMATS, render_plan
from reconcile.report.json import plan_to_json
from reconcile.report.style import PLAIN

GOLDENS = Path(__file__).parent / "comparison"
SHOWN = ("text", "markdown", "github", "azure", "sarif", "json", "html")
NAMES = ["create-share", *(f"mount-{number:02}" for number in range(1, 30)), "old", "lost", "fine"]


def run(answers):
    """Plan all jobs; those without an answer of their own have succeeded."""
    jobs = [job(name=name, error_code=None) for name in NAMES]
    seen = [answers.get(name) or observed("success", job_id=f"id-{name}") for name in NAMES]
    return make_plan(manifest(*jobs), seen, now=NOW, origins={})


def failed(name, minute, code=None):
    times = {"begin_time": "2026-11-21 10:00:00", "end_time": f"2026-11-21 11:{minute:02}:00"}
    return {name: replace(observed("failed", job_id=f"id-{name}", error_code=code), **times)}


def failed_mounts():
    return {key: value for at, name in enumerate(NAMES[1:30], 1) for key, value in failed(name, at).items()}


RUNS = (
    run({**failed("old", 5, "OLD.1"), **failed("lost", 6)}),
    run({**failed("create-share", 0), **failed_mounts(), **failed("old", 5, "OLD.1"), "lost": LOST}),
    run({**failed_mounts(), **failed("old", 5, "OLD.2"), **failed("lost", 6)}),
)


def earlier(plan):
    return read_earlier_plan("earlier.json", json.loads(render_plan(plan, format_name="json")))


def compared(number):
    """The plan of a run, compared with that of the run before."""
    return compare_plans(RUNS[number], earlier(RUNS[number - 1]))


@pytest.mark.parametrize("format_name", SHOWN)
@pytest.mark.parametrize("number", [1, 2])
def test_three_runs(number, format_name, check_golden):
    shown = render_plan(compared(number), format_name=format_name)
    if format_name == "json":
        shown = json.dumps(json.loads(shown)["baseline"], indent=2) + "\n"
    elif format_name == "sarif":
        results = json.loads(shown)["runs"][0]
        lines = [f"{each.get('baselineState')}: {each['message']['text']}" for each in results["results"]]
        notes = [each["message"]["text"] for each in results["invocations"][0]["toolExecutionNotifications"]]
        shown = "\n".join([*lines, *notes, ""])
    elif format_name == "html":
        shown = re.search("<header.*?</header>", shown, re.DOTALL)[0] + "\n"
    check_golden(GOLDENS / f"run-{number + 1}.{format_name}", shown)


def test_of_the_first_failures_one_began():
    assert "These 30 new differences began with jobs.create-share." in render_plan(compared(1), format_name="text")


@pytest.mark.parametrize("format_name", sorted(FORMATS.keys() - set(SHOWN)))
def test_formats_for_machines_stay_as_they_are(format_name):
    assert render_plan(compared(1), format_name=format_name) == render_plan(RUNS[1], format_name=format_name)


def test_the_json_is_valid_and_each_drift_has_its_state():
    document = json.loads(render_plan(compared(2), format_name="json"))
    VALIDATOR.validate(document)
    states = [each["baseline"] for job in document["jobs"] for each in job["drifts"]]
    assert (states.count("new"), states.count("persisting")) == (
        document["baseline"]["new"],
        document["baseline"]["persisting"],
    )
    assert document["verdict"] == plan_to_json(RUNS[2])["verdict"]


@pytest.mark.parametrize("format_name", ["markdown", "github", "azure", "sarif", "text"])
def test_e01_e07_no_text_of_an_earlier_plan_is_obeyed(format_name):
    for payload in PAYLOADS:
        before, now = (poison_plan(plan_mixed(10), text) for text in (payload, f"{payload}-now"))
        plan = compare_plans(replace(now, manifest=replace(before.manifest, declared=99)), earlier(before))
        shown = render_plan(plan, format_name=format_name, style=PLAIN)
        check_harmless(shown, format_name)
