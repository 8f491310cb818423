"""`reconcile` and `python -m reconcile`."""

import atexit
import gc
import os
import sys

from reconcile import __version__
from reconcile.cli import COMPLETION


def start() -> None:
    """
    Run the command line of this process, and end it as soon as everything is written.

    What is left goes with the process: to take it apart before that, as the interpreter does at its end, takes a
    twentieth of the time of a run with one job. Whoever wants to look at what is left, as a profiler does, calls `run`.
    """
    code = _find_code()
    atexit._run_exitfuncs()
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            code = 1 if stream is sys.stdout else code  # that nobody can hear what is beside a document is no error
    os._exit(code)


def run() -> None:
    """Run the command line of this process, and raise SystemExit with the exit code."""
    sys.exit(_find_code())


def _find_code() -> int:
    if sys.argv[1:] == ["--version"] and COMPLETION not in os.environ and _tell_version():
        return 0
    # A run makes many values and few cycles: looking for cycles less often saves a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    # Only now: to import what a run needs takes many times as long as to say the version.
    from reconcile.cli.main import main
    from reconcile.cli.output import buffer_stdout

    buffer_stdout()
    return main(sys.argv[1:])


def _tell_version() -> bool:
    """Say the version as click would; False if that is not written, which click then finds out and explains."""
    text = f"{__version__}{os.linesep}".encode()
    try:
        # Past the buffer of the stream, in which nothing may be left that cannot be written.
        return sys.stdout is not None and os.write(sys.stdout.fileno(), text) == len(text)
    except OSError:
        return False


if __name__ == "__main__":
    start()
