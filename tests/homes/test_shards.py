"""The gate on several runners: each plans its shard, and one merges the plans."""

import shutil

import kubernetes_validate
import pytest
import yaml
from homes.rehearsal import BIND, EXAMPLES, EXPAND, JOBS, RUNNING, check_schema, hurry, scenario_of

from reconcile.simulator import running_simulator

FOLDER = EXAMPLES / "shards"
GITHUB, GITLAB, KUBERNETES = (
    yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    for name in ("github.yml", "gitlab.yml", "kubernetes.yaml")
)
THIRD = "26f6b565-0000-4000-8000-000000000003"
OUTCOMES = {"in_sync": 0, "drift": 2, "pending": 3}


def github_shard(number):
    (step,) = (step for step in GITHUB["jobs"]["shard"]["steps"] if step["name"] == "Plan")
    numbers = GITHUB["jobs"]["shard"]["strategy"]["matrix"]["shard"]
    given = {"matrix.shard": str(number), "strategy.job-total": str(len(numbers))}
    environ = {}
    for name in ("SHARD", "PLAN"):
        value = step["env"][name]
        for expression, text in given.items():
            value = value.replace("${{ " + expression + " }}", text)
        environ[name] = value
    return step["run"], environ


def gitlab_shard(number):
    (script,) = GITLAB["shard"]["script"]
    return script, {"CI_NODE_INDEX": str(number), "CI_NODE_TOTAL": str(GITLAB["shard"]["parallel"])}


def is_secret(variable):
    return "secretKeyRef" in variable.get("valueFrom", {})


def kubernetes_shard(number):
    (container,) = KUBERNETES["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    environ = {each["name"]: each.get("value", "uid-of-the-job") for each in container["env"] if not is_secret(each)}
    return script, {**environ, "JOB_COMPLETION_INDEX": str(number - 1)}


def merge_of(home):
    if home == "github":
        return next(step["run"] for step in GITHUB["jobs"]["gate"]["steps"] if step["name"] == "Merge")
    return GITLAB["gate"]["script"][0]


SHARDS = {"github": github_shard, "gitlab": gitlab_shard, "kubernetes": kubernetes_shard}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("home", SHARDS)
def test_three_runners_and_a_merge_end_with_the_gates_code(rehearse, home, outcome):
    manifest = rehearse.checkout / "reconcile.yaml"
    manifest.write_text(f"{manifest.read_text()}\n  third:\n    job_id: {THIRD}\n    expect: {{status: success}}\n")
    jobs = JOBS | {THIRD: {"status": "success"}} | RUNNING.get(outcome, {})
    with running_simulator(scenario_of(jobs)) as url:
        for number in (1, 2, 3):
            script, environ = SHARDS[home](number)
            script = hurry(script).replace("/plans/", "").replace("/manifests/", "")
            process = rehearse(["bash", "-eo", "pipefail", "-c", script], RECONCILE_ENDPOINT=url, **environ)
            assert process.returncode == 0, process.stderr
    merge = ["bash", "-eo", "pipefail", "-c", merge_of(home)]
    process = rehearse(merge, GITHUB_STEP_SUMMARY=str(rehearse.checkout / "summary.md"))
    assert process.returncode == OUTCOMES[outcome], process.stderr
    (rehearse.checkout / ("plan-1.json" if home != "kubernetes" else "plan-0.json")).unlink()
    assert rehearse(merge, GITHUB_STEP_SUMMARY=str(rehearse.checkout / "summary.md")).returncode == 1


@pytest.mark.parametrize("home", SHARDS)
def test_a_runner_without_credentials_is_red(rehearse, home):
    script, environ = SHARDS[home](1)
    script = hurry(script).replace("/plans/", "").replace("/manifests/", "")
    assert rehearse(["bash", "-eo", "pipefail", "-c", script], "error", **environ).returncode == 1


def test_the_files_are_what_their_schemas_say(tmp_path):
    check_schema("github-workflows", FOLDER / "github.yml")
    shutil.copy(FOLDER / "gitlab.yml", tmp_path / ".gitlab-ci.yml")
    check_schema("gitlab-ci", "--data-transform", "gitlab-ci", tmp_path / ".gitlab-ci.yml")
    kubernetes_validate.validate(KUBERNETES, "1.36", strict=True)
    (container,) = KUBERNETES["spec"]["template"]["spec"]["containers"]
    assert {"name": "RECONCILE_SHARDS", "value": str(KUBERNETES["spec"]["completions"])} in container["env"]
    assert {BIND, EXPAND} == JOBS.keys()
