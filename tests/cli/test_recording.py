"""What was recorded is judged again: the same bytes, nothing sent, and nothing accepted more easily."""

import base64
import io
import json
import re
import shlex
import shutil
import socket
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator
from program import main
from transcripts import find_apis

from reconcile.document import Text, parse_text, read_document
from reconcile.fetch import Pace
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUNS = [
    pytest.param(path.parent, shlex.split(line)[2:], id=f"{path.parent.name}: {line[17:]}")
    for part in ("tests/cases", "examples")
    for path in sorted(ROOT.glob(f"{part}/*/transcript.txt"))
    if (path.parent / "scenario.yaml").exists()
    for line in dict.fromkeys(path.read_text(encoding="utf-8").splitlines())
    if line.startswith("$ reconcile plan") and "--wait" not in line
]
HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
ONE = HEAD + "jobs: {a: {job_id: id-a}}\n"
DONE = {"job_id": "id-a", "status": "success"}


class Refusal(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request):
        raise AssertionError("a replay sends nothing")


def run(argv, environ=None, *, now=NOW, transport=None):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv, environ=environ or {}, clock=lambda: now, pace=Pace(attempts=2), transport=transport)
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def test_u32_times_are_data_of_the_plan(tmp_path, monkeypatch):
    """A replay, a saved plan that is shown and one that is verified give the times of the run itself."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(ONE)
    scenario = parse_text(
        Text("s.yaml", "version: 1\napi: sfs-turbo\njobs: {id-a: {status: success, delay: 60ms}}\n"), is_json=False
    )
    ticks = iter([NOW + timedelta(seconds=each) for each in range(100)])
    formats = ("json", "junit", "ctrf", "openmetrics", "text", "markdown", "html", "otlp")
    environ = {"RECONCILE_TOKEN": "a-token"}

    def report(name, *argv, now=None, **options):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        reports = [part for form in formats for part in ("--report", f"{form}={name}.{form}")]
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*argv, *reports], clock=(lambda: now) if now else lambda: next(ticks), **options)
        assert code == 0, err.buffer.getvalue()
        return [Path(f"{name}.{form}").read_bytes() for form in formats]

    with running_simulator(load_scenario(scenario)) as url:
        live = report("live", "plan", "--endpoint", url, "--record", "tape", "--out", "plan.json", environ=environ)
    document = json.loads(live[0])
    assert document["started_at"] < document["judged_at"]
    (job,) = document["jobs"]
    assert (job["attempts"], job["polls"]) == (1, 0)
    assert 60 <= job["elapsed_ms"] < 60_000
    later = NOW + timedelta(minutes=30)
    assert report("replayed", "plan", "--replay", "tape", environ={}, now=later) == live
    assert report("shown", "show", "plan.json", environ={}, now=later) == live
    assert report("verified", "verify", "plan.json", environ={}, now=later) == live


@pytest.mark.parametrize(("folder", "argv"), RUNS)
def test_a_replay_gives_the_same_bytes(folder, argv, tmp_path, monkeypatch):
    work = tmp_path / "work"
    shutil.copytree(folder, work)
    monkeypatch.chdir(work)
    plan, files = ["plan", *argv[1:]], ("json", "junit", "text")
    reports = [argument for name in files for argument in ("--report", f"{name}=../{name}")]
    with running_simulator(load_scenario(read_document("scenario.yaml"), find_apis(folder))) as url:
        environ = {"RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url}
        live = run([*plan, *reports, "--record", "../tape", "--timeout", "4s"], environ)
    if not (tmp_path / "tape").exists():
        assert live[0] == 1  # It ended before anything was asked.
        return
    written = [(tmp_path / name).read_bytes() for name in files]
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    again = run([*plan, *reports, "--replay", "../tape"], now=NOW + timedelta(days=1000), transport=Refusal())
    assert again[:2] == live[:2]
    assert [(tmp_path / name).read_bytes() for name in files] == written
    schema = load_schema("recording.v1")
    Draft202012Validator(schema).validate(json.loads((tmp_path / "tape/recording.json").read_text()))
    of_job = Draft202012Validator({"$ref": "#/$defs/job", "$defs": schema["$defs"]})
    for path in (tmp_path / "tape").glob("jobs/*/*.json"):
        of_job.validate(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture
def tape(tmp_path, monkeypatch):
    """Record one job that is done; return the way to its file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(ONE)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=DONE))
    assert run(["plan", "--record", "tape"], {"RECONCILE_TOKEN": "t-o-k-e-n"}, transport=transport)[0] == 0
    return tmp_path / "tape/jobs/otc/id-a.json"


def replay(*argv):
    return run(["plan", *argv, "--replay", "tape"], transport=Refusal())


def test_another_manifest_and_what_was_not_recorded(tape, tmp_path):
    assert replay()[0] == 0
    (tmp_path / "reconcile.yaml").write_text(HEAD + "jobs: {a: {job_id: id-a, expect: {job_type: bind_ldap}}}\n")
    assert replay()[0] == 2
    (tmp_path / "reconcile.yaml").write_text(HEAD + "jobs: {a: {job_id: id-a}, b: {job_id: id-b}}\n")
    code, out, _ = replay()
    assert (code, "RC320" in out) == (1, True)
    (tmp_path / "reconcile.yaml").write_text(ONE.replace("p1", "p2"))
    assert replay()[0] == 1


def test_no_socket_is_opened(tape, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert run(["plan", "--replay", "tape"])[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"job_id": "id-a"', '"job_id": "id-b"', "RC414"),
        ('"status": "success"', '"status": "done"', "RC415"),
        ('"evidence": 0', '"evidence": 1', "RC320"),
        ('"evidence": 0', '"evidence": null', "RC100"),
        ('"evidence": 0', '"evidence": 0, "evidence": 0', "RC103"),
        ('"evidence": 0', '"evidense": 0', "RC102"),
        ("GET /v1/p1", "GET /v1/p2", "RC320"),
        ('"status_code": 200', '"status_code": 201', "RC411"),
        ("2026-11-22T", "2026-13-22T", "RC100"),
    ],
)
def test_what_was_edited_is_read_as_strictly_as_a_live_answer(tape, old, new, code):
    text = tape.read_text()
    assert old in text
    tape.write_text(text.replace(old, new))
    exit_code, out, err = replay()
    assert exit_code == 1
    assert code in out + err


def test_links_are_not_followed_and_a_folder_without_a_head_is_none(tape, tmp_path):
    tape.rename(tmp_path / "elsewhere.json")
    tape.symlink_to(tmp_path / "elsewhere.json")
    assert (replay()[0], "RC100" in replay()[2]) == (1, True)
    (tmp_path / "tape/recording.json").unlink()
    assert "is not a recording" in replay()[2]
    shutil.rmtree(tmp_path / "tape")
    (tmp_path / "tape").write_text("a file")
    told = "RC002 tape is not a recording: it has no file recording.json\n  name a directory that"
    assert (replay()[0], told in replay()[2]) == (1, True)


def test_a_recording_is_replaced_and_nothing_else_is(tape, tmp_path):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=DONE))
    record = ["plan", "--record", "tape"]
    environ = {"RECONCILE_TOKEN": "t-o-k-e-n"}
    code, _, err = run(record, environ, transport=transport)
    assert (code, "reconcile: replacing the recording of 2026-11-22T12:00:00Z in tape; to keep it," in err) == (0, True)
    (tmp_path / "tape/notes.txt").write_text("mine")
    code, _, err = run(record, environ, transport=Refusal())
    assert (code, "notes.txt" in err) == (1, True)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".tape")]


def test_what_a_cache_had_held_is_no_proof_under_strict_in_a_replay_either(tape):
    assert replay("--strict")[0] == 0
    tape.write_text(tape.read_text().replace('"headers": {', '"headers": {"age": "600",'))
    assert replay("--strict")[0] == 1


def test_options_of_asking_have_no_meaning_in_a_replay(tape):
    code, _, err = replay("--record", "other", "--wait", "1m")
    assert (code, "--record, --wait" in err) == (1, True)


@pytest.mark.parametrize(
    "environ",
    [
        {"OS_TOKEN": "canary-7f3a9c51-token"},
        {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "canary-7f3a9c51-secret", "HW_SECURITY_TOKEN": "canary-7f3a9c51-st"},
        {
            "OS_AUTH_URL": "https://iam.test/v3",
            "OS_USERNAME": "u",
            "OS_USER_DOMAIN_ID": "d",
            "OS_PASSWORD": "canary-7f3a9c51-password",
        },
    ],
    ids=["token", "access-key", "password"],
)
@pytest.mark.parametrize("form", ["json", "text", "utf-16", "binary"])
def test_no_secret_is_recorded_whatever_a_server_reflects(environ, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(ONE)

    def answer(request):
        if request.method == "POST":
            document = {"token": {"project": {"id": "p1"}}}
            return httpx.Response(201, headers={"X-Subject-Token": "canary-7f3a9c51-granted"}, json=document)
        said = " ".join([*environ.values(), *request.headers.values()])
        headers = {"X-Request-Id": said, "Set-Cookie": said}
        body = {
            "json": json.dumps({**DONE, "fail_reason": said, said: [said]}).encode(),
            "text": said.encode(),
            "utf-16": said.encode("utf-16-le"),
            "binary": b"\xff" + said.encode(),
        }[form]
        return httpx.Response(200, headers=headers, content=body)

    run(["plan", "--record", "tape"], environ, transport=httpx.MockTransport(answer))
    (path,) = (tmp_path / "tape").glob("jobs/*/*.json")
    recorded = path.read_text()
    for found in re.findall(r'"base64": "(.*)"', recorded):
        recorded += base64.b64decode(found).decode("latin-1")
    assert "redacted" in recorded
    assert "canary" not in recorded.replace("\\u0000", "").replace("\0", "")
    assert "/auth/tokens" not in recorded
