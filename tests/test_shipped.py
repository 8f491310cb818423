"""The schemas are found from a wheel, an editable install and an uninstalled checkout alike."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import reconcile
from reconcile.shipped import read_schema, shipped_folder

PACKAGE = Path(reconcile.__file__).parent


def layout_of_a_checkout(root):
    shutil.copytree(shipped_folder("schemas"), root / "schemas")


def layout_of_a_wheel(root):
    shutil.copytree(shipped_folder("schemas"), root / "reconcile" / "schemas", dirs_exist_ok=True)
    # Something that another package may well have left beside ours.
    (root / "schemas").mkdir()
    (root / "schemas" / "plan.v1.schema.json").write_text("{}")


@pytest.mark.parametrize("lay_out", [layout_of_a_checkout, layout_of_a_wheel])
def test_the_schemas_are_found_wherever_the_program_lies(tmp_path, lay_out):
    ignored = shutil.ignore_patterns("schemas", "examples", "__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "reconcile", ignore=ignored)
    lay_out(tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "reconcile", "schema", "plan"],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == read_schema("plan.v1")
