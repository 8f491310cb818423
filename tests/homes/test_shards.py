"""The gate on several runners: each plans its shard, and one merges the plans."""

import os
import re
import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import kubernetes_validate
import pytest
import yaml
from homes.rehearsal import BIND, EXAMPLES, EXPAND, JOBS, RUNNING, check_schema, scenario_of

from reconcile.simulator import running_simulator

FOLDER = EXAMPLES / "shards"
GITHUB, GITLAB, KUBERNETES, KUBERNETES_MERGE, ARGO = (
    yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    for name in ("github.yml", "gitlab.yml", "kubernetes.yaml", "kubernetes-merge.yaml", "argo-workflows.yaml")
)
_, ARGO_SHARD, ARGO_MERGE = ARGO["spec"]["templates"]
THIRD = "26f6b565-0000-4000-8000-000000000003"
OUTCOMES = {"in_sync": 0, "drift": 2, "pending": 3}
PATIENCE = 2
"""So many attempts fit between the beginning of a rehearsal and the deadline of its pods."""


@pytest.fixture
def rehearse_three(rehearse):
    """Return a rehearsal of a manifest of three jobs, one for each shard; its hours pass when the test says so."""
    manifest = rehearse.checkout / "reconcile.yaml"
    manifest.write_text(f"{manifest.read_text()}\n  third:\n    job_id: {THIRD}\n    expect: {{status: success}}\n")

    @contextmanager
    def serve(changes):
        scenario = scenario_of(JOBS | {THIRD: {"status": "success"}} | changes)
        with running_simulator(scenario, clock=lambda: run.hour * 3600) as url:
            run.url = url
            yield run

    def run(command, outcome="in_sync", **environ):
        return rehearse(command, outcome, **{"RECONCILE_ENDPOINT": run.url, **environ})

    run.hour = 0
    run.checkout = rehearse.checkout
    return serve


def here(text):
    """Have a command wait for a second, and use the working directory for what a cluster mounts."""
    return text.replace("10m", "1s").replace("/plans/", "").replace("/manifests/", "")


# --- Systems that stop at any code but 0: a shard passes drift and pending on by its plan ---------------------------


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


def merge_of(home):
    if home == "github":
        return next(step["run"] for step in GITHUB["jobs"]["gate"]["steps"] if step["name"] == "Merge")
    return GITLAB["gate"]["script"][0]


SHARDS = {"github": github_shard, "gitlab": gitlab_shard}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("home", SHARDS)
def test_three_runners_and_a_merge_end_with_the_gates_code(rehearse_three, home, outcome):
    merge = ["bash", "-eo", "pipefail", "-c", merge_of(home)]
    with rehearse_three(RUNNING.get(outcome, {})) as rehearse:
        for number in (1, 2, 3):
            script, environ = SHARDS[home](number)
            process = rehearse(["bash", "-eo", "pipefail", "-c", here(script)], **environ)
            assert process.returncode == 0, process.stderr
        summary = str(rehearse.checkout / "summary.md")
        process = rehearse(merge, GITHUB_STEP_SUMMARY=summary)
        assert process.returncode == OUTCOMES[outcome], process.stderr
        (rehearse.checkout / "plan-1.json").unlink()
        assert rehearse(merge, GITHUB_STEP_SUMMARY=summary).returncode == 1


@pytest.mark.parametrize("home", SHARDS)
def test_a_runner_without_credentials_is_red(rehearse, home):
    script, environ = SHARDS[home](1)
    assert rehearse(["bash", "-eo", "pipefail", "-c", here(script)], "error", **environ).returncode == 1


# --- Systems that run pods again by their code ----------------------------------------------------------------------


def list_variables(container, uid):
    """Return the environment of a container without its secrets; `uid` is what the cluster knows its run by."""
    plain = [each for each in container["env"] if "secretKeyRef" not in each.get("valueFrom", {})]
    return {each["name"]: each.get("value", uid) for each in plain}


def fill(arguments, pattern, given):
    return [here(re.sub(pattern, lambda found: given[found[1]], each)) for each in arguments]


def pod_of_kubernetes(number):
    """Return what the pod of a number runs, and its environment."""
    (container,) = KUBERNETES["spec"]["template"]["spec"]["containers"]
    environ = {**list_variables(container, "uid-of-the-job"), "JOB_COMPLETION_INDEX": str(number - 1)}
    return ["reconcile", *fill(container["args"], r"\$\((\w+)\)", environ)], environ


def pod_of_argo(number):
    container = ARGO_SHARD["container"]
    (shards,) = ARGO["spec"]["arguments"]["parameters"]
    given = {"inputs.parameters.shard": str(number), "workflow.parameters.shards": shards["value"]}
    arguments = fill(container["args"], r"\{\{([\w.]+)\}\}", given)
    return [*container["command"], *arguments], list_variables(container, None)


def is_run_again_by_kubernetes(codes):
    """Tell by the codes of an index's pods so far whether it gets another."""
    rules = KUBERNETES["spec"]["podFailurePolicy"]["rules"]
    by_code = {code: rule["action"] for rule in rules for code in rule.get("onExitCodes", {}).get("values", [])}
    actions = [by_code.get(code, "Count") for code in codes]
    counted = actions.count("Count")
    return actions[-1] != "FailIndex" and counted <= KUBERNETES["spec"]["backoffLimitPerIndex"]


def is_run_again_by_argo(codes):
    """Tell the same by the expression, whose language has these words of Python."""
    names = {"lastRetry": SimpleNamespace(exitCode=str(codes[-1])), "retries": str(len(codes) - 1), "asInt": int}
    return eval(ARGO_SHARD["retryStrategy"]["expression"], {"__builtins__": {}}, names)


(MERGE,) = KUBERNETES_MERGE["spec"]["template"]["spec"]["containers"]
PODS = {
    "kubernetes": (pod_of_kubernetes, is_run_again_by_kubernetes, MERGE),
    "argo": (pod_of_argo, is_run_again_by_argo, ARGO_MERGE["container"]),
}


LATE = {BIND: {"timeline": [RUNNING["pending"][BIND], {"after": "1h", **JOBS[BIND]}]}}


@pytest.mark.parametrize(
    ("outcome", "changes", "expected", "code"),
    [
        pytest.param("in_sync", {}, [[0], [0], [0]], 0, id="in sync"),
        pytest.param("drift", RUNNING["drift"], [[0], [0], [2]], 2, id="drift is not looked at again"),
        pytest.param("pending", LATE, [[0], [0], [3, 0]], 0, id="pending, then in sync"),
        pytest.param("pending", RUNNING["pending"], [[0], [0], [3] * PATIENCE], 3, id="pending until the deadline"),
        pytest.param("error", {}, [[1, 1, 1]] * 3, 1, id="an error gets three attempts"),
    ],
)
@pytest.mark.parametrize("home", PODS)
def test_pods_run_again_by_their_code_and_the_merge_decides(rehearse_three, home, outcome, changes, expected, code):
    pod, is_run_again, merge = PODS[home]
    every = []
    with rehearse_three(changes) as rehearse:
        for number in (1, 2, 3):
            command, environ = pod(number)
            codes = []
            while not codes or (codes[-1] != 0 and is_run_again(codes) and codes != [3] * PATIENCE):
                rehearse.hour = len(codes)
                codes.append(rehearse(command, outcome, **environ).returncode)
            every.append(codes)
        assert sorted(every) == expected
        process = rehearse([*merge["command"], *map(here, merge["args"])])
    assert process.returncode == code, process.stderr


@pytest.mark.parametrize(
    ("ended", "code", "fails", "expected"),
    [
        pytest.param("True", "0", "", 0, id="in sync"),
        pytest.param("True", "2", "", 2, id="drift"),
        pytest.param("True", "", "", 1, id="the pod of the merge is gone"),
        pytest.param("True", "0", "apply", 1, id="the cluster refuses a Job"),
        pytest.param("", "0", "get", 1, id="the cluster is out of reach"),
    ],
)
def test_the_script_merges_when_the_shards_have_ended_and_ends_with_that_code(
    rehearse, tmp_path, ended, code, fails, expected
):
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(
        f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n'
        f'case "$1 $2" in "get job") echo "{ended}" ;; "get pods") echo "{code}" ;; esac\n'
        f'test "$1" != "{fails}"\n'
    )
    kubectl.chmod(0o755)
    path = f"{kubectl.parent}:{os.environ['PATH']}"
    process = rehearse(["bash", FOLDER / "kubernetes.sh"], PATH=path, POLL_SECONDS="0")
    assert process.returncode == expected, process.stderr
    if expected == 0:
        calls = [" ".join(line.split()[:3]) for line in (tmp_path / "calls").read_text().splitlines()]
        assert calls == [
            "delete job reconcile-shards",
            "apply --filename kubernetes.yaml",
            "get job reconcile-shards",
            "apply --filename kubernetes-merge.yaml",
            "get job reconcile-merge",
            "logs job/reconcile-merge",
            "get pods --selector",
        ]


def test_the_files_are_what_their_schemas_say(tmp_path):
    check_schema("github-workflows", FOLDER / "github.yml")
    shutil.copy(FOLDER / "gitlab.yml", tmp_path / ".gitlab-ci.yml")
    check_schema("gitlab-ci", "--data-transform", "gitlab-ci", tmp_path / ".gitlab-ci.yml")
    for job in (KUBERNETES, KUBERNETES_MERGE):
        kubernetes_validate.validate(job, "1.36", strict=True)
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    (container,) = KUBERNETES["spec"]["template"]["spec"]["containers"]
    assert {"name": "RECONCILE_SHARDS", "value": str(KUBERNETES["spec"]["completions"])} in container["env"]
    assert {BIND, EXPAND} == JOBS.keys()


def test_a_workflow_of_argo_has_the_pods_of_the_jobs():
    for template, job in ((ARGO_SHARD, KUBERNETES), (ARGO_MERGE, KUBERNETES_MERGE)):
        (container,) = job["spec"]["template"]["spec"]["containers"]
        same = ("image", "resources", "securityContext")
        assert [template["container"][key] for key in same] == [container[key] for key in same]
    assert ARGO["spec"]["securityContext"] == KUBERNETES["spec"]["template"]["spec"]["securityContext"]
    (((shard,), (merge,)),) = [template["steps"] for template in ARGO["spec"]["templates"] if "steps" in template]
    assert (shard["template"], merge["template"]) == (ARGO_SHARD["name"], ARGO_MERGE["name"])
    assert (shard["withSequence"]["start"], shard["continueOn"]["failed"]) == ("1", True)
