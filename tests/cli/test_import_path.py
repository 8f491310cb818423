"""A checkout may hold any file, and none of them is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import reconcile
from reconcile.document import Text, parse_text
from reconcile.simulator import load_scenario, running_simulator

LIST_IMPORTS = """
import runpy, sys
by_python = {name.partition(".")[0] for name in sys.modules}

import ast, importlib, json, pathlib, pkgutil
import reconcile
from reconcile.cli.main import main

class Listener:
    names = set()

    def find_spec(self, name, path=None, target=None):
        self.names.add(name.partition(".")[0])

sys.meta_path.insert(0, Listener())
for module in pkgutil.walk_packages(reconcile.__path__, "reconcile."):
    if module.name != "reconcile.__main__":
        importlib.import_module(module.name)
for path in pathlib.Path(*reconcile.__path__).rglob("*.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in [*names, *([node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else [])]:
            try:
                importlib.import_module(name)
            except ImportError:
                pass
names = Listener.names | {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(names - by_python - {"reconcile"})))
"""
"""Prints the modules that this program asks for, found or not, without those that the interpreter starts with."""

PLANTED = """
with open({marker!r}, "a") as marker:
    marker.write(__name__ + "\\n")
raise SystemExit(0)
"""

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""


@pytest.fixture(scope="module")
def imported_names():
    ran = subprocess.run([sys.executable, "-c", LIST_IMPORTS], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


class Checkout:
    """A working directory with a manifest, and with a module for each of some names that leaves a mark when it runs."""

    def __init__(self, folder, names):
        self.folder = folder
        self.marker = folder / "marker"
        (folder / "reconcile.yaml").write_text(MANIFEST)
        for place in (folder, folder / "lib"):
            for name in names:
                (place / name).mkdir(parents=True)
                for path in (place / name / "__init__.py", place / f"{name}.py"):
                    path.write_text(PLANTED.format(marker=str(self.marker)))

    def run(self, *argv, **environ):
        command = [sys.executable, *argv]
        environ = {**os.environ, "RECONCILE_TOKEN": "t0ken", **environ}
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def imported(self):
        return self.marker.read_text().split() if self.marker.exists() else []


@pytest.fixture
def checkout(tmp_path, imported_names):
    return Checkout(tmp_path, imported_names)


def test_the_names_are_those_that_are_imported_early_late_and_in_vain(imported_names):
    assert {"json", "re", "typing", "click", "yaml", "msgspec", "rich", "cryptography", "wcwidth"} <= {*imported_names}


def test_a_planted_module_is_seen_when_it_runs(checkout):
    assert checkout.run("-c", "import yaml").returncode == 0
    assert checkout.imported() == ["yaml"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--version", 0),
        ("--help", 0),
        ("validate", 0),
        ("validate --no-such-option", 1),
        ("plan", 0),
        ("plan -o html --report junit=r.xml --report sarif=r.sarif --out plan.json --record r", 0),
        ("plan --target no-such-job", 1),
        ("explain RC102", 0),
        ("man", 0),
        ("completion bash", 0),
        ("prove", 2),
        ("demo", 0),
    ],
)
def test_u01_nothing_of_a_checkout_is_imported(checkout, command, code):
    jobs = "version: 1\napi: sfs-turbo\njobs: {id-a: {status: success}}\n"
    with running_simulator(load_scenario(parse_text(Text("s.yaml", jobs), is_json=False))) as url:
        ran = checkout.run("-m", "reconcile", *command.split(), RECONCILE_ENDPOINT=url)
    assert checkout.imported() == []
    assert (ran.returncode, bool(ran.stdout)) == (code, code != 1)


@pytest.mark.parametrize("path", [":/nowhere", "/nowhere:", ".", "lib", "./lib/"])
def test_u01_a_relative_entry_of_pythonpath_leads_nowhere(checkout, path):
    ran = checkout.run("-m", "reconcile", "validate", PYTHONPATH=path)
    assert checkout.imported() == []
    assert (ran.returncode, ran.stdout) == (0, "reconcile.yaml is valid: 1 job.\n")


def test_u01_completion_imports_nothing_of_a_checkout(checkout):
    environ = {"_RECONCILE_COMPLETE": "bash_complete", "COMP_WORDS": "reconcile va", "COMP_CWORD": "1"}
    ran = checkout.run("-m", "reconcile", **environ)
    assert checkout.imported() == []
    assert (ran.returncode, ran.stdout) == (0, "plain,validate\n")


def test_the_directory_of_the_package_itself_stays_on_the_path(tmp_path):
    """Where everything is installed into one directory, that may be the working directory, or a relative entry."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "reconcile").symlink_to(Path(reconcile.__file__).parent)
    (tmp_path / "lib" / "beside.py").write_text("")
    code = "import sys; sys.argv = ['reconcile', 'explain']; from reconcile.__main__ import run\n"
    code += "try: run()\nexcept SystemExit: import beside"
    for folder, path in ((tmp_path, "lib"), (tmp_path / "lib", ".")):
        environ = {**os.environ, "PYTHONPATH": path}
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=environ, capture_output=True, check=True)


def test_a_working_directory_that_was_deleted_is_no_crash(tmp_path):
    command = f'cd "$(mktemp -d -p {tmp_path})" && rmdir "$PWD" && exec {sys.executable} -m reconcile explain RC102'
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout[:7]) == (0, "# RC102")
