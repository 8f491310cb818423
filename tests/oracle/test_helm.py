"""The chart of examples/helm, rendered by Helm's own code; its hook is run."""

import kubernetes_validate
import pytest
import yaml
from homes.rehearsal import EXAMPLES

helm = pytest.importorskip("helm_python", reason="helm-python-sdk is not installed: 'make oracle' does that")


@pytest.fixture(scope="module")
def hooks():
    with helm.Chart.load(str(EXAMPLES / "helm")) as chart:
        (text,) = chart.render({}, name="demo", namespace="prod").values()
    return list(yaml.safe_load_all(text))


def test_the_hooks_run_before_an_upgrade_the_manifest_first(hooks):
    for hook in hooks:
        kubernetes_validate.validate(hook, "1.36", strict=True)
    assert [hook["kind"] for hook in hooks] == ["ConfigMap", "Job"]
    annotations = [hook["metadata"]["annotations"] for hook in hooks]
    assert {each["helm.sh/hook"] for each in annotations} == {"pre-install,pre-upgrade"}
    assert [int(each["helm.sh/hook-weight"]) for each in annotations] == [-1, 0]


def test_it_is_the_gate_of_argo_cd_under_other_names(hooks):
    config_map, job = hooks
    theirs, other = yaml.safe_load_all((EXAMPLES / "argocd" / "gate.yaml").read_text(encoding="utf-8"))
    assert config_map["data"] == theirs["data"]
    other["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] = config_map["metadata"]["name"]
    assert job["spec"] == other["spec"]


def test_helm_finds_nothing_wrong():
    found = helm.lint(str(EXAMPLES / "helm"))
    assert found["errors"] == []
    assert [each for each in found["messages"] if each["severity"] > 1] == []
