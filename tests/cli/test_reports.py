"""Outputs are whole or absent, and everything that ends a run leaves documents that say so."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import program
import pytest
from jsonschema import Draft202012Validator
from program import main
from proof.killing import try_kill, write_whole

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.shipped import load_schema
from reconcile.simulator import Tally, load_scenario, running_simulator

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
ONE_JOB = f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n"
TOKEN = {"RECONCILE_TOKEN": "a-token"}


def scenario_of(text):
    return load_scenario(parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{text}"), is_json=False))


@pytest.fixture
def gate(tmp_path, monkeypatch, capsys):
    """Run the gate on one job that is as the scenario says; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(scenario, *argv, manifest=ONE_JOB, environ=TOKEN, tally=None):
        Path("reconcile.yaml").write_text(manifest)
        with running_simulator(scenario_of(scenario), tally=tally) as url:
            code = main(["plan", "--endpoint", url, *argv], environ=environ, pace=Pace(attempts=1))
        return code, *capsys.readouterr()

    return run


def test_every_format_can_be_written_in_one_run(gate):
    argv = [argument for name in FORMATS for argument in ("--report", f"{name}=report.{name}")]
    code, out, _ = gate("jobs: {id-a: {status: failed}}", *argv)
    assert code == 2
    assert "has drifted" in out
    assert {path.name for path in Path().iterdir()} == {"reconcile.yaml", *(f"report.{name}" for name in FORMATS)}
    assert json.loads(Path("report.json").read_text())["exit_code"] == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--report", "json=nowhere/x.json"], "there is no directory nowhere\n  create it: mkdir -p nowhere"),
        (["--record", "no where/monday"], "there is no directory no where\n  create it: mkdir -p 'no where'"),
        (["--report", "json=."], "it is a directory"),
        (["--report", "json=link"], "symbolic link"),
        (["--report", "json=reconcile.yaml"], "this run reads that file"),
        (["--report", "json=x", "--report", "text=./x"], "two reports"),
        (["--github-summary", "x", "--github-output", "x"], "two reports"),
        (["--github-output", "link"], "symbolic link"),
        (["--github-summary", "reconcile.yaml"], "this run reads that file"),
        (["--github-summary", ""], "the path is empty"),
        (["--out", "-"], "RC004 cannot write -: use -o for standard output"),
        (["--record", "-"], "RC004 cannot write -: use -o for standard output"),
        (["--github-output", "x" * 256], f"RC004 cannot write {'x' * 256}: File name too long"),
        (["--out", "x" * 250], f"RC004 cannot write {'x' * 250}: File name too long"),
        (["--record", "x" * 250], f"RC004 cannot write {'x' * 250}: File name too long"),
        (["--out", "circle"], "RC004 cannot write circle: it is a symbolic link"),
        (["--out", "circle/x"], "RC004 cannot write circle/x: Too many levels of symbolic links"),
        (["--record", "."], "RC004 cannot write .: it cannot be replaced"),
    ],
    ids=[
        "F05",
        "F05 recording",
        "F05 directory",
        "F06",
        "F05 manifest",
        "F05 twice",
        "F05 step twice",
        "E07",
        "F05 step",
        "unset variable",
        "standard output",
        "standard output recording",
        "long name",
        "long name of the draft",
        "long name of a recording",
        "circle",
        "circle of folders",
        "working directory",
    ],
)
def test_what_cannot_be_written_is_found_before_the_first_request(gate, argv, message):
    Path("link").symlink_to("target")
    Path("circle").symlink_to("circle")
    # The scenario has no job: a request would come out as drift.
    code, out, err = gate("jobs: {}", *argv)
    assert (code, out) == (1, "")
    assert message in err
    assert not Path("target").exists()


def test_f01_a_full_disk_is_1_says_the_verdict_and_spares_the_other_outputs(gate):
    code, out, err = gate("jobs: {id-a: {status: success}}", "--report", "json=/dev/full", "--report", "tap=report.tap")
    assert code == 1
    assert "1 in sync" in out
    assert "No space left on device; the verdict was in_sync" in err
    assert Path("report.tap").read_text().startswith("TAP version 14")


@pytest.mark.parametrize(("status", "code", "verdict"), [("success", 0, "in_sync"), ("failed", 2, "drift")])
def test_e06_e07_what_a_github_step_is_given_is_added_to(gate, status, code, verdict):
    Path("summary").write_text("## Another program of this step\n")
    Path("output").write_text("unfinished=line")
    argv = ["--github-summary", "summary", "--github-output", "output"]
    assert gate(f"jobs: {{id-a: {{status: {status}}}}}", *argv)[0] == code
    assert Path("summary").read_text().startswith("## Another program of this step\n## reconcile: ")
    first, *lines = Path("output").read_text().splitlines()
    assert (first, lines[:2]) == ("unfinished=line", [f"verdict={verdict}", "complete=true"])


def test_a_github_step_is_told_of_a_run_without_a_plan(gate):
    argv = ["--github-summary", "summary", "--github-output", "output"]
    assert gate("jobs: {}", *argv, manifest="version: 1\njobs: {}\n")[0] == 1
    assert "RC003" in Path("summary").read_text()
    assert Path("output").read_text().startswith("verdict=error\ncomplete=false\nselected=0\n")


def test_f01_what_cannot_be_added_whole_is_not_added_at_all(tmp_path):
    place = tmp_path / "summary"
    place.write_text("before\n")
    code = (
        "import resource, signal, sys; from reconcile.cli.files import append_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))\n"
        "append_file(sys.argv[1], 'x' * 100)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=False)
    assert "File too large" in run.stderr
    assert place.read_text() == "before\n"


def test_a_device_is_written_to_as_it_is(gate):
    code, _, _ = gate("jobs: {id-a: {status: success}}", "--report", "json=/dev/null")
    assert code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_drafts_of_runs_that_were_killed_are_swept(gate):
    Path(".report.json.999999999.reconcile-draft").write_text("half")
    Path(f".report.json.{os.getpid()}.reconcile-draft").write_text("of a process that lives")
    Path(f".report.json.{os.getpid()}.reconcile-draft").unlink()
    assert gate("jobs: {id-a: {status: success}}", "--report", "json=report.json")[0] == 0
    assert {path.name for path in Path().iterdir()} == {"reconcile.yaml", "report.json"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_without_a_plan_is_told_in_every_format(gate, name):
    code, out, err = gate("jobs: {}", "-o", name, manifest="version: 1\njobs: {}\n")
    assert code == 1
    assert "RC003" in err
    assert (out == "") is (name == "text")


def test_f29_soft_fail_is_said_in_the_first_line_the_last_and_the_json(gate):
    code, out, _ = gate("jobs: {id-a: {status: failed}}", "--soft-fail", "--report", "json=report.json")
    lines = out.splitlines()
    document = json.loads(Path("report.json").read_text())
    assert code == 0
    assert "soft-fail" in lines[0]
    assert "soft-fail" in lines[-1]
    assert (document["soft_fail"], document["verdict"], document["exit_code"]) == (True, "drift", 0)


@pytest.mark.parametrize(
    ("end", "code"), [("success", 0), ("failed", 2)], ids=["G12 comes true", "G12 cannot come true any more"]
)
def test_waiting_ends_when_a_job_is_decided(gate, end, code):
    timeline = f"[{{requests: 1, status: running}}, {{status: {end}}}]"
    tally = Tally()
    found, out, _ = gate(f"jobs: {{id-a: {{timeline: {timeline}}}}}", "--wait", "20s", "-o", "json", tally=tally)
    assert found == code
    assert tally.requests_for["id-a"] == 2
    assert any("fetched 2 times" in note for note in json.loads(out)["jobs"][0]["notes"])


def test_g12_waiting_in_vain_ends_pending_with_what_was_seen_last(gate):
    code, out, _ = gate("jobs: {id-a: {status: running}}", "--wait", "2500ms", "-o", "json")
    document = json.loads(out)
    assert (code, document["verdict"], document["complete"]) == (3, "pending", True)
    assert document["jobs"][0]["observed"]["status"] == "running"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_f13_f15_a_signal_leaves_a_partial_plan_that_says_so(tmp_path, number, code):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}, b: {{job_id: id-b}}}}\n")
    # With one connection, b is asked for only once a is known.
    argv = ["plan", "-o", "json", "--report", "tap=report.tap", "--concurrency", "1"]
    tally = Tally()
    with running_simulator(scenario_of("jobs: {id-a: {status: success}, id-b: {answer: hang}}"), tally=tally) as url:
        environ = {**os.environ, **TOKEN, "RECONCILE_ENDPOINT": url}
        with program.start(*argv, cwd=tmp_path, env=environ, stdout=subprocess.PIPE) as process:
            patience = time.monotonic() + 30
            while not tally.requests_for["id-b"] and time.monotonic() < patience:
                time.sleep(0.01)
            process.send_signal(number)
            out, _ = process.communicate(timeout=30)
    document = json.loads(out)
    Draft202012Validator(load_schema("plan.v1")).validate(document)
    assert (process.returncode, document["exit_code"], document["complete"]) == (code, code, False)
    assert [job["verdict"] for job in document["jobs"]] == ["in_sync", "error"]
    assert (tmp_path / "report.tap").exists()


@pytest.mark.parametrize("proxy", ["ftp://x", "http://user:canary@127.0.0.1:1"])
def test_a12_a_proxy_is_for_https_only_and_its_password_is_never_shown(gate, proxy):
    code, out, err = gate("jobs: {}", "--proxy", proxy)
    assert code == 1
    assert "canary" not in out + err


def test_f08_a_run_that_is_killed_while_it_writes_leaves_the_old_file_or_the_new_one(tmp_path):
    old, _ = write_whole(tmp_path / "old", "success")
    new, seconds = write_whole(tmp_path / "new", "failed")
    for seed in range(int(os.environ.get("RECONCILE_KILLS", "20"))):
        kill = try_kill(tmp_path / str(seed), old=old if seed % 4 else {}, new=new, seconds=seconds, seed=seed)
        assert kill.failings == ()


def test_two_jobs_that_are_one_remote_job_are_told_by_the_same_look(gate):
    manifest = f"name: a\n{HEAD}jobs: {{a: {{job_id: id-a, expect: {{status: [running, success]}}}}}}\n"
    other = f"name: b\n{HEAD}jobs: {{b: {{job_id: id-a, expect: {{status: [success, failed]}}}}}}\n"
    Path("b.reconcile.yaml").write_text(other)
    scenario = "jobs: {id-a: {timeline: [{requests: 1, status: running}, {status: failed}]}}"
    code, out, _ = gate(scenario, "--wait", "20s", "-o", "json", manifest=manifest)
    assert code == 2
    assert [job["observed"]["status"] for job in json.loads(out)["jobs"]] == ["failed", "failed"]


def test_a_file_that_the_run_reads_is_never_overwritten(gate):
    Path("vars.yaml").write_text("x: y\n")
    manifest = f"{HEAD}variables: {{x: {{}}}}\njobs: {{a: {{job_id: '${{var.x}}'}}}}\n"
    code, _, err = gate("jobs: {}", "--var-file", "vars.yaml", "--report", "json=./vars.yaml", manifest=manifest)
    assert (code, Path("vars.yaml").read_text()) == (1, "x: y\n")
    assert "this run reads that file" in err
