"""`reconcile` and `python -m reconcile`."""

import sys

from reconcile.cli.main import main
from reconcile.cli.output import buffer_stdout


def run() -> None:
    """Run the command line of this process and end it."""
    buffer_stdout()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
