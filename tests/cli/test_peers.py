"""False greens that users of other gates have met, rehearsed with this one over a real socket."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import program
import pytest

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.simulator import Tally, load_scenario, running_simulator

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
ONE_JOB = f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n"
TWO_JOBS = f"{HEAD}jobs: {{a: {{job_id: id-a}}, b: {{job_id: id-b}}}}\n"
TOKEN = {"RECONCILE_TOKEN": "a-token"}
CODES = {"in_sync": 0, "error": 1, "drift": 2, "pending": 3}
ONE_OF_EACH = {
    "in_sync": "{status: success}",
    "drift": "{status: failed}",
    "pending": "{status: running}",
    "error": "{raw: {status_code: 400}}",
}


class Hurry(random.Random):
    """Draws the shortest waits, so that a second is enough for many looks."""

    def uniform(self, _a, _b):
        return 0.02


def scenario_of(jobs):
    return load_scenario(
        parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\njobs: {jobs}\n"), is_json=False)
    )


@pytest.fixture
def gate(tmp_path, monkeypatch, capsys):
    """Run the gate on jobs that are as the scenario says; return its exit code, stdout, and JSON plan."""
    monkeypatch.chdir(tmp_path)

    def run(jobs, *argv, manifest=ONE_JOB, tally=None):
        Path("reconcile.yaml").write_text(manifest)
        pace = Pace(attempts=2, rng=Hurry())
        with running_simulator(scenario_of(jobs), tally=tally) as url:
            argv = ["plan", "--endpoint", url, "--report", "json=seen.json", *argv]
            code = program.main(argv, environ=TOKEN, pace=pace)
        return code, capsys.readouterr().out, json.loads(Path("seen.json").read_text())

    return run


def verdicts_of(plan):
    return {job["address"]: job["verdict"] for job in plan["jobs"]}


# --- What is not an observation is no success ------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["{answer: server_error}", "{answer: throttled}", "{raw: {status_code: 200}}"])
@pytest.mark.parametrize("argv", [(), ("--wait", "500ms")], ids=["once", "waiting"])
def test_i01_looks_that_all_ended_in_an_error_are_no_success(gate, answer, argv):
    code, out, plan = gate(f"{{id-a: {answer}}}", "--timeout", "1s", *argv)
    assert (code, plan["verdict"], verdicts_of(plan)) == (1, "error", {"jobs.a": "error"})
    assert plan["summary"]["in_sync"] == 0
    assert "Every expectation was proven" not in out


@pytest.mark.parametrize("argv", [(), ("--wait", "2s")], ids=["once", "waiting"])
@pytest.mark.parametrize("first", ["", "{answer: server_error, requests: 1}, ", "{status: running, requests: 2}, "])
def test_i02_a_job_that_failed_is_never_read_as_success(gate, first, argv):
    """Not after an error, not after it was seen to run, and not as one of several."""
    jobs = f"{{id-a: {{timeline: [{first}{{status: failed}}]}}, id-b: {{status: success}}}}"
    code, _, plan = gate(jobs, *argv, manifest=TWO_JOBS)
    once_running = "running" in first and not argv
    assert code == (3 if once_running else 2)
    assert verdicts_of(plan) == {"jobs.a": "pending" if once_running else "drift", "jobs.b": "in_sync"}


@pytest.mark.parametrize(
    ("job", "code"),
    [("{status: waiting}", 3), ("{status: running}", 3), ("{answer: not_found}", 2)],
    ids=["waiting", "running", "missing"],
)
def test_i03_a_job_that_never_gets_going_does_not_succeed_when_the_time_is_over(gate, job, code):
    ended, _, plan = gate(f"{{id-a: {job}}}", "--wait", "300ms")
    assert (ended, plan["exit_code"], plan["summary"]["in_sync"]) == (code, code, 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_i04_a_run_that_is_terminated_succeeds_in_nothing(tmp_path, number, code):
    """Neither the run nor the job that was not done is a success, in any output."""
    (tmp_path / "reconcile.yaml").write_text(TWO_JOBS)
    reports = [f"--report={name}=report.{name}" for name in FORMATS]
    tally = Tally()
    with running_simulator(scenario_of("{id-a: {status: success}, id-b: {status: running}}"), tally=tally) as url:
        env = {**os.environ, **TOKEN, "RECONCILE_ENDPOINT": url}
        pipes = {"stdout": -1, "stderr": -1}
        process = program.start("plan", "--wait", "1m", *reports, cwd=tmp_path, env=env, **pipes)
        while not (tally.requests_for["id-a"] and tally.requests_for["id-b"]):
            time.sleep(0.01)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == code
    plan = json.loads((tmp_path / "report.json").read_text())
    assert (plan["exit_code"], plan["complete"]) == (code, False)
    assert verdicts_of(plan)["jobs.b"] != "in_sync"
    for text in (out, *((tmp_path / f"report.{name}").read_text() for name in FORMATS)):
        assert "Every expectation was proven" not in text
    assert "jobs.b status" not in passed_in_tap((tmp_path / "report.tap").read_text())


def passed_in_tap(text):
    return [line.partition(" - ")[2] for line in text.splitlines() if line.startswith("ok ")]


# --- Each run is a proof of its own ----------------------------------------------------------------------------


def test_i05_a_second_look_that_fails_revokes_the_first(gate, capsys):
    """The files of the green run say red after the red one, and a stricter manifest is not met by the old plan."""
    outputs = [f"--report={name}=report.{name}" for name in FORMATS]
    assert gate("{id-a: {status: success}}", *outputs, "--out", "plan.json")[0] == 0
    green = {name: Path(f"report.{name}").read_text() for name in FORMATS}
    Path("reconcile.yaml").write_text(ONE_JOB.replace("id-a}", "id-a, expect: {job_type: bind_ldap}}"))
    assert program.main(["verify", "plan.json", "--manifest", "reconcile.yaml"], environ={}) == 1
    assert gate("{id-a: {status: failed}}", *outputs, "--out", "plan.json")[0] == 2
    assert [name for name in FORMATS if Path(f"report.{name}").read_text() == green[name]] == []
    assert program.main(["verify", "plan.json", "--manifest", "reconcile.yaml"], environ={}) == 2
    capsys.readouterr()


def test_i06_a_second_run_asks_again_and_reuses_no_result(gate):
    tally = Tally()
    jobs = "{id-a: {timeline: [{status: success, requests: 1}, {status: failed}]}}"
    Path("reconcile.yaml").write_text(ONE_JOB)
    with running_simulator(scenario_of(jobs), tally=tally) as url:
        argv = ["plan", "--endpoint", url, "--out", "plan.json", "--record", "recording"]
        codes = [program.main(argv, environ=TOKEN) for _ in range(2)]
        asked = tally.requests_for["id-a"]
    assert (codes, asked) == ([0, 2], 2)
    assert program.main(["plan", "--replay", "recording"], environ={}) == 2


def test_i07_nothing_but_the_status_of_the_job_says_that_it_is_done(gate):
    """An end, sub-jobs that succeeded, and no error make no success of a job that says otherwise."""
    done = 'begin_time: "2026-11-20 09:00:00", end_time: "2026-11-20 09:01:00", sub_jobs: [{status: success}]'
    codes = {word: gate(f"{{id-a: {{status: {word}, {done}}}}}")[0] for word in ("success", "running", "failed")}
    assert codes == {"success": 0, "running": 3, "failed": 2}


@pytest.mark.parametrize(("end", "code"), [("success", 0), ("failed", 2)])
def test_i08_waiting_ends_with_a_look_at_the_result(gate, end, code):
    """That a job has ended is not how it has ended."""
    tally = Tally()
    jobs = f"{{id-a: {{timeline: [{{status: running, requests: 3}}, {{status: {end}}}]}}}}"
    ended, _, plan = gate(jobs, "--wait", "30s", tally=tally)
    assert (ended, plan["jobs"][0]["observed"]["status"], tally.requests_for["id-a"]) == (code, end, 4)


@pytest.mark.parametrize("word", ["partiallySucceeded", "SUCCESS", "done", "cancelled", "success "])
@pytest.mark.parametrize("argv", [(), ("--wait", "300ms")], ids=["once", "waiting"])
def test_i09_a_status_that_nobody_knows_means_neither_done_nor_success(gate, word, argv):
    body = json.dumps({"job_id": "id-a", "status": word})
    code, _, plan = gate(f"{{id-a: {{raw: {{status_code: 200, body: '{body}'}}}}}}", *argv)
    assert (code, verdicts_of(plan), plan["jobs"][0]["observed"]) == (1, {"jobs.a": "error"}, None)


@pytest.mark.parametrize("status", ["waiting", "running"])
@pytest.mark.parametrize("argv", [(), ("--wait", "300ms"), ("--strict",)], ids=["once", "waiting", "strict"])
def test_i10_a_job_that_is_not_done_lets_nothing_through(gate, status, argv):
    """However many others are."""
    code, out, plan = gate(f"{{id-a: {{status: success}}, id-b: {{status: {status}}}}}", *argv, manifest=TWO_JOBS)
    assert (code, verdicts_of(plan)) == (3, {"jobs.a": "in_sync", "jobs.b": "pending"})
    assert "Every expectation was proven" not in out


@pytest.mark.parametrize(("verdict", "answer"), ONE_OF_EACH.items(), ids=ONE_OF_EACH)
def test_i11_what_failed_never_exits_with_0_whatever_is_printed(tmp_path, verdict, answer):
    """Of the process itself, with all its outputs written; nothing that it says last praises what failed."""
    (tmp_path / "reconcile.yaml").write_text(ONE_JOB)
    reports = [f"--report={name}=report.{name}" for name in FORMATS]
    with running_simulator(scenario_of(f"{{id-a: {answer}}}")) as url:
        environ = {**os.environ, **TOKEN, "RECONCILE_ENDPOINT": url}
        ran = program.run("plan", *reports, cwd=tmp_path, env=environ)
    assert ran.returncode == CODES[verdict]
    texts = [ran.stdout, *((tmp_path / f"report.{name}").read_text() for name in FORMATS)]
    assert any("was proven" in text for text in texts) == (verdict == "in_sync")


# --- Decided and undecided are told apart ----------------------------------------------------------------------


@pytest.mark.parametrize("output", sorted(FORMATS))
def test_i12_what_is_decided_and_what_is_not_are_told_apart_in_every_format(gate, output):
    ran = {verdict: gate(f"{{id-a: {answer}}}", "-o", output) for verdict, answer in ONE_OF_EACH.items()}
    assert {verdict: code for verdict, (code, *_) in ran.items()} == CODES
    told = {verdict: mark_of(output, text) for verdict, (_, text, _) in ran.items()}
    assert len(set(told.values())) == len(ONE_OF_EACH), told


def test_i12_drift_and_pending_have_not_one_colour(gate):
    shown = {verdict: gate(f"{{id-a: {ONE_OF_EACH[verdict]}}}", "--color", "always")[1] for verdict in ONE_OF_EACH}
    colours = {verdict: re.findall(r"\x1b\[([0-9;]+)m[~?]\x1b", text) for verdict, text in shown.items()}
    assert colours["drift"]
    assert colours["pending"]
    assert not set(colours["drift"]) & set(colours["pending"])


def mark_of(output, text):
    """Return by what a reader of a format tells the verdicts of a job apart."""
    match output:
        case "json":
            return json.loads(text)["jobs"][0]["verdict"]
        case "junit":
            return Counter(each.tag for each in ElementTree.fromstring(text).iter()).__repr__()
        case "sarif":
            return str([(each["ruleId"], each["level"]) for each in json.loads(text)["runs"][0]["results"]])
        case "ctrf":
            return str([each["rawStatus"] for each in json.loads(text)["results"]["tests"]])
        case "gitlab":
            return str([(each["check_name"], each["severity"]) for each in json.loads(text)])
        case _:
            return re.sub(r"127\.0\.0\.1:[0-9]+|[0-9a-f]{32}|20[0-9-]{8}T[0-9:.]+Z", "", text)
