"""A tool that knows nothing of ours agrees with the schemas: check-jsonschema, as users run it before a commit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from transcripts import find_files

from reconcile.shipped import shipped_folder

MANIFEST_SCHEMA = shipped_folder("schemas") / "manifest.v1.schema.json"
EXAMPLES = [
    path
    for path in sorted(shipped_folder("examples").glob("*/*.yaml"))
    # Beside manifests and scenarios lie files of CI systems and of Kubernetes.
    if re.search("^version: 1$", path.read_text(encoding="utf-8"), re.MULTILINE)
]
BROKEN = [path for path in EXAMPLES if path.name == "typo.yaml"]
SCENARIOS = [path for path in EXAMPLES if path.name == "scenario.yaml"]


def check(*argv: str | Path) -> str:
    """Run the tool; return what it says, with its exit code in front."""
    run = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--color", "never", *argv],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{run.returncode} {run.stdout}{run.stderr}"


def test_the_schemas_are_schemas():
    assert check("--check-metaschema", *sorted(shipped_folder("schemas").glob("*.schema.json"))).startswith("0 ")


def test_the_entry_for_schemastore_fits_its_catalogue_and_our_names():
    entry = shipped_folder("schemas") / "schemastore.json"
    assert check("--schemafile", Path(__file__).parent / "schemastore.schema.json", entry).startswith("0 ")
    (ours,) = json.loads(entry.read_text(encoding="utf-8"))["schemas"]
    assert {"reconcile.yaml", "*.reconcile.yaml"} <= set(ours["fileMatch"])
    assert ours["url"].endswith(f"/schemas/{MANIFEST_SCHEMA.name}")


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        (MANIFEST_SCHEMA, [path for path in EXAMPLES if path not in BROKEN + SCENARIOS]),
        (MANIFEST_SCHEMA.with_name("scenario.v1.schema.json"), SCENARIOS),
    ],
    ids=["manifests", "scenarios"],
)
def test_the_examples_follow_them(schema, files):
    assert files
    assert check("--schemafile", schema, *files).startswith("0 ")


def test_they_refuse_no_example_of_the_language_that_is_valid(tmp_path):
    files = []
    for path in (Path(__file__).parent / "cases" / "language").iterdir():
        for name, content in find_files(path.read_text(encoding="utf-8")):
            if name.startswith("passes"):
                files.append(tmp_path / f"{path.stem}.{name}")
                files[-1].write_bytes(content)
    assert check("--schemafile", MANIFEST_SCHEMA, *files).startswith("0 ")


def test_a_typo_does_not():
    said = check("--schemafile", MANIFEST_SCHEMA, *BROKEN)
    assert said.startswith("1 ")
    assert "expcet" in said
