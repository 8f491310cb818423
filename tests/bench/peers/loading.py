"""Read and check COUNT jobs, FORM a key of WRITERS, ROUNDS times; print the CPU seconds of each side."""

import sys

import bench_manifest

WRITERS = {
    "realistic": bench_manifest.write_realistic,
    "all different": bench_manifest.write_jobs,
    "for_each": bench_manifest.write_for_each,
}


def main() -> None:
    """Measure ours with so many jobs, then the other way with COMPARED of them."""
    count, write, rounds, compared = int(sys.argv[1]), WRITERS[sys.argv[2]], int(sys.argv[3]), int(sys.argv[4])
    bench_manifest.load(write(10))
    ours = bench_manifest.measure(bench_manifest.load, write(count), rounds)
    theirs = bench_manifest.measure(bench_manifest.load_otherwise, write(compared), rounds)
    print(ours, theirs)  # noqa: T201


if __name__ == "__main__":
    main()
