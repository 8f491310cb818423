"""Run `reconcile` with the arguments given, and print where its time went instead of its report."""

import contextlib
import cProfile
import io
import pstats
import re
import sys

MOST_LINES = 45


def main() -> None:
    """Print the functions that took the most time themselves; places are told from the package on."""
    profile = cProfile.Profile()
    profile.enable()
    from reconcile.cli.main import main as run

    with contextlib.redirect_stdout(io.StringIO()):
        code = run(sys.argv[1:])
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(MOST_LINES)
    told = re.sub(r"\S*/(?:site-packages|python3\.\d+)/|\S*/(?=reconcile/)", "", text.getvalue())
    print("\n".join(line.rstrip() for line in told.strip().splitlines()))  # noqa: T201
    sys.exit(code)


if __name__ == "__main__":
    main()
