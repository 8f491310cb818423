"""
Measure the whole gate: `make bench`.

Ten thousand jobs on a simulator on loopback, `reconcile plan` against the GETs alone by `curl --parallel`, both
with 64 connections, in turn in one run. Ratios are what counts: machines differ, and are noisy.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

JOBS = int(os.environ.get("BENCH_JOBS", "10000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
RECONCILE = (sys.executable, "-m", "reconcile")
MOST_TIMES_CURL = 4.0
MOST_MEMORY = 150
PROJECT = "0123456789abcdef0123456789abcdef"


def write_inputs(folder: Path, url: str) -> None:
    """Write the manifest of the gate and the configuration of curl."""
    jobs = "".join(f"  job-{n}: {{job_id: job-{n}}}\n" for n in range(1, JOBS + 1))
    (folder / "reconcile.yaml").write_text(
        "version: 1\n"
        f"providers: {{otc: {{api: sfs-turbo, project_id: {PROJECT}}}}}\n"
        "defaults: {expect: {status: success, job_type: bind_ldap, error_code: null}}\n"
        f"jobs:\n{jobs}"
    )
    target = f'url = "{url}/v1/{PROJECT}/sfs-turbo/jobs/job-{{}}"\noutput = "/dev/null"\n'
    header = 'header = "X-Auth-Token: bench"\n'
    (folder / "curl.conf").write_text(header + "".join(target.format(n) for n in range(1, JOBS + 1)))


def measure(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its wall-clock seconds and its peak memory in MiB. It has to succeed."""
    started = time.perf_counter()
    environ = {**os.environ, "RECONCILE_TOKEN": "bench"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, not at every start
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, env=environ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ... exited with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def tell(name: str, runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Print the median time and the peak memory of a command's runs; return them."""
    seconds = statistics.median(run[0] for run in runs)
    memory = max(run[1] for run in runs)
    print(f"{name:<40} {seconds:7.2f} s  {memory:6.0f} MiB")  # noqa: T201
    return seconds, memory


def main() -> None:
    """Serve, measure in turn, tell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenario.yaml").write_text(
            f"version: 1\napi: sfs-turbo\ngenerate: {{count: {JOBS}, job: {{status: success, job_type: bind_ldap}}}}\n"
        )
        command = [*RECONCILE, "simulate", str(folder / "scenario.yaml")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                write_inputs(folder, url)
                compare(folder, url)
            finally:
                server.terminate()


def compare(folder: Path, url: str) -> None:
    """Measure the gate and curl in turn."""
    gate = [*RECONCILE, "plan", "--endpoint", url]
    curl = ["curl", "--silent", "--fail", "--parallel", "--parallel-max", "64", "--config", "curl.conf"]
    measure(gate, folder)  # warms caches
    gates, curls = [], []
    for _ in range(ROUNDS):
        gates.append(measure(gate, folder))
        if shutil.which("curl"):
            curls.append(measure(curl, folder))
    seconds, memory = tell(f"reconcile plan, {JOBS} jobs", gates)
    if memory > MOST_MEMORY:
        sys.exit(f"over {MOST_MEMORY} MiB")
    if not curls:
        print("curl is not installed: no ratio")  # noqa: T201
        return
    ratio = seconds / tell(f"curl -Z, {JOBS} GETs", curls)[0]
    print(f"ratio: {ratio:.2f}")  # noqa: T201
    if ratio > MOST_TIMES_CURL:
        sys.exit(f"over {MOST_TIMES_CURL} times curl")


if __name__ == "__main__":
    main()
