"""The program as a whole with each API: simulated on a real socket, planned and proven."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from program import main

from reconcile.apis import api_names, load_api
from reconcile.document import read_document
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator

SPAN = {"begin_time": "2026-01-02 10:00:00", "end_time": "2026-01-02 11:00:00"}
DONE = {"status": "success", **SPAN}
FAILED = {"status": "failed", "fail_reason": "no room", "error_code": "X.1", **SPAN}


@pytest.fixture(params=api_names())
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(api: str, tmp_path: Path) -> Iterator[str]:
    part = {**FAILED, "sub_jobs": []}
    jobs = {
        "done": DONE,
        "failed": FAILED,
        "running": {"status": "running", "begin_time": SPAN["begin_time"]},
        "part-failed": {**DONE, "sub_jobs": [DONE, {key: part[key] for key in FAILED}]},
        "unknown": {"answer": "unknown_status"},
        "other": {"answer": "other_job"},
    }
    scenario = tmp_path / "scenario.yaml"
    keys = {"ak": "sk"}
    scenario.write_text(json.dumps({"version": 1, "api": api, "access_keys": keys, "jobs": jobs}))
    with running_simulator(load_scenario(read_document(str(scenario)))) as url:
        yield url


def write_manifest(folder: Path, api: str, jobs: dict[str, Any]) -> Path:
    parameters = dict.fromkeys(load_api(api).parameters, "s1")
    declared = {name: {"job_id": name, "parameters": parameters, **job} for name, job in jobs.items()}
    path = folder / "reconcile.yaml"
    path.write_text(json.dumps({"version": 1, "providers": {"p": {"api": api, "project_id": "p1"}}, "jobs": declared}))
    return path


def test_each_answer_gets_its_verdict(api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {"done": "in_sync", "failed": "drift", "running": "pending", "unknown": "error", "other": "error"}
    if load_api(api).parts is not None:
        wanted["part-failed"] = "drift"
    if load_api(api).can_be_missing:
        wanted["gone"] = "in_sync"
    jobs = {name: {"expect": {"absent": True}} if name == "gone" else {} for name in wanted}
    path = write_manifest(tmp_path, api, jobs)
    arguments = ("plan", str(path), "--endpoint", url, "-o", "json", "--rate", "100/s")
    assert main(arguments, environ={"RECONCILE_TOKEN": "t"}) == 1
    plan = json.loads(capsys.readouterr().out)
    assert {job["address"].removeprefix("jobs."): job["verdict"] for job in plan["jobs"]} == wanted
    observed = {job["job_id"]: job["observed"] for job in plan["jobs"]}
    word = next(word for word, state in load_api(api).words.items() if state == "success")
    assert (observed["done"]["status"], observed["done"].get("status_word", "success")) == ("success", word)


def test_doctor_is_content_where_the_api_can_say_that_a_job_is_missing(
    api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, known = write_manifest(tmp_path, api, {"done": {}}), load_api(api)
    code = main(("doctor", str(path), "--endpoint", url), environ={"RECONCILE_TOKEN": "t"})
    told = capsys.readouterr().out
    assert code == (0 if known.can_be_missing or known.doubtful else 1), told
    assert ("not for certain" in told) is (not known.can_be_missing and code == 0)


def test_what_is_imported_is_in_sync(api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if load_api(api).parameters:
        pytest.skip("the jobs of this API need more than an id")
    asked = ("import", "done", "failed", "--api", api, "--project-id", "p1", "--endpoint", url, "--rate", "100/s")
    assert main(asked, environ={"RECONCILE_TOKEN": "t"}) == 0
    path = tmp_path / "imported.yaml"
    path.write_text(capsys.readouterr().out)
    arguments = ("plan", str(path), "--strict", "--endpoint", url, "--rate", "100/s")
    assert main(arguments, environ={"RECONCILE_TOKEN": "t"}) == 0, capsys.readouterr().out


def test_what_is_kept_of_a_run_says_the_same(
    api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("done", "failed", "running", *(["part-failed"] if load_api(api).parts is not None else []))
    path = write_manifest(tmp_path, api, {name: {} for name in names})
    reports = [f"{name}={tmp_path / name}" for name in ("html", "junit", "sarif", "markdown", "json", "tap")]
    kept = ("--record", str(tmp_path / "record"), "--out", str(tmp_path / "plan.rcplan"))
    options = [part for report in reports for part in ("--report", report)]
    signed = {"HW_ACCESS_KEY": "ak", "HW_SECRET_KEY": "sk"}
    arguments = ("plan", str(path), "--endpoint", url, "-o", "json", "--rate", "100/s", *kept, *options)
    assert main(arguments, environ=signed) == 2, capsys.readouterr().err
    live = json.loads(capsys.readouterr().out)
    assert main(("plan", str(path), "--replay", str(tmp_path / "record"), "-o", "json"), environ={}) == 2
    assert json.loads(capsys.readouterr().out)["jobs"] == live["jobs"]
    assert main(("show", str(tmp_path / "plan.rcplan"), "-o", "json"), environ={}) in (0, 2)
    assert json.loads(capsys.readouterr().out)["jobs"] == live["jobs"]
    Draft202012Validator(load_schema("plan.v1")).validate(live)


def test_every_mutant_is_killed(api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = load_api(api)
    expect: dict[str, Any] = {"status": "success"}
    expect |= {"job_type": (*known.job_types, "any")[0]} if "job_type" in known.job.fields else {}
    expect |= {role: None for role in ("error_code", "fail_reason") if role in known.job.fields}
    if known.parts is not None:
        expect["sub_jobs"] = [(*known.job_types, "any")[0], "another"]
    path = write_manifest(tmp_path, api, {"done": {"expect": expect}})
    assert main(("prove", str(path), "-o", "json"), environ={}) == 0, capsys.readouterr().out
    assert json.loads(capsys.readouterr().out)["survivors"] == []


@pytest.mark.parametrize("name", ["cce", "geminidb", "sfs-turbo-data-task", "rds", "ecs"])
def test_show_tells_what_is_read_from_where(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("apis", "show", name), environ={}) == 0
    said = {
        "cce": ["status.phase", "spec.subJobs", "CCE.03404001"],
        "geminidb": ["jobs[].instance.id", "No such job: an empty list."],
        "sfs-turbo-data-task": ["Each job brings, under parameters: share_id."],
        "ecs": ["entities.sub_jobs", "never judged: HTTP 400 with Common.0011"],
        "rds": ["/v3/{project_id}/jobs?id={job_id}", "At most 60 requests per minute", "job.created"],
    }
    shown = capsys.readouterr().out
    assert [text for text in said[name] if text not in shown] == []


@pytest.mark.parametrize("name", api_names())
def test_show_tells_where_ids_come_from(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("apis", "show", name, "--ids"), environ={}) == 0
    first = {"bms": "job_id", "cce": "status.jobID", "eip": "job_ids[]", "sfs-turbo-du-task": "task_id"}
    shown = capsys.readouterr().out
    assert ("sdk" in shown) is (name != "cce-v2")
    assert first.get(name, "") in shown
