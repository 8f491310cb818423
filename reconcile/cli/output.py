"""
Writes documents to stdout and everything else to stderr.

A document is written only when its last byte has left the process, so `close` comes before the exit code is decided.
"""

import io
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from reconcile.codes import Code
from reconcile.errors import OutputError
from reconcile.model.diagnostic import Diagnostic
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.documentation import list_pages
from reconcile.report.style import Palette


def buffer_stdout() -> None:
    """
    Buffer the stdout of this process if it is unbuffered.

    Unbuffered text streams (PYTHONUNBUFFERED, `python -u`) do not notice short writes, on a full disk or a full pipe.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115 - stays open as long as the process
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, closefd=False
        )


def prepare() -> None:
    """Escape characters that the locale cannot encode, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write text for people to stdout, in the encoding of the locale; raise OutputError if that fails."""
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.write(text)
    except OSError as cause:
        _drop(sys.stdout)
        raise _not_written(cause) from cause


def write_document(document: str) -> None:
    """
    Write a document to stdout, in UTF-8 whatever the locale, with the same bytes as in a file.

    Raises:
        OutputError: that failed.
    """
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.flush()
        sys.stdout.buffer.write(document.encode("utf-8"))
    except OSError as cause:
        _drop(sys.stdout)
        raise _not_written(cause) from cause


def close() -> None:
    """Flush stdout; raise OutputError if that fails."""
    try:
        if sys.stdout is None:
            raise OSError("it is closed")
        sys.stdout.flush()
    except OSError as cause:
        _drop(sys.stdout)
        raise _not_written(cause) from cause


def close_after_error() -> None:
    """Flush stdout as far as possible; the run has already failed."""
    try:
        close()
    except OutputError:
        return


def is_interactive() -> bool:
    """Return whether stderr is a terminal that a person watches, and not a CI log."""
    return sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")


def print_note(text: str) -> None:
    """Write to stderr; a failure is ignored."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)


def print_errors(diagnostics: Iterable[Diagnostic], palette: Palette) -> None:
    """Print errors to stderr."""
    print_note(render_diagnostics(tuple(diagnostics), palette, width=measure_width(sys.stderr)))


def print_warnings(diagnostics: Iterable[Diagnostic], palette: Palette) -> None:
    """Print warnings to stderr."""
    warnings = tuple(diagnostics)
    if warnings:
        print_note(
            f"Warnings:\n{render_diagnostics(warnings, palette, kind='warning', width=measure_width(sys.stderr))}"
        )


def print_explain_hint(codes: Iterable[Code], docs_url: str | None) -> None:
    """
    Print how to learn more about errors, except usage errors, which explain themselves.

    Args:
        codes: the codes of the errors.
        docs_url: where the documentation is published; None names the command that explains the first code.
    """
    known = [code for code in dict.fromkeys(codes) if code is not Code.USAGE]
    if pages := list_pages(known, docs_url):
        print_note("".join(f"To learn more: {url}\n" for _, url in pages))
    elif known:
        print_note(f"To learn more: reconcile explain {known[0]}\n")


def choose_palette(when: str, stream: TextIO | None, environ: Mapping[str, str]) -> Palette:
    """
    Decide whether a stream is coloured.

    In order of precedence: the option, NO_COLOR (no-color.org), FORCE_COLOR and CLICOLOR_FORCE, TERM=dumb, a terminal.

    Args:
        when: `always`, `never` or `auto`.
    """
    if when in ("always", "never"):
        return Palette(colour=when == "always")
    if environ.get("NO_COLOR"):
        return Palette(colour=False)
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") != "0":
        return Palette(colour=True)
    return Palette(colour=environ.get("TERM") != "dumb" and stream is not None and stream.isatty())


def measure_width(stream: TextIO | None) -> int | None:
    """Return the width of the terminal in columns; None if the stream is not a terminal."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream is not None else None
    except (OSError, ValueError):  # a pipe, a file, or a stream without a file descriptor
        return None


def _not_written(cause: OSError) -> OutputError:
    reason = cause.strerror or str(cause)
    return OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"standard output: {reason}")


def _drop(stream: TextIO | None) -> None:
    """Redirect a stream to /dev/null, so that the final flush of the interpreter does not change the exit code."""
    if stream is None:
        return
    try:
        descriptor = stream.fileno()
    except OSError:  # text in memory
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)
