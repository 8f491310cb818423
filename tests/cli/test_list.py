"""What is declared, without a request and without a credential."""

import json
from datetime import UTC, datetime

import pytest
from program import main

MANIFEST = """
version: 1
variables: {late: {default: id-late}}
providers:
  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}
defaults: {labels: {tier: web}}
jobs:
  bind: {job_id: id-bind}
  late:
    job_id: ${var.late}
    labels: {zone: a}
    waivers:
      - {fields: [duration, age], reason: vendor ticket OPS-12, expires: 2026-12-01}
  keyed: {for_each: [x, y], job_id: "id-${each.value}"}
"""
OTC = "  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}\n"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def list_jobs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)

    def run(*argv, manifest=None):
        if manifest is not None:
            (tmp_path / "reconcile.yaml").write_text(manifest)
        code = main(["list", *argv], environ={}, clock=lambda: NOW)
        return code, *capsys.readouterr()

    return run


def test_it_lists_every_job_with_what_selects_and_excuses_it(list_jobs):
    code, out, err = list_jobs(manifest=MANIFEST)
    assert (code, err) == (0, "reconcile: using reconcile.yaml\n")
    assert out == (
        "Address          Provider    Job id    Labels           Waivers\n"
        "---------------  ----------  --------  ---------------  -------------------------------------------\n"
        "jobs.bind        otc         id-bind   tier=web\n"
        "jobs.late        otc         id-late   tier=web,zone=a  duration, age until 2026-12-01, 9 days left\n"
        'jobs.keyed["x"]  otc         id-x      tier=web\n'
        'jobs.keyed["y"]  otc         id-y      tier=web\n'
    )


def test_the_selection_is_that_of_plan(list_jobs):
    code, out, _ = list_jobs("-o", "json", "--exclude", "jobs.keyed", "-l", "zone", manifest=MANIFEST)
    (job,) = json.loads(out)["jobs"]
    assert code == 0
    assert job == {
        "address": "jobs.late",
        "provider": "otc",
        "job_id": "id-late",
        "after": None,
        "labels": {"tier": "web", "zone": "a"},
        "waivers": [
            {
                "fields": ["duration", "age"],
                "reason": "vendor ticket OPS-12",
                "expires": "2026-12-01",
                "days_left": 9,
            }
        ],
        "source": {"file": "reconcile.yaml", "line": 9, "column": 3},
    }


def test_the_order_of_jobs_is_listed(list_jobs):
    manifest = MANIFEST.replace("job_id: ${var.late}", "job_id: ${var.late}\n    after: jobs.bind")
    assert manifest != MANIFEST
    code, out, _ = list_jobs("-o", "json", manifest=manifest)
    after = {job["address"]: job["after"] for job in json.loads(out)["jobs"]}
    assert (code, after["jobs.late"]) == (0, "jobs.bind")


def test_a_job_that_cannot_be_listed_yet_is_named(list_jobs):
    ecs = "variables: {p: {}}\nproviders:\n  ecs: {api: ecs, cloud: otc, region: eu-de, project_id: p1}"
    jobs = "jobs:\n  a: {job_id: a, provider: '${var.p}'}\n  b: {job_id: b, provider: ecs}\n"
    code, out, err = list_jobs(manifest=f"{MANIFEST[: MANIFEST.index('variables:')]}{ecs}\n{OTC}{jobs}")
    assert (code, "jobs.b" in out, "jobs.a" in out) == (0, True, False)
    assert err.endswith("reconcile: not listed, as the provider depends on a variable without a value: jobs.a\n")


@pytest.mark.parametrize("argv", [["--target", "jobs.nope"], ["--exclude", "*"]], ids=str)
def test_to_list_nothing_is_an_error(list_jobs, argv):
    code, out, err = list_jobs(*argv)
    assert (code, out) == (1, "")
    assert "RC003" in err


def test_errors_are_json_too(list_jobs):
    code, out, _ = list_jobs("-o", "json", manifest=MANIFEST.replace("job_id: id-bind", "id: id-bind"))
    document = json.loads(out)
    assert (code, document["jobs"]) == (1, [])
    assert document["errors"][0]["code"] == "RC109"
