"""The template of examples/shards, read by the classes that Hera makes from the schema of Argo Workflows."""

import pytest
import yaml
from homes.rehearsal import EXAMPLES

models = pytest.importorskip("hera.workflows.models", reason="hera is not installed: 'make oracle' does that")


def test_argo_workflows_knows_every_key_of_the_template():
    document = yaml.safe_load((EXAMPLES / "shards" / "argo-workflows.yaml").read_text(encoding="utf-8"))
    template = models.WorkflowTemplate.model_validate(document)
    # A key that is unknown would be lost on the way.
    assert template.model_dump(by_alias=True, exclude_unset=True, mode="json") == document
