"""One command as a process of its own, on a core of its own."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = CORES[0], CORES[-1]

RECONCILE = str(Path(sys.executable).with_name("reconcile"))
OUTPUTS = "outputs"
"""The file in the folder of a command to which it may add what it found, beside what it prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command: wall-clock seconds, CPU seconds, and the last megabyte of what it printed."""

    seconds: float
    cpu: float
    printed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """
    A command, and its environment beside that of this process.

    It has to end with 0, and `proof` has to be a line of what it printed or of its outputs; None asks for no proof.
    """

    argv: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] | None = None
    proof: str | None = None


def run(command: Command) -> Run:
    """Run a command once; raise RuntimeError, with what it said, if it fails or does not prove its work."""
    environ = {**os.environ, "RECONCILE_TOKEN": "bench", **(command.environ or {})}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, not at every start
    outputs = command.folder / OUTPUTS
    outputs.unlink(missing_ok=True)
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        with subprocess.Popen(
            command.argv, cwd=command.folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environ
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(max(stdout.seek(0, os.SEEK_END) - 1_000_000, 0))
        stderr.seek(0)
        printed = stdout.read().decode(errors="replace")
        told = f"{' '.join(command.argv)[:200]} ended with {process.returncode}"
        if process.returncode != 0:
            raise RuntimeError(f"{told}:\n{stderr.read()[-2000:].decode(errors='replace')}")
    found = [*printed.splitlines(), *(outputs.read_text().splitlines() if outputs.exists() else [])]
    if command.proof is not None and command.proof not in found:
        raise RuntimeError(f"{told}, but did not say {command.proof!r}")
    return Run(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime, printed=printed)


def run_in_turn(commands: Mapping[str, Command], *, rounds: int) -> dict[str, list[Run]]:
    """Run each once to warm it up, then all of them in turn so many times: what disturbs one disturbs all."""
    for command in commands.values():
        run(command)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def take_median(runs: Sequence[Run]) -> float:
    """Return the median of the wall-clock seconds."""
    return statistics.median(each.seconds for each in runs)


def pin_client() -> None:
    """Hold this process, and with it every command that it runs, on one core."""
    os.sched_setaffinity(0, {CLIENT_CORE})
