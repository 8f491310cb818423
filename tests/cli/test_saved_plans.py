"""Plans that are saved, shown, verified and merged, as an operator does it."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import program
import pytest
from program import main, start

from reconcile.canonical import dump
from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.simulator import load_scenario, running_simulator

MANIFEST = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\njobs:\n"
    "  a: {job_id: id-a}\n  b: {job_id: id-b}\n  c: {job_id: id-c}\n"
)
GREEN = "jobs: {id-a: {status: success}, id-b: {status: success}, id-c: {status: success}}\n"
DRIFTED = GREEN.replace("success", "failed", 1)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TOKEN = "canary-token"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)

    def command(*argv, now=NOW, environ=None):
        code = main(argv, environ=environ or {}, clock=lambda: now)
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def plan(run, capsys):
    """Plan against a job API that answers by a scenario."""

    def command(scenario, *argv, environ=None):
        content = Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{scenario}")
        with running_simulator(load_scenario(parse_text(content, is_json=False))) as url:
            given = {"RECONCILE_TOKEN": TOKEN, **(environ or {})}
            argv = ["plan", "--endpoint", url, *argv]
            code = main(argv, environ=given, clock=lambda: NOW, pace=Pace(attempts=1))
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def plan_shards(run):
    """Plan two shards against one job API, in the environments given, to 1.json and 2.json."""

    def command(*environs, strict=()):
        content = Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{GREEN}")
        with running_simulator(load_scenario(parse_text(content, is_json=False))) as url:
            for number, environ in zip("12", environs, strict=True):
                argv = ["plan", "--endpoint", url, "--shard", f"{number}/2", "--out", f"{number}.json", *strict]
                assert run(*argv, environ={"RECONCILE_TOKEN": TOKEN, **environ})[0] == 0

    return command


def test_f11_a_saved_plan_is_for_its_owner_alone_and_holds_no_token(plan):
    assert plan(GREEN, "--out", "plan.json")[0] == 0
    assert Path("plan.json").stat().st_mode & 0o777 == 0o600
    assert TOKEN not in Path("plan.json").read_text()


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_saved_plan_is_shown_as_the_run_printed_it(plan, run, format_name):
    _, printed, _ = plan(DRIFTED, "--out", "plan.json", "-o", format_name)
    assert run("show", "plan.json", "-o", format_name, now=NOW + timedelta(days=9)) == (0, printed, "")


@pytest.mark.parametrize(("scenario", "code"), [(GREEN, 0), (DRIFTED, 2), (GREEN.replace("success", "running"), 3)])
def test_verify_ends_with_the_code_of_the_verdict_whatever_soft_fail_said(plan, run, scenario, code):
    assert plan(scenario, "--out", "plan.json", "--soft-fail")[0] == 0
    assert run("verify", "plan.json")[0] == code


def test_a_run_that_ends_before_its_plan_saves_that(run):
    code, _, _ = run("plan", "--out", "plan.json")
    assert code == 1
    code, out, _ = run("verify", "plan.json", "-o", "json")
    assert (code, json.loads(out)["errors"][0]["code"]) == (1, "RC304")


def test_f11_an_old_plan_and_one_from_the_future_prove_nothing(plan, run):
    plan(GREEN, "--out", "plan.json")
    assert run("verify", "plan.json", now=NOW + timedelta(minutes=59))[0] == 0
    for now, *options in (
        (NOW + timedelta(minutes=61),),
        (NOW - timedelta(minutes=2),),
        (NOW + timedelta(seconds=11), "--max-age", "10s"),
    ):
        code, _, err = run("verify", "plan.json", *options, now=now)
        assert (code, "RC012" in err) == (1, True)


@pytest.mark.parametrize(("option", "age", "code"), [("1d", 23, 0), ("1d", 25, 1), ("2w", 300, 0), ("1w", 300, 1)])
def test_u53_the_age_of_a_plan_may_be_days_and_weeks(plan, run, option, age, code):
    plan(GREEN, "--out", "plan.json")
    assert run("verify", "plan.json", "--max-age", option, now=NOW + timedelta(hours=age))[0] == code


def test_c34_a_plan_of_a_manifest_that_was_changed_proves_nothing(plan, run):
    plan(GREEN, "--out", "plan.json")
    assert run("verify", "plan.json", "--manifest", ".")[0] == 0
    Path("reconcile.yaml").write_text(f"{MANIFEST}  d: {{job_id: id-d}}\n")
    code, _, err = run("verify", "plan.json", "--manifest", "reconcile.yaml")
    assert (code, "RC013" in err) == (1, True)


@pytest.mark.parametrize("part", [["--target", "jobs.a"], ["--shard", "1/2"]])
def test_a_plan_of_a_part_does_not_stand_for_its_manifest(plan, run, part):
    assert plan(GREEN, "--out", "plan.json", *part)[0] == 0
    assert run("verify", "plan.json")[0] == 0
    code, _, err = run("verify", "plan.json", "--manifest", "reconcile.yaml")
    assert (code, "RC013" in err) == (1, True)


def test_evidence_that_is_not_understood_proves_nothing(plan, run):
    plan(GREEN, "--out", "plan.json")
    document = json.loads(Path("plan.json").read_text())
    document["evidence"]["manifest"]["jobs"][0]["expect"]["newer"] = {"must": "never hold"}
    body = {key: value for key, value in document.items() if key != "digest"}
    digest = sha256(dump(body, compact=True).encode()).hexdigest()
    Path("plan.json").write_text(dump({**body, "digest": f"sha256:{digest}"}, compact=True))
    code, _, err = run("verify", "plan.json")
    assert (code, "RC011" in err) == (1, True)


@pytest.mark.parametrize(
    "argv",
    [
        ["--out", "reconcile.yaml", "--target", "jobs.unknown"],
        ["--report", "junit=reconcile.yaml", "--shard", "9/2"],
        ["--out", "broken.yaml", "--var-file", "broken.yaml"],
        ["--out", "key.pem", "--sign-with", "key.pem"],
        ["--report", "text=rec/plan.txt", "--record", "rec"],
    ],
)
def test_what_a_run_reads_it_never_writes_also_when_it_fails(plan, write_keys, argv):
    write_keys("key")
    Path("broken.yaml").write_text("a: [")
    Path("rec").mkdir()
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    code, out, err = plan(GREEN, *argv)
    assert (code, out, "RC004" in err) == (1, "", True)
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before
    assert list(Path("rec").iterdir()) == []


def test_a_key_that_is_given_instead_of_its_path_is_not_told(plan):
    code, _, err = plan(GREEN, "--out", "plan.json", "--sign-with", "-----BEGIN PRIVATE KEY-----\ncanary-key\n")
    assert (code, "canary-key" in err) == (1, False)


def test_a_report_is_no_saved_plan(plan, run):
    _, printed, _ = plan(GREEN, "-o", "json")
    Path("plan.json").write_text(printed)
    code, _, err = run("verify", "plan.json")
    assert (code, "RC011 plan.json: it has no evidence" in err) == (1, True)


def test_only_the_right_key_signs(plan, run, write_keys):
    write_keys("one", "two")
    plan(GREEN, "--out", "signed.json", "--sign-with", "one.pem")
    plan(GREEN, "--out", "plain.json")
    assert run("verify", "signed.json", "--verify-with", "one.pub.pem")[0] == 0
    for argv in (["signed.json", "--verify-with", "two.pub.pem"], ["plain.json", "--verify-with", "one.pub.pem"]):
        code, _, err = run("verify", *argv)
        assert (code, "RC014" in err) == (1, True)
    assert run("verify", "signed.json", "--verify-with", "one.pem")[0] == 1
    assert plan(GREEN, "--sign-with", "one.pem")[0] == 1


def test_shards_are_merged_to_what_one_run_prints(run, capsys):
    content = Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{DRIFTED}")
    with running_simulator(load_scenario(parse_text(content, is_json=False))) as url:

        def plan(*argv, **environ):
            environ = {"RECONCILE_TOKEN": TOKEN, **environ}
            argv = ["plan", "--endpoint", url, "-o", "text", *argv]
            code = main(argv, environ=environ, clock=lambda: NOW, pace=Pace(attempts=1))
            return code, capsys.readouterr().out

        whole = plan()
        for number in "12":
            gitlab = {"CI_NODE_INDEX": number, "CI_NODE_TOTAL": "2", "CI_PIPELINE_ID": "7"}
            plan("--shard", "auto", "--out", f"{number}.json", **gitlab)
    code, merged, _ = run("merge", "2.json", "1.json")
    hidden = re.compile("[0-9a-f]{32}")
    assert (code, hidden.sub("-", merged)) == (whole[0], hidden.sub("-", whole[1]))
    assert code == 2


def test_a_file_cannot_soften_what_merge_says(plan, run):
    assert plan(DRIFTED, "--shard", "1/1", "--soft-fail", "--out", "1.json")[0] == 0
    assert run("merge", "1.json")[0] == 2
    assert run("merge", "1.json", "--soft-fail")[0] == 0


GITHUB = {"GITHUB_RUN_ID": "8", "GITHUB_RUN_ATTEMPT": "1"}


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (GITHUB, {**GITHUB, "GITHUB_RUN_ATTEMPT": "2"}, "GITHUB_RUN_ID=8 GITHUB_RUN_ATTEMPT=2 and not GITHUB_RUN_ID=8"),
        (GITHUB, {}, "a run without an id and not GITHUB_RUN_ID=8"),
        ({"BUILD_BUILDID": "1"}, {"BUILD_BUILDID": "2"}, "BUILD_BUILDID=2 and not BUILD_BUILDID=1"),
        ({**GITHUB, "RECONCILE_RUN_ID": "a"}, {**GITHUB, "RECONCILE_RUN_ID": "b"}, "RECONCILE_RUN_ID=b and not"),
    ],
)
def test_shards_of_two_runs_are_no_proof(plan_shards, run, first, second, told):
    plan_shards(first, second)
    code, _, err = run("merge", "1.json", "2.json")
    assert (code, told in err, err.count("RC015")) == (1, True, 2), err


@pytest.mark.parametrize(
    ("strict", "environ", "code", "told"),
    [
        ([], {}, 0, True),
        (["--strict"], {}, 1, True),
        (["--strict"], {"RECONCILE_RUN_ID": "one"}, 0, False),
        # An attempt is a run of its own, unless the operator says otherwise.
        (["--strict"], {**GITHUB, "RECONCILE_RUN_ID": "one"}, 0, False),
    ],
)
def test_a_run_that_nobody_names_is_a_doubt(plan_shards, run, strict, environ, code, told):
    plan_shards(environ, environ, strict=strict)
    merged, out, _ = run("merge", "1.json", "2.json", "-o", "text")
    word = "error" if strict else "warning"
    assert (merged, f"{word}: RC018" in out) == (code, told)


def test_a_name_of_a_run_that_is_none_is_refused(plan):
    code, _, err = plan(GREEN, "--shard", "1/2", environ={"RECONCILE_RUN_ID": "x" * 201})
    assert (code, "RC001 RECONCILE_RUN_ID is longer" in err) == (1, True)


def test_half_of_the_shards_is_no_proof(plan, run):
    assert plan(GREEN, "--shard", "1/2", "--out", "1.json")[0] == 0
    code, _, err = run("merge", "1.json")
    assert (code, "1 of 2 shards missing: 2" in err) == (1, True)
    assert run("merge")[0] == 1


@pytest.mark.parametrize(
    ("said", "environ"),
    [
        ("0/2", {}),
        ("3/2", {}),
        ("1", {}),
        ("-1/2", {}),
        ("auto", {}),
        ("auto", {"CI_NODE_TOTAL": "1"}),
        ("auto", {"JOB_COMPLETION_INDEX": "0"}),
        ("auto", {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2", "CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "2"}),
    ],
)
def test_what_is_no_shard_is_refused(plan, said, environ):
    code, out, err = plan(GREEN, "--shard", said, environ=environ)
    assert (code, out, "RC001" in err) == (1, "", True)


def test_a_shard_of_unknown_many_names_the_variable(plan):
    _, _, err = plan(GREEN, "--shard", "auto", environ={"JOB_COMPLETION_INDEX": "0"})
    assert "--shard auto: JOB_COMPLETION_INDEX (Kubernetes) is set, but RECONCILE_SHARDS is not" in err
    assert "set RECONCILE_SHARDS to the number of shards" in err


def test_the_plan_of_a_run_that_ended_early_is_shown_without_jobs(plan, run):
    assert plan(GREEN, "--out", "plan.json", "--var", "x=1")[0] == 1
    code, out, _ = run("show", "plan.json")
    assert code == 0
    assert out == (
        "reconcile: the run ended before it had a plan\n\n"
        "error: RC211 --var gives a value for 'x', and no manifest declares that variable\n"
        "  declare it under 'variables'\n\n"
        "Plan: nothing checked. Nothing is proven.\n"
    )


def test_eight_shards_as_processes(tmp_path):
    """Each in a process of its own, as a CI matrix runs them, against one job API."""
    count = 40
    jobs = "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(count))
    head = MANIFEST.partition("jobs:\n")[0]
    (tmp_path / "reconcile.yaml").write_text(f"{head}jobs:\n{jobs}")
    answers = "".join(f"  id-{n}: {{status: success}}\n" for n in range(count))
    content = Text("scenario.yaml", f"version: 1\napi: sfs-turbo\njobs:\n{answers}")
    with running_simulator(load_scenario(parse_text(content, is_json=False))) as url:
        shared = ("plan", "--endpoint", url, "-q")
        environ = {**os.environ, "RECONCILE_TOKEN": TOKEN}
        processes = [
            start(*shared, "--shard", f"{n}/8", "--out", f"{n}.json", cwd=tmp_path, env=environ, stdout=subprocess.PIPE)
            for n in range(1, 9)
        ]
        for process in processes:
            process.communicate(timeout=60)
        assert [process.returncode for process in processes] == [0] * 8
    done = program.run("merge", *(f"{n}.json" for n in range(1, 9)), "-o", "json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["summary"]["in_sync"]) == (0, count)
