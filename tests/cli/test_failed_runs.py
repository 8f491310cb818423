"""Whatever ends a run, none of its outputs says more than its exit code, whoever wrote it and when."""

import fcntl
import json
import os
import random
import shlex
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import program
import pytest
from proof.fork import await_end, start
from proof.killing import await_draft, make_folder, run_gate

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
        outputs = dict(line.split("=", 1) for line in text.splitlines())
        return (outputs["verdict"], outputs["exit_code"]) != ("error", str(code))
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


def test_u07_a_recording_that_was_never_there_needs_no_removal(green, capsys):
    assert run("--replay", "tape", "--record", "new") == 1
    assert "RC009" not in capsys.readouterr().err


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
        ["--out", "input.yaml"],
        ["--no-such-option", "--out", "input.yaml"],
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
    assert run(*argv, environ={**TOKEN, "OS_CLIENT_CONFIG_FILE": "input.yaml"}) == 1
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize("command", ["verify", "merge", "show"])
def test_u07_commands_about_saved_plans_leave_nothing_green_either(command, green):
    Path("plan.json").write_text("{}")
    assert program.main([command, "plan.json", "--report", "json=json.report"], environ={}) == 1
    assert json.loads(Path("json.report").read_text())["verdict"] == "error"


def test_u07_the_comment_of_a_failed_run_replaces_that_of_a_green_one(green):
    marker = "<!-- reconcile:reconcile.yaml -->"
    assert marker in Path("markdown.report").read_text(encoding="utf-8")
    assert run(*OUTPUTS, environ={}) == 1
    assert marker in Path("markdown.report").read_text(encoding="utf-8")


def test_u07_a_run_that_fails_while_it_writes_still_shows_its_jobs(green):
    assert run(*OUTPUTS, "--report", "text=/dev/full") == 1
    document = json.loads(Path("json.report").read_text())
    assert [job["verdict"] for job in document["jobs"]] == ["in_sync"]
    assert [error["code"] for error in document["errors"]] == ["RC004"]


# --- Signals at any time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_u09_a_signal_at_any_moment_leaves_files_that_say_what_the_process_says(number, tmp_path):
    whole = []
    for seed in range(int(os.environ.get("RECONCILE_KILLS", "20"))):
        delay = random.Random(seed).uniform(0, whole[0]) if whole else None
        code, seconds, said = end_while_writing(tmp_path / str(seed), number, delay)
        whole.append(seconds)
        assert {told for told in said.values() if told is not None} <= {code}, (seed, said)


def end_while_writing(folder, number, delay):
    """Run the gate in a process, and send it a signal so long after its first draft; return what each of both says."""
    make_folder(folder, {})
    process = start(lambda: run_gate(folder, "success"))
    await_draft(folder, process)
    begun = time.monotonic()
    if delay is not None:
        time.sleep(delay)
        os.kill(process, number)
    code = await_end(process)
    files = {name: read_code(folder / name) for name in ("report.json", "plan.json")}
    text = (folder / "report.junit").read_text() if (folder / "report.junit").exists() else None
    files["report.junit"] = None if text is None else code if (code == 0) is ("RC006" not in text) else "other"
    return code, time.monotonic() - begun, files


def read_code(path):
    return json.loads(path.read_text())["exit_code"] if path.exists() else None


# --- Pipes, devices and open files -----------------------------------------------------------------------------


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """A folder with a manifest and a pipe that nobody reads."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)
    os.mkfifo("pipe")


@pytest.mark.parametrize(
    "argv", [["--report", "json=pipe"], ["--out", "pipe"], ["--github-summary", "pipe"], ["--github-output", "pipe"]]
)
def test_u43_a_pipe_that_nobody_reads_is_written_to_until_the_deadline(argv, gate, capsys):
    assert run(*argv, "--timeout", "200ms") == 1
    told = (
        "RC004 cannot write pipe: no process is reading it within the time of the run, 200ms; the verdict was in_sync"
    )
    assert told in capsys.readouterr().err


def test_u43_a_pipe_whose_reader_has_stopped_is_written_to_until_the_deadline(gate, capsys):
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    manifest = MANIFEST.replace("{a: {job_id: id-a}}", "")
    Path("reconcile.yaml").write_text(manifest + "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(500)))
    assert run("--report", "html=pipe", "--timeout", "500ms") == 1
    assert "cannot write pipe: its reader stopped reading" in capsys.readouterr().err
    os.close(reader)


def test_u43_a_pipe_is_waited_for_and_gets_all_of_a_report(gate):
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    assert run("--report", "json=pipe", "--report", "json=file") == 0
    reader.join()
    assert read == [Path("file").read_text()]


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_u56_what_the_process_has_open_can_be_written_to(place, gate):
    with Path("printed").open("w") as stdout:
        ran = program.run("show", "plan.json", "-o", "tap", "--report", f"json={place}", stdout=stdout)
    assert ran.returncode == 1
    assert json.JSONDecoder().raw_decode(Path("printed").read_text())[0]["exit_code"] == 1


def test_u56_a_descriptor_that_is_not_open_or_not_for_writing_is_an_error(gate, capsys):
    Path("read-only").touch()
    with Path("read-only").open() as file:
        assert run("--report", f"json=/dev/fd/{file.fileno()}") == 1
    assert "it is not open for writing" in capsys.readouterr().err
    assert run("--report", "json=/dev/fd/999999") == 1
    assert "RC004 cannot write /dev/fd/999999: Bad file descriptor" in capsys.readouterr().err


def test_u61_a_draft_that_a_killed_run_has_left_is_in_nobodys_way(gate):
    for name in (f".r.json.{os.getpid()}.reconcile-draft", ".tape.12345678.reconcile-draft"):
        Path(name).mkdir()
    Path(".r.json.1.reconcile-draft").write_text("half")
    assert run("--report", "json=r.json", *RECORD) == 0
    assert {path.name for path in Path().iterdir()} == {"reconcile.yaml", "pipe", "r.json", "tape"}


def test_u61_a_draft_of_a_run_that_is_alive_is_not_swept(gate):
    draft = Path(".r.json.other.reconcile-draft")
    with draft.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert run("--report", "json=r.json") == 0
        assert draft.exists()


def in_shell(places):
    return ("bash", "-c", f'exec {shlex.join(program.COMMAND)} "$@" {places}', "bash")


@pytest.mark.parametrize(("argv", "code"), [(["--version", "--"], 0), (["plan", "nowhere"], 1), (["init", "."], 1)])
@pytest.mark.parametrize("place", ["2>/dev/full", "2>&-"])
def test_u64_a_stderr_that_takes_nothing_does_not_change_the_code(argv, code, place, gate):
    ran = program.run(*argv, prefix=in_shell(place))
    assert (ran.returncode, ran.stderr) == (code, "")


@pytest.mark.parametrize(
    "argv", [["demo"], ["man"], ["plan", "--help"], ["schema", "plan"], ["explain", "RC100"]], ids=" ".join
)
def test_u42_a_closed_pipe_ends_a_command_quietly(argv):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = program.run(*argv, stdout=writer)
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, "")


def test_u42_the_demo_ends_quietly_after_the_first_lines():
    piped = ("bash", "-c", f'{shlex.join(program.COMMAND)} "$@" | head -5; exit ${{PIPESTATUS[0]}}', "bash")
    ran = program.run("demo", prefix=piped)
    assert (ran.returncode, ran.stderr, len(ran.stdout.splitlines())) == (1, "", 5)
