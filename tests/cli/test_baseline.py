"""`--baseline`, as an operator uses it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from program import main

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.simulator import load_scenario, running_simulator

MANIFEST = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\njobs:\n  a: {job_id: id-a}\n  b: {job_id: id-b}\n"
)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REPORTS = [part for name in FORMATS for part in ("--report", f"{name}=now.{name}")]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder with a manifest; jobs are what the statuses of `a` and `b` say."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)

    def command(*argv, statuses=None):
        environ = {"RECONCILE_TOKEN": "canary-token"}
        if statuses is None:
            code = main(argv, environ=environ, clock=lambda: NOW)
        else:
            jobs = "".join(f"  id-{name}: {{status: {status}}}\n" for name, status in zip("ab", statuses, strict=True))
            scenario = parse_text(Text("s.yaml", f"version: 1\napi: sfs-turbo\njobs:\n{jobs}"), is_json=False)
            with running_simulator(load_scenario(scenario)) as url:
                argv = ["plan", "--endpoint", url, *argv]
                code = main(argv, environ=environ, clock=lambda: NOW, pace=Pace(attempts=1))
        return code, *capsys.readouterr()

    return command


@pytest.mark.parametrize("baseline", ["saved.json", "report.json"])
def test_plan_show_and_merge_compare_with_a_saved_plan_and_with_json(run, baseline):
    run("--out", "saved.json", "--report", "json=report.json", statuses=("failed", "success"))
    code, out, _ = run("--out", "now.json", "--baseline", baseline, statuses=("failed", "failed"))
    assert code == 2
    counts = "1 new difference in 1 job, 1 persisting, 0 fixed."
    assert out.splitlines()[2] == f"Since {baseline} (2026-11-25T12:00:00Z): {counts}"
    code, shown, _ = run("show", "now.json", "--baseline", baseline)
    assert (code, shown) == (0, out)
    run("--shard", "1/1", "--out", "1.json", statuses=("failed", "failed"))
    code, merged, _ = run("merge", "1.json", "--baseline", baseline)
    assert code == 2
    assert merged.splitlines()[2] == out.splitlines()[2]


def test_a_saved_plan_keeps_no_comparison(run):
    run("--out", "then.json", statuses=("failed", "success"))
    run("--out", "now.json", "--baseline", "then.json", statuses=("success", "failed"))
    assert "baseline" not in json.loads(Path("now.json").read_text())
    assert run("verify", "now.json")[0] == 2


def test_it_changes_no_verdict(run):
    run("--out", "then.json", statuses=("failed", "failed"))
    for statuses in (("failed", "failed"), ("success", "success"), ("running", "success"), ("failed", "running")):
        plain, compared = (run(*options, statuses=statuses)[0] for options in ((), ("--baseline", "then.json")))
        assert plain == compared


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("nothing.json", None, "RC002"),
        ("broken.json", "{", "RC020"),
        ("foreign.json", '{"jobs": []}', "RC020"),
        ("-", None, "RC100"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_an_error_before_any_request(run, name, content, code):
    if content is not None:
        Path(name).write_text(content)
    exit_code, out, err = run("plan", "--endpoint", "http://127.0.0.1:9", "--baseline", name, *REPORTS)
    assert exit_code == 1
    assert out == ""
    assert code in err
    assert json.loads(Path("now.json").read_text())["jobs"] == []


def test_a_changed_or_other_plan_is_an_error_before_any_request(run):
    run("--out", "then.json", statuses=("failed", "failed"))
    Path("changed.json").write_text(Path("then.json").read_text().replace('"failed"', '"success"', 1))
    code, _, err = run("plan", "--endpoint", "http://127.0.0.1:9", "--baseline", "changed.json")
    assert (code, "RC011" in err) == (1, True)
    Path("other.reconcile.yaml").write_text(MANIFEST)
    code, _, err = run("plan", "other.reconcile.yaml", "--endpoint", "http://127.0.0.1:9", "--baseline", "then.json")
    assert (code, "RC020" in err) == (1, True)
    assert "it is a plan of reconcile.yaml, not of other.reconcile.yaml" in err


def test_no_report_is_written_over_it(run):
    run("--report", "json=then.json", statuses=("failed", "failed"))
    before = Path("then.json").read_bytes()
    code, _, err = run("--baseline", "then.json", "--report", "json=then.json", statuses=("failed", "failed"))
    assert (code, "this run reads that file" in err) == (1, True)
    assert Path("then.json").read_bytes() == before
