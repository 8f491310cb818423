"""
Arguments in, exit code out.

click parses and helps; it does not decide how the process ends, for on its own it ends usage errors with 2, which
is drift, ignores what a command returns, and turns Ctrl-C into 1.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.lean import standing_in

# click asks for translations of its texts, of which nobody has any, and knows UUIDs, whose module asks for the name of
# the system: what both import for that takes as long as most of click.
with (
    standing_in("gettext", gettext=str, ngettext=lambda one, many, count: one if count == 1 else many),
    standing_in("platform", system=lambda: os.uname().sysname),
):
    import click

from reconcile.cli import COMPLETION, output
from reconcile.cli.commands import reconcile
from reconcile.cli.invocation import Done, Invocation, Signals, read_clock
from reconcile.cli.options.reporting import read_colour
from reconcile.codes import Code
from reconcile.errors import OutputError, ReconcileError
from reconcile.model import Diagnostic, ExitCode, Plan
from reconcile.report.style import Palette

if TYPE_CHECKING:
    from reconcile.fetch import Client, Pace

_PACKAGE = f"{os.sep}reconcile{os.sep}"


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
        argv: the arguments without the program's name.
        environ: the environment variables; None is the process's own.
        clock: tells the time, in UTC.
        timer: tells seconds that only go forward, from anywhere on.
        client: sends requests; None is the network.
        pace: how patiently requests are sent; None is the usual way.
    """
    output.prepare()
    signals = Signals()
    signals.listen()
    invocation = Invocation(
        environ=os.environ if environ is None else environ,
        clock=clock,
        timer=timer,
        signals=signals,
        client=client,
        pace=pace,
        colour=read_colour(argv),
    )
    palette = output.choose_palette(invocation.colour, sys.stderr, invocation.environ)
    try:
        code = _run(argv, invocation)
        output.close()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is no proof
        # A second signal ends the process at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        output.settle()
        code = _tell_end(error, palette, argv, ended_by=signals.exit_code)
    return code


def _tell_end(error: BaseException, palette: Palette, argv: Sequence[str], *, ended_by: ExitCode) -> ExitCode:
    """Say why a run ends without a proof, and turn it into the exit code."""
    code = ExitCode.ERROR
    match error:
        case ReconcileError():
            output.tell_errors(error.diagnostics, palette)
            if not error.terse:
                output.tell_explanation(diagnostic.code for diagnostic in error.diagnostics)
        case click.exceptions.NoArgsIsHelpError():
            output.tell(f"{error.format_message()}\n")
        case click.ClickException():
            output.tell_errors([_usage_error(error, argv)], palette)
        case click.Abort() | KeyboardInterrupt():
            output.tell(f"\nreconcile: {ended_by.name.lower().replace('_', ' ')}; nothing is proven\n")
            code = ended_by
        case OSError():
            message = f"the system refused: {error.strerror or type(error).__name__}; nothing is proven"
            output.tell_errors([Diagnostic(code=Code.SYSTEM, message=message)], palette)
        case _:
            output.tell_errors([_internal_error(error)], palette)
    return code


def _run(argv: Sequence[str], invocation: Invocation) -> ExitCode:
    """Run a command; the only place that can say 0 of what judges nothing, but for the version in `__main__`."""
    returned = _invoke(argv, invocation)
    match returned:
        case Plan():
            return returned.exit_code
        case ExitCode() if returned:  # the signal that ended a server
            return returned
        case Done.DONE:
            return ExitCode.IN_SYNC
        case _:
            raise TypeError(f"a command returned {type(returned).__name__}")


def _invoke(argv: Sequence[str], invocation: Invocation) -> object:
    """Return what a command returns, and Done where click itself did what was asked."""
    try:
        returned: object = reconcile.main(list(argv), prog_name="reconcile", standalone_mode=False, obj=invocation)
    except SystemExit as end:  # click's way to say that it printed a completion, or that stdout is gone
        if COMPLETION in os.environ and end.code == 0:
            return Done.DONE
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, "standard output: it is closed") from end
    except OSError as error:
        if not _is_from_click(error):
            raise
        message = f"standard output: {error.strerror or type(error).__name__}"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error
    return Done.DONE if type(returned) is int and returned == 0 else returned  # --help and --version


def _is_from_click(error: OSError) -> bool:
    """Say whether it was click that the system refused something: it writes help and version, and nothing else."""
    from traceback import extract_tb

    return Path(extract_tb(error.__traceback__)[-1].filename).is_relative_to(Path(click.__file__).parent)


def _usage_error(error: click.ClickException, argv: Sequence[str]) -> Diagnostic:
    """Say what click cannot read, in one line; where it does not say of which command, it is the one that was named."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    known = [name for name in argv[:1] if name in reconcile.list_commands(click.Context(reconcile))]
    command = context.command_path if context else " ".join(["reconcile", *known])
    message = " ".join(error.format_message().split())
    return Diagnostic(code=Code.USAGE, message=message, hint=f"see '{command} --help'")


def _internal_error(error: BaseException) -> Diagnostic:
    """Name the place of a crash; not its message, for that may hold anything, a token included."""
    from traceback import extract_tb

    frames = [frame for frame in extract_tb(error.__traceback__) if _PACKAGE in frame.filename]
    place = f"{frames[-1].filename.rpartition(_PACKAGE)[2]}:{frames[-1].lineno}" if frames else "unknown place"
    return Diagnostic(
        code=Code.INTERNAL,
        message=f"internal error: {type(error).__name__} at {place}; nothing is proven",
        hint="this is a bug of reconcile: please report it with this line and the command",
    )
