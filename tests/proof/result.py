"""
What a command of `make` has found: a table, what is wrong, and the figure, which is the last line.

    LONG=1   do more of it, for minutes; for half an hour where it is fuzz
    KEEP=1   keep the result in tests/proof/results/, from where documents may quote it
"""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tabulate import tabulate

LONG = os.environ.get("LONG", "0") not in ("", "0")
CORES = len(os.sched_getaffinity(0))

_KEEP = os.environ.get("KEEP", "0") not in ("", "0")
_FOLDER = Path(__file__).parent / "results"


def show_table(title: str, rows: Sequence[dict[str, object]]) -> None:
    """Print rows of the same keys, which are the columns' heads."""
    print(f"\n{title}\n")
    print(tabulate(rows, headers="keys", disable_numparse=True), flush=True)


def conclude(command: str, figure: str, *, rows: Sequence[dict[str, object]], failings: Sequence[str]) -> None:
    """
    Tell how a command has ended, and end the process: with 1 if anything is wrong.

    Args:
        command: what make calls it.
        figure: one line with what was measured against its goal.
        rows: what is kept beside the figure.
        failings: what is wrong, a line each.
    """
    for failing in failings:
        print(f"FAILED {failing}")
    if _KEEP and not failings:
        kept = {
            "command": f"make {command}{' LONG=1' if LONG else ''}",
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {CORES} cores, {platform.system()}, Python {platform.python_version()}",
            "figure": figure,
            "rows": list(rows),
        }
        _FOLDER.mkdir(exist_ok=True)
        (_FOLDER / f"{command}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{figure}", flush=True)
    sys.exit(bool(failings))
