"""
Writes manifests for people: new ones from observed jobs, and edits of existing ones. Pure.

    Observations -> text of a manifest             compose_manifest
    Observation -> the expectation that it meets   describe_job
    Document + drifts -> Edits of it               accept_job
    API -> a starter manifest                      compose_starter
    API -> manifests and a scenario for a demo     compose_demo
"""

from reconcile.authoring.acceptance import accept_job, can_accept
from reconcile.authoring.composition import Seen, compose_manifest, compose_probe, declare_provider
from reconcile.authoring.demonstration import compose_demo
from reconcile.authoring.description import describe_job
from reconcile.authoring.starter import compose_starter

__all__ = [
    "Seen",
    "accept_job",
    "can_accept",
    "compose_demo",
    "compose_manifest",
    "compose_probe",
    "compose_starter",
    "declare_provider",
    "describe_job",
]
