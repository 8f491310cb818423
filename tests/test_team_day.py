"""One day of a team with 200 jobs, as its members and its pipeline would live it."""

import json
import re
import subprocess
from contextlib import contextmanager

import httpx
import program
import pytest
from program import main
from virtual_api import VirtualApi

MANIFEST = """
version: 1
name: prod-storage
variables:
  mounts: {description: "jobIds that the mount step printed, by mount"}
providers:
  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: 0123456789abcdef0123456789abcdef}
jobs:
  mount:
    for_each: ${var.mounts}
    job_id: ${each.value}
    expect: {job_type: create_share, error_code: null, sub_jobs: [create_share]}
"""
JOBS, OVER_QUOTA = 200, 30
QUOTA = "SFS.TURBO.0010"
BREACHES = [f'jobs.mount["0{tens}?"]={QUOTA}' for tens in range(3)]
EXPLAINING = ("markdown", "github")
"""Formats for people, beside text."""
IDS = ("--var-file", "ids.json")
CI = {"CI": "true", "TERM": "xterm-256color", "RECONCILE_TOKEN": "c4n4ry-token"}


@pytest.fixture
def day(tmp_path, monkeypatch):
    """Return a folder with a manifest that is as `reconcile init` wrote it."""
    monkeypatch.chdir(tmp_path)
    assert program.run("init").returncode == 0
    (tmp_path / "ids.json").write_text(json.dumps({"mounts": {f"{n:03}": f"job-{n:03}" for n in range(JOBS)}}))
    return tmp_path


@contextmanager
def simulated(*argv):
    """Serve what the manifest of the working directory expects; yield the options that lead there."""
    with program.start("simulate", "--manifest", ".", *argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        try:
            yield ("--endpoint", server.stdout.readline().strip())
        finally:
            server.terminate()
            server.communicate(timeout=10)


def run(*argv, code):
    """Run a command in CI, without a terminal, and return its stdout."""
    ended = program.run(*argv, env=CI)
    assert ended.returncode == code, (ended.stdout, ended.stderr)
    assert "\x1b" not in ended.stdout + ended.stderr
    return ended.stdout


def read_lines(name, document):
    """Return the lines that a reader of a format sees."""
    if name == "html":
        document = re.sub(r"(?s)<(style|script|title)\b.*?</\1>", "", document)
        document = re.sub(r"<[^>]+>", "\n", document)
    return [line for line in document.splitlines() if line.strip()]


def check_first_cause(name, document):
    """Check that the first thing said of any job is the one cause, with how many jobs have it."""
    lines = read_lines(name, document)
    at = next(number for number, line in enumerate(lines) if QUOTA in line)
    seen = "\n".join(lines[: at + 1])
    assert f"{OVER_QUOTA} jobs" in seen, f"{name}: the cause has no count: {seen[-1000:]}"
    assert len(re.findall(r"jobs\.mount\[", seen)) <= 5, f"{name}: jobs are named before their cause: {seen[-1000:]}"


def test_a_team_gets_from_nothing_to_a_gate_that_explains_a_bad_morning(day):
    # The starter is green against its own simulator, and the doctor finds nothing there.
    with simulated() as there:
        assert "Doctor: the provider is ready." in run("doctor", *there, code=0)
        assert "Every expectation was proven." in run("plan", *there, code=0)
    # Their own manifest, with ids that only the pipeline knows.
    (day / "reconcile.yaml").write_text(MANIFEST)
    assert f"valid: {JOBS} jobs" in run("validate", *IDS, code=0)
    assert run("list", *IDS, code=0).count("jobs.mount[") == JOBS
    with simulated(*IDS) as there:
        assert f"Plan: {JOBS} in sync" in run("plan", *there, *IDS, "--wait", "1m", code=0)
    # A bad morning: the quota is used up for some of the mounts.
    breaches = [word for breach in BREACHES for word in ("--break", breach)]
    with simulated(*IDS, *breaches) as there:
        reports = [f"--report={name}=report.{name}" for name in EXPLAINING]
        text = run("plan", *there, *IDS, *reports, "--wait", "1m", code=2)
        assert f"{JOBS - OVER_QUOTA} in sync, {OVER_QUOTA} drift" in text
        check_first_cause("text", text)
        for name in EXPLAINING:
            check_first_cause(name, (day / f"report.{name}").read_text())
        # Whoever is in a hurry stops at the first, and whoever knows of the quota leaves those mounts out.
        assert "drift" in run("plan", *there, *IDS, "--fail-fast", code=2)
        excluded = [word for breach in BREACHES for word in ("--exclude", breach.partition("=")[0])]
        assert f"Plan: {JOBS - OVER_QUOTA} in sync" in run("plan", *there, *IDS, *excluded, code=0)


def answer_missing(request):
    return httpx.Response(404, json={"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"})


DONE = {
    "status": "success",
    "job_type": "create_share",
    "sub_jobs": [{"status": "success", "job_type": "create_share"}],
}
RUNNING = {"status": "running", "job_type": "create_share"}


def test_u10_without_the_ids_everything_but_a_plan_works(day, capsys):
    (day / "reconcile.yaml").write_text(MANIFEST)
    assert main(["validate"], environ=CI) == 0
    assert "mounts" in capsys.readouterr().out
    assert main(["list"], environ=CI) == 0
    assert "jobs.mount" in capsys.readouterr().out
    assert main(["doctor"], environ=CI, transport=httpx.MockTransport(answer_missing)) == 0
    assert "the provider is ready" in capsys.readouterr().out
    assert main(["plan"], environ=CI) == 1
    assert "RC212" in capsys.readouterr().err


def test_u38_in_ci_a_wait_is_heard_of_every_half_minute(day, capsys):
    (day / "reconcile.yaml").write_text(MANIFEST)

    def answer(asked):
        return httpx.Response(200, json={"job_id": asked.job_id, **(DONE if asked.time > 170 else RUNNING)})

    api = VirtualApi(answer)
    argv = ["plan", "--endpoint", "http://127.0.0.1:1", *IDS, "--wait", "10m"]
    assert main(argv, environ=CI, client=api, timer=api.now) == 0
    beats = [line for line in capsys.readouterr().err.splitlines() if "waiting for" in line]
    assert 4 <= len(beats) <= 7
    assert "200 pending" in beats[0]
