"""The places where the gate lives, rehearsed: their own scripts, a real installation, a job API on loopback."""

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest
from homes.rehearsal import JOBS, ROOT, RUNNING, scenario_of

from reconcile.simulator import running_simulator


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """Return the environment of a machine on which pip installs this checkout as a release, with no network."""
    if not (ROOT / "reconcile").is_dir():
        pytest.skip("there are no sources here to install")
    folder = tmp_path_factory.mktemp("machine")
    libraries = folder / "libraries"
    libraries.mkdir()
    for path in Path(site.getsitepackages()[0]).iterdir():
        if not path.name.startswith("reconcile"):
            (libraries / path.name).symlink_to(path)
    environ = {
        "HOME": str(folder),
        "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(libraries),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_FORCE_REINSTALL": "1",
        "PIP_FIND_LINKS": str(folder),
    }
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    for command in (["wheel", "--wheel-dir", folder, ROOT], ["install", "reconcile-jobs"]):
        subprocess.run(["pip", "--quiet", *command], env=environ, cwd="/", check=True)
    return environ


@pytest.fixture
def rehearse(machine, tmp_path):
    """Run a command of a home in the checkout of a user; `outcome` is what the job API and the secrets make of it."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "reconcile.yaml").write_bytes((ROOT / "examples" / "quickstart" / "reconcile.yaml").read_bytes())

    def run(command, outcome="in_sync", *, stdin=None, **environ):
        # The pull request of a fork is given secrets that are empty.
        token = "" if outcome == "error" else "a-token"
        with running_simulator(scenario_of(JOBS | RUNNING.get(outcome, {}))) as url:
            return subprocess.run(
                command,
                cwd=checkout,
                env={**machine, "RECONCILE_TOKEN": token, "RECONCILE_ENDPOINT": url, **environ},
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )

    run.checkout = checkout
    return run
