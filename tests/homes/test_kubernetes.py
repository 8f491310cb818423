"""The container, and the Job that Argo CD runs before a sync."""

import re
import shlex

import kubernetes_validate
import yaml
from homes.rehearsal import CODES, EXAMPLES, every_outcome, hurry

DOCKERFILE = (EXAMPLES / "container" / "Dockerfile").read_text(encoding="utf-8")
CONFIG_MAP, JOB = yaml.safe_load_all((EXAMPLES / "argocd" / "gate.yaml").read_text(encoding="utf-8"))


def commands_of_a_gate(config_map, job, folder):
    """Lay out what a Job mounts, and return the command that its container runs."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    (volume,) = job["spec"]["template"]["spec"]["volumes"]
    assert (volume["name"], volume["configMap"]["name"]) == (mount["name"], config_map["metadata"]["name"])
    for name, text in config_map["data"].items():
        (folder / name).write_text(text)
    arguments = [hurry(text) if re.fullmatch("[0-9]+m", text) else text for text in container["args"]]
    return ["reconcile", *(text.replace(mount["mountPath"], str(folder)) for text in arguments)]


@every_outcome
def test_the_job_of_argo_cd_ends_with_the_gates_code(rehearse, tmp_path, outcome):
    process = rehearse(commands_of_a_gate(CONFIG_MAP, JOB, tmp_path), outcome)
    assert process.returncode == CODES[outcome], process.stderr


def test_the_job_is_tried_once_and_before_the_sync():
    for document in (CONFIG_MAP, JOB):
        kubernetes_validate.validate(document, "1.36", strict=True)
        assert document["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PreSync"
    assert JOB["spec"]["backoffLimit"] == 0
    assert JOB["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_container_installs_and_runs_the_gate(rehearse, machine):
    lines = dict(line.split(" ", 1) for line in DOCKERFILE.splitlines())
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", lines["FROM"])
    mount, install = lines["RUN"].split(" ", 1)
    context = mount.removeprefix("--mount=type=bind,target=")
    assert rehearse(["sh", "-c", install.replace(context, machine["HOME"])]).returncode == 0
    entry = yaml.safe_load(lines["ENTRYPOINT"])
    assert rehearse([*entry, "plan", "reconcile.yaml"]).returncode == 0
    assert all(int(number) > 0 for number in lines["USER"].split(":"))
    assert shlex.split(install)[-1].startswith("reconcile-jobs==")
