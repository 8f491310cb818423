"""A run that was cut off is continued: what had not ended is requested again, and nothing is green by old answers."""

import io
import json
import os
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import program
import pytest
from program import main

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.simulator import load_scenario, running_simulator
from reconcile.simulator.service import Tally

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEAD = """
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}
variables: {type: {default: bind_ldap}}
"""
THREE = HEAD + "jobs: {a: {job_id: id-a}, b: {job_id: id-b}, c: {job_id: id-c}}\n"
ENVIRON = {"RECONCILE_TOKEN": "t-o-k-e-n", "RECONCILE_RUN_ID": "run 1"}


class Api:
    """Answers by job id, and keeps which were requested."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __call__(self, request):
        job_id = request.url.path.rpartition("/")[2]
        self.asked.append(job_id.removeprefix("id-"))
        answer = self.answers[self.asked[-1]]
        if isinstance(answer, int):
            return httpx.Response(answer, json={"errCode": "SFS.TURBO.0014", "errMsg": "gone"})
        return httpx.Response(200, json={"job_id": job_id, **answer})


DONE, RUNNING = {"status": "success"}, {"status": "running"}


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(THREE)


def plan(api, *argv, now=NOW, environ=ENVIRON):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    transport = httpx.MockTransport(api)
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["plan", *argv], environ=environ, clock=lambda: now, pace=Pace(attempts=1), transport=transport)
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def cut_off(**answers):
    """Record a run of which only `a` has ended."""
    assert plan(Api(a=DONE, b=RUNNING, c=500, **answers), "--record", "tape")[0] == 1


def test_u71_only_what_had_not_ended_is_requested_again_and_reports_say_so():
    cut_off()
    api, later = Api(b=DONE, c=DONE), NOW + timedelta(minutes=5)
    code, out, err = plan(api, "--resume", "tape", "--report", "json=plan.json", now=later)
    assert (code, sorted(api.asked)) == (0, ["b", "c"])
    assert "reconcile: resuming tape: 1 of 3 answers reused, the oldest 5m old\n" in err
    assert "Plan: 3 in sync in 0.1 s with 1 of 3 answers from the resumed recording." in out
    document = json.loads(Path("plan.json").read_text())
    assert (document["resumed"], [job["attempts"] for job in document["jobs"]]) == (1, [0, 1, 1])

    replayed = plan(Api(), "--replay", "tape", "--report", "json=again.json", environ={})
    assert (replayed[0], replayed[1]) == (0, out)
    assert Path("again.json").read_bytes() == Path("plan.json").read_bytes()
    api = Api()
    assert (plan(api, "--resume", "tape", now=later)[0], api.asked) == (0, [])


def test_u71_a_run_that_was_killed_is_resumed(tmp_path):
    scenario = "version: 1\napi: sfs-turbo\njobs: {id-a: {status: success}, id-b: {status: success, delay: %s}}\n"
    Path("reconcile.yaml").write_text(HEAD + "jobs: {a: {job_id: id-a}, b: {job_id: id-b}}\n")
    journal = tmp_path / "tape/unfinished.jsonl"
    tally = Tally()

    def simulate(delay):
        text = Text("s.yaml", scenario % delay)
        return running_simulator(load_scenario(parse_text(text, is_json=False)), port=simulate.port, tally=tally)

    simulate.port = 0
    with simulate("60s") as url:
        simulate.port = int(url.rpartition(":")[2])
        environ = {**os.environ, **ENVIRON, "RECONCILE_ENDPOINT": url}
        process = program.start("plan", "--record", "tape", env=environ)
        for _ in range(600):
            if journal.exists() and journal.read_text().count("\n") == 2:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (tmp_path / "tape/recording.json").exists()
    with journal.open("a") as file:
        file.write('{"provider": "otc", "job_id": "id-b", "jo')  # it was killed while it wrote
    tally.requests_for.clear()
    with simulate("0s"):
        resumed = program.run("plan", "--resume", "tape", env=environ)
    assert resumed.returncode == 0, resumed.stderr
    assert tally.requests_for == {"id-b": 1}
    assert sorted(path.name for path in (tmp_path / "tape").iterdir()) == ["jobs", "recording.json"]


def test_a_draft_of_a_killed_run_is_in_nobodys_way():
    cut_off()
    Path("tape/.unfinished.jsonl.0123abcd.reconcile-draft").write_text("{")
    assert plan(Api(b=DONE, c=DONE), "--resume", "tape")[0] == 0


@pytest.mark.parametrize(
    ("argv", "environ", "why"),
    [
        (
            (),
            {"RECONCILE_RUN_ID": "run 2"},
            "it belongs to run RECONCILE_RUN_ID=run 1, but this is run RECONCILE_RUN_ID=run 2",
        ),
        ((), {"RECONCILE_RUN_ID": ""}, "this run has no run id"),
        (("--var", "type=other"), {}, "the values of variables differ"),
        (("--target", "jobs.a"), {}, "the selection of jobs differs"),
        (("--shard", "1/3"), {}, "the selection of jobs differs"),
        (("--fail-fast",), {}, "the selection of jobs differs"),
        (("--endpoint", "http://127.0.0.1:9"), {}, "the endpoint or project of provider otc differs"),
    ],
)
def test_u71_another_run_is_refused(argv, environ, why):
    cut_off()
    before = {path: path.read_bytes() for path in Path("tape").rglob("*.json")}
    api = Api()
    code, _, err = plan(api, "--resume", "tape", *argv, environ=ENVIRON | environ)
    assert (code, api.asked) == (1, [])
    assert f"RC024 tape cannot be resumed: {why}" in err
    assert {path: path.read_bytes() for path in Path("tape").rglob("*.json")} == before


def test_u71_values_that_no_recording_holds_cannot_be_known_to_be_the_same():
    Path("reconcile.yaml").write_text(THREE.replace("type: {", "code: {default: x, sensitive: true}, type: {"))
    cut_off()
    api = Api()
    code, _, err = plan(api, "--resume", "tape", "--var", "code=y")
    assert (code, api.asked) == (1, [])
    assert "RC024 tape cannot be resumed: the manifest has sensitive variables" in err


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        (
            "reconcile.yaml",
            "a: {job_id: id-a}",
            "a: {job_id: id-a, expect: {job_type: x}}",
            "the manifests differ: reconcile.yaml",
        ),
        ("reconcile.yaml", "project_id: p1", "project_id: p2", "the manifests differ: reconcile.yaml"),
        ("tape/recording.json", '"version": "', '"version": "0.', "it was recorded by version 0."),
        ("tape/recording.json", '"name": "RECONCILE_RUN_ID=run 1"', '"name": null', "the recorded run has no run id"),
    ],
)
def test_u71_what_changed_since_is_refused(path, old, new, why):
    cut_off()
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))
    api = Api()
    code, _, err = plan(api, "--resume", "tape")
    assert (code, api.asked) == (1, [])
    assert f"RC024 tape cannot be resumed: {why}" in err


@pytest.mark.parametrize(
    ("minutes", "argv", "asked"),
    [
        (60, (), ["b", "c"]),
        (61, (), ["a", "b", "c"]),
        (10, ("--max-age", "5m"), ["a", "b", "c"]),
        (-1, (), ["a", "b", "c"]),
    ],
)
def test_u71_an_answer_that_is_too_old_or_of_the_future_is_requested_again(minutes, argv, asked):
    cut_off()
    api = Api(a={"status": "failed"}, b=DONE, c=DONE)
    code, _, _ = plan(api, "--resume", "tape", *argv, now=NOW + timedelta(minutes=minutes))
    assert sorted(api.asked) == asked
    assert code == (2 if "a" in asked else 0)


def test_u71_an_age_is_that_at_the_end_of_the_resumed_run_and_a_plan_is_as_old_as_its_oldest_answer():
    Path("reconcile.yaml").write_text(THREE.replace("id-a}", "id-a, expect: {age: {max: 1h}}}"))
    ended = {"status": "success", "begin_time": "2026-11-22 11:00:00", "end_time": "2026-11-22 11:30:00"}
    assert plan(Api(a=ended, b=RUNNING, c=DONE), "--record", "tape")[0] == 3
    api, later = Api(b=DONE), NOW + timedelta(minutes=40)
    assert plan(api, "--resume", "tape", now=later)[0] == 2
    assert api.asked == ["b"]

    Path("reconcile.yaml").write_text(THREE)
    cut_off()
    assert plan(Api(b=DONE, c=DONE), "--resume", "tape", "--out", "plan.json", now=later)[0] == 0
    for age, code in (("41m", 0), ("39m", 1)):
        argv = ["verify", "plan.json", "--max-age", age]
        assert main(argv, environ={}, clock=lambda: later) == code


def test_u71_an_absence_is_proven_by_answers_of_this_run_alone():
    Path("reconcile.yaml").write_text(THREE.replace("id-c}", "id-c, expect: {absent: true}}"))
    assert plan(Api(a=DONE, b=RUNNING, c=404), "--record", "tape")[0] == 3
    api = Api(a=404, b=404, c=404)
    assert plan(api, "--resume", "tape")[0] == 1
    assert sorted(api.asked) == ["a", "b", "c"]


@pytest.mark.parametrize("answer", [RUNNING, 404, 500])
def test_u71_what_a_cache_had_held_or_had_not_ended_is_requested_again(answer):
    Path("reconcile.yaml").write_text(HEAD + "jobs: {a: {job_id: id-a, expect: {status: [running, success]}}}\n")
    plan(Api(a=answer), "--record", "tape")
    api = Api(a={"status": "failed"})
    assert plan(api, "--resume", "tape")[0] == 2
    assert api.asked == ["a"]
    cached = Path("tape/jobs/otc/id-a.json")
    cached.write_text(cached.read_text().replace('"headers": {', '"headers": {"age": "600",'))
    assert (plan(api, "--resume", "tape")[0], api.asked) == (2, ["a", "a"])


@pytest.mark.parametrize("change", ["twice", "other", "head"])
def test_u71_a_journal_that_was_edited_is_refused(change):
    cut_off()
    head = json.dumps(
        {key: json.loads(Path("tape/recording.json").read_text())[key] for key in ("version", "run", "providers")}
    )
    entry = json.dumps(
        {"provider": "otc", "job_id": "id-a", "job": json.loads(Path("tape/jobs/otc/id-a.json").read_text())}
    )
    lines = {"twice": [head, entry, entry], "other": [head, entry.replace('"evidence"', '"evidense"')], "head": [entry]}
    Path("tape/unfinished.jsonl").write_text("".join(f"{line}\n" for line in lines[change]))
    api = Api()
    assert (plan(api, "--resume", "tape")[0], api.asked) == (1, [])


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("--max-age", "5m"), "--max-age limits the age"),
        (("--resume", "tape", "--record", "other"), "--record"),
        (("--resume", "tape", "--replay", "other"), "--resume"),
        (("--resume", "nothing"), "there is no recording nothing"),
    ],
)
def test_options_that_make_no_sense_are_refused(argv, told):
    code, _, err = plan(Api(), *argv)
    assert (code, told in err) == (1, True)


def test_an_answer_taken_over_ends_a_run_with_fail_fast():
    Path("reconcile.yaml").write_text(THREE)
    options = ("--fail-fast", "--concurrency", "1")
    assert plan(Api(a={"status": "failed"}, b=DONE, c=DONE), "--record", "tape", *options)[0] == 2
    api = Api()
    assert (plan(api, "--resume", "tape", *options)[0], api.asked) == (2, [])


def test_a_resumed_run_that_fails_leaves_no_recording_of_a_complete_one():
    cut_off()
    assert plan(Api(b=DONE, c=DONE), "--resume", "tape", "--report", "json=/dev/full")[0] == 1
    assert json.loads(Path("tape/recording.json").read_text())["complete"] is False
    assert plan(Api(), "--resume", "tape")[0] == 0
