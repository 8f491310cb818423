"""
Nothing that fails at random makes the gate green: `make chaos`.

Each case of `noise.py` with all its seeds, then the whole gate against the oracle of `oracle.py`.
"""

import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from proof.noise import CASES, Case, Outcome, find_failings, run_case
from proof.oracle import try_random_jobs
from proof.result import CORES, LONG, conclude, show_table

TRIALS = 33_400 if LONG else 3_340
"""Each is three runs of the gate."""
PARTS = 20


def run_seeds(case: Case) -> list[Outcome]:
    return [run_case(case, seed) for seed in range(case.seeds)]


def run_part(part: int) -> tuple[list[tuple[int, int]], list[str]]:
    """Run one part of all trials; return the codes of the gate and of the oracle, and what is wrong."""
    codes, faults = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(part, TRIALS, PARTS):
            found, wrong = try_random_jobs(seed, Path(folder) / "reconcile.json")
            codes += found
            faults += wrong
    return codes, faults


def tell_case(case: Case, outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "case": case.name,
        "runs": len(outcomes),
        "right": sum(outcome.right for outcome in outcomes),
        "at least": int(case.right * len(outcomes)),
        "false": sum(outcome.false for outcome in outcomes),
        "requests per job": f"{statistics.mean(outcome.requests for outcome in outcomes) / case.jobs:.2f}",
        "at most": f"{case.requests:.2f}",
        "longest": f"{max(outcome.seconds for outcome in outcomes):.0f} s",
    }


def main() -> None:
    with ProcessPoolExecutor(CORES) as pool:
        noise = list(zip(CASES, pool.map(run_seeds, CASES), strict=True))
        parts = list(pool.map(run_part, range(PARTS)))
    rows = [tell_case(case, outcomes) for case, outcomes in noise]
    show_table("A job API that fails at random (times are virtual)", rows)
    codes = [pair for found, _ in parts for pair in found]
    judged = [
        {
            "the oracle says": expected,
            "runs": sum(truth == expected for _, truth in codes),
            "the gate says the same": sum(said == truth == expected for said, truth in codes),
            "false passes": sum(said == 0 != truth == expected for said, truth in codes),
        }
        for expected in (0, 1, 2, 3)
    ]
    show_table("Random manifests, answers and faults: exit codes", judged)
    failings = [failing for case, outcomes in noise for failing in find_failings(case, outcomes)]
    failings += [fault for _, wrong in parts for fault in wrong]
    false = sum(outcome.false for _, outcomes in noise for outcome in outcomes)
    passes = sum(said == 0 != truth for said, truth in codes)
    runs = sum(len(outcomes) for _, outcomes in noise)
    figure = (
        f"chaos: {passes} false passes in {len(codes)} runs against the oracle, "
        f"{false} in {runs} runs with random faults; {len(failings)} goals missed"
    )
    conclude("chaos", figure, rows=[*rows, *judged], failings=failings)


if __name__ == "__main__":
    main()
