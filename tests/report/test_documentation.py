"""Where the documentation is published, reports link to the page of each error code, once for each code."""

import json

import pytest
from report.plans import LOST, load_plan, plan_mixed, plan_of, unobserved
from report.schemas import check_against

from reconcile.codes import Code
from reconcile.report import render_plan
from reconcile.report.documentation import list_codes
from reconcile.report.github import render_summary
from reconcile.report.style import Style

DOCS = Style(docs_url="https://docs.example.com/reconcile")
PAGE = f"{DOCS.docs_url}/errors/{Code.NOT_JSON}/"


def test_the_codes_of_a_plan_are_those_of_the_run_and_of_its_jobs_each_once():
    assert list_codes(load_plan("failed")) == [Code.UNKNOWN_KEY, Code.NO_CREDENTIALS]
    assert list_codes(plan_of(unobserved("a"), unobserved("b"))) == [LOST.problem.code]
    assert list_codes(load_plan("in_sync")) == []


@pytest.mark.parametrize("name", ["markdown", "html", "github", "azure", "sarif"])
def test_a_report_links_to_the_page_of_a_code_once(name):
    plan = plan_of(unobserved("a"), unobserved("b"))
    text = render_plan(plan, format_name=name, style=DOCS)
    links = {"sarif": 2}.get(name, 1)  # the rule has it as a URI and in its help
    assert text.replace("%3A", ":").count(PAGE) == links
    assert DOCS.docs_url not in render_plan(plan, format_name=name)


def test_the_summary_of_a_step_has_the_links_of_the_comment():
    assert f"To learn more: [{Code.NOT_JSON}](<{PAGE}>)\n" in render_summary(plan_mixed(), DOCS)


def test_each_rule_has_a_page_in_sarif():
    document = json.loads(render_plan(plan_mixed(), format_name="sarif", style=DOCS))
    check_against("sarif-schema-2.1.0.json", document)
    rules = {rule["id"]: rule["helpUri"] for rule in document["runs"][0]["tool"]["driver"]["rules"]}
    assert rules[f"error.{Code.NOT_JSON}"] == PAGE
    assert rules["pending"] == f"{DOCS.docs_url}/guides/pending/"
    assert rules["drift.status"] == rules["missing"] == f"{DOCS.docs_url}/guides/drift/"
