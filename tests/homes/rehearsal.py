"""What all homes have in common: the outcomes of a gate, and how the schemas of CI systems are asked."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconcile.document import Text, parse_text
from reconcile.simulator import load_scenario

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

BIND = "26f6b565-0000-4000-8000-03f0bd975433"
EXPAND = "72362d00a04d419dbd5e6d9fe5000001"
PARTS = [{"status": "success", "job_type": "extend_share"}, {"status": "success", "job_type": "change_security_group"}]

JOBS = {
    BIND: {"status": "success", "job_type": "bind_ldap"},
    EXPAND: {"status": "success", "job_type": "extend_share", "sub_jobs": PARTS},
}
RUNNING = {
    "drift": {BIND: {"status": "failed", "job_type": "bind_ldap"}},
    "pending": {BIND: {"status": "running", "job_type": "bind_ldap"}},
}
"""What the outcomes change in `JOBS`."""

CODES = {"in_sync": 0, "error": 1, "drift": 2, "pending": 3}

_SOURCES = (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE", "reconcile", "schemas", "examples")
_GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")

every_outcome = pytest.mark.parametrize("outcome", CODES)


def scenario_of(jobs):
    document = {"version": 1, "api": "sfs-turbo", "jobs": jobs}
    return load_scenario(parse_text(Text("scenario.json", json.dumps(document)), is_json=True))


def hurry(script):
    """Have a script wait for a second where it would wait for ten minutes."""
    assert "10m" in script
    return script.replace("10m", "1s")


def check_schema(name, *arguments):
    """Ask a schema that check-jsonschema brings."""
    command = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{name}", "--regex-variant", "nonunicode"]
    subprocess.run([sys.executable, *command, *arguments], check=True)


def copy_sources(folder):
    """Copy what is needed to build this program, as a repository without a commit."""
    folder.mkdir()
    for part in _SOURCES:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder)
    return folder


def commit(folder):
    """Commit all that is in a folder, and return the commit."""
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*_GIT, *command], cwd=folder, check=True)
    head = subprocess.run([*_GIT, "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
    return head.stdout.strip()
