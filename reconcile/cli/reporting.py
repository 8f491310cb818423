"""Writes the reports of a plan to stdout and to files."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Deadline
from reconcile.cli.files import append_file, check_end, check_place, locate, remove_file, sweep_drafts, write_file
from reconcile.cli.options.reporting import ReportingOptions
from reconcile.cli.surroundings import check_docs_url, find_docs_url, find_paths
from reconcile.codes import Code
from reconcile.errors import OutputError, UsageError
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Manifest
from reconcile.model.plan import EarlierPlan, Plan
from reconcile.report import stream_plan
from reconcile.report.documentation import list_codes
from reconcile.report.style import Style

_PATIENCE = 300.0
"""Seconds that a command without a time limit waits for the reader of a pipe."""


class File(Struct, frozen=True, kw_only=True):
    """
    A file that a run writes; with `appended`, its old content stays. If nothing is rendered, an old file is removed.

    `compared` says whether it shows the comparison with an earlier plan, which a saved plan does not contain.
    """

    path: str
    render: Callable[[Plan, Evidence], Iterable[str] | None]
    appended: bool = False
    mode: int = 0o644
    compared: bool = True

    def check(self) -> None:
        """Raise OutputError if it cannot be written; nothing is created."""
        (check_end if self.appended else check_place)(self.path)

    def write(self, plan: Plan, evidence: Evidence, deadline: Deadline | None = None) -> None:
        """Write it; raise OutputError if that fails, or if a pipe is not read before the deadline."""
        self.check()
        try:
            text = self.render(plan, evidence)
            if text is None:
                remove_file(self.path)
            elif self.appended:
                append_file(self.path, "".join(text), deadline=deadline)
            else:
                write_file(self.path, text, mode=self.mode, deadline=deadline)
        except OutputError:
            raise
        except Exception as error:  # the other files are written anyway
            message = f"cannot write {self.path}: the report failed: {type(error).__name__}"
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error


class Report:
    """All reports of one run. Every file is checked before the first request is sent."""

    def __init__(self, reporting: ReportingOptions, context: Context) -> None:
        self._reporting = reporting
        self._context = context
        check_docs_url(context.environ)
        self._style = Style(full=reporting.full, docs_url=find_docs_url(context.environ))
        self._files = tuple(list_files(reporting, self._style))
        self._earlier: EarlierPlan | None = None
        context.state.reporting = reporting

    def protect(self, read: Iterable[str | None], *, folders: Iterable[str | None] = ()) -> None:
        """
        Raise OutputError if a report would overwrite a file in `read`, or is in one of the `folders`.

        Called before anything else can fail, because a failed run also writes its reports.
        """
        taken = {locate(path) for path in (*read, self._reporting.sign_with, self._reporting.baseline) if path}
        recordings = {locate(path) for path in folders if path}
        for place in (locate(file.path) for file in self._files):
            if place in taken or any(parent in recordings for parent in place.parents):
                why = "this run reads that file" if place in taken else "that folder is a recording"
                raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {place}: {why}")

    def prepare(self, read: Iterable[str | None], manifest: Manifest | None = None) -> None:
        """
        Check that all reports can be written, and read the plan to compare with.

        Raises:
            OutputError: a report cannot be written, two have the same path, or one is a file in `read`.
            DocumentError: the plan to compare with cannot be read, or is not from the `manifest`; with None, `write`
                checks that.
        """
        self.protect(read)
        for place, times in Counter(locate(file.path) for file in self._files).items():
            if times > 1:
                why = "two reports would be written there"
                raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {place}: {why}")
        for file in self._files:
            file.check()
            sweep_drafts(file.path)
        if self._reporting.baseline is not None:
            from reconcile.baseline import check_manifests
            from reconcile.cli.saved import load_earlier_plan

            self._earlier = load_earlier_plan(self._reporting.baseline, self._context)
            if manifest is not None:
                check_manifests(self._earlier, manifest, find_paths(manifest, (), self._context.environ))

    def write(self, plan: Plan, evidence: Evidence) -> None:
        """
        Write everything that can be written.

        Raises:
            OutputError: something could not be written.
            DocumentError: the plan to compare with is from other manifests.
        """
        self._context.state.evidence = evidence
        compared = self._compare(plan)
        failures = [*self._write_files(plan, compared, evidence), *self._write_stdout(compared)]
        if failures:
            raise OutputError([each for failure in failures for each in failure.diagnostics])
        if not self._reporting.terse:
            output.print_explain_hint(list_codes(plan), self._style.docs_url)

    def _compare(self, plan: Plan) -> Plan:
        if self._earlier is None:
            return plan
        from reconcile.baseline import compare_plans
        from reconcile.cli.spool import DetailsSpool

        return compare_plans(plan, self._earlier, keep=DetailsSpool().keep)

    def _write_files(self, plan: Plan, compared: Plan, evidence: Evidence) -> list[OutputError]:
        failures = []
        deadline = self._context.state.deadline or self._context.start_deadline(_PATIENCE)
        for file in self._files:
            try:
                file.write(compared if file.compared else plan, evidence, deadline)
            except OutputError as failure:
                failures.append(_with_verdict(failure, plan))
        return failures

    def _write_stdout(self, plan: Plan) -> list[OutputError]:
        palette = output.choose_palette(self._context.colour, sys.stdout, self._context.environ)
        style = replace(self._style, palette=palette, width=output.measure_width(sys.stdout))
        try:
            write = output.write if self._reporting.format_name == "text" else output.write_document
            for part in stream_plan(plan, format_name=self._reporting.format_name, style=style):
                self._context.state.printed = True
                write(part)
            output.close()
        except OutputError as failure:
            return [_with_verdict(failure, plan)]
        return []


def list_files(reporting: ReportingOptions, style: Style) -> Iterator[File]:
    """List the files to write; raise UsageError if the signing key cannot be used, or an option lacks another."""
    _check_receipt(reporting)
    for name, path in reporting.reports:
        yield File(path=path, render=_without_evidence(partial(stream_plan, format_name=name, style=style)))
    if reporting.out is not None:
        from reconcile.cli.saved import make_saver

        yield File(
            path=reporting.out, render=make_saver(reporting.out, reporting.sign_with), mode=0o600, compared=False
        )
        if reporting.attest is not None:
            yield _make_receipt(reporting.out, reporting.attest, reporting)
    elif reporting.sign_with is not None:
        raise UsageError.because(Code.USAGE, "--sign-with signs a saved plan", hint="add --out PLAN")
    if reporting.github_summary is None and reporting.github_output is None:
        return
    from reconcile.report.github import render_outputs, render_summary

    if reporting.github_summary is not None:
        yield File(
            path=reporting.github_summary, render=lambda plan, evidence: [render_summary(plan, style)], appended=True
        )
    if reporting.github_output is not None:
        yield File(path=reporting.github_output, render=lambda plan, evidence: [render_outputs(plan)], appended=True)


def _check_receipt(reporting: ReportingOptions) -> None:
    """Raise UsageError if --attest lacks an option, or an option of receipts lacks --attest."""
    needed = {"--out": reporting.out, "--sign-with": reporting.sign_with, "--subject": reporting.attested}
    missing = [name for name, value in needed.items() if value is None]
    if reporting.attest is not None and missing:
        raise UsageError.because(
            Code.USAGE, f"--attest needs {' and '.join(missing)}", hint="see 'reconcile plan --help'"
        )
    if reporting.attest is None and reporting.attested is not None:
        raise UsageError.because(Code.USAGE, "--subject needs a receipt", hint="add --attest FILE")


def _make_receipt(out: str, path: str, reporting: ReportingOptions) -> File:
    from reconcile.cli.attestation import make_attester

    if reporting.sign_with is None or reporting.attested is None:
        raise TypeError("a receipt needs a key and a subject")
    return File(path=path, render=make_attester(out, reporting.sign_with, reporting.attested), compared=False)


def _without_evidence(render: Callable[[Plan], Iterable[str]]) -> Callable[[Plan, Evidence], Iterable[str]]:
    """Adapt a renderer of plans to the signature of `File.render`."""
    return lambda plan, evidence: render(plan)


def _with_verdict(failure: OutputError, plan: Plan) -> OutputError:
    """Add the verdict to the message, so that it is not lost with the file."""
    (diagnostic,) = failure.diagnostics
    message = f"{diagnostic.message}; the verdict was {plan.verdict.value}"
    return OutputError.because(diagnostic.code, message, hint=diagnostic.hint)
