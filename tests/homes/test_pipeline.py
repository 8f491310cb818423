"""One manifest for four services in two projects: its rehearsal, and what each job and each token changes."""

import json
import shutil
import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from homes.rehearsal import EXAMPLES
from msgspec.structs import replace
from program import main

from reconcile.cli.manifests import keep_provider
from reconcile.cli.rehearsal import build_scenario, parse_breach
from reconcile.manifest import load_manifests
from reconcile.model.manifest import VariableFile
from reconcile.simulator import running_simulator

FOLDER = EXAMPLES / "pipeline"
TOKENS = {"RECONCILE_TOKEN": "platform-token", "RECONCILE_TOKEN_SHARES": "storage-token"}
PROVIDER_OF = {"server": "servers", "volume": "volumes", "database": "databases", "share": "shares"}


@pytest.fixture
def plan(capsys):
    """Plan the example with one of its jobs broken; each project accepts its own token. Return code and JSON plan."""

    def run(broken=None, environ=TOKENS):
        ids = str(FOLDER / "ids.json")
        manifest = load_manifests([str(FOLDER / "reconcile.yaml")], now=datetime.now(UTC), given=(VariableFile(ids),))
        endpoints = []
        with ExitStack() as stack:
            for provider in manifest.providers:
                breaches = [parse_breach(f"jobs.{broken}")] if PROVIDER_OF.get(broken) == provider else []
                kept = keep_provider(manifest, provider)
                scenario = build_scenario(kept, breaches, lambda: datetime.now(UTC))
                token = TOKENS["RECONCILE_TOKEN_SHARES" if provider == "shares" else "RECONCILE_TOKEN"]
                url = stack.enter_context(running_simulator(replace(scenario, token=token)))
                endpoints.append(f"--endpoint={provider}={url}")
            code = main(["plan", str(FOLDER), "--var-file", ids, *endpoints, "-o", "json"], environ=environ)
        return code, json.loads(capsys.readouterr().out)

    return run


def test_the_rehearsal_of_the_readme_is_green(machine, tmp_path):
    shutil.copytree(FOLDER, tmp_path / "pipeline")
    run = subprocess.run(
        ["./rehearse.sh", "-q"],
        cwd=tmp_path / "pipeline",
        env=machine,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "Plan: 4 in sync" in run.stdout


@pytest.mark.parametrize("broken", PROVIDER_OF)
def test_a_job_of_any_service_stops_the_pipeline(plan, broken):
    code, planned = plan(broken)
    assert code == 2
    drifted = [job["address"] for job in planned["jobs"] if job["verdict"] == "drift"]
    assert drifted == [f"jobs.{broken}"]


def test_each_project_has_its_own_token(plan):
    code, planned = plan()
    assert (code, planned["summary"]["in_sync"]) == (0, 4)
    code, planned = plan(environ={"RECONCILE_TOKEN": TOKENS["RECONCILE_TOKEN"]})
    assert code == 1
    refused = [job["address"] for job in planned["jobs"] if job["verdict"] == "error"]
    assert refused == ["jobs.share"]
