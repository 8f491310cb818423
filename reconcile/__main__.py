"""`reconcile` and `python -m reconcile`."""

import gc
import os
import sys

from reconcile import __version__
from reconcile.cli import COMPLETION


def run() -> None:
    """Run the command line of this process and end it."""
    if sys.argv[1:] == ["--version"] and COMPLETION not in os.environ and _tell_version():
        sys.exit(0)
    import signal

    # Interrupted while it is still being imported, it ends by the signal, without a traceback; then `main` listens.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A run makes many values and few cycles: looking for cycles less often saves a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    # Only now: to import what a run needs takes many times as long as to say the version.
    from reconcile.cli.main import main
    from reconcile.cli.output import buffer_stdout

    buffer_stdout()
    code = main(sys.argv[1:])
    gc.freeze()  # what is left goes with the process, and need not be searched for cycles once more
    sys.exit(code)


def _tell_version() -> bool:
    """Say the version as click would; False if that is not written, which click then finds out and explains."""
    text = f"{__version__}{os.linesep}".encode()
    try:
        # Past the buffer of the stream, in which nothing may be left that cannot be written.
        return sys.stdout is not None and os.write(sys.stdout.fileno(), text) == len(text)
    except OSError:
        return False


if __name__ == "__main__":
    run()
