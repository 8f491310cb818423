"""SARIF as its schema and GitHub's code scanning want it."""

import json
from functools import partial
from urllib.parse import unquote, urlsplit

from builders import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from report.plans import WAIVER, each_plan, every_plan, load_plan, plan_mixed, poison_plan
from report.schemas import check_against

from reconcile.model.diagnostic import Source
from reconcile.model.plan import Verdict
from reconcile.report import render_plan
from reconcile.report.result import list_results, rank_results
from reconcile.report.sarif import MOST_RESULTS

render = partial(render_plan, format_name="sarif")


SOME = 100
"""Results of a long report that are validated; all are alike."""


def run_of(plan):
    (run,) = json.loads(render(plan))["runs"]
    return run


def uris_of(run):
    for result in run["results"]:
        yield result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


@every_plan
def test_e10_every_report_is_valid(name):
    document = json.loads(render(load_plan(name)))
    (run,) = document["runs"]
    run["results"] = run["results"][:SOME]
    notifications = run["invocations"][0]["toolExecutionNotifications"]
    run["invocations"][0]["toolExecutionNotifications"] = notifications[:SOME]
    check_against("sarif-schema-2.1.0.json", document)


@each_plan
def test_what_github_requires_is_there(name):
    plan = load_plan(name)
    run = run_of(plan)
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    for rule in run["tool"]["driver"]["rules"]:
        texts = [rule[key]["text"] for key in ("shortDescription", "fullDescription", "help")]
        assert all(0 < len(text) <= 1024 for text in texts)
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["message"]["text"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region.keys() == {"startLine", "startColumn", "endLine", "endColumn"}
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints) == len(rank_results(list_results(plan)))


@each_plan
def test_e10_places_are_relative_uris_inside_of_the_repository(name):
    for uri in set(uris_of(run_of(load_plan(name)))):
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert uri.isascii()
        assert unquote(uri).isprintable()
        assert not {"", ".", ".."} & set(uri.split("/"))


def test_e14_a_file_name_is_percent_encoded():
    plan = load_plan("error")
    source = Source(file="größe #1?:%2e.yaml", line=1, column=1)
    job = replace(plan.jobs[0], job=replace(plan.jobs[0].job, source=source))
    assert next(uris_of(run_of(replace(plan, jobs=(job,))))) == "gr%C3%B6%C3%9Fe%20%231%3F%3A%252e.yaml"


@each_plan
def test_e10_a_run_with_an_error_was_not_successful_and_says_why(name):
    plan = load_plan(name)
    (invocation,) = run_of(plan)["invocations"]
    assert invocation["executionSuccessful"] is (plan.verdict is not Verdict.ERROR)
    levels = [notification["level"] for notification in invocation["toolExecutionNotifications"]]
    assert ("error" in levels) is (plan.verdict is Verdict.ERROR)


def test_e10_a_run_that_was_cut_short_was_not_successful():
    (invocation,) = run_of(replace(load_plan("in_sync"), complete=False))["invocations"]
    assert invocation["executionSuccessful"] is False


def test_a_job_that_could_not_be_observed_is_a_result_too():
    """Code scanning would close its alerts as mended if it were not."""
    assert [result["ruleId"] for result in run_of(load_plan("error"))["results"]] == ["error.RC412"]


def test_levels_and_suppressions():
    results = run_of(load_plan("mixed"))["results"]
    levels = {result["ruleId"]: result["level"] for result in results if "suppressions" not in result}
    assert (levels["drift.job_type"], levels["missing"], levels["pending"]) == ("error", "error", "warning")
    (waived,) = (result for result in results if "suppressions" in result)
    assert waived["level"] == "note"
    assert waived["suppressions"][0]["justification"] == WAIVER.reason


def test_no_message_holds_a_link():
    for result in run_of(load_plan("hostile"))["results"]:
        assert "](" not in result["message"]["text"]
        for suppression in result.get("suppressions", ()):
            assert "](" not in suppression["justification"]


def test_more_results_than_github_takes_are_cut_and_counted():
    plan = load_plan("missing")
    job = plan.jobs[0]
    jobs = (replace(job, job=replace(job.job, address=f"jobs.j{i}")) for i in range(MOST_RESULTS + 7))
    run = run_of(replace(plan, jobs=(*jobs, load_plan("error").jobs[0])))
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["ruleId"] == "error.RC412"
    said = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert said.startswith("8 more results not listed")


@given(text=st.text(min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_no_text_breaks_the_document(text):
    run = run_of(poison_plan(plan_mixed(), text))
    assert all(not urlsplit(uri).scheme for uri in uris_of(run))


def test_the_time_of_judging_is_no_part_of_it():
    plan = load_plan("mixed")
    assert render(replace(plan, judged_at=NOW.replace(year=2027))) == render(plan)
