"""An API that an operator describes: what may describe it, which commands know it, and what is kept of it."""

import json
import os
import re
import shutil
from hashlib import sha256
from pathlib import Path

import program
import pytest
from program import main

from reconcile.apis import KnownApis
from reconcile.cli.own_apis import choose_api
from reconcile.document import read_document
from reconcile.shipped import load_schema, shipped_folder
from reconcile.simulator import load_scenario, running_simulator

EXAMPLE = shipped_folder("examples") / "own-api" / "x-glance-tasks.json"
NAME = "x-glance-tasks"
DIGEST = sha256(EXAMPLE.read_bytes()).hexdigest()
TOKEN = {"RECONCILE_TOKEN": "a-token"}

MANIFEST = f"""
version: 1
providers: {{glance: {{api: {NAME}, project_id: p1}}}}
jobs: {{import: {{job_id: done, expect: {{job_type: import}}}}}}
"""
SPAN = {"begin_time": "2026-01-02 10:00:00", "end_time": "2026-01-02 11:00:00"}
JOBS = {"done": {"status": "success", "job_type": "import", **SPAN}, "failed": {"status": "failed", **SPAN}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLE, "glance.json")
    Path("reconcile.yaml").write_text(MANIFEST)
    return tmp_path


@pytest.fixture
def url(folder):
    scenario = folder / "scenario.yaml"
    scenario.write_text(json.dumps({"version": 1, "api": NAME, "jobs": JOBS}))
    apis = KnownApis({NAME: choose_api(str(EXAMPLE), None)})
    with running_simulator(load_scenario(read_document(str(scenario)), apis)) as url:
        yield url


def changed(change):
    """Write a description that is not quite the example; return its path."""
    data = json.loads(EXAMPLE.read_text())
    change(data)
    Path("changed.json").write_text(json.dumps(data, indent=2))
    return "changed.json"


# --- Which commands know it ---------------------------------------------------------------------------------------


def test_every_command_that_reads_an_api_knows_it(url, capsys):
    api, asked = ("--api", f"glance.json@sha256:{DIGEST}"), ("--endpoint", url)
    assert main(["plan", *api, *asked, "--out", "plan.json", "--record", "kept"], environ=TOKEN) == 0
    assert f"glance ({NAME}@sha256:{DIGEST[:12]}, {url})" in capsys.readouterr().out
    for argv in (
        ["validate"], ["list"], ["prove"], ["prove", "--replay", "kept"], ["plan", "--replay", "kept"],
        ["show", "plan.json", "--baseline", "plan.json"],
        ["backtest", "--recordings", "kept"], ["verify", "plan.json"], ["merge", "plan.json"], ["accept", "plan.json"],
    ):  # fmt: skip
        code = main([*argv, *api], environ={})
        assert code == (1 if argv[0] == "merge" else 0 if argv[0] != "prove" else 2), capsys.readouterr().err
        assert "RC023" not in capsys.readouterr().err
    assert main(["apis", "test", "glance.json", "kept"], environ={}) == 0
    environ = {"RECONCILE_API_PATH": str(Path("glance.json").resolve())}
    assert main(["apis", "test", NAME, "kept"], environ=environ) == 0
    assert main(["apis", "show", "glance.json"], environ={}) == 0
    assert "result.image_id" in capsys.readouterr().out


def test_it_can_be_imported_and_the_path_of_the_environment_knows_it(url, folder, capsys):
    assert (
        main(["import", "failed", "--project-id", "p1", "--api", "glance.json", "--endpoint", url], environ=TOKEN) == 0
    )
    imported = capsys.readouterr().out
    assert f"api: {NAME}" in imported
    Path("imported.yaml").write_text(imported)
    (folder / "empty").mkdir()
    environ = {**TOKEN, "RECONCILE_API_PATH": f"{folder / 'glance.json'}@sha256:{DIGEST}:{folder / 'empty'}"}
    assert main(["plan", "imported.yaml", "--endpoint", url], environ=environ) == 0
    assert main(["apis"], environ=environ) == 0
    assert NAME in capsys.readouterr().out
    assert main(["doctor", "imported.yaml", "--endpoint", url], environ=environ) == 0
    assert "does not prove that a job is missing" in capsys.readouterr().out
    assert main(["doctor", "imported.yaml", "--strict", "--endpoint", url], environ=environ) == 1


@pytest.mark.parametrize("environ", [{}, {"RECONCILE_API_PATH": str(EXAMPLE)}], ids=["file", "path"])
def test_a_manifest_and_a_demo_are_begun_for_it(environ, folder, capsys):
    Path("reconcile.yaml").unlink()
    api = NAME if environ else f"glance.json@sha256:{DIGEST}"
    assert main(["init", "--api", api], environ=environ) == 0
    known = "" if environ else f" --api {api}"
    assert f"reconcile plan{known} --endpoint https://HOST" in capsys.readouterr().err
    assert main(["prove", *known.split()], environ=environ) == 0
    run = program.run("demo", "--api", api, cwd=folder, env={**os.environ, **environ})
    assert (run.returncode, re.findall(r"^exit code (\d)$", run.stdout, re.MULTILINE)) == (0, ["0", "2", "3", "0"])


def test_its_error_codes_are_explained(capsys):
    path = Path(changed(lambda data: data.update(error_codes={"Forbidden": "no rights"}))).resolve()
    assert main(["explain", "forbidden"], environ={"RECONCILE_API_PATH": str(path)}) == 0
    assert capsys.readouterr().out == "Forbidden (OpenStack Glance tasks): no rights\n"
    assert main(["explain", "forbidden"], environ={}) == 1
    assert main(["explain", "drift"], environ={"RECONCILE_API_PATH": "/nowhere.json"}) == 0


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("apis show x-", [NAME]),
        ("import --api e", ["ecs", "eip", "elb", "evs"]),
        ("init --api x-g", [NAME]),
        ("plan --target jobs.i", ["jobs.import"]),
        ("explain forb", ["FORBIDDEN"]),
    ],
)
def test_it_is_completed(words, completed, folder):
    path = folder / changed(lambda data: data.update(error_codes={"Forbidden": "no rights"}))
    asked = {"_RECONCILE_COMPLETE": "bash_complete", "COMP_WORDS": f"reconcile {words}"}
    asked["COMP_CWORD"] = str(len(words.split()))
    run = program.run(cwd=folder, env={**os.environ, **asked, "RECONCILE_API_PATH": str(path)})
    assert ([line.partition(",")[2] for line in run.stdout.splitlines()], run.stderr) == (completed, "")
    run = program.run(cwd=folder, env={**os.environ, **asked, "RECONCILE_API_PATH": "/nowhere.json"})
    assert (NAME in run.stdout, run.stderr) == (False, "")


# --- Who may bring it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "RC204 unknown api 'x-glance-tasks'"),
        ({"RECONCILE_API_PATH": "."}, "has the relative path '.'"),
        ({"RECONCILE_API_PATH": ""}, "has an empty entry"),
        ({"RECONCILE_API_PATH": "/nowhere/x.json"}, "there is no file /nowhere/x.json"),
    ],
)
def test_nothing_but_the_operator_brings_a_description(environ, message, capsys):
    """Not the checkout, which has one beside the manifest."""
    assert main(["validate"], environ=environ) == 1
    assert message in capsys.readouterr().err


def test_a_manifest_names_an_api_and_no_file(capsys):
    Path("reconcile.yaml").write_text(MANIFEST.replace(NAME, "./glance.json"))
    assert main(["validate"], environ={}) == 1
    assert "unknown api './glance.json'" in capsys.readouterr().err


def test_only_the_operator_says_where_it_is(capsys):
    assert main(["plan", "--api", "glance.json"], environ=TOKEN) == 1
    assert "run with --endpoint glance=https://HOST" in capsys.readouterr().err
    Path("reconcile.yaml").write_text(MANIFEST.replace("project_id", "cloud: otc, region: eu-de, project_id"))
    assert main(["validate", "--api", "glance.json"], environ={}) == 1
    assert "remove cloud and region" in capsys.readouterr().err


def test_a_file_of_another_digest_is_refused(capsys):
    assert main(["validate", "--api", f"glance.json@sha256:{'0' * 64}"], environ={}) == 1
    said = capsys.readouterr().err
    assert "RC023 glance.json is not the file that was meant" in said
    assert f"--api glance.json@sha256:{DIGEST}" in said
    assert main(["validate", "--api", "glance.json@sha256:abc"], environ={}) == 1
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_two_files_do_not_describe_one_api_differently(capsys):
    other = changed(lambda data: data.update(title="Another"))
    assert main(["validate", "--api", "glance.json", "--api", "glance.json"], environ={}) == 0
    assert main(["validate", "--api", "glance.json", "--api", other], environ={}) == 1
    assert "both describe x-glance-tasks, and differ" in capsys.readouterr().err


def test_a_file_that_no_provider_needs_is_told(capsys):
    Path("reconcile.yaml").write_text(MANIFEST.replace(NAME, "sfs-turbo"))
    assert main(["list", "--api", "glance.json"], environ={}) == 0
    assert "no provider uses the API x-glance-tasks" in capsys.readouterr().err


# --- What is kept -------------------------------------------------------------------------------------------------


def test_what_it_judged_needs_the_same_file(url, capsys):
    kept = ("--out", "plan.json", "--record", "kept", "--report", "json=report.json")
    assert main(["plan", "--api", "glance.json", "--endpoint", url, *kept], environ=TOKEN) == 0
    capsys.readouterr()
    assert json.loads(Path("report.json").read_text())["providers"][0]["api_sha256"] == DIGEST
    other = changed(lambda data: data.update(title="Another"))
    for argv in (["show", "plan.json"], ["verify", "plan.json"], ["plan", "--replay", "kept"]):
        for brought in ([], ["--api", other]):
            assert main([*argv, *brought], environ={}) == 1
            said = capsys.readouterr().err
            assert "RC023" in said
            assert f"pass the same file: --api FILE@sha256:{DIGEST}" in said


def test_a_report_does_not_replace_the_description(url, capsys):
    before = EXAMPLE.read_bytes()
    pinned = f"glance.json@sha256:{DIGEST}"
    for argv in (["--api", pinned, "--endpoint", url], ["--api", pinned, "--no-such-option"]):
        assert main(["plan", *argv, "--report", "json=glance.json"], environ=TOKEN) == 1
        assert Path("glance.json").read_bytes() == before


# --- What it must not say -----------------------------------------------------------------------------------------

GONE = {"status_code": 404, "error": "service"}
ONLY_STATUS = {**dict.fromkeys(json.loads(EXAMPLE.read_text())["job"]["fields"]), "status": "status"}


def moving_end(data):
    data["job"].pop("end_time_moves")
    data["proofs"][2]["reads"]["end_time"] = "2016-06-29T16:13:09Z"


def succeeding_part(data):
    """A word that only a part of a job has."""
    data["statuses"]["done"] = "success"
    data["parts"] = {"at": "result.tasks", "fields": ONLY_STATUS}
    data["proofs"][0]["body"]["result"]["tasks"] = [{"status": "done"}]
    data["proofs"][0]["reads"]["sub_jobs"] = [{"status": "success"}]


def test_a_description_that_holds_is_pinned(capsys):
    assert main(["apis", "check", "glance.json"], environ={}) == 0
    assert f"--api glance.json@sha256:{DIGEST}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (lambda data: data.update(name="sfs-turbo"), "RC114", 'write "name": "x-sfs-turbo"'),
        (lambda data: data.pop("parts"), "RC109", "parts"),
        (lambda data: data["request"].update(path="https://evil/{job_id}"), "RC108", "path"),
        (lambda data: data["request"].update(path="/v2/tasks/{job_id}/../x"), "RC108", "path"),
        (lambda data: data["request"].update(path="/v2/./{job_id}"), "RC108", "path"),
        (lambda data: data["request"].update(path="/v2/{job_id}?a={job_id}"), "RC114", "has the job id 2 times"),
        (lambda data: data["request"].update(path="/v2/{job_id}?force=true"), "RC108", "path"),
        (lambda data: data["request"].update(paths={"otc": "/v3/{job_id}"}), "RC114", "only built-in APIs have clouds"),
        (lambda data: data["request"].update(headers={"Host": "evil"}), "RC", "Host"),
        (lambda data: data["request"].update(headers={"X-Forwarded-Host": "evil"}), "RC114", "is not allowed"),
        (lambda data: data["request"].update(headers={"X-HTTP-Method-Override": "DELETE"}), "RC114", "is not allowed"),
        (lambda data: data["request"].update(token_header="Cookie"), "RC108", "token_header"),
        (lambda data: data["request"].update(request_id_header="Set-Cookie"), "RC114", "not a header of a request id"),
        (lambda data: data.update(clouds={}), "RC102", "clouds"),
        (lambda data: data["statuses"].update(failure="success"), "RC114", "no status word means failed"),
        (lambda data: data["job"]["fields"].update(end_time="created_at"), "RC114", "created_at has two roles"),
        (lambda data: data["job"]["fields"].update(fail_reason="status.message"), "RC114", "leads through it"),
        (lambda data: data.update(missing=[GONE]), "RC114", "by its error codes"),
        (lambda data: data.update(missing=[{**GONE, "codes": ["1"]}]), "RC114", "no proof reads missing"),
        (lambda data: data["proofs"].pop(0), "RC114", "no proof reads success"),
        (lambda data: data["proofs"].pop(1), "RC114", "no proof reads failed"),
        (lambda data: data["proofs"].pop(2), "RC114", "no proof reads running"),
        (lambda data: data.pop("proofs"), "RC114", "no proof reads running"),
        (lambda data: data["job"]["fields"].update(status="state"), "RC115", 'fix "status": "state"'),
        (lambda data: data.update(times="go"), "RC115", 'write "times": "rfc3339"'),
        (lambda data: data["proofs"].pop(3), "RC114", "no proof reads doubtful"),
        (lambda data: data["proofs"][3].update(reads="missing"), "RC114", "no proof reads doubtful"),
        (lambda data: data["proofs"][2].update(reads="doubtful"), "RC114", "no proof reads running"),
        (lambda data: data["errors"]["service"].update(code="error.code"), "RC115", "has none of these shapes"),
        (lambda data: data["errors"]["service"].update(message="text"), "RC115", "has no message there"),
        (lambda data: data.update(doubtful=[]), "RC115", "this answer proves nothing"),
        (lambda data: data["job"]["fields"].update(fail_reason="mesage"), "RC115", 'fix "fail_reason": "mesage"'),
        (lambda data: data["job"]["fields"].update(error_code="code"), "RC115", "no proof has anything at code"),
        (lambda data: data["job"]["shown"].update(size="result.size"), "RC115", "anything at result.size"),
        (lambda data: data["statuses"].update(succeeded="success"), "RC115", "that succeeded means success"),
        (succeeding_part, "RC115", "that done means success of a job"),
        (lambda data: data["statuses"].update(success="failed", failure="success"), "RC115", 'is read as "failed"'),
        (lambda data: data["proofs"][1]["body"].update(id="another"), "RC115", "this answer proves nothing"),
        (lambda data: data["proofs"][0]["reads"].pop("job_type"), "RC115", "this answer is also read to have job_type"),
        (lambda data: data.update(end_time_moves=False), "RC102", "end_time_moves"),
        (lambda data: data["proofs"][0]["body"].update(steps=[{"status": "success"}]), "RC115", '"ignored": ["steps"]'),
        (lambda data: data["proofs"][0]["body"].update(sub_tasks=[{"x": 1}]), "RC115", "looks like the parts"),
        (moving_end, "RC115", 'write "end_time_moves": true in the job'),
        (lambda data: data["proofs"][0]["reads"].update(job_type="export"), "RC115", 'write "job_type": "import" here'),
        (lambda data: data.update(parts={"at": "result.tasks", "fields": ONLY_STATUS}), "RC115", "no proof has a part"),
    ],
)  # fmt: skip
def test_a_description_that_could_pass_by_accident_is_refused_with_its_place(change, code, message, capsys):
    assert main(["apis", "check", changed(change)], environ={}) == 1
    said = capsys.readouterr().err
    assert re.match(rf"changed\.json:\d+:\d+: {code}", said), said
    assert message in said


def test_what_is_found_is_printed_as_json(url, capsys):
    assert main(["apis", "check", "glance.json", "-o", "json"], environ={}) == 0
    checked = json.loads(capsys.readouterr().out)
    assert (checked["valid"], checked["name"], checked["sha256"], checked["errors"]) == (True, NAME, DIGEST, [])
    assert main(["apis", "check", changed(lambda data: data.update(times="go")), "-o", "json"], environ={}) == 1
    checked = json.loads(capsys.readouterr().out)
    (error,) = checked["errors"]
    assert (checked["valid"], error["code"], error["hint"]) == (False, "RC115", 'write "times": "rfc3339"')
    assert main(["plan", "--api", "glance.json", "--endpoint", url, "--record", "kept"], environ=TOKEN) == 0
    capsys.readouterr()
    assert main(["apis", "test", "glance.json", "kept", "-o", "json"], environ={}) == 0
    compared = json.loads(capsys.readouterr().out)
    assert (compared["api"], compared["jobs"], compared["differences"]) == (NAME, 1, [])


# --- The page -----------------------------------------------------------------------------------------------------

PAGE = EXAMPLE.with_name("README.md").read_text(encoding="utf-8")


def test_the_page_explains_every_key_that_a_description_must_have():
    required = load_schema("job-api.v1")["required"]
    assert [key for key in required if f"`{key}" not in PAGE] == []


def test_another_api_is_described_by_following_the_page(capsys):
    """Mistral's executions: from the example, with what the table of the page asks for."""
    data = json.loads(EXAMPLE.read_text())
    times = {"created_at": "2016-05-10 09:30:17", "updated_at": "2016-05-10 09:31:17"}
    body = {"id": "e1", "workflow_name": "flow", "input": "{}", "output": "{}", "state_info": None, **times}
    reads = {"job_type": "flow", "begin_time": times["created_at"], "end_time": times["updated_at"]}
    running = {key: value for key, value in reads.items() if key != "end_time"}
    data |= {
        "name": "x-mistral",
        "times": "%Y-%m-%d %H:%M:%S",
        "statuses": {
            "IDLE": "waiting",
            "RUNNING": "running",
            "PAUSED": "running",
            "SUCCESS": "success",
            "ERROR": "failed",
        },
        "errors": {"service": {"code": "faultcode", "message": "faultstring"}},
        "proofs": [
            {"job_id": "e1", "body": {**body, "state": "SUCCESS"}, "reads": {"status": "success", **reads}},
            {
                "job_id": "e1",
                "body": {**body, "state": "ERROR", "state_info": "no room"},
                "reads": {"status": "failed", **reads, "fail_reason": "no room"},
            },
            {"job_id": "e1", "body": {**body, "state": "RUNNING"}, "reads": {"status": "running", **running}},
            {
                "job_id": "e2",
                "status_code": 404,
                "body": {"faultcode": "Client", "faultstring": "Execution not found for id: e2"},
                "reads": "doubtful",
            },
        ],
    }
    data["request"]["path"] = "/v2/executions/{job_id}"
    data["job"]["fields"] |= {"status": "state", "job_type": "workflow_name", "fail_reason": "state_info"}
    del data["job"]["shown"]
    Path("x-mistral.json").write_text(json.dumps(data))
    Path("reconcile.yaml").write_text(
        MANIFEST.replace(NAME, "x-mistral").replace("import}", "flow, fail_reason: null}")
    )
    assert main(["apis", "check", "x-mistral.json"], environ={}) == 0, capsys.readouterr().err
    assert main(["prove", "--api", "x-mistral.json"], environ={}) == 0, capsys.readouterr().out
