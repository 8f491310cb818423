"""The gate as a process: what the machine, the interpreter and other processes do to it."""

import json
import os
import random
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import click
import httpx
import program
import pytest

from reconcile.cli.commands import reconcile
from reconcile.cli.reporting import File
from reconcile.codes import Code
from reconcile.document import Text, parse_text
from reconcile.errors import OutputError
from reconcile.fetch import Pace
from reconcile.model.diagnostic import Diagnostic
from reconcile.plan import derive_plan, make_failed_evidence
from reconcile.simulator import load_scenario, running_simulator

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
CANARY = "canary-7f3a9c51"
JUDGED = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")
STATUSES = ("success", "failed", "running")


def scenario_of(jobs):
    return load_scenario(parse_text(Text("s.yaml", f"version: 1\napi: sfs-turbo\njobs: {jobs}\n"), is_json=False))


@pytest.fixture
def gate(tmp_path):
    """Run the gate as a process on jobs a, b, ... that have these statuses; return what came of it."""

    def run(*argv, statuses=("success",), manifest=None, env=(), **options):
        names = "abcdefgh"[: len(statuses)]
        jobs = "".join(f"  {name}: {{job_id: id-{name}}}\n" for name in names)
        (tmp_path / "reconcile.yaml").write_text(manifest or f"{HEAD}jobs:\n{jobs}")
        answers = ", ".join(f"id-{name}: {{status: {status}}}" for name, status in zip(names, statuses, strict=True))
        with running_simulator(scenario_of(f"{{{answers}}}")) as url:
            environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url, **dict(env)}
            ran = program.run("plan", *argv, cwd=tmp_path, env=environ, **options)
        ran.stdout = (ran.stdout or "").replace(url, "URL")
        return ran

    return run


def in_shell(before, after=""):
    return ("bash", "-c", f'{before}; {shlex.join(program.COMMAND)} "$@" {after}', "bash")


@pytest.mark.parametrize(("statuses", "code"), [(["success"], 0), (["failed"], 2), (["running"], 3)])
def test_f18_the_process_says_what_was_decided(gate, statuses, code):
    assert gate(statuses=statuses).returncode == code


IDLE = {
    *("certifi", "click.shell_completion", "difflib", "glob", "httpx", "jinja2"),
    *("jsonschema", "rich"),
    *("reconcile.cli.recorder", "reconcile.document.editing", "reconcile.document.schema_errors"),
    *("reconcile.document.writing", "reconcile.fetch.credentials.clouds_yaml"),
    *("reconcile.fetch.credentials.keystone", "reconcile.fetch.httpx_transport", "reconcile.fetch.proxy"),
    *("reconcile.fetch.recorder", "reconcile.fetch.replay"),
    *("reconcile.manifest.selection", "reconcile.report.job_section", "reconcile.simulator"),
}
"""What a plan over plain http without a proxy has no use for, and would take a part of its time."""


def test_a_plan_imports_no_more_than_it_needs(tmp_path):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
    code += "from reconcile.__main__ import run; run()"
    with running_simulator(scenario_of("{id-a: {status: success}}")) as url:
        # One that nothing reads, as RECONCILE_RUNS of the tests, would be looked up among the known ones.
        others = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILE_")}
        environ = {**others, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
        command = [sys.executable, "-c", code, "plan"]
        ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True)
    imported = set(ran.stderr.split())
    assert "reconcile.fetch.client" in imported
    assert IDLE & imported == set()


def test_d02_a_failed_job_is_drift_and_says_why(gate, tmp_path):
    fields = r'"status": "failed", "error_code": "SFS.TURBO.0005", "fail_reason": "disk \u001b[2J \u202e full"'
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    scenario = scenario_of(f'{{id-a: {{raw: {{status_code: 200, body: \'{{"job_id": "id-a", {fields}}}\'}}}}}}')
    with running_simulator(scenario) as url:
        environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
        ran = program.run("plan", cwd=tmp_path, env=environ)
    assert ran.returncode == 2
    assert r"SFS.TURBO.0005: disk \x1b[2J \u202e full" in ran.stdout


def test_e02_what_is_said_on_stderr_is_harmless(tmp_path):
    name = "\x1b]0;x\x07\u202e\n::error::x.yaml"
    (tmp_path / name).write_text('version: 1\nproviders: {"\\u202e##[x]": {}}\njobs: {}\n')
    ran = program.run("validate", name, cwd=tmp_path)
    assert ran.returncode == 1
    assert r"\x1b]0;x\x07\u202e\n" in ran.stderr
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in ran.stderr.splitlines())


@pytest.mark.parametrize("job_id", ["26e65", "1e5", "0123", "12345678901234567890"])
def test_e03_an_id_is_printed_as_it_is(gate, job_id):
    manifest = f'{HEAD}jobs: {{"j{job_id}": {{job_id: "{job_id}"}}, ok: {{job_id: id-a}}}}\n'
    ran = gate(manifest=manifest)
    assert ran.returncode == 2
    assert f'job "{job_id}"' in ran.stdout
    assert f"jobs.j{job_id}" in ran.stdout


def test_f09_two_runs_at_once_write_whole_files(tmp_path):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    with running_simulator(scenario_of("{id-a: {status: success, delay: 200ms}}")) as url:
        environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
        argv = ["plan", "--report", "json=report.json"]
        options = {"cwd": tmp_path, "env": environ, "stdout": subprocess.DEVNULL}
        with program.start(*argv, **options) as one, program.start(*argv, **options) as other:
            for process in (one, other):
                process.communicate(timeout=30)
    assert (one.returncode, other.returncode) == (0, 0)
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "in_sync"
    assert {path.name for path in tmp_path.iterdir()} == {"reconcile.yaml", "report.json"}


def test_the_order_of_the_answers_changes_no_byte(tmp_path):
    """Jobs are answered in another order in each run, for each has another delay."""
    statuses = {f"id-{n}": STATUSES[n % 3] for n in range(24)}
    jobs = "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(24))
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs:\n{jobs}")
    reports = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "html", "openmetrics")}
    argv = ["plan", *(each for name, path in reports.items() for each in ("--report", f"{name}={path}"))]
    told = set()
    for seed in range(3):
        delays = random.Random(seed).sample(range(24), 24)
        answers = [
            f"{job_id}: {{status: {status}, delay: {10 * delay}ms}}"
            for (job_id, status), delay in zip(statuses.items(), delays, strict=True)
        ]
        with running_simulator(scenario_of(f"{{{', '.join(answers)}}}")) as url:
            environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
            ran = program.run(*argv, cwd=tmp_path, env=environ)
        assert ran.returncode == 2
        texts = [ran.stdout, *(path.read_text() for path in reports.values())]
        told.add(tuple(JUDGED.sub("TIME", program.without_times(text.replace(url, "URL"))) for text in texts))
    assert len(told) == 1


def test_f10_what_another_run_left_makes_no_job_pass(gate, tmp_path):
    assert gate("--report", "json=report.json").returncode == 0
    ran = gate("--report", "json=report.json", statuses=["failed"])
    assert ran.returncode == 2
    (tmp_path / "report.json").write_text("in_sync")
    environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": "http://127.0.0.1:1"}
    ran = program.run("plan", "--report", "json=report.json", "--timeout", "1s", cwd=tmp_path, env=environ)
    assert ran.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "error"


def test_f12_a_report_that_fails_is_an_output_that_is_not_written(tmp_path):
    def render(plan, evidence):
        raise ZeroDivisionError(CANARY)

    evidence = make_failed_evidence([Diagnostic(code=Code.SYSTEM, message="")], now=datetime.now(UTC))
    with pytest.raises(OutputError, match="the report failed: ZeroDivisionError") as raised:
        File(path=str(tmp_path / "x"), render=render).write(derive_plan(evidence), evidence)
    assert CANARY not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_f16_a_run_that_is_killed_says_nothing(hanging_gate, tmp_path):
    process = hanging_gate()
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL
    assert "in sync" not in out + err
    assert {path.name for path in tmp_path.iterdir()} == {"reconcile.yaml"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_replay_of_a_run_that_a_signal_ended_ends_as_it_did(number, code, hanging_gate, tmp_path):
    process = hanging_gate("--record", "tape", "-o", "json")
    process.send_signal(number)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, json.loads(out)["exit_code"]) == (code, code)
    again = program.run("plan", "--replay", "tape", "-o", "json", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (code, out)


@pytest.fixture
def open_pipe():
    """A pipe that nobody closes, holding the beginning of a manifest; return its end to read from."""
    reader, writer = os.pipe()
    os.write(writer, HEAD.encode())
    yield reader
    os.close(reader)
    os.close(writer)


READERS = [
    ["plan", "-"],
    ["plan", "--var-file", "-"],
    ["prove", "-", "--live"],
    ["import", "-", "--cloud", "otc", "--region", "eu-de", "--project-id", "p1"],
]


@pytest.mark.parametrize("argv", READERS, ids=" ".join)
def test_what_never_ends_is_read_for_as_long_as_a_run_may_take(argv, open_pipe, tmp_path):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    ran = program.run(*argv, "--timeout", "300ms", cwd=tmp_path, stdin=open_pipe)
    assert ran.returncode == 1
    assert "RC100 <stdin> cannot be read: it was not closed within --timeout, 300ms" in ran.stderr


@pytest.mark.parametrize("argv", READERS, ids=" ".join)
def test_what_reading_has_used_of_the_time_is_not_there_for_fetching(argv, tmp_path, monkeypatch, capfd):
    """What a pipe gives ends when a tenth of a second is left of 20; the answer would come after a second."""
    monkeypatch.chdir(tmp_path)
    declared = f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n"
    Path("reconcile.yaml").write_text(declared)
    reader, writer = os.pipe()
    moments = [0.0]
    said = "id-a\n" if argv[0] == "import" else "{}" if "--var-file" in argv else declared

    def write():
        with os.fdopen(writer, "w") as pipe:
            pipe.write(said[:1])
            pipe.flush()
            wait_until_read(reader)
            moments.append(19.9)
            pipe.write(said[1:])

    with (
        ThreadPoolExecutor() as pool,
        os.fdopen(reader) as stdin,
        running_simulator(scenario_of("{id-a: {status: success, delay: 1s}}")) as url,
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        writing = pool.submit(write)
        code = program.main(
            [*argv, "--timeout", "20s", "--endpoint", url],
            environ={"RECONCILE_TOKEN": CANARY},
            timer=lambda: moments[-1],
        )
        writing.result()
    assert code == 1
    assert "no answer within the time limit of the run, 20 s" in "".join(capfd.readouterr())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("argv", [*READERS, ["prove", "-"], ["validate", "-"], ["verify", "-"]], ids=" ".join)
def test_a_signal_ends_a_run_that_reads_what_never_ends(argv, number, code, open_pipe, tmp_path):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    with program.start(*argv, cwd=tmp_path, stdin=open_pipe, stderr=subprocess.PIPE) as process:
        wait_until_read(open_pipe)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, "nothing is proven" in err) == (code, True)


def test_a_run_that_is_interrupted_before_it_listens_leaves_no_traceback():
    code = "import signal, sys\n"
    code += "def find_spec(name, *where):\n    if name == 'reconcile.cli.main': signal.raise_signal(signal.SIGINT)\n"
    code += "sys.meta_path.insert(0, type('Finder', (), {'find_spec': find_spec}))\n"
    code += "from reconcile.__main__ import run; run()"
    ran = subprocess.run([sys.executable, "-c", code, "plan"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, "", "")


def wait_until_read(pipe):
    """Wait until a process has taken all that a pipe holds, and so waits for more."""
    patience = time.monotonic() + 30
    while select.select([pipe], [], [], 0)[0] and time.monotonic() < patience:
        time.sleep(0.01)


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError, RecursionError, MemoryError, AssertionError, UnicodeError, SystemExit, OSError],
)
def test_f20_a21_a_crash_is_1_and_tells_no_secret(error, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")

    def crash(request):
        raise error(*([f"token {CANARY}"] if error is not SystemExit else []))

    transport = httpx.MockTransport(crash)
    code = program.main(["plan"], environ={"RECONCILE_TOKEN": CANARY}, transport=transport, pace=Pace(attempts=1))
    out, err = capsys.readouterr()
    assert code == 1
    assert "Traceback" not in out + err
    assert CANARY not in out + err


def test_a21_the_interpreters_own_reports_tell_no_secret(gate):
    env = {"PYTHONFAULTHANDLER": "1", "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "HTTPX_LOG_LEVEL": "trace"}
    ran = gate(env=env, statuses=["failed"])
    assert ran.returncode == 2
    assert CANARY not in ran.stdout + ran.stderr


def test_a18_a24_no_option_takes_a_secret_and_none_dumps_the_environment():
    def walk(command):
        yield from (option for parameter in command.params for option in parameter.opts)
        for name, child in getattr(command, "commands", {}).items():
            yield name
            yield from walk(child)

    names = set(walk(reconcile))
    context = click.Context(reconcile)
    for name in reconcile.list_commands(context):
        names |= {name, *walk(reconcile.get_command(context, name))}
    assert {"plan", "--endpoint", "--verbose"} <= names
    words = ("token", "password", "secret", "key", "env", "dump", "debug", "support", "insecure")
    assert [name for name in names for word in words if word in name.strip("-").split("-")] == []


def test_a24_no_variable_that_means_nothing_to_us_is_shown(gate):
    ran = gate("-v", env={"UNRELATED": "canary-unrelated"})
    assert "canary-unrelated" not in ran.stdout + ran.stderr


def test_f22_without_assertions_the_same_is_decided(gate):
    python, *rest = program.COMMAND
    for status, code in zip(STATUSES, (0, 2, 3), strict=True):
        usual, optimised = (
            gate("-o", "json", statuses=[status, "success"], prefix=prefix)
            for prefix in (program.COMMAND, (python, "-OO", *rest))
        )
        assert (usual.returncode, optimised.returncode) == (code, code)
        assert masked(usual.stdout) == masked(optimised.stdout)


def masked(document):
    """Blank what is of one run or one request alone."""
    plan = json.loads(document)
    plan["started_at"] = plan["judged_at"] = None
    for job in plan["jobs"]:
        job["request_id"] = job["elapsed_ms"] = None
    return plan


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
        {"PYTHONHASHSEED": "2", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"PYTHONWARNINGS": "error", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    ],
    ids=lambda env: f"F23 E13 {next(reversed(env))}",
)
@pytest.mark.parametrize("format_name", ["text", "json", "sarif"])
def test_the_environment_of_the_interpreter_changes_no_byte(gate, env, format_name):
    statuses = ["failed", "success", "running"]
    usual, other = (gate("-o", format_name, statuses=statuses, env=each) for each in ({}, env))
    assert (usual.returncode, other.returncode) == (2, 2)
    assert program.without_times(other.stdout) == program.without_times(usual.stdout)


@pytest.mark.parametrize("years", [-10, 10])
def test_f24_a_clock_that_jumps_decides_nothing(years, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    now = datetime(2026, 11, 25, tzinfo=UTC)
    ticks = cycle([now, now + timedelta(days=365 * years), now - timedelta(hours=1)])
    timeline = "{timeline: [{requests: 1, status: running}, {status: success}]}"
    with running_simulator(scenario_of(f"{{id-a: {timeline}}}")) as url:
        code = program.main(
            ["plan", "--endpoint", url, "--wait", "20s", "--timeout", "25s"],
            environ={"RECONCILE_TOKEN": CANARY},
            clock=lambda: next(ticks),
        )
    assert code == 0, capsys.readouterr()


@pytest.mark.parametrize("limit", ["ulimit -n 20", "ulimit -v 204800"], ids=["F25 descriptors", "F25 memory"])
def test_what_the_machine_does_not_have_is_never_a_pass_by_loss(limit, tmp_path):
    jobs = "".join(f"  j{n}: {{job_id: job-{n}}}\n" for n in range(1, 101))
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs:\n{jobs}")
    text = "version: 1\napi: sfs-turbo\ngenerate: {count: 100, job: {status: success}}\n"
    with running_simulator(load_scenario(parse_text(Text("s.yaml", text), is_json=False))) as url:
        environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
        argv = ["plan", "-o", "json", "--timeout", "8s"]
        ran = program.run(*argv, prefix=in_shell(limit), cwd=tmp_path, env=environ)
    assert ran.returncode in (0, 1)
    assert "Traceback" not in ran.stderr
    assert "internal error: OSError" not in ran.stderr
    if ran.returncode == 0:
        assert json.loads(ran.stdout)["summary"]["in_sync"] == 100


@pytest.mark.parametrize("order", [["failed", "success", "success"], ["success", "success", "failed"]])
def test_f26_the_last_job_does_not_decide(gate, order):
    assert gate(statuses=order).returncode == 2


def test_f27_drift_beside_an_error_is_an_error_and_both_are_listed(tmp_path):
    (tmp_path / "reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}, b: {{job_id: id-b}}}}\n")
    scenario = scenario_of("{id-a: {status: failed}, id-b: {raw: {status_code: 400, body: '{}'}}}")
    with running_simulator(scenario) as url:
        environ = {**os.environ, "RECONCILE_TOKEN": CANARY, "RECONCILE_ENDPOINT": url}
        ran = program.run("plan", "-o", "json", cwd=tmp_path, env=environ)
    assert ran.returncode == 1
    assert [job["verdict"] for job in json.loads(ran.stdout)["jobs"]] == ["drift", "error"]


def test_f30_a_pipe_with_pipefail_keeps_the_code(gate):
    ran = gate(statuses=["failed"], prefix=in_shell("set -o pipefail", "| tee /dev/null"))
    assert ran.returncode == 2
    assert "has drifted" in ran.stdout


@pytest.mark.parametrize(("argv", "code"), [([], 0), (["--strict"], 1)], ids=["noted", "strict"])
@pytest.mark.parametrize("age", ["86400", "60"])
def test_d37_what_a_cache_held_for_long_is_no_proof_under_strict(argv, code, age, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n")
    answer = httpx.Response(200, headers={"Age": age}, json={"job_id": "id-a", "status": "success"})
    transport = httpx.MockTransport(lambda request: answer)
    ended = program.main(["plan", "-o", "json", *argv], environ={"RECONCILE_TOKEN": CANARY}, transport=transport)
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert ended == (code if age == "86400" else 0)
    assert any("from a cache and was 86400 s old" in note for note in job["notes"]) is (age == "86400")
    assert [error["code"] for error in job["errors"]] == (["RC007"] if ended else [])


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
@pytest.mark.parametrize("name", ["html", "markdown", "json", "junit", "github", "tap"])
def test_u31_a_document_is_the_same_bytes_on_stdout_as_in_a_file_whatever_the_locale(gate, tmp_path, name, encoding):
    manifest = f"{HEAD}name: größe É 漢\njobs: {{a: {{job_id: id-a, expect: {{job_type: größe É 漢}}}}}}\n"
    with (tmp_path / "out").open("wb") as out:
        ran = gate(
            *("-q", "-o", name, "--report", f"{name}=report"),
            manifest=manifest,
            env={"PYTHONIOENCODING": encoding},
            stdout=out,
        )
    assert ran.returncode == 2
    written = (tmp_path / "report").read_bytes()
    assert (tmp_path / "out").read_bytes() == written
    assert written.decode("utf-8")
