"""What `make release-check` demands of a release."""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import release

from reconcile import __version__


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Return the Python of an environment with what an installation of ours brings, and nothing else."""
    ours = release.list_installed(Path(sys.executable))
    python = release.make_environment(tmp_path_factory.mktemp("environment") / "venv")
    (libraries,) = python.parents[1].glob("lib/python*/site-packages")
    for name in {release.DISTRIBUTION, *release.list_needed(ours)}:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files if file.parts[0] != ".."}:
            (libraries / top).symlink_to(found.locate_file(top))
    return python


def test_h02_the_bill_of_materials_is_what_is_installed(environment, tmp_path):
    pytest.importorskip("cyclonedx_py")
    installed = release.list_installed(environment)
    release.write_bill(environment, __version__, tmp_path / "bill.json")
    bill = json.loads((tmp_path / "bill.json").read_text())
    assert list(release.find_gaps(bill, installed)) == []
    assert (bill["bomFormat"], len(bill["components"])) == ("CycloneDX", len(installed) - 1)
    assert len(release.render_licences(bill).splitlines()) == len(installed)

    click, *others = sorted(bill["components"], key=lambda each: each["name"] != "click")
    strange = release.Installed(version="1", requires=[])
    wrong = {"version": "0", "purl": "pkg:pypi/click@0", "licenses": []}
    for components, there, gaps in (
        (others, installed, ["click is installed, and not in the bill"]),
        ([click, *others, {"name": "strange"}], installed, ["strange is in the bill, and not installed"]),
        (
            [click, *others, {**click, "name": "strange", "version": "1", "purl": "pkg:pypi/strange@1"}],
            installed | {"strange": strange},
            ["strange is installed, and nothing needs it"],
        ),
        (
            [{**click, **wrong}, *others],
            installed,
            [
                f"click {click['version']} is installed, and the bill has 0",
                "click has the package URL pkg:pypi/click@0",
                "click has no licence",
            ],
        ),
    ):
        assert list(release.find_gaps({**bill, "components": components}, there)) == gaps
    other = {**bill, "metadata": {"component": {"name": "other"}}}
    assert list(release.find_gaps(other, installed)) == ["the bill is of other None"]


def test_two_builds_that_differ_in_a_byte_or_a_file_are_told(tmp_path):
    for folder, files in (("one", {"a": "x", "b": "x"}), ("two", {"a": "x", "b": "y", "c": "x"})):
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text)
    told = [f"{name} differs between two builds of one commit" for name in "bc"]
    assert list(release.find_differences(tmp_path / "one", tmp_path / "two")) == told


def test_a_tag_names_the_version_and_the_changelog_describes_it():
    changelog = "# Changelog\n\n## [1.2.3]\n"
    assert list(release.find_mistakes_of_tag(None, "1.2.3", "")) == []
    assert list(release.find_mistakes_of_tag("v1.2.3", "1.2.3", changelog)) == []
    assert len(list(release.find_mistakes_of_tag("1.2.3", "1.2.3", changelog))) == 1
    assert len(list(release.find_mistakes_of_tag("v1.2.4", "1.2.4", changelog))) == 1
