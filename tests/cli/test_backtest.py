"""`reconcile backtest`: many recordings against one manifest, and against single replays."""

import json
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from program import main

from reconcile.document import Text, parse_text
from reconcile.model.plan import ExitCode, Verdict
from reconcile.model.recording import Decision, Exchange, RecordedJob, RecordedProvider, Recording
from reconcile.recording import render_recording
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
MANIFEST = HEAD + "defaults: {expect: {error_code: null}}\njobs:\n  a: {job_id: id-a}\n  b: {job_id: id-b}\n"
VALIDATOR = Draft202012Validator(load_schema("backtest.v1"))
REPLAYS = int(os.environ.get("RECONCILE_REPLAYS", "20"))
"""Of the 200 recordings, so many are also replayed one by one."""


def answer(job_id, status, error_code=None):
    body = json.dumps({"job_id": job_id, "status": status, "error_code": error_code}).encode()
    headers = {"content-type": "application/json"}
    return Exchange(sent_at=NOW, ended_at=NOW, status_code=200, headers=headers, body=body)


def write(folder, answers, verdict=Verdict.IN_SYNC, decided_by=None, ended_by=None, at=NOW):
    """Write a recording; a job without an answer was not recorded."""
    jobs = {
        ("otc", f"id-{name}"): RecordedJob(
            request=f"GET /v1/p1/sfs-turbo/jobs/id-{name}",
            exchanges=(answer(f"id-{name}", *given),),
            evidence=0,
            unobserved=None,
            polls=0,
            waited=0.0,
            age=0.0,
            notes=(),
        )
        for name, given in answers.items()
    }
    endpoint = "https://sfs-turbo.eu-de.otc.t-systems.com"
    provider = RecordedProvider(api="sfs-turbo", cloud="otc", region="eu-de", project_id="p1", endpoint=endpoint)
    recording = Recording(
        version="0.1.0",
        begun_at=at,
        judged_at=at,
        complete=ended_by is None,
        ended_by=ended_by,
        verdict=verdict,
        decided_by=decided_by,
        providers={"otc": provider},
        jobs=jobs,
    )
    for name, text in render_recording(recording):
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def backtest(tmp_path, monkeypatch, capsys):
    """Run a backtest in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)

    def run(*argv):
        code = main(["backtest", *argv], environ={}, clock=lambda: NOW)
        return code, *capsys.readouterr()

    return run


def judge(backtest, *argv):
    """Run a backtest and return its JSON."""
    code, out, _ = backtest(*argv, "-o", "json")
    document = json.loads(out)
    VALIDATOR.validate(document)
    assert document["exit_code"] == code
    return document


STATES = [("success",), ("success",), ("success",), ("failed", "E.1"), ("success", "E.2"), ("running",), None]


def decide(answers):
    """The naive definition: what a gate has to say of two jobs that must succeed without an error code."""
    if None in answers:
        return "undecided", 1
    if any(status == "failed" or (status == "success" and code) for status, *code in answers):
        return "blocked", 2
    return ("undecided", 3) if any(status == "running" for status, *_ in answers) else ("passed", 0)


def test_200_recordings_with_seeded_incidents(backtest, capsys):
    chance = random.Random(16)
    rows, expected, confusion = ["recording,incident"], {}, {}
    for number in range(200):
        name, answers = f"run-{number:03}", chance.choices(STATES, k=2)
        given = {job: each for job, each in zip("ab", answers, strict=True) if each is not None}
        then = chance.choice([Verdict.IN_SYNC, Verdict.DRIFT, Verdict.PENDING, Verdict.ERROR])
        write(f"tapes/{name}", given, verdict=then, at=NOW - timedelta(days=number))
        incident = chance.random() < 0.4
        rows.append(f"{name},{'yes' if incident else 'no'}")
        expected[name] = effect, code = decide(answers)
        key = f"{effect}_{'incidents' if incident else 'others'}"
        confusion[key] = confusion.get(key, 0) + 1
    Path("incidents.csv").write_text("\n".join(rows) + "\n")
    document = judge(backtest, "--recordings", "tapes", "--incidents", "incidents.csv")
    assert {run["name"]: (run["effect"], run["exit_code"]) for run in document["recordings"]} == expected
    found = document["incidents"]
    assert {key: found[key] for key in confusion} == confusion
    hits, others = confusion["blocked_incidents"], confusion["blocked_others"]
    assert found["precision"] == hits / (hits + others)
    assert found["recall"] == hits / (hits + confusion["passed_incidents"] + confusion["undecided_incidents"])
    flips = sum(run["flip"] for run in document["recordings"])
    counts = Counter(effect for effect, _ in expected.values())
    assert document["summary"] == {"recordings": 200, **counts, "flips": flips}
    for run in chance.sample(document["recordings"], REPLAYS):
        code = main(["plan", "--replay", f"tapes/{run['name']}", "-o", "json"], environ={}, clock=lambda: NOW)
        plan = json.loads(capsys.readouterr().out)
        assert code == run["exit_code"]
        if run["effect"] == "blocked":
            job = next(each for each in plan["jobs"] if each["verdict"] == "drift")
            assert (run["decided_by"]["address"], run["decided_by"]["path"]) == (
                job["address"],
                job["drifts"][0]["path"],
            )


def test_a_flip_names_the_expectation_that_decides(backtest):
    green, coded = ("success",), ("success", "E.1")
    seen = Decision(address="jobs.b", path="fail_reason", reason='expected null, observed "x"')
    write("tapes/monday", {"a": green, "b": coded})
    write("tapes/tuesday", {"a": green, "b": green}, Verdict.DRIFT, seen)
    write("tapes/wednesday", {"a": green, "b": green})
    write("tapes/thursday", {"a": green, "b": green}, ended_by=ExitCode.INTERRUPTED)
    code, out, _ = backtest("--recordings", "tapes")
    assert code == 1
    assert out == (
        "Recording    Judged at             Then       Now\n"
        "-----------  --------------------  ---------  ---------\n"
        "monday       2026-11-25T12:00:00Z  passed     blocked\n"
        "thursday     2026-11-25T12:00:00Z  undecided  undecided\n"
        "tuesday      2026-11-25T12:00:00Z  blocked    passed\n"
        "wednesday    2026-11-25T12:00:00Z  passed     passed\n"
        "\n"
        "  # monday: passed then, blocked now\n"
        '    jobs.b error_code: expected null, observed "E.1"      reconcile.yaml:3:21\n'
        "\n"
        "  # thursday: undecided now\n"
        "    run error.RC006: the recorded run was cut short by a signal\n"
        "\n"
        "  # tuesday: blocked then, passed now\n"
        '    jobs.b fail_reason: expected null, observed "x"\n'
        "    now: this is no longer expected\n"
        "\n"
        "Backtest: 4 recordings, 2 passed, 1 blocked, 1 undecided; 2 flips.\n"
    )


def test_a_recording_says_what_the_gate_did(backtest, capsys):
    jobs = "jobs: {id-a: {status: success}, id-b: {status: success, error_code: E.1}}\n"
    scenario = parse_text(Text("s.yaml", f"version: 1\napi: sfs-turbo\n{jobs}"), is_json=False)
    with running_simulator(load_scenario(scenario)) as url:
        environ = {"RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url}
        assert main(["plan", "--record", "tape"], environ=environ, clock=lambda: NOW) == 2
    capsys.readouterr()
    (run,) = judge(backtest, "--recordings", "tape")["recordings"]
    assert (run["recorded"], run["effect"], run["flip"]) == ("blocked", "blocked", False)
    Path("lax.yaml").write_text(MANIFEST.replace("error_code: null", "error_code: [E.1, null]"))
    (run,) = judge(backtest, "lax.yaml", "--recordings", "tape")["recordings"]
    assert (run["recorded"], run["effect"], run["flip"]) == ("blocked", "passed", True)
    assert (run["decided_by"]["address"], run["decided_by"]["path"]) == ("jobs.b", "error_code")
    assert run["changed"] == 'expected ["E.1", null], which holds'


def test_a_recording_of_an_older_version_does_not_say_it(backtest):
    write("tapes/old", {"a": ("failed", "E.1"), "b": ("success",)})
    head = json.loads(Path("tapes/old/recording.json").read_text())
    del head["verdict"], head["decided_by"]
    Path("tapes/old/recording.json").write_text(json.dumps(head))
    (run,) = judge(backtest, "--recordings", "tapes/old")["recordings"]
    assert (run["name"], run["recorded"], run["flip"], run["effect"]) == ("old", None, False, "blocked")


def test_a_waiver_is_as_long_as_it_is_today_and_counts_as_of_each_recording(backtest):
    waivers = "[{fields: [error_code], reason: known, expires: 2026-12-31}]"
    Path("reconcile.yaml").write_text(MANIFEST.replace("a: {job_id: id-a}", f"a: {{job_id: id-a, waivers: {waivers}}}"))
    answers = {"a": ("success", "E.1"), "b": ("success",)}
    for name, days in (("old", -200), ("later", 60)):
        write(f"tapes/{name}", answers, at=NOW + timedelta(days=days))
    found = judge(backtest, "--recordings", "tapes")["recordings"]
    assert {each["name"]: each["effect"] for each in found} == {"old": "passed", "later": "blocked"}
    assert main(["plan", "--replay", "tapes/old"], environ={}, clock=lambda: NOW) == 0


def test_a_broken_recording_hides_no_other(backtest):
    write("tapes/good", {"a": ("success",), "b": ("success",)})
    Path("tapes/broken").mkdir()
    document = judge(backtest, "--recordings", "tapes")
    assert {run["name"]: run["effect"] for run in document["recordings"]} == {"broken": "undecided", "good": "passed"}
    assert document["exit_code"] == 1


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "RC003 there is no recording to judge"),
        (["--recordings", "nowhere"], "RC002 --recordings: there is no directory nowhere"),
        (["--recordings", "nowhere", "--incidents", "incidents.csv"], "RC002 --recordings: there is no directory"),
        (["--recordings", "tapes/a", "--recordings", "tapes/a/"], "RC001 several recordings are called a"),
        (["-", "--recordings", "tapes"], "RC001 standard input can be read only once, not for each recording"),
        (["broken.yaml", "--recordings", "tapes"], "RC102"),
        (["--recordings", "empty"], "RC003"),
    ],
)
def test_judging_nothing_is_an_error(backtest, argv, why):
    write("tapes/a", {"a": ("success",), "b": ("success",)})
    Path("empty").mkdir()
    Path("incidents.csv").write_text("recording,incident\nb,yes\n")
    Path("broken.yaml").write_text(MANIFEST + "expcet: 1\n")
    code, out, err = backtest(*argv)
    assert (code, out) == (1, "")
    assert why in err
    document = judge(backtest, *argv)
    assert document["errors"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("", "the first line is not recording,incident"),
        ("recording,outage\na,yes\nb,no\n", "the first line is not recording,incident"),
        ("recording,incident\na,yes\n", "it does not list the recording 'b'"),
        ("recording,incident\na,yes\nb,no\nc,no\n", "there is no recording 'c'"),
        ("recording,incident\na,yes\nb,no\na,yes\n", "the recording 'a' is listed twice"),
        ("recording,incident\na,yes\nb,No\n", "'No' is neither yes nor no"),
        ("recording,incident\na,yes\nb, no\n", "' no' is neither yes nor no"),
        ("recording,incident\na,yes\nb\n", "a line must have two fields, but this one has 1"),
        ("recording,incident\na,yes\n\nb,no\n", "a line must have two fields, but this one has 0"),
        ('recording,incident\na,"yes\nb,no\n', "it is not CSV"),
    ],
)
def test_incidents_are_read_strictly(backtest, rows, why):
    for name in "ab":
        write(f"tapes/{name}", {"a": ("success",), "b": ("success",)})
    Path("incidents.csv").write_text(rows)
    code, out, err = backtest("--recordings", "tapes", "--incidents", "incidents.csv")
    assert (code, out) == (1, "")
    assert f"RC021 {why}" in err
