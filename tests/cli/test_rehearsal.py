"""A job API that does what a manifest expects, except where it is told to go wrong."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import program
import pytest
from program import main

from reconcile.cli.rehearsal import KINDS, build_scenario, parse_breach
from reconcile.errors import UsageError
from reconcile.manifest import load_manifests
from reconcile.simulator import running_simulator

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
MANIFEST = f"""{HEAD}
jobs:
  bind: {{job_id: id-bind, expect: {{job_type: bind_ldap, error_code: null, age: {{max: 1h}}, sub_jobs: [bind_ldap]}}}}
  keyed: {{for_each: {{"a=b": id-x}}, job_id: "${{each.value}}"}}
  rejected: {{job_id: id-r, expect: {{status: failed, error_code: SFS.TURBO.0005}}}}
  gone: {{job_id: id-gone, expect: {{absent: true}}}}
  any-type: {{job_id: id-any, expect: {{sub_jobs: {{match: contains, items: [{{job_type: create_share}}]}}}}}}
"""


@pytest.fixture
def rehearse(tmp_path, monkeypatch, capsys):
    """Plan a manifest against what it expects, except for breaches; return exit code and the JSON plan."""
    monkeypatch.chdir(tmp_path)

    def run(text, *breaches, later=None):
        Path("reconcile.yaml").write_text(text)
        now = later or datetime.now(UTC)
        manifest = load_manifests(["reconcile.yaml"], now=now)
        scenario = build_scenario(manifest, [parse_breach(each) for each in breaches], lambda: now)
        with running_simulator(scenario) as url:
            argv = ["plan", "--endpoint", url, "-o", "json", "--timeout", "20s"]
            code = main(argv, environ={"RECONCILE_TOKEN": "any"}, clock=lambda: now)
        return code, json.loads(capsys.readouterr().out)

    return run


def test_u59_the_starter_manifest_is_green_on_its_own_simulator(tmp_path):
    assert program.run("init", cwd=tmp_path).returncode == 0
    with program.start("simulate", "--manifest", ".", cwd=tmp_path, stdout=subprocess.PIPE) as server:
        url = server.stdout.readline().strip()
        run = program.run("plan", "--endpoint", url, cwd=tmp_path, env={"RECONCILE_TOKEN": "any"})
        server.terminate()
        server.communicate(timeout=10)
    assert run.returncode == 0, run.stdout
    assert "Every expectation was proven." in run.stdout


@pytest.mark.parametrize(
    "path", sorted(Path("tests/mutation/manifests").resolve().glob("*.yaml")), ids=lambda p: p.stem
)
def test_u59_whatever_can_be_met_is_met(rehearse, path):
    code, document = rehearse(path.read_text(encoding="utf-8"))
    assert code == 0, document


def test_u59_times_are_those_of_each_request(rehearse):
    assert rehearse(MANIFEST, later=datetime(2027, 5, 1, tzinfo=UTC))[0] == 0


@pytest.mark.parametrize(
    ("breach", "broken"),
    [
        ("jobs.bind", {"jobs.bind": "drift"}),
        ("jobs.bind=failed", {"jobs.bind": "drift"}),
        ("jobs.bind=SFS.TURBO.0010", {"jobs.bind": "drift"}),
        ("jobs.bind=missing", {"jobs.bind": "drift"}),
        ("jobs.bind=pending", {"jobs.bind": "pending"}),
        ("jobs.bind=other-type", {"jobs.bind": "drift"}),
        ("jobs.bind=extra-sub-job", {"jobs.bind": "drift"}),
        ("jobs.bind=lost-sub-job", {"jobs.bind": "drift"}),
        ("jobs.bind=error", {"jobs.bind": "error"}),
        ("jobs.rejected", {"jobs.rejected": "drift"}),
        ("jobs.gone", {"jobs.gone": "drift"}),
        ('jobs.keyed["a=b"]', {'jobs.keyed["a=b"]': "drift"}),
        ("jobs.keyed", {'jobs.keyed["a=b"]': "drift"}),
        ("jobs.*=SFS.TURBO.0010", dict.fromkeys(["jobs.bind", 'jobs.keyed["a=b"]', "jobs.rejected"], "drift")),
    ],
    ids=str,
)
def test_a_breach_makes_that_one_difference(rehearse, breach, broken):
    code, document = rehearse(MANIFEST, breach)
    verdicts = {job["address"]: job["verdict"] for job in document["jobs"] if job["verdict"] != "in_sync"}
    assert verdicts | broken == verdicts
    assert code in (1, 2, 3)
    if "*" not in breach:
        assert verdicts == broken


@pytest.mark.parametrize(
    ("breach", "message"),
    [
        ("jobs.bnid", "0 of 5 jobs selected by --break 'jobs.bnid'"),
        ("jobs.bind=faild", "--break: unknown kind 'faild'"),
        ("jobs.any-type=extra-sub-job", "--break jobs.any-type=extra-sub-job changes nothing"),
        ("jobs.rejected=lost-sub-job", "--break jobs.rejected=lost-sub-job changes nothing"),
    ],
    ids=str,
)
def test_a_breach_that_breaks_nothing_is_an_error(rehearse, breach, message):
    with pytest.raises(UsageError) as raised:
        rehearse(MANIFEST, breach)
    assert message in raised.value.diagnostics[0].message


@pytest.mark.parametrize(
    "argv",
    [[], ["scenario.yaml", "--manifest", "."], ["scenario.yaml", "--break", "jobs.a"], ["s.yaml", "--var", "a=b"]],
)
def test_simulate_serves_one_thing(argv, capsys):
    assert main(["simulate", *argv], environ={}) == 1
    assert "RC001" in capsys.readouterr().err


def test_help_names_every_kind(capsys):
    assert main(["simulate", "--help"], environ={}) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert [kind for kind in KINDS if kind not in out] == []
