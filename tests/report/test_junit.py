"""JUnit as Jenkins and GitLab read it; the schema beside this file is Jenkins' own (xunit-plugin, MIT licence)."""

from collections import Counter
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest
from builders import job, observed, sub_job, sub_jobs
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from report.plans import each_plan, every_plan, load_plan, plan_mixed, plan_of, poison_plan

from reconcile.model.manifest import Match
from reconcile.model.plan import Verdict
from reconcile.report import render_plan
from reconcile.report.result import list_results

render = partial(render_plan, format_name="junit")


SCHEMA = etree.XMLSchema(file=Path(__file__).with_name("junit-10.xsd"))
ELEMENTS = {
    Verdict.IN_SYNC: None,
    Verdict.DRIFT: "failure",
    Verdict.PENDING: "error",
    Verdict.ERROR: "error",
    Verdict.WAIVED: "skipped",
}


def parse(text):
    root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, huge_tree=False))
    for case in root.iter("testcase"):  # GitLab wants them, and Jenkins' schema does not know them
        case.attrib.pop("file", None)
        case.attrib.pop("line", None)
    SCHEMA.assertValid(root)
    return ElementTree.fromstring(text)


def outcomes(case):
    return [element.tag for element in case]


@every_plan
def test_e09_every_report_is_what_jenkins_reads_and_its_counts_are_right(name):
    root = parse(render(load_plan(name)))
    for suite in root:
        tags = Counter(tag for case in suite.iter("testcase") for tag in outcomes(case))
        numbers = [suite.get(key) for key in ("failures", "errors", "skipped")]
        assert numbers == [str(tags[tag]) for tag in ("failure", "error", "skipped")]
    for key in ("tests", "failures", "errors"):
        assert root.get(key) == str(sum(int(suite.get(key)) for suite in root))


@each_plan
def test_e09_every_assertion_is_a_case_and_passes_only_if_it_is_in_sync(name):
    plan = load_plan(name)
    cases = list(parse(render(plan)).iter("testcase"))
    expected = [ELEMENTS[result.verdict] for result in list_results(plan)]
    assert [next(iter(outcomes(case)), None) for case in cases] == expected
    assert len({case.get("name") for case in cases}) == len(cases)


@given(text=st.text(min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_e09_no_text_breaks_the_document(text):
    parse(render(poison_plan(plan_mixed(), text)))


def test_a_failure_says_in_its_text_all_that_a_reader_needs():
    failure = parse(render(load_plan("changed"))).find(".//failure")
    assert failure.get("type") == "drift.status"
    assert failure.get("message") == 'expected "success", observed "failed"'
    assert failure.text.splitlines()[:5] == [
        'expected "success", observed "failed"',
        "declared at reconcile.yaml:7:5",
        'job "id-a" of provider otc',
        "request req-1",
        "note: the job reports SFS.TURBO.0005: it broke",
    ]


def test_of_many_cases_of_one_job_the_first_tell_of_the_job():
    unexpected = observed("success", *[sub_job("failed", "a", "E")] * 150, job_id="id-a")
    plan = plan_of((job(sub_jobs(Match.EXACT)), unexpected))
    texts = [failure.text for failure in parse(render(plan)).iter("failure")]
    # The first case of all is the status, which is in sync.
    assert ['job "id-a"' in text for text in texts] == [True] * 99 + [False] * 51


def test_a_suite_carries_the_id_of_the_request():
    suite = parse(render(load_plan("error"))).find("testsuite")
    assert {each.get("name"): each.get("value") for each in suite.iter("property")} == {
        "job_id": "id-a",
        "request_id": "req-9",
    }


def test_what_is_waived_is_skipped_and_says_why_and_until_when():
    skipped = parse(render(load_plan("waived"))).find(".//skipped")
    assert skipped.get("message") == "waived until 2026-12-31: vendor ticket OPS-12"


@pytest.mark.parametrize("name", ["hostile", "unicode"])
def test_no_case_has_output_that_gitlab_would_search_for_attachments(name):
    assert parse(render(load_plan(name))).find(".//system-out") is None
