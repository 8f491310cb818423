"""
Every figure: what is compared in one run, and the goal.

All ratios are ours by theirs, so less is better. A peer that is not installed is named, without a ratio.
"""

import math
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench_manifest import write_realistic

from bench.inputs import write_curl, write_manifest, write_terraform
from bench.process import RECONCILE, WITHOUT_EXTRA, Command, Run, run, run_in_turn, take_median
from bench.server import DELAY, PROJECT, Server

DEFAULT_JOBS, DEFAULT_ROUNDS = 10_000, 5
JOBS = int(os.environ.get("BENCH_JOBS", DEFAULT_JOBS))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", DEFAULT_ROUNDS))
MANIFESTS = (1_000, 10_000, 100_000)
"""Jobs of the manifests that are only read."""
SAMPLE = 1000
"""Jobs that the slow peers are asked for; their seconds are scaled to all jobs, without those of their start."""

_SDK = "official SDK"
_PEERS = Path(__file__).parent / "peers"
_TESTS = Path(__file__).parent.parent
_SCHEMA = _TESTS.parent / "schemas" / "manifest.v1.schema.json"
_BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One comparison.

    `ours` and `theirs` are in `unit`; `theirs` is None where the peer is missing. `goal` is the most that their
    ratio may be, None where there is no goal.
    """

    what: str
    ours: float
    peer: str
    theirs: float | None = None
    unit: str = "s"
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.theirs if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or no ratio."""
        return None if self.goal is None or self.ratio is None else self.ratio <= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where the inputs are, and who answers."""

    folder: Path
    server: Server


# --- Starting up ---------------------------------------------------------------------------------------------------


def measure_startup(bench: Bench) -> Iterator[Row]:
    """Measure what a run costs that has next to nothing to do."""
    ten, one = write_manifest(bench.folder, 10), write_manifest(bench.folder, 1)
    program = str(_BIN / "reconcile")
    commands = {
        "--version": Command(argv=(program, "--version"), folder=ten),
        "--help": Command(argv=(program, "--help"), folder=ten),
        "validate, 10 jobs": Command(argv=(program, "validate"), folder=ten),
        "plan, 1 job": Command(argv=(program, "plan", "--endpoint", bench.server.plain), folder=one),
        "python -I -c pass": Command(argv=(sys.executable, "-I", "-c", "pass"), folder=ten),
    }
    peers = {
        "check-jsonschema": _find_check_jsonschema(ten),
        f"{_SDK}, 1 GET": _find_sdk(bench, count=1, threads=1),
        "terraform version": _find_terraform("version", folder=ten),
        "terraform plan, 1 check": _find_terraform("plan", folder=write_terraform(bench.folder, 1)),
    }
    seconds = _take_medians(run_in_turn({**commands, **_installed(peers)}, rounds=ROUNDS))
    python = seconds["python -I -c pass"]
    for what, peer, goal in (
        ("--version", "python -I -c pass", 1.5),
        ("--help", "python -I -c pass", None),
        ("--version", "terraform version", None),
        ("validate, 10 jobs", "check-jsonschema", 0.5),
        ("validate, 10 jobs", "python -I -c pass", None),
        ("plan, 1 job", f"{_SDK}, 1 GET", 0.9),
        ("plan, 1 job", "terraform plan, 1 check", None),
        ("plan, 1 job", "python -I -c pass", None),
    ):
        theirs = python if peer == "python -I -c pass" else seconds.get(peer)
        yield Row(what=what, ours=seconds[what], peer=peer, theirs=theirs, goal=goal)


# --- Ten thousand jobs ---------------------------------------------------------------------------------------------


def measure_fetch(bench: Bench) -> Iterator[Row]:
    """Measure the whole gate against others that do the requests alone."""
    place, url = write_manifest(bench.folder, JOBS), bench.server.plain
    plan = ("plan", "--endpoint", url)
    commands = {"plan": Command(argv=(*WITHOUT_EXTRA, *plan), folder=place)}
    if find_spec("uvloop"):
        commands["plan with speed"] = Command(argv=(*RECONCILE, *plan), folder=place)
    sample = min(SAMPLE, JOBS)
    httpx_client = (sys.executable, str(_PEERS / "httpx_client.py"), url, PROJECT, str(sample))
    peers = {
        "curl": _find_curl(bench, url),
        "sdk": _find_sdk(bench, count=sample, threads=16),
        "httpx": Command(argv=httpx_client, folder=bench.folder),
    }
    runs = run_in_turn({**commands, **_installed(peers)}, rounds=ROUNDS)
    curl = take_median(runs["curl"]) if "curl" in runs else None
    scale = JOBS / sample
    sdk, client = (_scale(runs[name], scale) if name in runs else None for name in ("sdk", "httpx"))
    what, with_speed = f"plan, {JOBS:,} jobs", f"plan, {JOBS:,} jobs, extra speed"
    ours = take_median(runs["plan"])
    scaled = f" (scaled from {sample:,})" if sample < JOBS else ""
    yield Row(what=what, ours=ours, peer=f"curl -Z, {JOBS:,} GETs", theirs=curl, goal=2.0)
    if "plan with speed" in runs:
        faster = take_median(runs["plan with speed"])
        yield Row(what=with_speed, ours=faster, peer=f"curl -Z, {JOBS:,} GETs", theirs=curl, goal=1.0)
        yield Row(what=with_speed, ours=faster, peer="without the extra", theirs=ours)
    yield Row(what=what, ours=ours, peer=f"{_SDK}, 16 threads{scaled}", theirs=sdk, goal=0.05)
    yield Row(what=what, ours=ours, peer=f"httpx.AsyncClient{scaled}", theirs=client)


def profile_fetch(bench: Bench) -> str:
    """Tell where the time of the gate goes, function by function."""
    argv = (sys.executable, str(_PEERS / "profiling.py"), "plan", "--endpoint", bench.server.plain)
    return run(Command(argv=argv, folder=write_manifest(bench.folder, JOBS))).printed


def measure_tls(bench: Bench) -> Iterator[Row]:
    """Measure the same over TLS."""
    server = bench.server
    if server.tls is None or server.ca_file is None:
        return
    place = write_manifest(bench.folder, JOBS)
    plan = ("plan", "--endpoint", server.tls, "--ca-file", str(server.ca_file))
    commands = {"plan": Command(argv=(*WITHOUT_EXTRA, *plan), folder=place)}
    if find_spec("uvloop"):
        commands["plan with speed"] = Command(argv=(*RECONCILE, *plan), folder=place)
    peers = {"curl": _find_curl(bench, server.tls, "--cacert", str(server.ca_file))}
    seconds = _take_medians(run_in_turn({**commands, **_installed(peers)}, rounds=ROUNDS))
    for name, extra in (("plan", ""), ("plan with speed", ", extra speed")):
        if name in seconds:
            what, peer = f"plan, {JOBS:,} jobs, TLS{extra}", f"curl -Z, {JOBS:,} GETs, TLS"
            yield Row(what=what, ours=seconds[name], peer=peer, theirs=seconds.get("curl"), goal=1.5)


# --- A slow network ------------------------------------------------------------------------------------------------


def measure_wan(bench: Bench) -> Iterator[Row]:
    """Measure against the ideal where each answer takes its time: so many turns of so many at once."""
    place, url = write_manifest(bench.folder, JOBS), bench.server.slow
    for concurrency in (64, 256):
        fetch = (str(_PEERS / "our_fetch.py"), "reconcile.yaml", url, str(concurrency))
        plan = ("plan", "--endpoint", url, "--concurrency", str(concurrency))
        runs = run_in_turn(
            {
                "fetch": Command(argv=(sys.executable, *fetch), folder=place),
                "plan": Command(argv=(*RECONCILE, *plan), folder=place),
            },
            rounds=min(ROUNDS, 3),
        )
        ideal = math.ceil(JOBS / concurrency) * DELAY
        peer = f"the ideal, {math.ceil(JOBS / concurrency)} x {DELAY * 1000:g} ms"
        fetched = statistics.median(float(each.printed) for each in runs["fetch"])
        at_once = f"{JOBS:,} jobs, {DELAY * 1000:g} ms, {concurrency} at once"
        yield Row(what=f"the fetch alone, {at_once}", ours=fetched, peer=peer, theirs=ideal, goal=1.05)
        yield Row(what=f"plan, {at_once}", ours=take_median(runs["plan"]), peer=peer, theirs=ideal, goal=1.10)


# --- Manifests -----------------------------------------------------------------------------------------------------


def measure_validate(bench: Bench) -> Iterator[Row]:
    """Measure reading and checking, in CPU seconds, against CSafeLoader and jsonschema, and form against form."""
    few, many = MANIFESTS[0], MANIFESTS[-1]
    for form, goal in (("realistic", 0.1), ("for_each", 0.1), ("all different", None)):
        seconds: dict[int, float] = {}
        for count in MANIFESTS:
            compared = min(count, SAMPLE)
            seconds[count], theirs = _load(bench, count, form, compared=compared)
            scaled = f" (scaled from {compared:,})" if compared < count else ""
            yield Row(
                what=f"load, {count:,} jobs, {form}",
                ours=seconds[count],
                peer=f"CSafeLoader + jsonschema{scaled}",
                theirs=theirs * count / compared,
                goal=goal if count == many else None,
            )
        per_job = {count: 1e6 * each / count for count, each in seconds.items()}
        what, peer = f"load, a job of {many:,}, {form}", f"a job of {few:,}"
        yield Row(what=what, ours=per_job[many], peer=peer, theirs=per_job[few], unit="us", goal=1.1)
    written, _ = _load(bench, many, "all alike")
    for form in ("ids.yaml", "ids.json", "terraform.json"):
        ours, _ = _load(bench, many, form)
        what = f"load, {many:,} jobs, for_each from {form}"
        yield Row(what=what, ours=ours, peer="the same jobs, written out", theirs=written, goal=1.0)
    yield _measure_loaded(bench, few=many // 10, many=many)


def _load(bench: Bench, count: int, form: str, *, compared: int = 0) -> tuple[float, float]:
    """Return the CPU seconds that so many jobs of a form take, and those of the other way for `compared` of them."""
    argv = (sys.executable, str(_PEERS / "loading.py"), str(count), form, str(min(ROUNDS, 3)), str(compared))
    measured = run(Command(argv=argv, folder=bench.folder, environ={"PYTHONPATH": str(_TESTS)}))
    ours, theirs = (float(seconds) for seconds in measured.printed.split())
    return ours, theirs


def _measure_loaded(bench: Bench, *, few: int, many: int) -> Row:
    """Measure the peak memory of `validate` per job of a realistic manifest."""
    memory = []
    for count in (few, many):
        manifest = bench.folder / f"realistic-{count}.yaml"
        manifest.write_text(write_realistic(count))
        memory.append(_measure_peak(bench.folder, "validate", manifest.name))
    slope = (memory[1] - memory[0]) / (many - few)
    what = f"validate, peak memory per job, from {few:,} to {many:,} jobs"
    return Row(what=what, ours=slope, peer="the limit", theirs=4.5, unit="KiB", goal=1.0)


# --- Memory --------------------------------------------------------------------------------------------------------


def measure_memory(bench: Bench) -> Iterator[Row]:
    """Measure peak memory per job, and over the number of connections."""
    few, many = JOBS // 5, JOBS

    def peak(jobs: int, concurrency: int) -> int:
        plan = ("plan", "--endpoint", bench.server.plain, "--concurrency", str(concurrency))
        return _measure_peak(write_manifest(bench.folder, jobs), *plan)

    slope = (peak(many, 64) - peak(few, 64)) / (many - few)
    what = f"peak memory per job, from {few:,} to {many:,} jobs"
    yield Row(what=what, ours=slope, peer="the limit", theirs=4.0, unit="KiB", goal=1.0)
    narrow, wide = peak(many, 16) / 1024, peak(many, 256) / 1024
    yield Row(what="peak memory, 256 at once", ours=wide, peer="16 at once", theirs=narrow, unit="MiB", goal=1.1)


def _measure_peak(folder: Path, *argv: str) -> int:
    """Return the KiB that reconcile has at most when it is run so."""
    argv = (sys.executable, str(_PEERS / "peak.py"), *argv)
    environ = {"PYTHONPATH": str(_TESTS.parent)}
    return int(run(Command(argv=argv, folder=folder, environ=environ)).printed.splitlines()[-1])


# --- Reports -------------------------------------------------------------------------------------------------------


def measure_render(bench: Bench) -> Iterator[Row]:
    """Measure each format; every tenth job has drifted."""
    printed: dict[int, Mapping[str, float]] = {}
    for count in (JOBS // 10, JOBS):
        command = Command(argv=(sys.executable, str(_PEERS / "rendering.py"), str(count)), folder=bench.folder)
        lines = (line.split() for line in run(command).printed.splitlines())
        printed[count] = {name: float(seconds) for name, seconds in lines}
    few, many = sorted(printed)
    for name, seconds in printed[many].items():
        peer = f"ten times {few:,} jobs"
        yield Row(what=f"render {name}, {many:,} jobs", ours=seconds, peer=peer, theirs=10 * printed[few][name])


# --- Terraform -----------------------------------------------------------------------------------------------------


def measure_terraform(bench: Bench) -> Iterator[Row]:
    """Measure a thousand jobs, fetched and judged, against a thousand checks that have nothing to fetch."""
    plan = (*RECONCILE, "plan", "--endpoint", bench.server.plain)
    commands = {"plan": Command(argv=plan, folder=write_manifest(bench.folder, SAMPLE))}
    peers = {"terraform": _find_terraform("plan", folder=write_terraform(bench.folder, SAMPLE))}
    seconds = _take_medians(run_in_turn({**commands, **_installed(peers)}, rounds=ROUNDS))
    what, peer = f"plan, {SAMPLE:,} jobs", f"terraform plan, {SAMPLE:,} checks"
    yield Row(what=what, ours=seconds["plan"], peer=peer, theirs=seconds.get("terraform"), goal=0.1)


FIGURES: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "startup": measure_startup,
    "fetch": measure_fetch,
    "tls": measure_tls,
    "wan": measure_wan,
    "validate": measure_validate,
    "memory": measure_memory,
    "render": measure_render,
    "terraform": measure_terraform,
}


# --- Peers ---------------------------------------------------------------------------------------------------------


def _installed(peers: Mapping[str, Command | None]) -> dict[str, Command]:
    return {name: command for name, command in peers.items() if command is not None}


def _find_curl(bench: Bench, url: str, *options: str) -> Command | None:
    if not shutil.which("curl"):
        return None
    transfer = ("curl", "--silent", "--fail", "--parallel", "--parallel-max", "64", *options, "--config")
    return Command(argv=(*transfer, str(write_curl(bench.folder, url, JOBS))), folder=bench.folder)


def _find_sdk(bench: Bench, *, count: int, threads: int) -> Command | None:
    if not find_spec("huaweicloudsdksfsturbo"):
        return None
    argv = (sys.executable, str(_PEERS / "sdk.py"), bench.server.plain, PROJECT, str(count), str(threads))
    return Command(argv=argv, folder=bench.folder)


def _find_check_jsonschema(folder: Path) -> Command | None:
    program = _BIN / "check-jsonschema"
    if not program.exists():
        return None
    return Command(argv=(str(program), "--schemafile", str(_SCHEMA), "reconcile.yaml"), folder=folder)


def _find_terraform(subcommand: str, *, folder: Path) -> Command | None:
    """Find terraform, and make the folder ready for a plan, which needs no provider but the one built in."""
    if not shutil.which("terraform"):
        return None
    environ = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    if subcommand == "version":
        return Command(argv=("terraform", "version"), folder=folder, environ=environ)
    subprocess.run(
        ["terraform", "init", "-input=false"],
        cwd=folder,
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
    )
    return Command(argv=("terraform", "plan", "-input=false", "-no-color"), folder=folder, environ=environ)


def _take_medians(runs: Mapping[str, list[Run]]) -> dict[str, float]:
    return {name: take_median(each) for name, each in runs.items()}


def _scale(runs: list[Run], factor: float) -> float:
    """Scale the seconds of the requests, which a peer prints behind those of its imports, and leave its start alone."""
    whole = []
    for each in runs:
        requests = float(each.printed.split()[1])
        whole.append(each.seconds - requests + requests * factor)
    return statistics.median(whole)
