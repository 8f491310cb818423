"""
A run that is killed while it writes leaves nothing torn: `make kill9`.

Each trial is a run of the whole gate that writes a report of every format and a saved plan, killed by SIGKILL at a
random moment after its first draft, and a second run, which has to find nothing in its way and to leave no draft.
"""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from proof.killing import Kill, try_kill, write_whole
from proof.result import CORES, LONG, conclude, show_table

KILLS = 2_000 if LONG else 200
FIRST = 4
"""Of so many trials, one has nothing written before."""


def run_part(part: int) -> list[Kill]:
    """Run one part of all trials, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old, _ = write_whole(folder / "old", "success")
        new, seconds = write_whole(folder / "new", "failed")
        return [
            try_kill(folder / str(seed), old=old if seed % FIRST else {}, new=new, seconds=seconds, seed=seed)
            for seed in range(part, KILLS, CORES)
        ]


def main() -> None:
    """Kill runs, and tell what they left."""
    with ProcessPoolExecutor(CORES) as pool:
        kills = [kill for part in pool.map(run_part, range(CORES)) for kill in part]
    failings = [failing for kill in kills for failing in kill.failings]
    in_time = [kill for kill in kills if kill.killed]
    rows = [
        {"of all kills": name, "count": count}
        for name, count in {
            "the run had ended before": len(kills) - len(in_time),
            "no file was written yet": sum(not kill.new for kill in in_time),
            "some files were written": sum(kill.new > 0 for kill in in_time),
            "a draft was left": sum(kill.drafts > 0 for kill in in_time),
            "a file was torn, lost, or a draft outlived the next run": len(failings),
        }.items()
    ]
    show_table("What runs left that were killed while they wrote", rows)
    figure = f"kill9: {len(failings)} torn, of {len(in_time)} runs killed while they wrote ({len(kills)} kills)"
    conclude("kill9", figure, rows=rows, failings=failings)


if __name__ == "__main__":
    main()
