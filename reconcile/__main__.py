"""`reconcile` and `python -m reconcile`."""

import sys

from reconcile.cli.main import main


def run() -> None:
    """Run the command line of this process and end it."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
