"""
Read and check COUNT jobs, FORM a key of WRITERS, ROUNDS times; print the CPU seconds of each side.

Where there is nothing to compare with, the other side is nan.
"""

import math
import sys
from functools import partial
from pathlib import Path

import bench_manifest

WRITERS = {
    "realistic": bench_manifest.write_realistic,
    "all different": bench_manifest.write_jobs,
    "for_each": bench_manifest.write_for_each,
    "all alike": bench_manifest.write_alike,
}
VALUES = {"ids.yaml": False, "ids.json": False, "terraform.json": True}


def main() -> None:
    """Measure ours with so many jobs, then the other way with COMPARED of them."""
    count, form, rounds, compared = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    bench_manifest.load(bench_manifest.write_realistic(10))
    if form in VALUES:
        path = Path(form)
        bench_manifest.write_values(path, count, by_terraform=VALUES[form])
        read = partial(bench_manifest.load, bench_manifest.write_reference(), path)
    else:
        read = partial(bench_manifest.load, WRITERS[form](count))
    ours, theirs = bench_manifest.measure(read, rounds), math.nan
    if compared:
        theirs = bench_manifest.measure(partial(bench_manifest.load_otherwise, WRITERS[form](compared)), rounds)
    print(ours, theirs)  # noqa: T201


if __name__ == "__main__":
    main()
