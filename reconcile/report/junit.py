"""
The plan as JUnit XML: one test suite for each job, one test case for each assertion.

Jenkins reads the attributes and GitLab the text, so both contain the message. A pending assertion is an `error`: it
must not pass, and JUnit has no third state. Jenkins' schema has no `file` and `line` of a test case, but GitLab wants
them and Jenkins ignores them. There is no `system-out`, because GitLab would attach any file that a server names there
with `[[ATTACHMENT|path]]`.

The document is written as text, because a tree of 100,000 elements takes longer than fetching the jobs. Every text has
passed through `reconcile.report.escape`, which escapes every character that XML cannot hold.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape as escape_markup
from itertools import groupby

from reconcile.model.plan import JobPlan, Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import describe_job, describe_place, describe_run, describe_waiver
from reconcile.report.result import Result, count_verdicts, iterate_results
from reconcile.report.style import Style
from reconcile.report.timing import find_begin, find_job_begin, measure_run

_ELEMENTS = {
    Verdict.DRIFT: "failure",
    Verdict.ERROR: "error",
    Verdict.PENDING: "error",
    Verdict.WAIVED: "skipped",
}

_COUNTED = (*_ELEMENTS, Verdict.IN_SYNC)

_MOST_DETAILED = 100
"""The most cases of a job that also describe the job; nobody needs that more often."""


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan as ASCII; `style` is not used, because XML has no colour."""
    del style
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    name, outcomes = escape_markup(describe_run(plan)), _write_counts(count_verdicts(plan))
    yield _write_lines([f'<testsuites name="{name}" {outcomes} time="{measure_run(plan):.3f}">'])
    for _, group in groupby(iterate_results(plan), lambda result: result.address):
        yield _write_lines(_render_suite(list(group), plan))
    yield "</testsuites>\n"


def _write_lines(lines: Iterable[str]) -> str:
    text = "\n".join([*lines, ""])
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _write_counts(counts: Mapping[Verdict, int]) -> str:
    tests, failures = sum(counts.values()), counts[Verdict.DRIFT]
    return f'tests="{tests}" failures="{failures}" errors="{counts[Verdict.ERROR] + counts[Verdict.PENDING]}"'


def _render_suite(results: Sequence[Result], plan: Plan) -> Iterator[str]:
    verdicts = [result.verdict for result in results]
    counts = {verdict: verdicts.count(verdict) for verdict in _COUNTED}
    name, job = escape_markup(results[0].address), results[0].job
    seconds = job.timing.elapsed if job else 0.0
    begin = find_job_begin(job, plan) if job else find_begin(plan)
    times = f'time="{seconds:.3f}" timestamp="{begin:%Y-%m-%dT%H:%M:%S}"'
    yield f'  <testsuite name="{name}" {_write_counts(counts)} skipped="{counts[Verdict.WAIVED]}" {times}>'
    if job:
        yield from _render_properties(job)
    context = tuple(describe_job(job)) if job and counts[Verdict.IN_SYNC] < len(results) else ()
    for number, result in enumerate(results):
        # Only the first case has a time: readers add them up, and all cases share the same requests.
        details = context if number < _MOST_DETAILED else ()
        yield from _render_case(result, name, details, 0.0 if number else seconds)
    yield "  </testsuite>"


def _render_properties(plan: JobPlan) -> Iterator[str]:
    yield "    <properties>"
    for name, value in (("job_id", plan.job.job_id), ("request_id", plan.observation.request_id)):
        if value:
            yield f'      <property name="{name}" value="{escape_markup(escape(value))}" />'
    yield "    </properties>"


def _render_case(result: Result, suite: str, context: Sequence[str], seconds: float) -> Iterator[str]:
    """Render a case; `suite` is the address as markup, the beginning of its names and titles."""
    source = result.source
    place = f' file="{_escape_file(source.file)}" line="{source.line}"' if source else ""
    case = f'    <testcase classname="{suite}" name="{suite} {escape_markup(result.name)}"{place} time="{seconds:.3f}"'
    if result.verdict is Verdict.IN_SYNC:
        yield f"{case} />"
        return
    element = _ELEMENTS[result.verdict]
    message = describe_waiver(result.waiver) if result.waiver else result.message
    declared = [f"declared at {describe_place(source)}"] if source else []
    text = escape_markup("\n".join([result.message, *declared, *context]), quote=False)
    yield f"{case}>"
    yield f'      <{element} type="{escape_markup(result.rule)}" message="{escape_markup(message)}">{text}</{element}>'
    yield "    </testcase>"


@lru_cache(maxsize=64)
def _escape_file(file: str) -> str:
    return escape_markup(escape(file))
