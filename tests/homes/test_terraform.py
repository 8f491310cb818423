"""Job ids that Terraform keeps, by the real terraform where there is one, and the hooks of its relatives."""

import json
import re
import shlex
import shutil
import subprocess

import hcl2
import pytest
import yaml
from homes.rehearsal import CODES, EXAMPLES, every_outcome, hurry

FOLDER = EXAMPLES / "terraform"
PIPELINE = "set -o pipefail\nterraform output -json | reconcile plan --var-file -"
OUTPUTS = FOLDER / "outputs.json"


@pytest.fixture
def stack(rehearse):
    for path in ("main.tf", "reconcile.yaml"):
        shutil.copy(FOLDER / path, rehearse.checkout / path)
    return rehearse


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_outputs_of_terraform_say_which_jobs_are_meant(stack):
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", *command, "-input=false"], cwd=stack.checkout, check=True, capture_output=True)
    outputs = subprocess.run(["terraform", "output", "-json"], cwd=stack.checkout, check=True, capture_output=True)
    assert json.loads(outputs.stdout) == json.loads(OUTPUTS.read_text())
    for outcome, code in CODES.items():
        assert stack(["bash", "-c", PIPELINE], outcome).returncode == code


@every_outcome
def test_the_gate_ends_with_its_code_in_the_pipe(stack, outcome):
    process = stack(["reconcile", "plan", "--var-file", "-"], outcome, stdin=OUTPUTS.read_text())
    assert process.returncode == CODES[outcome], process.stderr


@pytest.mark.parametrize("outputs", ["", "{}"], ids=["terraform failed", "no outputs"])
def test_outputs_that_are_not_there_are_red(stack, outputs):
    assert stack(["reconcile", "plan", "--var-file", "-"], stdin=outputs).returncode == 1


def test_the_readmes_show_the_command_that_is_run():
    assert PIPELINE in (FOLDER / "README.md").read_text(encoding="utf-8")


@every_outcome
def test_a_hook_of_terragrunt_fails_where_the_gate_does(rehearse, outcome):
    with (EXAMPLES / "terragrunt" / "terragrunt.hcl").open(encoding="utf-8") as file:
        (terraform,) = hcl2.load(file)["terraform"]
    ((hook,),) = (block.values() for block in terraform["before_hook"])
    assert [json.loads(word) for word in hook["commands"]] == ["apply"]
    assert "run_on_error" not in hook
    command = [json.loads(word).replace("${get_terragrunt_dir()}", str(rehearse.checkout)) for word in hook["execute"]]
    process = rehearse([hurry(word) if re.fullmatch("[0-9]+m", word) else word for word in command], outcome)
    assert process.returncode == CODES[outcome], process.stderr


@every_outcome
def test_a_step_of_atlantis_fails_where_the_gate_does_and_before_apply(rehearse, outcome):
    config = yaml.safe_load((EXAMPLES / "atlantis" / "repos.yaml").read_text(encoding="utf-8"))
    first, second = config["workflows"][config["repos"][0]["workflow"]]["apply"]["steps"]
    assert second == "apply"
    assert shlex.split(first["run"])[:2] == ["reconcile", "plan"]
    process = rehearse(["sh", "-c", hurry(first["run"])], outcome)
    assert process.returncode == CODES[outcome], process.stderr
