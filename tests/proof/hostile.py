"""
What is meant to hurt costs an error, and little time and memory: `make hostile`.

Manifests of `manifests.py`, each checked in a process of its own, and the servers of `faults.py`, each of which the
whole program asks about many jobs at once.
"""

import asyncio
import io
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import program
import trustme
from fault_server import Wire, serve
from proof.faults import FAULTS, Fault
from proof.fork import measure_end, start
from proof.manifests import HEAD, draw_manifest
from proof.result import CORES, LONG, conclude, show_table

from reconcile.cli.main import main as run_reconcile

MANIFESTS = 20_000 if LONG else 1_000
PARTS = 20
SHOWN = 12

MOST_MEMORY = 100 * 1024
"""KiB."""
MOST_SECONDS = 5.0
"""Of the processor for one manifest, which has no deadline."""
DEADLINE, SLACK = 2.0, 2.0
"""Seconds of a run against a server, and what it may take beside them to start and to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What hostile input has cost: the exit code, seconds, KiB; `failings` is what must not be."""

    name: str
    code: int
    seconds: float
    memory: int
    failings: tuple[str, ...]


def judge_cost(
    name: str, *, code: int, codes: frozenset[int], seconds: float, most: float, memory: int, said: str
) -> Cost:
    """Say what must not be of a run."""
    failings = {
        f"ended with {code}, not {' or '.join(map(str, sorted(codes)))}": code not in codes,
        f"took {seconds:.1f} s": seconds > most,
        f"took {memory // 1024} MiB": memory > MOST_MEMORY,
        f"said: {said[-500:]}": any(word in said for word in ("Traceback", "internal error")),
        f"wrote what a terminal obeys: {said[-500:]!r}": not all(line.isprintable() for line in said.split("\n")),
    }
    wrong = tuple(f"{name}: {failing}" for failing, fails in failings.items() if fails)
    return Cost(name=name, code=code, seconds=seconds, memory=memory, failings=wrong)


# --- Manifests -------------------------------------------------------------------------------------------------


def try_manifests(part: int) -> list[Cost]:
    """Check one part of all manifests."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "reconcile.yaml")
        path.write_text(f"{HEAD}jobs: {{a: {{job_id: x}}}}\n")
        with redirect_stdout(io.StringIO()):
            # What is forked from here on finds everything imported.
            run_reconcile(["validate", str(path)], environ={})
        return [_try_manifest(Path(name), seed) for seed in range(part, MANIFESTS, PARTS)]


def _try_manifest(folder: Path, seed: int) -> Cost:
    hostile = draw_manifest(seed)
    path = folder / ("reconcile.json" if hostile.content.lstrip()[:1] == b"{" else "reconcile.yaml")
    path.write_bytes(hostile.content)
    kind, codes = hostile.kind, hostile.codes
    del hostile
    said = folder / "said"

    def validate() -> int:
        with said.open("w") as stream, redirect_stdout(stream), redirect_stderr(stream):
            return run_reconcile(["validate", str(path)], environ={})

    code, seconds, memory = measure_end(start(validate))
    cost = judge_cost(
        f"{kind} (seed {seed})",
        code=code,
        codes=codes,
        seconds=seconds,
        most=MOST_SECONDS,
        memory=memory,
        said=said.read_text(),
    )
    path.unlink()
    return cost


# --- Servers ---------------------------------------------------------------------------------------------------


async def try_servers() -> list[Cost]:
    """Let the program ask each server, as many at a time as there are cores."""
    turns = asyncio.Semaphore(CORES)
    return list(await asyncio.gather(*(try_server(fault, turns) for fault in FAULTS)))


async def try_server(fault: Fault, turns: asyncio.Semaphore) -> Cost:
    """Let the program ask one server as soon as it is its turn."""
    asked: list[float] = []

    async def script(wire: Wire) -> None:
        asked.append(time.perf_counter())
        await fault.script(wire)

    authority = trustme.CA()
    tls = None
    if fault.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with turns, serve(script, tls=tls) as server:
        with tempfile.TemporaryDirectory() as name:
            authority.cert_pem.write_to_path(Path(name, "ca.pem"))
            began = time.perf_counter()
            origin = fault.origin.format(port=server.port)
            code, memory, said = await asyncio.to_thread(_run_plan, Path(name), origin, fault)
    return judge_cost(
        fault.name,
        code=code,
        codes=frozenset({fault.code}),
        # From the first connection on: how long a busy machine takes to start a program is not what is measured.
        seconds=time.perf_counter() - min(asked, default=began),
        most=DEADLINE + SLACK,
        memory=memory,
        said=said,
    )


def _run_plan(folder: Path, origin: str, fault: Fault) -> tuple[int, int, str]:
    """Run the program; return its exit code, its peak memory in KiB, and all that it said."""
    declared = "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(fault.jobs))
    (folder / "reconcile.yaml").write_text(f"{HEAD}jobs:\n{declared}")
    said, peak = folder / "said", folder / "peak"
    environ = {**os.environ, "RECONCILE_TOKEN": "a-token", "PEAK_MEMORY": str(peak)}
    options = ["--timeout", f"{DEADLINE:.0f}s", "--endpoint", origin, "--ca-file", "ca.pem", *fault.options]
    with (
        said.open("w") as stream,
        subprocess.Popen(
            [*program.COMMAND, "plan", *options], cwd=folder, env=environ, stdout=stream, stderr=stream
        ) as process,
    ):
        process.returncode, _, _ = measure_end(process.pid)
    # Its own peak, for what the system tells of a child begins with that of its parent.
    memory = int(peak.read_text().split()[1]) if peak.exists() else 0
    return process.returncode, memory, said.read_text()


# --- All of it -------------------------------------------------------------------------------------------------


def tell(costs: Iterable[Cost]) -> list[dict[str, object]]:
    """Return the rows of a table."""
    return [
        {
            "what": cost.name,
            "exit code": cost.code,
            "seconds": f"{cost.seconds:.2f}",
            "peak MiB": cost.memory // 1024,
        }
        for cost in costs
    ]


def main() -> None:
    """Try all that is hostile, and tell what was worst."""
    with ProcessPoolExecutor(CORES) as pool:
        manifests = [cost for part in pool.map(try_manifests, range(PARTS)) for cost in part]
    servers = asyncio.run(try_servers())
    slowest = sorted(manifests, key=lambda cost: -cost.seconds)[:SHOWN]
    largest = sorted(manifests, key=lambda cost: -cost.memory)[:SHOWN]
    show_table(f"The slowest of {len(manifests):,} hostile manifests", tell(slowest))
    show_table(f"The largest of {len(manifests):,} hostile manifests", tell(largest))
    show_table(
        f"Hostile servers, with a deadline of {DEADLINE:.0f} s, asked about 64 jobs at once, or one", tell(servers)
    )
    failings = [failing for cost in (*manifests, *servers) for failing in cost.failings]
    late = max(cost.seconds for cost in servers) - DEADLINE
    figure = (
        f"hostile: {len(manifests):,} manifests, "
        f"at most {slowest[0].seconds:.1f} s and {largest[0].memory // 1024} MiB; "
        f"{len(servers)} servers, at most {late:.1f} s past the deadline and "
        f"{max(cost.memory for cost in servers) // 1024} MiB; {len(failings)} goals missed"
    )
    conclude("hostile", figure, rows=[*tell(slowest), *tell(largest), *tell(servers)], failings=failings)


if __name__ == "__main__":
    main()
