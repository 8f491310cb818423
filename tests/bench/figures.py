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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.answers import time_answers
from bench.inputs import write_curl, write_terraform
from bench.process import OUTPUTS, RECONCILE, Command, Run, run, run_in_turn, take_median
from bench.scale import MANIFESTS, PROJECTS, RATE, RUN, SHARDS, Fleet, measure_rate, measure_resume, name_plan
from bench.server import DELAY, Server
from bench.shapes import PROJECT, SHAPES, list_ids, write_weaker

DEFAULT_JOBS, DEFAULT_ROUNDS = 10_000, 5
JOBS = int(os.environ.get("BENCH_JOBS", DEFAULT_JOBS))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", DEFAULT_ROUNDS))
FEW_ROUNDS = min(ROUNDS, 3)
"""For what takes many seconds."""
SAMPLE = min(1000, JOBS)
"""Jobs that the slow peers are asked for; their seconds are scaled to all jobs, without those of their start."""

TEXT_GOALS = {"for_each": 1.0, "alike": 2.0, "all different": 2.5}
"""Of the shapes, as text."""
FORMAT_GOALS = {"json": 1.2, "junit": 1.5, "html": 2.5}
"""Of jobs from `for_each`, in other formats."""
WRITTEN = ("alike", "all different")

_SDK = "official SDK"
_PEERS = Path(__file__).parent / "peers"
_PEAK = (sys.executable, str(_PEERS / "peak.py"))
_ROOT = Path(__file__).parents[2]
_SCHEMA = _ROOT / "schemas" / "manifest.v1.schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One comparison.

    `shape` is that of the manifest, empty where there is only one. `ours` and `theirs` are in `unit`; `theirs` is None
    where the peer is missing. `goal` is the most that their ratio may be, None where there is no goal.
    """

    what: str
    shape: str = ""
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

    def plan(self, shape: str, jobs: int, url: str, *options: str, prefix: tuple[str, ...] = (RECONCILE,)) -> Command:
        """Plan so many jobs of a shape, which proves itself by its exit code and by its count of what is in sync."""
        place, needed = self.write(shape, jobs)
        argv = (*prefix, "plan", "--endpoint", url, "--github-output", OUTPUTS, *needed, *options)
        return Command(argv=argv, folder=place, proof=f"in_sync={jobs}")

    def write(self, shape: str, jobs: int) -> tuple[Path, tuple[str, ...]]:
        """Write a manifest into a folder of its own; return the folder and the options that the manifest needs."""
        place = self.folder / f"{shape.replace(' ', '-')}-{jobs}"
        place.mkdir(exist_ok=True)
        return place, SHAPES[shape](place, jobs)


# --- Starting up ---------------------------------------------------------------------------------------------------


def measure_startup(bench: Bench) -> Iterator[Row]:
    """Measure what a run costs that has next to nothing to do."""
    ten, _ = bench.write("all different", 10)
    commands = {
        "--version": Command(argv=(RECONCILE, "--version"), folder=ten),
        "validate, 10 jobs": _validate(ten, 10),
        "plan, 1 job": bench.plan("all different", 1, bench.server.plain),
        "python -I -c pass": Command(argv=(sys.executable, "-I", "-c", "pass"), folder=ten),
    }
    peers = {
        "check-jsonschema": _find_check_jsonschema(ten),
        f"{_SDK}, 1 GET": _find_sdk(bench, count=1, threads=1),
    }
    seconds = _take_medians(run_in_turn({**commands, **_installed(peers)}, rounds=ROUNDS))
    for what, peer, goal in (
        ("--version", "python -I -c pass", 1.5),
        ("validate, 10 jobs", "check-jsonschema", 0.5),
        ("plan, 1 job", f"{_SDK}, 1 GET", 0.9),
    ):
        yield Row(what=what, ours=seconds[what], peer=peer, theirs=seconds.get(peer), goal=goal)


# --- Many jobs -----------------------------------------------------------------------------------------------------


def measure_http(bench: Bench) -> Iterator[Row]:
    """Measure whole runs, by shape and format, against others that send the requests and do nothing else."""
    url = bench.server.plain
    plans = {
        (shape, name): bench.plan(shape, JOBS, url, "-o", name) for name in ("text", *FORMAT_GOALS) for shape in SHAPES
    }
    peers = {"curl": _find_curl(bench, url), "sdk": _find_sdk(bench, count=SAMPLE, threads=16)}
    runs = run_in_turn({**plans, **_installed(peers)}, rounds=ROUNDS)
    curl = take_median(runs["curl"]) if "curl" in runs else None
    for shape, name in plans:
        goal = TEXT_GOALS[shape] if name == "text" else FORMAT_GOALS[name] if shape == "for_each" else None
        ours = take_median(runs[shape, name])
        what, peer = f"plan, {JOBS:,} jobs, {name}", f"curl -Z, {JOBS:,} GETs"
        yield Row(what=what, shape=shape, ours=ours, peer=peer, theirs=curl, goal=goal)
    sdk = _scale(runs["sdk"], JOBS / SAMPLE) if "sdk" in runs else None
    for shape in SHAPES:
        ours = take_median(runs[shape, "text"])
        peer = f"{_SDK}, 16 threads{_scaled(SAMPLE, JOBS)}"
        yield Row(what=f"plan, {JOBS:,} jobs", shape=shape, ours=ours, peer=peer, theirs=sdk, goal=0.05)


def measure_tls(bench: Bench) -> Iterator[Row]:
    """Measure whole runs over TLS with HTTP/2, which is all that the server offers there."""
    url, ca_file = bench.server.tls, str(bench.server.ca_file)
    plans = {shape: bench.plan(shape, JOBS, url, "--ca-file", ca_file) for shape in SHAPES}
    peers = {"curl": _find_curl(bench, url, "--http2", "--cacert", ca_file)}
    seconds = _take_medians(run_in_turn({**plans, **_installed(peers)}, rounds=ROUNDS))
    for shape in SHAPES:
        what, peer = f"plan, {JOBS:,} jobs, TLS with HTTP/2", f"curl -Z --http2, {JOBS:,} GETs"
        yield Row(what=what, shape=shape, ours=seconds[shape], peer=peer, theirs=seconds.get("curl"), goal=1.5)


def measure_wan(bench: Bench) -> Iterator[Row]:
    """Measure whole runs against the ideal where each answer takes its time: so many turns of so many at once."""
    if bench.server.slow is None:
        return
    for concurrency, goal in ((64, 1.06), (256, 1.15)):
        options = ("--concurrency", str(concurrency))
        plans = {shape: bench.plan(shape, JOBS, bench.server.slow, *options) for shape in SHAPES}
        seconds = _take_medians(run_in_turn(plans, rounds=FEW_ROUNDS))
        turns = math.ceil(JOBS / concurrency)
        what = f"plan, {JOBS:,} jobs, {DELAY * 1000:g} ms, {concurrency} at once"
        peer, ideal = f"the ideal, {turns} x {DELAY * 1000:g} ms", turns * DELAY
        for shape in SHAPES:
            yield Row(what=what, shape=shape, ours=seconds[shape], peer=peer, theirs=ideal, goal=goal)


def measure_terraform(bench: Bench) -> Iterator[Row]:
    """Measure a thousand jobs, fetched and judged, against a thousand checks that have nothing to fetch."""
    plan = bench.plan("all different", SAMPLE, bench.server.plain)
    peers = {"terraform": _find_terraform(write_terraform(bench.folder, SAMPLE))}
    seconds = _take_medians(run_in_turn({"plan": plan, **_installed(peers)}, rounds=FEW_ROUNDS))
    what, peer = f"plan, {SAMPLE:,} jobs", f"terraform plan, {SAMPLE:,} checks"
    yield Row(what=what, ours=seconds["plan"], peer=peer, theirs=seconds.get("terraform"), goal=0.1)


# --- Answers -------------------------------------------------------------------------------------------------------


def measure_answer(bench: Bench) -> Iterator[Row]:
    """Measure what an answer costs whose fields are in objects and whose parts have parts, against a flat one."""
    del bench
    took = time_answers()
    for shape, ours, theirs, peer, goal in (
        ("every field", "nested", "the same, flat", "the same fields in one object", 1.5),
        ("no times", "nested, no times", "flat", "SFS Turbo, every field", 1.5),
        ("every field", "nested", "flat", "SFS Turbo, every field, half the bytes", None),
    ):
        what = "read a nested answer, 4 records"
        yield Row(what=what, shape=shape, ours=took[ours], peer=peer, theirs=took[theirs], unit="us", goal=goal)


# --- Manifests -----------------------------------------------------------------------------------------------------


def measure_load(bench: Bench) -> Iterator[Row]:
    """Measure `validate`, in CPU seconds, against CSafeLoader and jsonschema, and many jobs against few."""
    few, some, many = JOBS // 10, JOBS, JOBS * 10
    for shape in WRITTEN:
        cpu = {count: _measure_cpu(_validate(bench.write(shape, count)[0], count)) for count in (few, some, many)}
        argv = (sys.executable, str(_PEERS / "loading.py"), "reconcile.yaml", str(_SCHEMA))
        loading = Command(argv=argv, folder=bench.write(shape, few)[0])
        theirs = statistics.median(float(each.printed) for each in run_in_turn({"": loading}, rounds=FEW_ROUNDS)[""])
        what, peer = f"validate, {many:,} jobs", f"CSafeLoader + jsonschema{_scaled(few, many)}"
        yield Row(what=what, shape=shape, ours=cpu[many], peer=peer, theirs=theirs * many / few, goal=0.2)
        far, near = ((cpu[more] - cpu[less]) / (more - less) * 1e6 for less, more in ((some, many), (few, some)))
        what, peer = f"validate, one more job of {many:,}", f"one more job of {some:,}"
        yield Row(what=what, shape=shape, ours=far, peer=peer, theirs=near, unit="us", goal=1.1)


def _validate(folder: Path, jobs: int) -> Command:
    return Command(argv=(RECONCILE, "validate", "-o", "json"), folder=folder, proof=f'  "jobs": {jobs},')


def _measure_cpu(command: Command) -> float:
    return statistics.median(each.cpu for each in run_in_turn({"": command}, rounds=FEW_ROUNDS)[""])


# --- Reviews -------------------------------------------------------------------------------------------------------


def measure_review(bench: Bench) -> Iterator[Row]:
    """Measure reviews of manifests that have not changed, and of those whose defaults make every job weaker."""
    changes = {
        "equal": ("reconcile.yaml", "equal. Nothing is weaker."),
        "weaker": ("weaker.yaml", f"weaker ({JOBS:,} allowed)."),
    }
    for shape in SHAPES:
        place, needed = bench.write(shape, JOBS)
        write_weaker(place, place / "weaker.yaml")
        review = (RECONCILE, "review", "--allow", "jobs.*", *needed, "reconcile.yaml")
        commands = {
            relation: Command(argv=(*review, new), folder=place, proof=f"Review: {JOBS:,} jobs: {JOBS:,} {summary}")
            for relation, (new, summary) in changes.items()
        }
        commands["validate"] = Command(argv=(RECONCILE, "validate", *needed, "reconcile.yaml"), folder=place)
        seconds = _take_medians(run_in_turn(commands, rounds=FEW_ROUNDS))
        for relation in changes:
            what, peer = f"review, {JOBS:,} jobs, all {relation}", "validate, one of both manifests"
            yield Row(what=what, shape=shape, ours=seconds[relation], peer=peer, theirs=seconds["validate"])


# --- Memory --------------------------------------------------------------------------------------------------------


def measure_memory(bench: Bench) -> Iterator[Row]:
    """Measure the peak memory of runs that print JSON: per job, in all, and with many requests at once."""
    few, many = JOBS // 5, JOBS
    for shape in SHAPES:
        less, more = (_measure_peak(bench, shape, count, "-o", "json") for count in (few, many))
        what = f"peak memory per job, JSON, from {few:,} to {many:,} jobs"
        per_job = (more - less) / (many - few)
        yield Row(what=what, shape=shape, ours=per_job, peer="the limit", theirs=4.0, unit="KB", goal=1.0)
        what = f"peak memory, {many:,} jobs, JSON"
        yield Row(what=what, shape=shape, ours=more / 1000, peer="the limit", theirs=100.0, unit="MB", goal=1.0)
    narrow, wide = (_measure_peak(bench, "all different", many, "--concurrency", at_once) for at_once in ("16", "256"))
    what, peer = f"peak memory, {many:,} jobs, 256 at once", "16 at once"
    yield Row(what=what, ours=wide / 1000, peer=peer, theirs=narrow / 1000, unit="MB", goal=1.1)


def _measure_peak(bench: Bench, shape: str, jobs: int, *options: str) -> float:
    """Return the most memory that a plan takes, in KB."""
    plan = bench.plan(shape, jobs, bench.server.plain, *options, prefix=_PEAK)
    run(plan)
    return _read_peak(plan.folder)


def _read_peak(folder: Path) -> float:
    """Return the most memory that the last command in a folder took, in KB."""
    return int((folder / "peak").read_text()) * 1.024


# --- Fleets --------------------------------------------------------------------------------------------------------

RUNNERS, MINUTES = 8, 2


def measure_scale(bench: Bench) -> Iterator[Row]:
    """Measure what `bench.scale` describes."""
    busiest = measure_rate(bench.folder / "rate", runners=RUNNERS, minutes=MINUTES)
    what = f"busiest minute of {RUNNERS} shards, {RATE * MINUTES:,} jobs"
    # What is sent in a minute arrives in one and what the network takes.
    yield Row(what=what, ours=busiest, peer="the rate", theirs=RATE, unit="requests", goal=1.01)
    asked = measure_resume(bench.folder / "resume", bench.server.plain, JOBS)
    what = f"a run of {JOBS:,} jobs, killed halfway and resumed"
    yield Row(what=what, ours=asked, peer="all jobs", theirs=JOBS, unit="requests", goal=0.6)

    every = SHARDS * JOBS
    fleet = Fleet(bench.folder / "fleet", every, manifests=MANIFESTS, projects=PROJECTS)
    seconds, busiest = fleet.simulate()
    what, ideal = f"{every:,} jobs of {PROJECTS} projects, {SHARDS} shards, simulated", every / PROJECTS / RATE * 60
    yield Row(what=what, ours=seconds, peer=f"{RATE} requests a minute", theirs=ideal, goal=1.02)
    what = f"busiest minute of a project, {what}"
    yield Row(what=what, ours=busiest, peer="the rate", theirs=RATE, unit="requests", goal=1.0)

    options = ("--endpoint", bench.server.plain, "--shard", f"1/{SHARDS}", "--out", "plan.json", ".")
    seconds, peak = _run_with_peak(fleet.place, "plan", *options, proof=f"in_sync={JOBS}")
    what = f"plan, 1 of {SHARDS} shards of {every:,} jobs"
    yield Row(what=f"CPU, {what}", ours=seconds, peer="the time that the rate takes", theirs=ideal)
    yield Row(what=f"peak memory, {what}", ours=peak, peer="the limit", theirs=1500.0, unit="MB", goal=1.0)
    plans = [name_plan(index) for index in range(1, SHARDS + 1)]
    seconds, peak = _run_with_peak(fleet.place, "merge", *plans, proof=f"in_sync={every}")
    what = f"merge, {SHARDS} shards of {JOBS:,} jobs"
    yield Row(what=f"CPU, {what}", ours=seconds, peer="the time that the rate takes", theirs=ideal, goal=0.25)
    yield Row(what=f"peak memory, {what}", ours=peak, peer="the limit", theirs=1500.0, unit="MB", goal=1.0)


def _run_with_peak(place: Path, command: str, *arguments: str, proof: str) -> tuple[float, float]:
    """Run a command of a fleet; return its CPU seconds, and the most memory that it took, in MB."""
    argv = (*_PEAK, command, "--github-output", OUTPUTS, *arguments)
    return run(Command(argv=argv, folder=place, environ=RUN, proof=proof)).cpu, _read_peak(place) / 1000


FIGURES: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "startup": measure_startup,
    "http": measure_http,
    "tls": measure_tls,
    "wan": measure_wan,
    "terraform": measure_terraform,
    "answer": measure_answer,
    "load": measure_load,
    "review": measure_review,
    "memory": measure_memory,
    "scale": measure_scale,
}

ON_REQUEST = frozenset({"scale"})
"""Figures that are measured only where they are named: a million jobs take 15 minutes, and 7 GB of disk."""


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
    ids = bench.folder / f"ids-{count}"
    ids.write_text("\n".join(list_ids(count)))
    argv = (sys.executable, str(_PEERS / "sdk.py"), bench.server.plain, PROJECT, str(ids), str(threads))
    return Command(argv=argv, folder=bench.folder)


def _find_check_jsonschema(folder: Path) -> Command | None:
    program = Path(RECONCILE).with_name("check-jsonschema")
    if not program.exists():
        return None
    return Command(argv=(str(program), "--schemafile", str(_SCHEMA), "reconcile.yaml"), folder=folder)


def _find_terraform(folder: Path) -> Command | None:
    """Find terraform, and make the folder ready for a plan, which needs no provider but the one built in."""
    if not shutil.which("terraform"):
        return None
    environ = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    initialise = ["terraform", "init", "-input=false"]
    subprocess.run(initialise, cwd=folder, env={**os.environ, **environ}, check=True, capture_output=True)
    return Command(argv=("terraform", "plan", "-input=false", "-no-color"), folder=folder, environ=environ)


def _take_medians(runs: Mapping[str, list[Run]]) -> dict[str, float]:
    return {name: take_median(each) for name, each in runs.items()}


def _scale(runs: Iterable[Run], factor: float) -> float:
    """Scale the seconds of the requests, which a peer prints, and leave its start alone; return the median."""
    requests = [(each.seconds, float(each.printed)) for each in runs]
    return statistics.median(whole - part + part * factor for whole, part in requests)


def _scaled(sample: int, count: int) -> str:
    return f" (scaled from {sample:,})" if sample < count else ""
