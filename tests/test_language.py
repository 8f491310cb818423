"""
Every rule of the manifest language has an example that passes, and one that fails with a message that a person read.

A file of tests/cases/language is a rule: its sentence, the manifests, and what the program says of them.
"""

import re
from pathlib import Path

import pytest
from transcripts import CONSOLE_BLOCK, find_files, replay

from reconcile.document import read_document
from reconcile.shipped import load_schema
from reconcile.simulator import load_scenario, running_simulator

FOLDER = Path(__file__).parent / "cases" / "language"

OUTCOME = re.compile(r"^\$ .*?\b(passes|fails)\..*\n(?:(?!\$ ).*\n)*\$ echo \$\?\n(\d)$", re.MULTILINE)
"""A command about one of the two examples, and its exit code."""

# fmt: off
RULES = (
    # The file.
    "yaml", "json", "utf-8", "one-document", "nothing", "unknown-keys", "notes", "duplicate-keys", "anchors", "aliases",
    "merge-keys", "tags", "string-keys", "finite-numbers", "depth", "size", "hidden-characters", "words", "numbers",
    "scalars",
    # Its sections.
    "version", "version-missing", "name", "operator-only", "variable-required", "variable-default",
    "variable-description", "variable-sensitive", "variable-unused", "variable-undefined", "variable-type",
    "provider-api", "provider-cloud", "provider-region", "provider-project-id", "defaults", "defaults-keys",
    # Jobs.
    "job-name", "similar-names", "job-id", "job-id-missing", "job-id-placeholder", "provider", "provider-unknown",
    "labels", "selector", "for-each-list", "for-each-mapping", "for-each-empty", "for-each-address", "timeout",
    "missing-drift", "missing-wait", "missing", "owner", "runbook", "parameters", "after", "after-circle",
    # What is expected of texts.
    "status", "status-word", "implied-status", "job-type", "any-of", "error-code", "fail-reason", "null", "glob",
    "glob-key", "glob-status",
    # Times.
    "begin-time", "end-time", "time-forms", "time-bounds", "duration", "duration-form", "age",
    # How the looks of a run compare.
    "settle", "settle-time", "stuck",
    # Sub-jobs.
    "sub-jobs-short", "sub-jobs-successful", "sub-jobs-none", "match-exact", "match-ordered", "match-contains",
    "match-none", "match-word", "sub-jobs-count", "each", "each-of-none", "items", "item-count", "identity",
    "pairing", "longest-common", "implied-sub-jobs",
    # Jobs that must not be there.
    "absent", "absent-control", "absent-envelope", "absent-alone", "absent-default",
    # Waivers.
    "waivers", "waiver-reason", "waiver-blank-reason", "waiver-expires", "waiver-day", "waiver-length",
    "waiver-last-day", "waiver-fields", "waiver-covers-all", "all-waived",
    # References, and the values of variables.
    "reference-places", "reference-whole", "reference-each", "reference-open", "reference-escape",
    "no-environment", "no-functions", "value-environment", "value-option", "value-order", "value-undeclared",
    "value-file", "value-terraform",
    # What no schema can say.
    "contradictions", "impossible", "impossible-bounds", "impossible-count", "vacuous", "look-alikes",
    "api-says",
)
# fmt: on
"""In the order in which the language is described; an example of each is its explanation."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("rule", RULES)
def test_one_example_passes_and_one_fails(rule, folder, check_golden):
    text = (FOLDER / f"{rule}.md").read_text(encoding="utf-8")
    for name, content in find_files(text):
        (folder / name).write_bytes(content)
    replayed = replay_blocks(text, folder / "scenario.yaml")
    check_golden(FOLDER / f"{rule}.md", replayed)
    outcomes = {(example, code == "0") for example, code in OUTCOME.findall(replayed)}
    assert outcomes == {("passes", True), ("fails", False)}
    assert len(OUTCOME.findall(replayed)) == replayed.count("$ echo $?")


def replay_blocks(text, scenario):
    """Run the commands of a rule, against the job API of its scenario if it has one."""

    def replay_at(environ):
        return CONSOLE_BLOCK.sub(lambda block: f"```console\n{replay(block[1], environ)}```", text)

    if not scenario.exists():
        return replay_at({})
    with running_simulator(load_scenario(read_document(str(scenario)))) as url:
        return replay_at({"RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url})


def test_no_rule_is_left_out():
    assert sorted(RULES) == sorted(path.stem for path in FOLDER.iterdir())


@pytest.mark.parametrize("example", ["passes", "fails"])
def test_every_key_of_the_language_stands_in_an_example(example):
    schema = load_schema("manifest.v1")
    keys = {key for each in (schema, *schema["$defs"].values()) for key in each.get("properties", ())}
    examples = b"".join(
        content
        for path in FOLDER.iterdir()
        for name, content in find_files(path.read_text(encoding="utf-8"))
        if name.startswith(example) and len(content) < 10_000
    )
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}:".encode(), examples)] == []
