"""A manifest of jobs as they are: valid, in sync while they are unchanged, and whole or not there."""

import io
import json
import random
import sys

import httpx
import pytest
from program import main
from transcripts import NOW

from reconcile.fetch import Pace
from reconcile.manifest import load_manifests

WHERE = ["--cloud", "otc", "--region", "eu-de", "--project-id", "p1"]
TOKEN = "c4n4ry-Token/+=" * 3
STATUSES = ["waiting", "running", "success", "failed"]
TEXTS = [
    None,
    "create_share",
    "SFS.TURBO.0005",
    "yes",
    "26e65",
    "null",
    "a: b # c",
    "${var.x} and $${y}",
    "*?",
    "two\nlines: - x",
    "\x1b[31mred\x1b[0m\r",
    "\u202eright to left",
    " blanks ",
    "   ",
    "\ud800",
    "ü 😀 \u3000",
    "##vso[task.complete]",
    "\"quoted\\\" 'text'",
    "- item",
    "%TAG",
    "x" * 600 + "\x00" + "y" * 600,
    "z" * 20_000,
    "\u2028 {a: [b, c]}",
    f"said {TOKEN}",
]


def draw_record(rng):
    texts = {name: rng.choice(TEXTS) for name in ("job_type", "error_code", "fail_reason")}
    times = {
        name: rng.choice([None, "", "2026-11-20 10:00:00", "2026-11-20 11:30:05", "soon\n- x: y"])
        for name in ("begin_time", "end_time")
    }
    return {"status": rng.choice(STATUSES), **texts, **times}


def draw_job(rng):
    number = rng.choice([0, 0, 1, 2, 5])
    parts = [draw_record(rng) for _ in range(number)]
    if rng.random() < 0.5:
        parts = [{"status": "success", "job_type": rng.choice(["create_share", "bind_ldap"])} for _ in parts]
    return {**draw_record(rng), "sub_jobs": parts}


@pytest.fixture
def run(capsys):
    """Run a command on jobs that the job API knows; return exit code, stdout and stderr."""

    def call(argv, jobs):
        def answer(request):
            job_id = request.url.raw_path.decode().rpartition("/")[2]
            if job_id not in jobs:
                return httpx.Response(404, json={"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"})
            return httpx.Response(200, content=json.dumps({"job_id": job_id, **jobs[job_id]}))

        code = main(
            argv,
            environ={"RECONCILE_TOKEN": TOKEN},
            clock=lambda: NOW,
            transport=httpx.MockTransport(answer),
            pace=Pace(attempts=1),
        )
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize("seed", range(20))
def test_the_gate_is_green_with_what_was_imported_and_no_secret_is_in_it(seed, run, tmp_path):
    rng = random.Random(seed)
    jobs = {f"{rng.randrange(10**12):012}-{number}": draw_job(rng) for number in range(10)}
    code, text, err = run(["import", *jobs, *WHERE], jobs)
    assert (code, err) == (0, "")
    assert "c4n4ry" not in text
    assert all(line.isprintable() for line in text.splitlines())
    path = tmp_path / "reconcile.yaml"
    path.write_text(text, encoding="utf-8")
    manifest = load_manifests([str(path)], now=NOW)
    assert [job.job_id for job in manifest.jobs] == list(jobs)
    code, out, _ = run(["plan", str(path)], jobs)
    assert code == 0, out


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed"},
        {"job_type": "create_share"},
        {"sub_jobs": []},
        {"sub_jobs": [{"status": "success", "job_type": "other"}]},
    ],
    ids=str,
)
def test_what_changes_afterwards_is_drift(change, run, tmp_path):
    job = {"status": "success", "job_type": "bind_ldap", "sub_jobs": [{"status": "success", "job_type": "bind_ldap"}]}
    _, text, _ = run(["import", "id-a", *WHERE], {"id-a": job})
    (tmp_path / "reconcile.yaml").write_text(text)
    assert run(["plan", str(tmp_path)], {"id-a": job})[0] == 0
    assert run(["plan", str(tmp_path)], {"id-a": {**job, **change}})[0] == 2


@pytest.mark.parametrize("number", [101, 1_000])
def test_many_sub_jobs_are_counted(number, run, tmp_path):
    parts = [{"status": "success", "job_type": "create_share"} for _ in range(number - 1)]
    job = {"status": "success", "sub_jobs": [*parts, {"status": "success", "job_type": "bind_ldap"}]}
    _, text, _ = run(["import", "id-a", *WHERE], {"id-a": job})
    assert f"count: {{min: {number - 1}, max: {number - 1}}}" in text
    (tmp_path / "reconcile.yaml").write_text(text)
    assert run(["plan", str(tmp_path)], {"id-a": job})[0] == 0
    assert run(["plan", str(tmp_path)], {"id-a": {**job, "sub_jobs": parts}})[0] == 2


def test_a_job_that_is_missing_or_not_accepted_leaves_nothing_written(run):
    jobs = {"id-a": {"status": "success"}, "id-b": {"status": "SUCCESS"}}
    code, out, err = run(["import", "id-a", "id-b", "id-c", *WHERE], jobs)
    assert (code, out) == (1, "")
    assert "RC415 job id-b" in err
    assert "RC417 job id-c: the job API has no such job: SFS.TURBO.0019 Invalid Job Id" in err
    assert "id-a" not in err


def test_ids_come_from_standard_input_too_each_once_and_in_order(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"id-b\n\nid-a\r\nid-b\n")))
    _, text, _ = run(["import", "id-c", "-", *WHERE], {f"id-{name}": {"status": "success"} for name in "abc"})
    assert [line.split()[-1] for line in text.splitlines() if "job_id" in line] == ["id-c", "id-b", "id-a"]


def test_names_are_never_alike(run, tmp_path):
    jobs = {
        name: {"status": "success", "job_type": "Bind LDAP!"} for name in ("same-prefix-1", "same-prefix-2", "SAME-PRE")
    }
    _, text, _ = run(["import", *jobs, *WHERE], jobs)
    (tmp_path / "reconcile.yaml").write_text(text)
    names = [job.address for job in load_manifests([str(tmp_path / "reconcile.yaml")], now=NOW).jobs]
    assert names[0] == "jobs.Bind-LDAP-same-pre"
    assert len({name.casefold() for name in names}) == 3


def test_the_provider_may_come_from_a_manifest(run, tmp_path):
    path = tmp_path / "reconcile.yaml"
    path.write_text(
        "version: 1\nvariables: {p: {}}\n"
        "providers:\n  one: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}\n"
        "  two: {api: sfs-turbo, cloud: otc, region: eu-nl, project_id: '${var.p}'}\n"
        "jobs: {a: {job_id: x, provider: one}}\n"
    )
    argv = ["import", "id-a", "--manifest", str(path), "--var", "p=p2"]
    code, text, _ = run([*argv, "--provider", "two"], {"id-a": {"status": "success"}})
    assert code == 0
    assert "  two:\n    api: sfs-turbo\n    cloud: otc\n    region: eu-nl\n    project_id: p2\n" in text
    assert "add --provider" in run(argv, {})[2]
    assert "did you mean 'two'" in run([*argv, "--provider", "tow"], {})[2]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["a"], "--cloud, --region, --project-id are missing"),
        (["a", "--cloud", "otc", "--project-id", "p"], "--region is missing"),
        (["a", "--cloud", "otc", "--region", "eu-ed", "--project-id", "p"], "did you mean 'eu-de'?"),
        (["a/../b", *WHERE], "'a/../b' is not allowed here"),
        (["a", *WHERE, "--var", "x=y"], "--var and --var-file need --manifest"),
        (["a", *WHERE, "--manifest", "m.yaml"], "--cloud and --manifest cannot be combined"),
        (["a", *WHERE, "--api", "sfs-turbo-du-task"], "--parameter share_id=VALUE is missing"),
        (["a", *WHERE, "--parameter", "share_id=s"], "the API sfs-turbo takes no 'share_id'"),
        (["a", *WHERE, "--parameter", "x=1", "--parameter", "x=2"], "--parameter names one twice"),
        (["-", "-", *WHERE], "'-' is given twice"),
        ([], "Missing argument"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_any_request(argv, said, run):
    code, out, err = run(["import", *argv], {})
    assert (code, out) == (1, "")
    assert said in err
