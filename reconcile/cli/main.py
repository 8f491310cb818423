"""
Arguments in, exit code out.

click parses arguments and prints help, but does not choose exit codes: by itself it ends usage errors with 2, which
means drift, ignores what a command returns, and turns Ctrl-C into 1.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconcile.cli import COMPLETION, output
from reconcile.cli.commands import reconcile
from reconcile.cli.context import Context, Done, read_clock
from reconcile.cli.options.reporting import read_colour
from reconcile.cli.signals import Signals
from reconcile.cli.surroundings import find_docs_url
from reconcile.codes import Code
from reconcile.errors import OutputError, ReconcileError, UsageError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import ExitCode, Plan

if TYPE_CHECKING:
    from reconcile.fetch import Client, Pace

_PACKAGE = f"{os.sep}reconcile{os.sep}"

_NO_COMPLETION = ""
"""
A name that no environment variable has.

A shell that requests completions passes no arguments. With arguments, an environment variable must not turn a gate into
a list of completions, which exits with 0.
"""


def main(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = read_clock,
    timer: Callable[[], float] = time.monotonic,
    client: "Client | None" = None,
    pace: "Pace | None" = None,
) -> int:
    """
    Run one command and return the exit code of the process.

    Args:
        argv: the arguments without the name of the program.
        environ: the environment variables; None means those of the process.
        clock: returns the time, in UTC.
        timer: returns monotonic seconds.
        client: sends the requests; None means over the network.
        pace: the retry settings; None means the defaults.
    """
    output.prepare()
    signals = Signals()
    signals.listen()
    context = Context(
        environ=os.environ if environ is None else environ,
        clock=clock,
        timer=timer,
        signals=signals,
        client=client,
        pace=pace,
        colour=read_colour(argv),
    )
    try:
        code = _run(argv, context)
        output.close()
        signals.ignore()
    except BaseException as error:  # noqa: BLE001 - whatever it is, nothing is proven
        signals.reset()
        code = _fail(error, argv, context)
    return code


def _fail(error: BaseException, argv: Sequence[str], context: Context) -> ExitCode:
    """Report why a run has no verdict, in all its outputs; return the exit code."""
    interrupted = isinstance(error, click.Abort | KeyboardInterrupt)
    code = context.signals.exit_code if interrupted else ExitCode.ERROR
    errors = _explain(error, argv, code)
    try:
        from reconcile.cli.failure import replace_outputs

        replace_outputs(argv, errors, context, code)
    except Exception as second:  # noqa: BLE001 - outputs that could not be replaced are removed
        errors = [*errors, _internal_error(second)]
    output.close_after_error()
    _print_failure(error, errors, context)
    return code


def _explain(error: BaseException, argv: Sequence[str], code: ExitCode) -> Sequence[Diagnostic]:
    """Describe an error in full, for every format."""
    match error:
        case ReconcileError():
            return error.diagnostics
        case click.ClickException():
            return [_usage_error(error, argv)]
        case click.Abort() | KeyboardInterrupt():
            word = code.name.lower().replace("_", " ")
            return [Diagnostic(code=Code.INTERRUPTED, message=f"{word}, nothing is proven")]
        case OSError():
            message = f"the operating system reports: {error.strerror or type(error).__name__}; nothing is proven"
            return [Diagnostic(code=Code.SYSTEM, message=message)]
        case _:
            return [_internal_error(error)]


def _print_failure(error: BaseException, errors: Sequence[Diagnostic], context: Context) -> None:
    """Print the errors to stderr, unless the error is that the reader of stdout has closed the pipe."""
    match error:
        case OutputError() if isinstance(error.__cause__, BrokenPipeError):
            return
        case click.exceptions.NoArgsIsHelpError():
            output.print_note(f"{error.format_message()}\n")
        case click.Abort() | KeyboardInterrupt():
            output.print_note(f"\nreconcile: {errors[0].message}\n")
        case _:
            output.print_errors(errors, output.choose_palette(context.colour, sys.stderr, context.environ))
            reporting = context.state.reporting
            terse = reporting.terse if reporting is not None else False
            if isinstance(error, ReconcileError) and not (error.terse or terse):
                codes = (diagnostic.code for diagnostic in errors)
                output.print_explain_hint(codes, find_docs_url(context.environ))


def _run(argv: Sequence[str], context: Context) -> ExitCode:
    """Run a command. Only here, and for --version in `__main__`, does a command without a verdict exit with 0."""
    returned = _invoke(argv, context)
    match returned:
        case Plan():
            return returned.exit_code
        case ExitCode() if returned:  # for example of the signal that ended a server
            return returned
        case Done.DONE:
            return ExitCode.IN_SYNC
        case _:
            raise TypeError(f"a command returned {type(returned).__name__}")


def _invoke(argv: Sequence[str], context: Context) -> object:
    """Return what a command returns, and Done if click handled the request itself."""
    try:
        returned: object = reconcile.main(
            list(argv),
            prog_name="reconcile",
            complete_var=_NO_COMPLETION if argv else COMPLETION,
            standalone_mode=False,
            obj=context,
        )
    except SystemExit as end:  # click printed a completion, or the reader of its help closed the pipe
        if not _is_from_click(end):
            raise
        if argv:
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, "standard output: it is closed") from BrokenPipeError()
        if end.code == 0:
            return Done.DONE
        raise UsageError.because(Code.USAGE, f"{COMPLETION} asks for completions that do not exist") from end
    except OSError as error:
        if not _is_from_click(error):
            raise
        message = f"standard output: {error.strerror or type(error).__name__}"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error
    return Done.DONE if type(returned) is int and returned == 0 else returned  # --help and --version


def _is_from_click(error: BaseException) -> bool:
    """Return whether this was raised in click, which only writes help, version and completions."""
    from traceback import extract_tb

    return Path(extract_tb(error.__traceback__)[-1].filename).is_relative_to(Path(click.__file__).parent)


def _usage_error(error: click.ClickException, argv: Sequence[str]) -> Diagnostic:
    """Describe a usage error in one line, and name the command whose --help explains it."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    known = [name for name in argv[:1] if name in reconcile.list_commands(click.Context(reconcile))]
    command = context.command_path if context else " ".join(["reconcile", *known])
    message = " ".join(error.format_message().split())
    return Diagnostic(code=Code.USAGE, message=message, hint=f"see '{command} --help'")


def _internal_error(error: BaseException) -> Diagnostic:
    """Describe a crash by its place in the code. Its message could contain anything, even a token."""
    from traceback import extract_tb

    frames = [frame for frame in extract_tb(error.__traceback__) if _PACKAGE in frame.filename]
    place = f"{frames[-1].filename.rpartition(_PACKAGE)[2]}:{frames[-1].lineno}" if frames else "unknown place"
    return Diagnostic(
        code=Code.INTERNAL,
        message=f"internal error: {type(error).__name__} at {place}; nothing is proven",
        hint="this is a bug of reconcile: please report it with this line and the command",
    )
