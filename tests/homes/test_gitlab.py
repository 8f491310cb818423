"""The CI/CD component: its job with the inputs filled in, and the pipeline that includes it."""

import json
import re
from xml.etree import ElementTree

import yaml
from homes.rehearsal import CODES, EXAMPLES, check_schema, every_outcome, hurry

from reconcile import __version__

FOLDER = EXAMPLES / "gitlab"
HEAD, BODY = (FOLDER / "templates" / "reconcile.yml").read_text(encoding="utf-8").split("\n---\n")
INPUTS = yaml.safe_load(HEAD)["spec"]["inputs"]
(INCLUDED,) = yaml.safe_load((FOLDER / ".gitlab-ci.yml").read_text(encoding="utf-8"))["include"]


def fill(**given):
    values = {name: declared["default"] for name, declared in INPUTS.items()} | given
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: json.dumps(values[found[1]]), BODY)


@every_outcome
def test_the_job_ends_with_the_gates_code_and_leaves_its_artifacts(rehearse, outcome):
    given = {name: hurry(value) if name == "wait" else value for name, value in INCLUDED["inputs"].items()}
    job = yaml.safe_load(fill(**given))["reconcile"]
    script = "\n".join([*job["before_script"], *job["script"]])
    process = rehearse(["bash", "-eo", "pipefail", "-c", script], outcome, **job["variables"])
    assert process.returncode == CODES[outcome], process.stderr
    reports = job["artifacts"]["reports"]
    assert ElementTree.parse(rehearse.checkout / reports["junit"]).getroot().tag == "testsuites"
    assert isinstance(json.loads((rehearse.checkout / reports["codequality"]).read_text()), list)
    assert all((rehearse.checkout / path).exists() for path in job["artifacts"]["paths"])
    assert job["artifacts"]["when"] == "always"
    assert job["allow_failure"] is False


def test_the_files_are_what_the_schema_says(tmp_path):
    (tmp_path / "job.yml").write_text(fill(args="--strict"))
    check_schema("gitlab-ci", "--data-transform", "gitlab-ci", tmp_path / "job.yml", FOLDER / ".gitlab-ci.yml")
    assert INCLUDED["inputs"].keys() <= INPUTS.keys()
    assert INPUTS["version"]["default"] == __version__
