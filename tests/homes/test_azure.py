"""The steps of an Azure pipeline."""

from xml.etree import ElementTree

import yaml
from homes.rehearsal import CODES, EXAMPLES, check_schema, every_outcome, hurry

from reconcile import __version__

FILE = EXAMPLES / "azure" / "azure-pipelines.yml"
STEPS = yaml.safe_load(FILE.read_text(encoding="utf-8"))["steps"]
(GATE,) = (step for step in STEPS if "reconcile plan" in step.get("bash", ""))


@every_outcome
def test_the_step_ends_with_the_gates_code_and_leaves_its_reports(rehearse, tmp_path, outcome):
    # The agent's bash stops at no error by itself.
    command = ["bash", "--noprofile", "--norc", "-c", hurry(GATE["bash"])]
    process = rehearse(command, outcome, AGENT_TEMPDIRECTORY=str(tmp_path))
    assert process.returncode == CODES[outcome], process.stderr
    assert ("##vso[task.logissue" in process.stdout) is (outcome != "in_sync")
    assert ElementTree.parse(tmp_path / "reconcile.xml").getroot().tag == "testsuites"
    assert (tmp_path / "reconcile.md").read_text().startswith("## reconcile: ")


def test_a_tool_that_cannot_be_installed_is_red(rehearse, tmp_path):
    script = GATE["bash"].replace(f"reconcile-jobs=={__version__}", "reconcile-jobs==9.9.9")
    process = rehearse(["bash", "-c", script], AGENT_TEMPDIRECTORY=str(tmp_path))
    assert process.returncode == 1
    assert not (tmp_path / "reconcile.md").exists()


def test_nothing_after_the_gate_runs_on_red_but_what_shows_it():
    after = STEPS[STEPS.index(GATE) + 1 :]
    shown = [step for step in after if step.get("condition") == "succeededOrFailed()"]
    assert after[:-1] == shown
    assert "condition" not in after[-1]


def test_the_file_is_what_the_schema_says():
    check_schema("azure-pipelines", "--data-transform", "azure-pipelines", FILE)
