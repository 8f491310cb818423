"""`reconcile` and `python -m reconcile`."""

import gc
import sys

from reconcile.cli.main import main
from reconcile.cli.output import buffer_stdout


def run() -> None:
    """Run the command line of this process and end it."""
    buffer_stdout()
    # A run makes many values and few cycles: looking for cycles less often saves a tenth of its time.
    gc.set_threshold(100_000, 50, 100)
    code = main(sys.argv[1:])
    gc.freeze()  # what is left goes with the process, and need not be searched for cycles once more
    sys.exit(code)


if __name__ == "__main__":
    run()
