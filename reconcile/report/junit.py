"""
The plan as JUnit XML: one test suite for each job, one test case for each assertion.

Jenkins reads attributes and GitLab the text, so a message stands in both. What is pending is an `error`, for a
reader knows no third word, and it must not pass. Jenkins' schema has no `file` and `line` of a test case, GitLab
wants them, and Jenkins does not mind. There is no `system-out`: GitLab takes what a server could write there,
`[[ATTACHMENT|path]]`, for a file to attach. A character that XML cannot hold is none that `escape` lets through.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from reconcile.model import JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.result import Result, list_results
from reconcile.report.style import Style
from reconcile.report.messages import describe_job, describe_place, describe_run, describe_waiver

_ELEMENTS = {
    Verdict.DRIFT: "failure",
    Verdict.ERROR: "error",
    Verdict.PENDING: "error",
    Verdict.WAIVED: "skipped",
}

_MOST_TOLD = 100
"""Cases of a job that tell of the job as well; of more, reading the first suffices."""

_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(plan: Plan, style: Style) -> str:
    """Render a plan as ASCII; `style` is not used, for XML has no colour."""
    del style
    results = list_results(plan)
    root = ElementTree.Element("testsuites", {"name": describe_run(plan), **_count(results)})
    root.extend(_make_suite(address, list(group)) for address, group in groupby(results, lambda result: result.address))
    ElementTree.indent(root)
    return f"{_PROLOGUE}{ElementTree.tostring(root, encoding='us-ascii').decode('ascii')}\n"


def _count(results: Sequence[Result]) -> dict[str, str]:
    elements = [_ELEMENTS.get(result.verdict) for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
    }


def _make_suite(address: str, results: Sequence[Result]) -> ElementTree.Element:
    skipped = sum(result.verdict is Verdict.WAIVED for result in results)
    suite = ElementTree.Element("testsuite", {"name": address, **_count(results), "skipped": str(skipped)})
    job = results[0].job
    context = tuple(describe_job(job)) if job else ()
    if job:
        suite.append(_make_properties(job))
    suite.extend(_make_case(result, context if n < _MOST_TOLD else ()) for n, result in enumerate(results))
    return suite


def _make_properties(plan: JobPlan) -> ElementTree.Element:
    properties = ElementTree.Element("properties")
    for name, value in (("job_id", plan.job.job_id), ("request_id", plan.observation.request_id)):
        if value:
            ElementTree.SubElement(properties, "property", {"name": name, "value": escape(value)})
    return properties


def _make_case(result: Result, context: Sequence[str]) -> ElementTree.Element:
    source = result.source
    place = {"file": escape(source.file), "line": str(source.line)} if source else {}
    case = ElementTree.Element("testcase", {"classname": result.address, "name": result.title, **place})
    element = _ELEMENTS.get(result.verdict)
    if element:
        message = describe_waiver(result.waiver) if result.waiver else result.message
        declared = [f"declared at {describe_place(source)}"] if source else []
        outcome = ElementTree.SubElement(case, element, {"type": result.rule, "message": message})
        outcome.text = "\n".join([result.message, *declared, *context])
    return case
