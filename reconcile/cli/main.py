"""
Arguments in, exit code out.

click parses arguments and prints help, but does not choose exit codes: by itself it ends usage errors with 2, which
means drift, ignores what a command returns, and turns Ctrl-C into 1.
"""

import os
import signal
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
from reconcile.codes import Code
from reconcile.errors import OutputError, ReconcileError
from reconcile.model import Diagnostic, ExitCode, Plan
from reconcile.report.style import Palette

if TYPE_CHECKING:
    from reconcile.fetch import Client, Pace

_PACKAGE = f"{os.sep}reconcile{os.sep}"

_NO_COMPLETION = ""
"""
The name of no environment variable.

A shell that asks for completions gives no arguments. With arguments, a variable of the environment must not turn a gate
into a list of completions, which ends with 0.
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
    palette = output.choose_palette(context.colour, sys.stderr, context.environ)
    try:
        code = _run(argv, context)
        output.close()
    except BaseException as error:  # noqa: BLE001 - whatever it is, nothing is proven
        # A second signal ends the process at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        output.close_after_error()
        code = _report_failure(error, palette, argv, ended_by=signals.exit_code)
    return code


def _report_failure(error: BaseException, palette: Palette, argv: Sequence[str], *, ended_by: ExitCode) -> ExitCode:
    """Print why a run has no verdict, and return the exit code."""
    code = ExitCode.ERROR
    match error:
        case ReconcileError():
            output.print_errors(error.diagnostics, palette)
            if not error.terse:
                output.print_explain_hint(diagnostic.code for diagnostic in error.diagnostics)
        case click.exceptions.NoArgsIsHelpError():
            output.print_note(f"{error.format_message()}\n")
        case click.ClickException():
            output.print_errors([_usage_error(error, argv)], palette)
        case click.Abort() | KeyboardInterrupt():
            output.print_note(f"\nreconcile: {ended_by.name.lower().replace('_', ' ')}, nothing is proven\n")
            code = ended_by
        case OSError():
            message = f"the operating system reports: {error.strerror or type(error).__name__}; nothing is proven"
            output.print_errors([Diagnostic(code=Code.SYSTEM, message=message)], palette)
        case _:
            output.print_errors([_internal_error(error)], palette)
    return code


def _run(argv: Sequence[str], context: Context) -> ExitCode:
    """Run a command. Only here, and for --version in `__main__`, does a command without a verdict exit with 0."""
    returned = _invoke(argv, context)
    match returned:
        case Plan():
            return returned.exit_code
        case ExitCode() if returned:  # of the signal that ended a server
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
    except SystemExit as end:  # click printed a completion, or lost stdout
        if not argv and end.code == 0:
            return Done.DONE
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, "standard output: it is closed") from end
    except OSError as error:
        if not _is_from_click(error):
            raise
        message = f"standard output: {error.strerror or type(error).__name__}"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error
    return Done.DONE if type(returned) is int and returned == 0 else returned  # --help and --version


def _is_from_click(error: OSError) -> bool:
    """Return whether the error was raised in click, which only writes help and version."""
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
