"""
The plan as TAP 14: one test point for each assertion.

Only what is in sync is `ok`. Waived drift is `not ok # TODO`, which readers count as an expected failure. After an
error of the run itself, `Bail out!` repeats that nothing is proven.
"""

from collections.abc import Iterator

from msgspec.json import Encoder

from reconcile.model.plan import Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import describe_run, describe_waiver
from reconcile.report.result import Result, count_verdicts, iterate_results
from reconcile.report.style import Style

_ESCAPES = str.maketrans({"\\": "\\\\", "#": "\\#"})

_write_json = Encoder().encode


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; `style` is not used."""
    del style
    yield f"TAP version 14\n1..{count_verdicts(plan).total()}\n"
    of_run = None
    for number, result in enumerate(iterate_results(plan), start=1):
        yield "".join([f"{line}\n" for line in _render_point(number, result)])
        of_run = of_run or (result if result.job is None else None)
    yield f"# {describe_run(plan)}\n"
    if of_run:
        yield f"Bail out! {_escape(of_run.message)}\n"


def _render_point(number: int, result: Result) -> Iterator[str]:
    title = _escape(result.title)
    if result.verdict is Verdict.IN_SYNC:
        yield f"ok {number} - {title}"
        return
    todo = f" # TODO {_escape(describe_waiver(result.waiver))}" if result.waiver else ""
    yield f"not ok {number} - {title}{todo}"
    yield "  ---"
    yield from (f"  {key}: {_write_json(value).decode()}" for key, value in _list_details(result))  # JSON is YAML
    yield "  ..."


def _list_details(result: Result) -> Iterator[tuple[str, str | int]]:
    yield "message", result.message
    yield "verdict", result.verdict.value
    yield "rule", result.rule
    if result.source:
        yield "file", escape(result.source.file)
        yield "line", result.source.line
    if result.job:
        yield "job_id", escape(result.job.job.job_id)
        if result.job.observation.request_id:
            yield "request_id", escape(result.job.observation.request_id)


def _escape(text: str) -> str:
    return text.translate(_ESCAPES) if "\\" in text or "#" in text else text
