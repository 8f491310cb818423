"""A run that is cut short by what it found: never green, and it says what it did not reach."""

import json

import pytest
from jsonschema import Draft202012Validator
from program import main

from reconcile.document import Text, parse_text
from reconcile.report import FORMATS
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}
jobs: {a: {job_id: id-a}, b: {job_id: id-b}, c: {job_id: id-c}, d: {job_id: id-d}}
"""
ENVIRON = {"RECONCILE_TOKEN": "a-token"}
REASON = "not checked: --fail-fast ended the run at jobs.b"


@pytest.fixture
def plan(tmp_path, monkeypatch, capsys):
    """Run `reconcile plan --fail-fast` with these answers, one request at a time; return exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)

    def run(answers, *argv):
        jobs = "".join(f"  id-{name}: {{{answer}}}\n" for name, answer in zip("abcd", answers, strict=True))
        text = Text("scenario.yaml", f"version: 1\napi: sfs-turbo\njobs:\n{jobs}")
        with running_simulator(load_scenario(parse_text(text, is_json=False))) as url:
            argv = ["plan", "--endpoint", url, "--concurrency", "1", "--fail-fast", *argv]
            code = main(argv, environ=ENVIRON)
        return code, *capsys.readouterr()

    return run


GOOD, BAD, RUNNING = "status: success", "status: failed", "status: running"


@pytest.mark.parametrize(
    ("answers", "code", "verdicts"),
    [
        ((GOOD, GOOD, GOOD, GOOD), 0, ["in_sync"] * 4),
        ((GOOD, BAD, BAD, GOOD), 2, ["in_sync", "drift", "error", "error"]),
        ((RUNNING, BAD, GOOD, GOOD), 2, ["pending", "drift", "error", "error"]),
        ((GOOD, "raw: {status_code: 400}", BAD, BAD), 1, ["in_sync", "error", "error", "error"]),
        ((GOOD, GOOD, RUNNING, GOOD), 3, ["in_sync", "in_sync", "pending", "in_sync"]),
    ],
    ids=str,
)
def test_the_first_drift_or_error_ends_the_run_with_its_exit_code(plan, answers, code, verdicts):
    ended, out, _ = plan(answers, "-o", "json")
    document = json.loads(out)
    Draft202012Validator(load_schema("plan.v1")).validate(document)
    assert (ended, document["exit_code"]) == (code, code)
    assert [job["verdict"] for job in document["jobs"]] == verdicts
    assert document["complete"] is (code in (0, 3))
    assert document["selection"] == {"declared": 4, "options": ["--fail-fast"]}
    unreached = [job["errors"] for job in document["jobs"] if job["errors"]][-2:]
    if not document["complete"]:
        assert unreached == [[{"code": "RC019", "message": REASON}]] * 2


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_of_a_run_that_was_cut_short_hides_the_option(plan, name):
    code, out, _ = plan((GOOD, BAD, GOOD, GOOD), "-o", name)
    assert code == 2
    assert "fail-fast" in out or name in ("openmetrics", "gitlab")


@pytest.mark.parametrize("name", ["github", "azure", "gitlab", "markdown"])
def test_what_ended_the_run_comes_before_what_was_not_reached(plan, name):
    _, out, _ = plan((GOOD, GOOD, BAD, GOOD), "-o", name)
    assert 0 < out.index("observed") < out.index("not checked")


def test_the_selection_line_names_it_beside_the_other_options(plan):
    _, out, _ = plan((GOOD, GOOD, GOOD, GOOD), "--exclude", "jobs.c")
    assert out.startswith("reconcile: 3 of 4 jobs selected by --exclude jobs.c, --fail-fast, provider otc")


def test_waiting_ends_with_the_first_drift(plan):
    code, out, _ = plan((RUNNING, BAD, GOOD, GOOD), "--wait", "5m", "-o", "json")
    assert code == 2
    assert [job["verdict"] for job in json.loads(out)["jobs"]][:2] == ["pending", "drift"]


def test_what_was_not_reached_cannot_be_let_pass(plan):
    code, _, err = plan((GOOD, BAD, GOOD, GOOD), "--soft-fail")
    assert code == 1
    assert "RC001 --fail-fast leaves jobs unchecked, which --soft-fail cannot let pass" in err


def test_a_saved_plan_and_a_recording_keep_what_was_not_reached(plan, capsys):
    code, out, _ = plan((GOOD, BAD, GOOD, GOOD), "--out", "plan.json", "--record", "monday", "-o", "json")
    assert code == main(["verify", "plan.json", "-o", "json"], environ={}) == 2
    assert capsys.readouterr().out == out
    assert main(["plan", "--replay", "monday", "--fail-fast", "-o", "json"], environ={}) == 2
    assert capsys.readouterr().out == out


def test_a_usage_error_never_writes_over_the_manifest(plan, tmp_path):
    code, _, err = plan((GOOD, GOOD, GOOD, GOOD), "--soft-fail", "--report", "json=reconcile.yaml")
    assert code == 1
    assert "RC001 --fail-fast" in err
    assert (tmp_path / "reconcile.yaml").read_text() == MANIFEST


def test_a_report_never_replaces_a_file_of_targets(plan, tmp_path):
    (tmp_path / "targets.txt").write_text("jobs.a\n")
    code, _, err = plan((GOOD, GOOD, GOOD, GOOD), "--target-file", "targets.txt", "--report", "json=targets.txt")
    assert code == 1
    assert "RC004" in err
    assert (tmp_path / "targets.txt").read_text() == "jobs.a\n"
