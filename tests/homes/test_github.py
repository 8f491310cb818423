"""The composite action, run step by step as the runner does, and the workflow that uses it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from homes.rehearsal import CODES, EXAMPLES, ROOT, check_schema, every_outcome, hurry

ACTION = ROOT / "action.yml"
WORKFLOW = EXAMPLES / "github" / "deploy.yml"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
REVIEW_WORKFLOW = EXAMPLES / "github" / "review.yml"
WORKFLOWS = (WORKFLOW, EXAMPLES / "shards" / "github.yml", RELEASE, REVIEW_WORKFLOW)

INSTALL, REVIEW, PLAN = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
INPUTS = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"]
(USE,) = (
    step
    for step in yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["gate"]["steps"]
    if "OWNER/reconcile" in step["uses"]
)


def shell(step):
    assert step["shell"] == "bash"
    return ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]


def fill(text, values):
    return re.sub(r"\$\{\{ inputs\.(\S+) \}\}", lambda found: values[found[1]], text)


@pytest.fixture(scope="session")
def installed(machine, tmp_path_factory):
    """Return the RUNNER_TEMP in which the action has installed its own commit."""
    folder = tmp_path_factory.mktemp("runner")
    environ = machine | {"RUNNER_TEMP": str(folder), "GITHUB_ACTION_PATH": str(ROOT)}
    subprocess.run(shell(INSTALL), env=environ, cwd="/", check=True)
    return folder


@pytest.fixture
def act(rehearse, installed, tmp_path):
    """Run the step that asks; return the process, the outputs and the summary."""
    for name in ("output", "summary"):
        (tmp_path / name).touch()

    def run(outcome="in_sync", **given):
        values = {name: declared["default"] for name, declared in INPUTS.items()} | given
        environ = {name: fill(text, values) for name, text in PLAN["env"].items()} | {
            "RUNNER_TEMP": str(installed),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }
        process = rehearse(shell(PLAN), outcome, **environ)
        outputs = dict(line.split("=") for line in (tmp_path / "output").read_text().splitlines())
        return process, outputs, (tmp_path / "summary").read_text()

    return run


def test_a_review_ends_with_its_code_and_annotates_the_change(rehearse, installed, tmp_path):
    (step,) = (
        step
        for step in yaml.safe_load(REVIEW_WORKFLOW.read_text(encoding="utf-8"))["jobs"]["review"]["steps"]
        if "OWNER/reconcile" in step["uses"]
    )
    assert step["with"].keys() <= INPUTS.keys()
    manifest = rehearse.checkout / "reconcile.yaml"
    old = manifest.read_text(encoding="utf-8")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for content in (old, old.replace("job_type: bind_ldap, ", "")):
        manifest.write_text(content, encoding="utf-8")
        for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
            subprocess.run([*git, *command], cwd=rehearse.checkout, check=True)
    values = {name: declared["default"] for name, declared in INPUTS.items()} | step["with"]
    summary = tmp_path / "summary"
    environ = {name: fill(text, values) for name, text in REVIEW["env"].items()}
    environ |= {"RUNNER_TEMP": str(installed), "GITHUB_STEP_SUMMARY": str(summary)}
    process = rehearse(shell(REVIEW), **environ)
    assert process.returncode == 2, process.stderr
    assert "::error file=reconcile.yaml,line=16,col=3,title=jobs.bind-ldap is weaker::" in process.stdout
    assert summary.read_text(encoding="utf-8").startswith("## reconcile review: ")


@every_outcome
def test_the_step_ends_with_the_gates_code_and_tells_outputs_and_summary(act, outcome):
    given = {name: hurry(value) if name == "wait" else value for name, value in USE["with"].items()}
    process, outputs, summary = act(outcome, **given)
    assert process.returncode == CODES[outcome], process.stderr
    assert outputs["verdict"] == outcome
    assert set(outputs) == set(yaml.safe_load(ACTION.read_text(encoding="utf-8"))["outputs"])
    assert summary.startswith("## reconcile: ")


def test_h06_a_fork_is_red_and_learns_why(act):
    process, outputs, summary = act("error")
    assert (process.returncode, outputs["verdict"]) == (1, "error")
    assert "RECONCILE_TOKEN" in summary


def test_arguments_come_one_per_line_and_none_is_read_as_a_script(act, rehearse):
    process, _, _ = act(args="--target=$(touch planted)\n\n--strict", manifest="reconcile.yaml\n; touch planted")
    assert process.returncode == 1
    assert not (rehearse.checkout / "planted").exists()
    assert "touch planted" in process.stdout + process.stderr


def test_f31_a_tool_that_is_missing_or_cannot_be_installed_is_red(machine, rehearse, tmp_path):
    environ = machine | {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(tmp_path)}
    assert subprocess.run(shell(INSTALL), env=environ, check=False).returncode == 1
    bash = shutil.which("bash")
    no_python = environ | {"PATH": "/nowhere"}
    assert subprocess.run([bash, *shell(INSTALL)[1:]], env=no_python, check=False).returncode == 127
    nothing = {"RUNNER_TEMP": str(tmp_path / "empty"), "GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
    assert rehearse(shell(PLAN), **nothing).returncode == 127


def test_nothing_of_an_expression_is_a_part_of_a_script():
    assert "${{" not in INSTALL["run"] + REVIEW["run"] + PLAN["run"]


def test_the_files_are_what_their_schemas_say():
    check_schema("github-actions", ACTION)
    check_schema("github-workflows", *WORKFLOWS)
    assert USE["with"].keys() <= INPUTS.keys()


def test_h03_zizmor_finds_nothing_and_every_action_is_pinned_once():
    command = [Path(sys.executable).parent / "zizmor", "--offline", "--no-config", "--persona", "pedantic"]
    audit = subprocess.run([*command, ACTION, *WORKFLOWS], capture_output=True, text=True, check=False)
    assert audit.returncode == 0, audit.stdout
    assert [path.name for path in (ACTION, *WORKFLOWS) if path.name not in audit.stderr] == []
    uses = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))}
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # \S.*", line) for line in uses)
    assert len({line.partition("@")[0] for line in uses}) == len(uses)


def test_the_release_has_no_rights_but_those_that_a_job_names():
    release = yaml.safe_load(RELEASE.read_text(encoding="utf-8"))
    assert release["permissions"] == {}
    assert all(job["permissions"] for job in release["jobs"].values())
    assert "secrets." not in RELEASE.read_text(encoding="utf-8")
