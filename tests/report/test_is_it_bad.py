"""Whoever asks a report whether the run was bad gets the answer of the exit code, in every format."""

import json
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from report.plans import KINDS, load_plan, plan_of

from reconcile.model.plan import ExitCode, Verdict
from reconcile.report import FORMATS, render_plan
from reconcile.report.github import render_outputs


def ask_ctrf(text):
    results = json.loads(text)["results"]
    summary = results["summary"]
    assert summary["other"] == 0
    assert summary["passed"] == sum(test["status"] == "passed" for test in results["tests"])
    return summary["failed"] + summary["pending"] > 0 or results["extra"]["verdict"] != "in_sync"


def ask_junit(text):
    root = ElementTree.fromstring(text)
    counted = int(root.get("failures")) + int(root.get("errors"))
    assert counted == len(root.findall(".//failure")) + len(root.findall(".//error"))
    return counted > 0


def ask_sarif(text):
    (run,) = json.loads(text)["runs"]
    (invocation,) = run["invocations"]
    found = any(result["level"] in ("error", "warning") for result in run["results"] if "suppressions" not in result)
    assert found == (invocation["exitCode"] != 0)
    return found


def ask_openmetrics(text):
    values = {
        (sample.name, sample.labels.get("verdict")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    code = values["reconcile_exit_code", None]
    assert (values["reconcile_run", "in_sync"] == 1) is (code == 0)
    return code != 0


def ask_otlp(text):
    root, *_ = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    results = [each["value"]["stringValue"] for each in root["attributes"] if each["key"] == "cicd.pipeline.result"]
    bad = root.get("status") is not None
    assert bad or results == ["success"]
    return bad


ASK = {
    "text": lambda text: "Every expectation" not in text.splitlines()[-1],
    "json": lambda text: json.loads(text)["exit_code"] != 0,
    "markdown": lambda text: not text.startswith("## reconcile: in sync\n"),
    "junit": ask_junit,
    "sarif": ask_sarif,
    "github": lambda text: bool(re.search("^::(error|warning) ", text, re.MULTILINE)),
    "azure": lambda text: "##vso[task.logissue type=" in text,
    "gitlab": lambda text: any(issue["severity"] != "info" for issue in json.loads(text)),
    "ctrf": ask_ctrf,
    "tap": lambda text: bool(re.search("^not ok (?!.* # TODO )|^Bail out!", text, re.MULTILINE)),
    "openmetrics": ask_openmetrics,
    "otlp": ask_otlp,
    "html": lambda text: "exit code <b>0</b>" not in text,
}


def check(plan):
    bad = plan.exit_code is not ExitCode.IN_SYNC
    for name in FORMATS:
        assert ASK[name](render_plan(plan, format_name=name)) is bad, name
    assert (f"exit_code={int(plan.exit_code)}\n" in render_outputs(plan)) is True


def test_u08_every_format_is_asked():
    assert ASK.keys() == FORMATS.keys()


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_u08_every_format_answers_as_the_exit_code_does(kinds):
    check(plan_of(*(kind(f"j{i}") for i, kind in enumerate(kinds))))


@pytest.mark.parametrize("name", ["failed", "in_sync", "pending", "error", "changed", "waived"])
def test_u08_so_does_a_run_that_ended_early(name):
    plan = load_plan(name)
    check(plan)
    if plan.verdict is Verdict.IN_SYNC:
        cut = replace(plan, complete=False, exit_code=ExitCode.INTERRUPTED)
        for each in FORMATS.keys() - {"text", "markdown"}:  # these say "in sync", and that the run was cut short
            assert ASK[each](render_plan(cut, format_name=each)), each
