"""A plan on its way out: stdout, files, and what is said beside them."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from reconcile.cli import output
from reconcile.cli.files import check_place, sweep_drafts, write_file
from reconcile.cli.invocation import Invocation
from reconcile.cli.options import Reporting
from reconcile.codes import Code
from reconcile.errors import OutputError, ReconcileError
from reconcile.model import Plan
from reconcile.report import render_plan
from reconcile.report.palette import PLAIN


class Report:
    """All that one run writes of its plan. Every file is checked before the first request is sent."""

    def __init__(self, reporting: Reporting, invocation: Invocation) -> None:
        self._reporting = reporting
        self._invocation = invocation

    def prepare(self, read: Iterable[str | None]) -> None:
        """Raise OutputError if a file cannot be written, would be written twice, or is one that was `read`."""
        paths = [path for _, path in self._reporting.reports]
        taken = {Path(path).resolve() for path in read if path is not None}
        for place, times in Counter(Path(path).resolve() for path in paths).items():
            if times > 1 or place in taken:
                why = "this run reads that file" if place in taken else "two reports would be written there"
                raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {place}: {why}")
        for path in paths:
            check_place(path)
            sweep_drafts(path)

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
            output.write(render_plan(failed, format_name=self._reporting.format_name, palette=PLAIN))

    def _write_files(self, plan: Plan) -> list[OutputError]:
        failures = []
        for name, path in self._reporting.reports:
            try:
                check_place(path)
                write_file(path, render_plan(plan, format_name=name, palette=PLAIN))
            except OutputError as failure:
                failures.append(_with_verdict(failure, plan))
        return failures

    def _write_stdout(self, plan: Plan) -> list[OutputError]:
        palette = output.choose_palette(self._reporting.colour, sys.stdout, self._invocation.environ)
        try:
            output.write(render_plan(plan, format_name=self._reporting.format_name, palette=palette))
            output.close()
        except OutputError as failure:
            return [_with_verdict(failure, plan)]
        return []


def _with_verdict(failure: OutputError, plan: Plan) -> OutputError:
    """Say what was decided, for it is not lost with the file."""
    (diagnostic,) = failure.diagnostics
    return OutputError.because(diagnostic.code, f"{diagnostic.message}; the verdict was {plan.verdict.value}")


def _codes_of(plan: Plan) -> list[Code]:
    return [*(error.code for error in plan.errors), *(problem.code for job in plan.jobs for problem in job.problems)]
