"""What a run says while it waits, and what it says of its requests."""

import os
import pty
import re
import select
import signal
import time
from itertools import count
from pathlib import Path

import httpx
import pytest
from program import main

from reconcile import __version__
from reconcile.fetch import Pace

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\njobs:\n"
TOKEN = {"RECONCILE_TOKEN": "canary-token"}


@pytest.fixture
def gate(tmp_path, monkeypatch, capsys):
    """Run the gate on some jobs; `answers` gives the answers to each, in order. Return its code and what stderr got."""
    monkeypatch.chdir(tmp_path)

    def run(answers, *argv, after=None, **collaborators):
        orders = {name: f", after: jobs.{other}" for name, other in (after or {}).items()}
        jobs = [f"  {name}: {{job_id: {name}{orders.get(name, '')}}}\n" for name in answers]
        Path("reconcile.yaml").write_text(HEAD + "".join(jobs))
        left = {name: iter(each) for name, each in answers.items()}

        def answer(request):
            name = request.url.path.rpartition("/")[2]
            said = next(left[name])
            if isinstance(said, int):
                return httpx.Response(said, json={"error_code": "X", "error_msg": "canary-message"})
            fields = said if isinstance(said, dict) else {"status": said}
            return httpx.Response(200, json={"job_id": name, **fields})

        transport = httpx.MockTransport(answer)
        code = main(["plan", *argv], environ=TOKEN, transport=transport, pace=Pace(attempts=3), **collaborators)
        return code, capsys.readouterr().err

    return run


def ticking(seconds):
    """Return a timer on which so many seconds pass whenever it is read."""
    moments = count(0, seconds)
    return lambda: float(next(moments))


@pytest.mark.parametrize(("timeout", "is_told"), [("1m", True), ("20m", False)])
def test_a_wait_that_the_timeout_cuts_is_told(gate, timeout, is_told):
    _, err = gate({"a": ["success"]}, "--wait", "10m", "--timeout", timeout)
    assert (f"--timeout {timeout} ends the run before --wait 10m is over" in err) is is_told


def test_u38_a_log_gets_a_line_every_thirty_seconds(gate):
    answers = {"a": ["running"] * 9 + ["success"], "b": ["success"]}
    code, err = gate(answers, "--wait", "20m", timer=ticking(5))
    assert code == 0
    lines = [line for line in err.splitlines() if "waiting for" in line]
    told = r"reconcile: waiting for 1 job: 1 of 2 decided, 1 pending, next poll in \w+, \w+ elapsed"
    assert len(lines) >= 2
    assert re.fullmatch(told, lines[-1])


@pytest.mark.parametrize(("status", "told"), [("success", "0 of 2 decided, 2"), ("failed", "1 of 2 decided, 1")])
def test_u38_a_job_is_not_decided_before_the_one_that_it_must_come_after(gate, status, told):
    times = {"begin_time": "2026-11-21 10:05:00", "end_time": "2026-11-21 10:06:00"}
    first = {"status": "running", "begin_time": "2026-11-21 10:00:00"}
    done = {"status": "success", "begin_time": "2026-11-21 10:00:00", "end_time": "2026-11-21 10:01:00"}
    answers = {"a": [*[first] * 9, done], "b": [{"status": status, **times}]}
    code, err = gate(answers, "--wait", "20m", timer=ticking(5), after={"b": "a"})
    assert code == {"success": 0, "failed": 2}[status]
    lines = [line for line in err.splitlines() if "waiting for" in line]
    assert f"waiting for 1 job: {told} pending, next poll in " in lines[-1]


def test_u38_a_run_that_does_not_wait_says_that_it_is_alive_too(gate):
    _, err = gate({"a": ["success"], "b": ["success"]}, timer=ticking(31))
    assert "reconcile: waiting for 2 jobs: 0 of 2 decided, " in err


@pytest.mark.parametrize("argv", [["-q"], []], ids=["quiet", "quick"])
def test_u38_a_run_that_is_quiet_or_quick_says_nothing(argv, gate):
    timer = ticking(31) if argv else time.monotonic
    assert "waiting for" not in gate({"a": ["success"]}, *argv, timer=timer)[1]


def test_u38_a_terminal_shows_progress_from_the_first_second_on(hanging_gate, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    leader, follower = pty.openpty()
    process = hanging_gate(stderr=follower)
    shown, end = "", time.monotonic() + 20
    while not re.search(r"waiting for 1 job: 0 of 1 decided, \d+s elapsed", shown):
        assert time.monotonic() < end, shown
        if select.select([leader], [], [], 0.1)[0]:
            shown += os.read(leader, 65536).decode()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    os.close(leader)
    os.close(follower)


def test_u03_v_counts_the_values_of_no_variable(gate):
    Path("values.yaml").write_text("{subnet: a, tier: b}\n")
    assert (
        "values.yaml: ignoring 2 values of undeclared variables"
        in gate({"a": ["success"]}, "--var-file", "values.yaml", "-v")[1]
    )
    assert "no declared variable" not in gate({"a": ["success"]}, "--var-file", "values.yaml")[1]


def test_u33_v_says_how_many_requests_each_provider_got(gate):
    code, err = gate({"a": [500, "success"], "b": [429, 429, "success"]}, "-v")
    assert code == 0
    assert "reconcile: provider otc: 5 requests, 3 retries, 2 throttled\n" in err
    assert "reconcile: request" not in err


def test_u33_vv_names_every_request_and_never_a_secret(gate):
    code, err = gate({"a": [500, "failed"], "b": [404]}, "-vv")
    assert code == 1
    lines = [re.sub(r"\d+ ms", "N ms", line) for line in err.splitlines() if "reconcile: request" in line]
    assert sorted(lines)[0] == "reconcile: request jobs.a (otc): 200 in N ms, failed"
    assert sorted(lines)[1].startswith("reconcile: request jobs.a (otc): 500 in N ms, RC500 ")
    assert sorted(lines)[2].startswith("reconcile: request jobs.b (otc): 404 in N ms, RC404 ")
    assert "canary-token" not in err


def test_u33_the_version_is_bare_and_names_its_parts_under_v(capsys):
    assert main(["--version"], environ={}) == 0
    assert capsys.readouterr().out == f"{__version__}\n"
    for argv in (["--version", "-v"], ["-v", "--version"]):
        assert main(argv, environ={}) == 0
        version, python, libcurl, _ = capsys.readouterr().out.splitlines()
        assert version == __version__
        assert (python[:7], "libcurl/" in libcurl) == ("Python ", True)


def test_u33_a_v_before_the_command_is_not_silently_ignored(capsys):
    assert main(["-v", "plan"], environ={}) == 1
    assert "-v goes after the command, or with --version" in capsys.readouterr().err
