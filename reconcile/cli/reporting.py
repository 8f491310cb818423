"""A plan on its way out: stdout, files, and what is said beside them."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from reconcile.cli import output
from reconcile.cli.files import append_file, check_end, check_place, sweep_drafts, write_file
from reconcile.cli.invocation import Invocation
from reconcile.cli.options import Reporting
from reconcile.codes import Code
from reconcile.errors import OutputError, ReconcileError
from reconcile.model import Plan
from reconcile.report import render_plan
from reconcile.report.style import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that a run writes: what it gets, and whether that is all or an addition."""

    path: str
    render: Callable[[Plan], str]
    added: bool

    def check(self) -> None:
        """Raise OutputError if it cannot be written; nothing is created."""
        (check_end if self.added else check_place)(self.path)

    def write(self, plan: Plan) -> None:
        """Check and write it; raise OutputError if it is not written."""
        try:
            text = self.render(plan)
        except Exception as error:  # the others are written all the same
            message = f"cannot write {self.path}: the report failed: {type(error).__name__}"
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error
        self.check()
        (append_file if self.added else write_file)(self.path, text)


class Report:
    """All that one run writes of its plan. Every file is checked before the first request is sent."""

    def __init__(self, reporting: Reporting, invocation: Invocation) -> None:
        self._reporting = reporting
        self._invocation = invocation
        self._style = Style(full=reporting.full)
        self._files = tuple(_list_files(reporting, self._style))

    def prepare(self, read: Iterable[str | None]) -> None:
        """Raise OutputError if a file cannot be written, would be written twice, or is one that was `read`."""
        paths = [file.path for file in self._files]
        taken = {Path(path).resolve() for path in read if path is not None}
        for place, times in Counter(Path(path).resolve() for path in paths).items():
            if times > 1 or place in taken:
                why = "this run reads that file" if place in taken else "two reports would be written there"
                raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {place}: {why}")
        for file in self._files:
            file.check()
            sweep_drafts(file.path)

    def write(self, plan: Plan) -> None:
        """Write everything; raise OutputError, once all that can be written is, if something cannot."""
        failures = [*self._write_files(plan), *self._write_stdout(plan)]
        if failures:
            raise OutputError([each for failure in failures for each in failure.diagnostics])
        if not self._reporting.terse:
            output.tell_explanation(_codes_of(plan))

    def write_failure(self, error: ReconcileError) -> None:
        """Write what scripts read of a run that ended before there was a plan."""
        from reconcile.plan import make_failed_plan

        error.terse = self._reporting.terse
        if isinstance(error, OutputError):
            return
        failed = make_failed_plan(error.diagnostics, now=self._invocation.clock())
        self._write_files(failed)
        if self._reporting.format_name != "text":
            output.write(render_plan(failed, format_name=self._reporting.format_name, style=self._style))

    def _write_files(self, plan: Plan) -> list[OutputError]:
        failures = []
        for file in self._files:
            try:
                file.write(plan)
            except OutputError as failure:
                failures.append(_with_verdict(failure, plan))
        return failures

    def _write_stdout(self, plan: Plan) -> list[OutputError]:
        palette = output.choose_palette(self._invocation.colour, sys.stdout, self._invocation.environ)
        style = replace(self._style, palette=palette, width=output.measure_width(sys.stdout))
        try:
            output.write(render_plan(plan, format_name=self._reporting.format_name, style=style))
            output.close()
        except OutputError as failure:
            return [_with_verdict(failure, plan)]
        return []


def _list_files(reporting: Reporting, style: Style) -> Iterator[_File]:
    for name, path in reporting.reports:
        yield _File(path=path, render=partial(render_plan, format_name=name, style=style), added=False)
    if reporting.github_summary is None and reporting.github_output is None:
        return
    from reconcile.report.step import render_outputs, render_summary

    if reporting.github_summary is not None:
        yield _File(path=reporting.github_summary, render=render_summary, added=True)
    if reporting.github_output is not None:
        yield _File(path=reporting.github_output, render=render_outputs, added=True)


def _with_verdict(failure: OutputError, plan: Plan) -> OutputError:
    """Say what was decided, for it is not lost with the file."""
    (diagnostic,) = failure.diagnostics
    return OutputError.because(diagnostic.code, f"{diagnostic.message}; the verdict was {plan.verdict.value}")


def _codes_of(plan: Plan) -> list[Code]:
    return [*(error.code for error in plan.errors), *(problem.code for job in plan.jobs for problem in job.problems)]
