"""The program as a whole with each API: simulated on a real socket, planned and proven."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from program import main
from virtual_api import Asked, VirtualApi

from reconcile.apis import api_names, load_api
from reconcile.cli.rehearsal import build_scenario, parse_breach
from reconcile.document import read_document
from reconcile.manifest import load_manifests
from reconcile.report import FORMATS
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


def expect_success(api: str) -> dict[str, Any]:
    """Expect everything that the API can say of a job that succeeded."""
    known = load_api(api)
    expect: dict[str, Any] = {"status": "success"}
    expect |= {"job_type": (*known.job_types, "any")[0]} if "job_type" in known.job.fields else {}
    expect |= {role: None for role in ("error_code", "fail_reason") if role in known.job.fields}
    if known.parts is not None:
        expect["sub_jobs"] = [(*known.job_types, "any")[0], "another"]
    return expect


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
    assert ("to be sure" in told) is (not known.can_be_missing and code == 0)


def test_what_is_imported_is_in_sync(api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--api", api, "--project-id", "p1", "--endpoint", url, "--rate", "100/s")
    parameters = [f"--parameter={name}=s1" for name in load_api(api).parameters]
    names = ("done", "failed", *(["part-failed"] if load_api(api).parts is not None else []))
    assert main(("import", *names, *where, *parameters), environ={"RECONCILE_TOKEN": "t"}) == 0
    path = tmp_path / "imported.yaml"
    path.write_text(capsys.readouterr().out)
    arguments = ("plan", str(path), "--strict", "--endpoint", url, "--rate", "100/s")
    assert main(arguments, environ={"RECONCILE_TOKEN": "t"}) == 0, capsys.readouterr().out


def test_what_is_kept_of_a_run_says_the_same(
    api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("done", "failed", "running", *(["part-failed"] if load_api(api).parts is not None else []))
    path = write_manifest(tmp_path, api, {name: {} for name in names})
    kept = ("--record", str(tmp_path / "record"), "--out", str(tmp_path / "plan.rcplan"))
    options = [f"--report={name}={tmp_path / name}" for name in FORMATS]
    signed = {"HW_ACCESS_KEY": "ak", "HW_SECRET_KEY": "sk"}
    arguments = ("plan", str(path), "--endpoint", url, "-o", "json", "--rate", "100/s", *kept, *options)
    assert main(arguments, environ=signed) == 2, capsys.readouterr().err
    live = json.loads(capsys.readouterr().out)
    assert main(("plan", str(path), "--replay", str(tmp_path / "record"), "-o", "json"), environ={}) == 2
    assert json.loads(capsys.readouterr().out)["jobs"] == live["jobs"]
    assert main(("show", str(tmp_path / "plan.rcplan"), "-o", "json"), environ={}) in (0, 2)
    assert json.loads(capsys.readouterr().out)["jobs"] == live["jobs"]
    Draft202012Validator(load_schema("plan.v1")).validate(live)
    assert [name for name in FORMATS if "failed" not in (tmp_path / name).read_text()] == ["openmetrics"]


def test_a_part_that_failed_is_drift_until_it_is_accepted(
    api: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "part-failed" if load_api(api).parts is not None else "failed"
    path = write_manifest(tmp_path, api, {"done": {}, name: {}})
    asked = ("plan", str(path), "--endpoint", url, "--rate", "100/s")
    shards = [str(tmp_path / f"plan-{number}.json") for number in (1, 2)]
    codes = [
        main(
            (*asked, "--shard", f"{number}/2", "--out", out), environ={"RECONCILE_TOKEN": "t", "RECONCILE_RUN_ID": "1"}
        )
        for number, out in enumerate(shards, start=1)
    ]
    assert sorted(codes) == [0, 2]
    merged = str(tmp_path / "plan.json")
    assert main(("merge", *shards, "--out", merged), environ={}) == 2
    assert main(("accept", merged, "--write"), environ={}) == 0, capsys.readouterr().err
    assert main(asked, environ={"RECONCILE_TOKEN": "t"}) == 0, capsys.readouterr().out


def test_a_manifest_is_green_on_its_own_simulator_until_a_job_is_broken(api: str, tmp_path: Path) -> None:
    path = write_manifest(tmp_path, api, {"done": {"expect": expect_success(api)}, "other": {}})

    def plan_with(*breaches: str) -> int:
        manifest = load_manifests([str(path)], now=datetime.now(UTC))
        scenario = build_scenario(manifest, [parse_breach(each) for each in breaches], lambda: datetime.now(UTC))
        with running_simulator(scenario) as url:
            asked = ("plan", str(path), "--endpoint", url, "--rate", "100/s")
            return main(asked, environ={"RECONCILE_TOKEN": "t"})

    known = load_api(api)
    assert plan_with() == 0
    assert plan_with("jobs.done=failed") == 2
    assert plan_with("jobs.done=pending") == 3
    assert plan_with("jobs.done=error") == 1
    assert plan_with("jobs.done=missing") == (2 if known.can_be_missing else 1)
    if known.parts is not None:
        assert plan_with("jobs.done=extra-sub-job", "jobs.other=failed") == 2


def test_every_mutant_is_killed(api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_manifest(tmp_path, api, {"done": {"expect": expect_success(api)}})
    assert main(("prove", str(path), "-o", "json"), environ={}) == 0, capsys.readouterr().out
    assert json.loads(capsys.readouterr().out)["survivors"] == []


def test_a_published_rate_is_kept_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_manifest(tmp_path, "rds", {f"j{number}": {} for number in range(4)})

    def answer(asked: Asked) -> httpx.Response:
        return httpx.Response(200, json={"job": {"id": asked.job_id.partition("=")[2], "status": "Completed"}})

    def ask(*options: str) -> list[float]:
        there = VirtualApi(answer)
        asked = ("plan", str(path), "--endpoint", "http://127.0.0.1:1", *options)
        assert main(asked, environ={"RECONCILE_TOKEN": "t"}, client=there, timer=there.now) == 0
        return [each.time for each in there.asked]

    times = ask()
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in pairwise(times))
    assert "at most 60 requests per minute, as RDS publishes" in capsys.readouterr().err
    assert ask("--rate", "100/s")[-1] < 1
    assert "publishes" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cce", "geminidb", "sfs-turbo-data-task", "rds", "ecs"])
def test_show_tells_what_is_read_from_where(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("apis", "show", name), environ={}) == 0
    said = {
        "cce": ["status.phase", "spec.subJobs", "CCE.03404001"],
        "geminidb": ["jobs[].instance.id", "No such job: an empty list."],
        "sfs-turbo-data-task": ["Each job needs these parameters: share_id."],
        "ecs": ["entities.sub_jobs", "reported as an error: HTTP 400 with Common.0011"],
        "rds": ["/v3/{project_id}/jobs?id={job_id}", "At most 60 requests per minute", "job.created"],
    }
    shown = capsys.readouterr().out
    assert [text for text in said[name] if text not in shown] == []


@pytest.mark.parametrize("name", api_names())
def test_show_tells_where_ids_come_from(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("apis", "show", name, "--ids"), environ={}) == 0
    told = {
        "bms": r"^jobId +change_baremetal_server_os ",
        "cce": r"^status\.jobID +create_autopilot_cluster, create_cluster, create_node and 9 more ",
        "ecs": r"^job_id +.* and 22 more ",
        "elb": r"^Not such an id: member_check\.job_id in the answer to create_member_health_check_job,",
        "sfs-turbo": r"^Not such an id: task_id in the answer to create_fs_task, create_hpc_cache_task,",
        "sfs-turbo-du-task": r"^task_id +create_fs_task ",
    }
    shown = capsys.readouterr().out
    assert ("sdk" in shown) is (name != "cce-v2")
    assert re.search(told.get(name, ""), shown, re.MULTILINE)
