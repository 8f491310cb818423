"""`reconcile` and `python -m reconcile`."""

import os
import sys

from reconcile import __version__


def run() -> None:
    """Run the command line of this process and end it."""
    _stop_importing_from_checkout()
    if sys.argv[1:] == ["--version"] and _write_version():
        sys.exit(0)
    import gc
    import signal

    # Interrupted during the imports, the process dies of the signal without a traceback. `main` then handles signals.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Most values live as long as the run, and cycles are rare. This saves a quarter of the CPU time of 10,000 jobs.
    gc.set_threshold(100_000, 50, 100)
    # Imported late: it takes many times as long as printing the version.
    from reconcile.cli.main import main
    from reconcile.cli.output import buffer_stdout

    buffer_stdout()
    sys.exit(main(sys.argv[1:]))


def _stop_importing_from_checkout() -> None:
    """
    Remove the working directory, and relative entries of PYTHONPATH, from the module search path.

    The working directory may be the checkout of a pull request, and a `click.py` in it must not run with the
    credentials of this process. `python -m` puts it first on the path, and an empty entry of PYTHONPATH adds it too.
    The directory that this package was imported from stays: its code is already running, and its dependencies may be
    installed beside it.

    Nothing may be imported before this except what the interpreter itself imports at start-up. That rules out pathlib.
    """
    entries = [os.curdir, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    try:
        untrusted = {os.path.realpath(entry) for entry in entries if not entry.startswith(os.sep)}
    except FileNotFoundError:  # the working directory was deleted, so nothing can be imported from it
        return
    untrusted.discard(os.path.realpath(os.path.dirname(os.path.dirname(__file__))))  # noqa: PTH120
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) not in untrusted]


def _write_version() -> bool:
    """Print the version as click would. Return False if it could not be written, which click then reports."""
    text = f"{__version__}{os.linesep}".encode()
    try:
        # Unbuffered, so that a failed write is noticed here.
        return sys.stdout is not None and os.write(sys.stdout.fileno(), text) == len(text)
    except OSError:
        return False


if __name__ == "__main__":
    run()
