"""
A fleet of a million jobs, at the rate that its provider allows.

Real processes show that shards keep to the rate together, that a run which was killed is resumed, and what one shard
and the merge of all cost. The run itself would take 39 minutes on a hundred machines, so it is simulated: each shard is
fetched by the program's own queue and pace from an API in virtual time, and saved. These are the plans that are merged.
"""

import gc
import json
import math
import multiprocessing
import os
import signal
import subprocess
import time
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from bench.process import CORES, OUTPUTS, RECONCILE, Command, run
from bench.server import make_body
from bench.shapes import write_fleet, write_for_each
from reconcile import __version__
from reconcile.cli.spool import DetailsSpool, FetchedSpool
from reconcile.document import Text, parse_text
from reconcile.fetch import Pace, fetch_jobs, resolve_targets
from reconcile.fetch.client import OnDone
from reconcile.fetch.message import Answer, Request
from reconcile.lazy import LazyList
from reconcile.manifest import find_manifests, load_manifests
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Fetched
from reconcile.plan import derive_plan
from reconcile.rate import Rate
from reconcile.report.json import plan_to_json
from reconcile.saved import stream_saved_plan
from reconcile.shards import deal_shards
from reconcile.simulator import load_scenario, running_simulator

SHARDS, MANIFESTS, PROJECTS = 100, 16, 64
RATE, MINUTE = 400, 60.0
"""Requests a minute that a provider allows for each project."""
LATENCY = 0.2
"""Seconds of an answer in virtual time."""
ENDPOINT = "http://127.0.0.1:9"
"""Where nobody answers: what is simulated sends nothing."""
RUN = {"RECONCILE_RUN_ID": "bench", "RECONCILE_TOKEN": "bench"}


# --- The rate, with real processes ---------------------------------------------------------------------------------


def measure_rate(place: Path, *, runners: int, minutes: int) -> int:
    """Let so many processes take turns for some minutes; return the most requests that arrived in any minute."""
    place.mkdir()
    count = RATE * minutes
    ids = ", ".join(f"job-{number}" for number in range(1, count + 1))
    (place / "reconcile.yaml").write_text(
        "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\n"
        f"variables: {{ids: {{default: [{ids}]}}}}\n"
        'jobs: {each: {for_each: "${var.ids}", job_id: "${each.value}"}}\n'
    )
    scenario = f"version: 1\napi: sfs-turbo\ngenerate: {{count: {count}, job: {{status: success}}}}\n"
    arrivals: list[float] = []

    def clock() -> float:
        arrivals.append(time.monotonic())
        return arrivals[-1]

    with running_simulator(load_scenario(parse_text(Text("s.yaml", scenario), is_json=False)), clock=clock) as url:
        arrivals.clear()
        processes = [
            _start(place, url, "--rate", f"{RATE}/m", "--shard", f"{index}/{runners}", "--out", f"{index}.json")
            for index in range(1, runners + 1)
        ]
        codes = [process.wait() for process in processes]
    if any(codes) or len(arrivals) != count:
        raise RuntimeError(f"{count} requests were expected of {runners} runs, {len(arrivals)} came: {codes}")
    return _count_busiest(arrivals)


def _count_busiest(times: Sequence[float]) -> int:
    """Count the events in the busiest minute; the times are ascending."""
    return max(bisect_left(times, begin + MINUTE) - at for at, begin in enumerate(times))


def _start(place: Path, url: str, *options: str) -> "subprocess.Popen[bytes]":
    argv = [RECONCILE, "plan", "--endpoint", url, "--quiet", "--timeout", "1h", *options]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(argv, cwd=place, stdin=quiet, stdout=quiet, stderr=quiet, env={**os.environ, **RUN})


# --- A run that is killed ------------------------------------------------------------------------------------------


def measure_resume(place: Path, url: str, jobs: int) -> int:
    """Kill a run that has half of its answers, and resume it; return how many requests were sent after that."""
    place.mkdir()
    needed = write_for_each(place, jobs)
    journal = place / "tape" / "unfinished.jsonl"
    process = _start(place, url, *needed, "--record", "tape", "--rate", f"{max(10, jobs // 5)}/s")
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > jobs // 2:
            process.send_signal(signal.SIGKILL)
            process.wait()
            break
        time.sleep(0.05)
    options = ("--endpoint", url, *needed, "--resume", "tape", "--report", "json=plan.json")
    argv = (RECONCILE, "plan", *options, "--github-output", OUTPUTS)
    run(Command(argv=argv, folder=place, environ=RUN, proof=f"in_sync={jobs}"))
    document = json.loads((place / "plan.json").read_text())
    return sum(job["attempts"] for job in document["jobs"])


# --- A fleet in virtual time ---------------------------------------------------------------------------------------


class VirtualApi:
    """A client whose requests are answered by a job API that takes its time, which passes only while it waits."""

    def __init__(self) -> None:
        self.asked: dict[str, array[float]] = {}
        """When each project was asked."""
        self._now = 0.0
        self._under_way: deque[tuple[float, bytes, OnDone]] = deque()

    def now(self) -> float:
        return self._now

    def send(self, request: Request, on_done: OnDone) -> None:
        _, _, project, *_, job_id = request.target.split("/")
        self.asked.setdefault(project, array("d")).append(self._now)
        self._under_way.append((self._now + LATENCY, make_body(job_id), on_done))

    def wait(self, timeout: float) -> None:
        due = self._under_way[0][0] if self._under_way else math.inf
        self._now = min(due, self._now + timeout)
        while self._under_way and self._under_way[0][0] <= self._now:
            _, body, on_done = self._under_way.popleft()
            on_done(Answer(200, {"content-type": "application/json"}, body))

    def close(self) -> None:
        self._under_way.clear()


class Fleet:
    """A fleet whose jobs are dealt to shards."""

    def __init__(self, place: Path, jobs: int, *, manifests: int, projects: int) -> None:
        """Write and load so many manifests, which share the projects."""
        place.mkdir()
        write_fleet(place, manifests, jobs // manifests, projects // manifests)
        loaded = load_manifests(find_manifests((str(place),)), now=datetime.now(UTC), as_of=None, given=(), environ={})
        self.place = place
        self.jobs = jobs
        self.begin = datetime.now(UTC) - timedelta(seconds=jobs / projects / RATE * MINUTE)
        self.shards: Sequence[Manifest] = deal_shards(loaded, SHARDS, run="bench")

    def simulate(self) -> tuple[float, int]:
        """
        Run all shards and save their plans.

        Returns:
            The seconds of the longest, and the most requests that all of them sent to one project in any minute.
        """
        gc.freeze()  # what the processes share stays shared
        forked = multiprocessing.get_context("fork")
        receivers = []
        for first in range(len(CORES)):
            receiver, sender = forked.Pipe(duplex=False)
            forked.Process(target=self._simulate_some, args=(range(first, SHARDS, len(CORES)), sender)).start()
            sender.close()
            receivers.append(receiver)
        shards = [shard for receiver in receivers for shard in receiver.recv()]
        asked: dict[str, list[float]] = {}
        for _, times in shards:
            for project, each in times.items():
                asked.setdefault(project, []).extend(each)
        if sum(map(len, asked.values())) != self.jobs:
            raise RuntimeError("a job was not asked for, or twice")
        return max(seconds for seconds, _ in shards), max(_count_busiest(sorted(each)) for each in asked.values())

    def _simulate_some(self, indexes: Iterable[int], sender: Connection) -> None:
        """Run some shards in a process of its own, on any core."""
        os.sched_setaffinity(0, CORES)
        sender.send([self._simulate_shard(at) for at in indexes])

    def _simulate_shard(self, at: int) -> "tuple[float, dict[str, array[float]]]":
        shard, api = self.shards[at], VirtualApi()
        assert shard.shard is not None
        targets = resolve_targets(shard.providers.values(), endpoints=[ENDPOINT], environ=RUN)
        fetched = fetch_jobs(
            shard.jobs,
            targets,
            client=api,
            timeout=math.inf,
            pace=Pace(rate=Rate.per_minute(RATE), share=shard.shard.rate_share),
            store=FetchedSpool(),
        )
        evidence = self._conclude(shard, fetched, {name: str(target.origin) for name, target in targets.items()}, api)
        plan = derive_plan(evidence, keep=DetailsSpool().keep)
        if plan.exit_code:
            raise RuntimeError(f"shard {at + 1} ended with {plan.exit_code}")
        with (self.place / name_plan(at + 1)).open("w") as file:
            file.writelines(stream_saved_plan(plan_to_json(plan), evidence))
        return api.now(), api.asked

    def _conclude(
        self, shard: Manifest, fetched: Sequence[Fetched], origins: dict[str, str], api: VirtualApi
    ) -> Evidence:
        """Return the evidence of a shard, as `reconcile plan` has it."""
        now = self.begin + timedelta(seconds=api.now())
        return Evidence(
            tool=__version__,
            manifest=shard,
            observations=LazyList(lambda each: each.observation, fetched),
            remarks=((),) * len(fetched),
            origins=origins,
            judged_at=now,
            since=now,
            strict=False,
            soft_fail=False,
            ended_by=None,
            timings=tuple(each.timing for each in fetched),
            started_at=self.begin,
        )


def name_plan(index: int) -> str:
    """Name the file of a shard's plan, by its number from 1."""
    return f"plan-{index}.json"
