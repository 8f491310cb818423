"""Runs of the gate that are killed while they write: every file is the old or the new one, and the rest is swept."""

import io
import os
import random
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import httpx
from builders import NOW
from clients import TransportClient
from program import signals_restored
from proof.fork import LONGEST, await_end, has_ended, start

from reconcile.cli.main import main
from reconcile.fetch import Pace
from reconcile.report import FORMATS

JOBS = 60
REPORTS = tuple(f"report.{name}" for name in FORMATS)
SAVED = "plan.json"
MANIFEST = "reconcile.yaml"

_HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\njobs:\n"
_FAIL_REASON = "the share could not be extended: " + "no space left on the pool; " * 4
_CODES = {"success": 0, "failed": 2}

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """
    What a run that was killed has left.

    `killed` says that it had not ended before, `drafts` counts the files that it was in the middle of, `old` and `new`
    those that are as before and as they would have become; `failings` is what must not be.
    """

    killed: bool
    drafts: int
    old: int
    new: int
    failings: tuple[str, ...]


def run_gate(folder: Path, status: str) -> int:
    """
    Run the gate on jobs with this status, which writes a report of each format and a saved plan; return its code.

    It runs in the folder, so that no report names another place than that of another run does.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        reason = _FAIL_REASON if status == "failed" else None
        job = {"job_id": target.rpartition("/")[2], "status": status, "fail_reason": reason}
        return httpx.Response(200, json=job)

    os.chdir(folder)
    reports = [part for name in FORMATS for part in ("--report", f"{name}=report.{name}")]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        return main(
            ["plan", "-q", "--out", SAVED, *reports],
            environ={"RECONCILE_TOKEN": "a-token"},
            clock=lambda: NOW,
            timer=lambda: 0.0,
            client=TransportClient(httpx.MockTransport(answer)),
            pace=Pace(attempts=1),
        )


def make_folder(folder: Path, files: Files) -> None:
    """Make a folder with a manifest and what an earlier run has written there."""
    folder.mkdir()
    jobs = "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(JOBS))
    (folder / MANIFEST).write_text(_HEAD + jobs)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def write_whole(folder: Path, status: str) -> tuple[Files, float]:
    """
    Let a run write everything; return it, and the seconds from its first draft to its end.

    A run in this process comes first, so that those that are forked from it find everything imported.
    """
    make_folder(folder, {})
    where = Path.cwd()
    with signals_restored():
        run_gate(folder, status)
    os.chdir(where)
    process = start(lambda: run_gate(folder, status))
    await_draft(folder, process)
    begun = time.perf_counter()
    code = await_end(process)
    seconds = time.perf_counter() - begun
    if code != _CODES[status]:
        raise RuntimeError(f"the gate ended with {code} where nothing killed it")
    return {name: (folder / name).read_bytes() for name in (*REPORTS, SAVED)}, seconds


def try_kill(folder: Path, *, old: Files, new: Files, seconds: float, seed: int) -> Kill:
    """
    Kill a run while it writes `new`, and let another one do it again.

    Args:
        folder: is made, and must not be there; it is gone in the end, for thousands would fill a disk.
        old: what is there before; nothing is there before the first run.
        new: what a run writes on jobs that have failed.
        seconds: how long it takes to write it.
        seed: decides when the run is killed.
    """
    make_folder(folder, old)
    process = start(lambda: run_gate(folder, "failed"))
    await_draft(folder, process)
    time.sleep(random.Random(seed).uniform(0, seconds))
    os.kill(process, signal.SIGKILL)
    _, status, _ = os.wait4(process, 0)
    left = _read(folder)
    drafts = [name for name in left if name not in new]
    whole = {name: content for name, content in left.items() if name in new}
    failings = [
        f"seed {seed}: {name} is torn, {len(content)} bytes"
        for name, content in whole.items()
        if content not in (old.get(name), new[name])
    ]
    failings += [f"seed {seed}: {name} is gone" for name in old if name not in whole]
    if (code := await_end(start(lambda: run_gate(folder, "failed")))) != _CODES["failed"]:
        failings.append(f"seed {seed}: the next run ended with {code}")
    if (again := _read(folder)) != new:
        strange = sorted(name for name in {*again, *new} if again.get(name) != new.get(name))
        failings.append(f"seed {seed}: after the next run, not as it should be: {', '.join(strange)}")
    shutil.rmtree(folder)
    return Kill(
        killed=os.WIFSIGNALED(status),
        drafts=len(drafts),
        old=sum(content == old.get(name) for name, content in whole.items()),
        new=sum(content == new[name] for name, content in whole.items()),
        failings=tuple(failings),
    )


def _read(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}


def await_draft(folder: Path, process: int) -> None:
    """Return when a process has begun to write, or has ended: its status is still to be waited for."""
    ending = time.monotonic() + LONGEST
    while time.monotonic() < ending:
        if any(folder.glob(".*-draft")):
            return
        if has_ended(process):
            return
        time.sleep(0.0003)
