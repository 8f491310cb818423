"""
Writing: the document that was asked for to stdout, everything else to stderr.

A document counts as written only when the last byte has left the process, so `close` belongs before the exit code.
"""

import io
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from reconcile.codes import Code
from reconcile.errors import OutputError
from reconcile.model import Diagnostic
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.style import Palette


def buffer_stdout() -> None:
    """
    Give the stdout of this process a buffer, if it has none.

    Without one (PYTHONUNBUFFERED, `python -u`) a text stream does not notice that the system took only a part of what
    it was given, on a full disk or a full pipe.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115 - it lives as long as the process
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, closefd=False
        )


def prepare() -> None:
    """Make both streams unable to fail over a character that the locale cannot write."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(document: str) -> None:
    """Write the document that was asked for."""
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.write(document)
    except OSError as cause:
        _drop_stdout()
        raise _not_written(cause) from cause


def close() -> None:
    """Send what is buffered on its way; raise OutputError if it cannot go."""
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.flush()
    except OSError as cause:
        _drop_stdout()
        raise _not_written(cause) from cause


def settle() -> None:
    """Send what is buffered on its way where the run is an error already."""
    try:
        close()
    except OutputError:
        return


def is_watched() -> bool:
    """Say whether someone watches stderr: a terminal, and no CI."""
    return sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")


def tell(text: str) -> None:
    """Say something beside the document; that nobody can hear it is no error."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        return


def tell_errors(diagnostics: Iterable[Diagnostic], palette: Palette) -> None:
    """Say what is wrong."""
    tell(render_diagnostics(tuple(diagnostics), palette))


def tell_warnings(diagnostics: Iterable[Diagnostic], palette: Palette) -> None:
    """Say what is not right, but not wrong either."""
    warnings = tuple(diagnostics)
    if warnings:
        tell(f"Warnings:\n{render_diagnostics(warnings, palette, kind='warning')}")


def tell_explanation(codes: Iterable[Code]) -> None:
    """Say how to learn more about the first of several codes; that of the command line explains itself."""
    code = next((code for code in codes if code is not Code.USAGE), None)
    if code is not None:
        tell(f"To learn more: reconcile explain {code}\n")


def choose_palette(when: str, stream: TextIO | None, environ: Mapping[str, str]) -> Palette:
    """
    Decide whether a stream gets colour.

    The option decides, then NO_COLOR (no-color.org), FORCE_COLOR and CLICOLOR_FORCE, TERM=dumb, the terminal.

    Args:
        when: `always`, `never`, or `auto` for what the environment says.
    """
    if when in ("always", "never"):
        return Palette(colour=when == "always")
    if environ.get("NO_COLOR"):
        return Palette(colour=False)
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") != "0":
        return Palette(colour=True)
    return Palette(colour=environ.get("TERM") != "dumb" and stream is not None and stream.isatty())


def measure_width(stream: TextIO | None) -> int | None:
    """Return the columns of the terminal behind a stream; None where there is no terminal."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream is not None else None
    except (OSError, ValueError):  # a pipe, a file, a stream that has no file
        return None


def _not_written(cause: OSError) -> OutputError:
    reason = cause.strerror or str(cause)
    return OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"standard output: {reason}")


def _drop_stdout() -> None:
    """Give stdout somewhere to go, so that the interpreter's own flush at the end does not change the exit code."""
    if sys.stdout is None:
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
