"""Whatever ends a run, none of its outputs says more than its exit code, whoever wrote it and when."""

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import httpx
import program
import pytest

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.simulator import load_scenario, running_simulator

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOKEN = {"RECONCILE_TOKEN": "a-token"}
REPORTS = {f"{name}={name}.report": f"{name}.report" for name in FORMATS}
STEP = ["--github-summary", "summary", "--github-output", "output"]
OUTPUTS = [*(part for each in REPORTS for part in ("--report", each)), *STEP, "--out", "plan.json"]
RECORD = ["--record", "tape"]


def succeed(request):
    return httpx.Response(200, json={"job_id": "id-a", "status": "success"})


def crash(request):
    raise ZeroDivisionError


def terminate(request):
    signal.raise_signal(signal.SIGTERM)
    return succeed(request)


def run(*argv, answer=succeed, environ=TOKEN, **collaborators):
    return program.main(
        ["plan", *argv],
        environ=environ,
        transport=httpx.MockTransport(answer),
        pace=Pace(attempts=1),
        **{"clock": lambda: NOW, **collaborators},
    )


def run_with_full_stdout(*argv):
    scenario = Text("s.yaml", "version: 1\napi: sfs-turbo\njobs: {id-a: {status: success}}\n")
    with (
        running_simulator(load_scenario(parse_text(scenario, is_json=False))) as url,
        Path("/dev/full").open("w") as full,
    ):
        environ = {**os.environ, **TOKEN, "RECONCILE_ENDPOINT": url}
        return program.run("plan", *argv, stdout=full, env=environ).returncode


def run_until(moment):
    """Return a clock that works so often, and raises a signal then."""
    ticks = iter([*[NOW] * moment, None, *[NOW] * 100])

    def clock():
        now = next(ticks)
        if now is None:
            signal.raise_signal(signal.SIGTERM)
        return now or NOW

    return clock


def run_without_time(*argv):
    moments = iter(range(0, 10**9, 1000))
    return run(*argv, timer=lambda: float(next(moments)))


def run_with_bad_manifest(*argv):
    Path("reconcile.yaml").write_text("version: 2\n")
    return run(*argv)


WAYS = {
    "bad manifest": run_with_bad_manifest,
    "usage error": lambda *argv: run(*argv, "--timeout", "never"),
    "usage error before the outputs": lambda *argv: run("--soft-fail=yes", "--timeout", *argv),
    "unknown option": lambda *argv: run("--no-such-option", *argv),
    "nothing selected": lambda *argv: run(*argv, "--target", "jobs.nowhere"),
    "no credentials": lambda *argv: run(*argv, environ={}),
    "output that is known to be unwritable": lambda *argv: run(*argv, "--report", "text=nowhere/x"),
    "output that turns out to be unwritable": lambda *argv: run(*argv, "--report", "text=/dev/full"),
    "full stdout": run_with_full_stdout,
    "crash": lambda *argv: run(*argv, answer=crash),
    "signal while fetching": lambda *argv: run(*argv, answer=terminate),
    "signal before fetching": lambda *argv: run(*argv, clock=run_until(1)),
    "signal after fetching": lambda *argv: run(*argv, clock=run_until(3)),
    "deadline": run_without_time,
    "missing replay": lambda *argv: run(*argv, "--replay", "nowhere"),
}


@pytest.fixture
def green(tmp_path, monkeypatch):
    """Run a green gate that writes everything; return what it has written."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)
    assert run(*OUTPUTS, *RECORD) == 0
    paths = [*REPORTS.values(), "summary", "output", "plan.json", "tape/recording.json"]
    return {path: Path(path).read_text() for path in paths}


@pytest.mark.parametrize("way", WAYS)
def test_u07_no_output_of_a_green_run_outlives_a_red_one(way, green, capsys):
    code = WAYS[way](*OUTPUTS, *RECORD)
    assert code in (1, 143)
    capsys.readouterr()
    assert [path for path in green if find_green(path, green[path], code)] == []
    # What is saved is judged again.
    Path("reconcile.yaml").write_text(MANIFEST)
    if Path("plan.json").exists():
        assert program.main(["verify", "plan.json"], environ={}, clock=lambda: NOW) == 1
    if Path("tape").exists():
        assert json.loads(Path("tape/recording.json").read_text())["complete"] is False


def find_green(path, before, code):
    """Return whether an output says that all is well, or more than the exit code."""
    if not Path(path).exists():
        return False
    text = Path(path).read_text()
    if path == "output":
        return text.splitlines()[-8:][0] != "verdict=error"
    if path == "summary":
        return "error" not in text.removeprefix(before)
    if path == "json.report":
        return json.loads(text)["exit_code"] != code
    return text == before


def test_u07_what_cannot_be_replaced_is_removed(green):
    """The clock breaks once the jobs are fetched, also for the report of that."""
    ticks = iter([NOW, NOW, NOW])
    assert run(*OUTPUTS, *RECORD, clock=lambda: next(ticks)) == 1
    assert {path.name for path in Path().iterdir()} == {"reconcile.yaml", "summary", "output"}


def test_u07_a_report_in_a_format_that_does_not_exist_is_removed(green):
    assert run("--report", "jnuit=junit.report", "--report", "tap=tap.report") == 1
    assert not Path("junit.report").exists()
    assert Path("tap.report").read_text() != green["tap.report"]


@pytest.mark.parametrize(
    "argv",
    [
        ["--no-such-option", "--out", "reconcile.yaml"],
        ["--no-such-option", "--report", "json=input.yaml", "--var-file", "input.yaml"],
        ["--no-such-option", "--report", "json=input.yaml", "--ca-file=input.yaml"],
        ["--no-such-option", "--report", "json=tape/recording.json", "--replay", "tape"],
        ["--no-such-option", "--record", "tape", "--replay", "tape"],
        ["--no-such-option", "--record", "folder"],
        ["--no-such-option", "--report", "text=link"],
    ],
    ids=lambda argv: " ".join(argv[1:]),
)
def test_u07_what_a_failed_run_may_have_read_is_not_touched(argv, green):
    Path("input.yaml").write_text("x: y\n")
    Path("folder").mkdir()
    Path("folder/notes.txt").write_text("mine")
    Path("link").symlink_to("input.yaml")
    files = [path for path in Path().rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    assert run(*argv) == 1
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize("command", ["verify", "merge", "show"])
def test_u07_commands_about_saved_plans_leave_nothing_green_either(command, green):
    Path("plan.json").write_text("{}")
    assert program.main([command, "plan.json", "--report", "json=json.report"], environ={}) == 1
    assert json.loads(Path("json.report").read_text())["verdict"] == "error"


def test_u07_a_run_that_fails_while_it_writes_still_shows_its_jobs(green):
    assert run(*OUTPUTS, "--report", "text=/dev/full") == 1
    document = json.loads(Path("json.report").read_text())
    assert [job["verdict"] for job in document["jobs"]] == ["in_sync"]
    assert [error["code"] for error in document["errors"]] == ["RC004"]
