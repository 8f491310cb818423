"""The gate over a real socket: what a transcript cannot show."""

import json
import random
import re
import socket
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator
from program import main

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.report import FORMATS
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator
from reconcile.simulator.service import Tally

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
STATUSES = ["success", "failed", "running", "waiting"]


def scenario_of(text):
    return load_scenario(parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{text}"), is_json=False))


@pytest.fixture
def plan(tmp_path, monkeypatch, capsys):
    """Run `reconcile plan` on a manifest against a scenario; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(manifest, scenario, *argv, tally=None, environ=None):
        (tmp_path / "reconcile.yaml").write_text(manifest)
        with running_simulator(scenario, tally=tally) as url:
            code = main(["plan", "--endpoint", url, *argv], environ=environ or {"RECONCILE_TOKEN": "a-token"})
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("status", "argv", "told"),
    [
        ("failed", ["--out", "plan.json"], "To accept what was observed: reconcile accept plan.json\n"),
        ("failed", [], ""),
        ("running", [], "To wait for unfinished jobs: reconcile plan --wait 10m\n"),
        ("running", ["-q"], ""),
        ("success", ["--out", "plan.json"], ""),
    ],
)
def test_what_to_run_next_is_printed_last(plan, status, argv, told):
    scenario = scenario_of(f"jobs: {{i: {{status: {status}}}}}")
    _, _, err = plan(f"{HEAD}jobs: {{a: {{job_id: i}}}}\n", scenario, *argv)
    assert (err.endswith(told), "To " in err) == (True, bool(told))


@pytest.mark.parametrize(
    ("environ", "code", "told"),
    [
        ({"RECONCILE_ENDPIONT": "http://127.0.0.1:8080"}, 1, "RC001 RECONCILE_ENDPIONT is set, but nothing reads it"),
        ({"RECONCILE_TOKEN_OCT": "x"}, 0, "nothing reads it: did you mean 'RECONCILE_TOKEN_OTC'?"),
        ({"RECONCILE_TOKN": "x"}, 0, "nothing reads it: did you mean 'RECONCILE_TOKEN'?"),
        ({"OS_TOKN": "x"}, 0, ""),
    ],
)
def test_a_misspelt_variable_of_our_own_is_pointed_out(plan, environ, code, told):
    scenario = scenario_of("jobs: {i: {status: success}}")
    ended, _, err = plan(f"{HEAD}jobs: {{a: {{job_id: i}}}}\n", scenario, environ={"RECONCILE_TOKEN": "t", **environ})
    assert (ended, told in err, "TOKN" in err) == (code, True, "RECONCILE_TOKN" in environ)


@pytest.mark.parametrize(
    ("job", "code"),
    [
        pytest.param("{job_id: i}\nvariables: {unused: {default: a}}", "RC213", id="a variable that nothing refers to"),
        pytest.param("{job_id: i, expect: {job_type: jоb}}", "RC106", id="a letter that only looks the same"),
        pytest.param("{job_id: i, waivers: [{fields: [age], reason: r, expires: 2020-01-01}]}", "RC209", id="expired"),
        pytest.param(
            "{job_id: i, waivers: [{fields: [status, sub_jobs], reason: r, expires: TODAY}]}", "RC210", id="covers all"
        ),
    ],
)
def test_every_warning_is_an_error_under_strict(plan, job, code):
    scenario = scenario_of("jobs: {i: {status: success, job_type: jоb}}")
    manifest = f"{HEAD}jobs:\n  a: {job.replace('TODAY', f'{datetime.now(UTC):%Y-%m-%d}')}\n"
    for argv, exit_code in (((), 0), (("--strict",), 1)):
        ended, out, err = plan(manifest, scenario, *argv)
        assert (ended, f" {code} " in out + err) == (exit_code, True)


WAIVED = """{job_id: i, expect: {duration: {max: 1s}},
    waivers: [{fields: [duration], reason: ticket OPS-12, expires: DAY}]}"""
SLOW = "jobs: {i: {status: success, begin_time: 2026-11-20 09:00:00, end_time: 2026-11-20 09:10:00}}"


@pytest.mark.parametrize(
    ("day", "argv", "code"),
    [(0, (), 0), (0, ("--strict",), 2), (-1, (), 2), (-1, ("--strict",), 2)],
    ids=["waived", "waived, strict", "expired", "expired, strict"],
)
def test_u14_u15_a_run_of_one_waived_drift(plan, tmp_path, day, argv, code):
    manifest = f"{HEAD}jobs:\n  a: {WAIVED.replace('DAY', str((datetime.now(UTC) + timedelta(days=day)).date()))}\n"
    reports = {name: tmp_path / f"report.{name}" for name in FORMATS if name not in ("text", "openmetrics")}
    options = [f"--report={name}={path}" for name, path in reports.items()]
    ended, out, _ = plan(manifest, scenario_of(SLOW), *options, *argv)
    assert ended == code
    silent = [] if code else ["azure"]  # it has no notices, and counts what is waived
    shown = {"text": out, **{name: path.read_text() for name, path in reports.items()}}
    assert [name for name, text in shown.items() if "OPS-12" not in text] == silent
    (drift,) = json.loads(shown["json"])["jobs"][0]["drifts"]
    assert drift["waived"] == (code == 0)
    assert drift["waiver"]["reason"] == "ticket OPS-12"


def test_e11_the_order_of_answers_changes_no_byte(plan):
    manifest = HEAD + "jobs:\n" + "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(30))
    documents = set()
    for seed in (1, 2):
        delays = random.Random(seed)
        jobs = "".join(f"  id-{n}: {{status: {STATUSES[n % 4]}, delay: {delays.randrange(30)}ms}}\n" for n in range(30))
        code, out, _ = plan(manifest, scenario_of(f"jobs:\n{jobs}"), "-o", "json")
        # Only when it was, and how long it took, may differ.
        out = re.sub(r'(?<="elapsed_ms": )[0-9]+', "0", re.sub(r'(?<=ed_at": ")[^"]+', "2026-11-21T12:00:00Z", out))
        documents.add((code, re.sub(r"127\.0\.0\.1:[0-9]+", "HOST", out)))
    ((code, out),) = documents
    document = json.loads(out)
    Draft202012Validator(load_schema("plan.v1")).validate(document)
    assert (code, document["exit_code"], document["verdict"]) == (2, 2, "drift")
    assert [job["address"] for job in document["jobs"]] == [f"jobs.j{n}" for n in range(30)]


def test_g14_no_more_connections_than_asked_for_and_only_get(plan):
    tally = Tally()
    manifest = HEAD + "jobs:\n" + "".join(f"  j{n}: {{job_id: job-{n}}}\n" for n in range(1, 101))
    scenario = scenario_of("generate: {count: 100, job: {status: success}}")
    code, _, err = plan(manifest, scenario, "--concurrency", "7", tally=tally)
    assert (code, err) == (0, "reconcile: using reconcile.yaml\n")
    assert dict(tally.requests_seen) == {"GET": 100}
    assert tally.most_connections <= 7


@pytest.mark.parametrize("timeout", ["300ms"])
def test_the_deadline_of_the_run_is_an_error_that_names_every_job_unread(plan, timeout):
    scenario = scenario_of("jobs: {id-a: {answer: hang}, id-b: {status: success}}")
    manifest = HEAD + "jobs: {a: {job_id: id-a}, b: {job_id: id-b}}\n"
    code, out, _ = plan(manifest, scenario, "--timeout", timeout, "-o", "json")
    document = json.loads(out)
    assert code == 1
    assert not document["complete"]
    assert [job["verdict"] for job in document["jobs"]] == ["error", "in_sync"]
    assert [error["code"] for error in document["jobs"][0]["errors"]] == ["RC005"]


def test_d22_a_refused_connection_is_1_and_names_the_host(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(HEAD + "jobs: {a: {job_id: id-a}}\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert main(["plan", "--endpoint", endpoint], environ={"RECONCILE_TOKEN": "a-token"}, pace=Pace(attempts=1)) == 1
    out = capsys.readouterr().out
    assert "RC310" in out
    assert endpoint in out


@pytest.mark.parametrize("argv", [[], ["-v"], ["-o", "json"]], ids=" ".join)
def test_a20_a21_the_token_is_nowhere_even_if_the_server_reflects_it(plan, argv):
    token = "c4n4ry-Token/+=" * 3
    body = json.dumps({"errCode": "X", "errMsg": f"bad token {token}"})
    scenario = scenario_of(f"jobs: {{id-a: {{raw: {{status_code: 400, body: '{body}'}}}}}}")
    environ = {"RECONCILE_TOKEN": token}
    code, out, err = plan(HEAD + "jobs: {a: {job_id: id-a}}\n", scenario, *argv, environ=environ)
    assert code == 1
    assert "c4n4ry" not in out + err
    assert "bad token [redacted]" in out


def test_h06_no_credentials_is_1_and_names_where_they_are_looked_for(plan):
    code, out, err = plan(HEAD + "jobs: {a: {job_id: id-a}}\n", scenario_of("jobs: {}"), environ={"HOME": "/"})
    assert (code, out) == (1, "")
    assert "RC301" in err
    assert "RECONCILE_TOKEN_OTC" in err


def test_an_endpoint_for_a_provider_that_no_selected_job_uses_is_no_error(plan):
    manifest = (
        "version: 1\nproviders:\n  p: {api: sfs-turbo, project_id: p1}\n  q: {api: sfs-turbo, project_id: p2}\n"
        "jobs:\n  a: {job_id: id-a, provider: p}\n  b: {job_id: id-b, provider: q}\n"
    )
    scenario = scenario_of("jobs: {id-a: {status: success}}")
    argv = ["--endpoint", "q=https://elsewhere.example", "--target", "jobs.a"]
    code, out, _ = plan(manifest, scenario, *argv, environ={"RECONCILE_TOKEN_P": "a-token"})
    assert code == 0, out
