"""
Writing manifests for people: whole ones from observed jobs, and edits of existing ones. Pure.

    Observations -> text of a manifest             compose_manifest
    Observation -> the expectation that it meets   describe_job
    Document + drifts -> Edits of it               accept_job
"""

from reconcile.authoring.acceptance import accept_job
from reconcile.authoring.composition import Seen, compose_manifest, compose_probe, declare_provider
from reconcile.authoring.description import describe_job

__all__ = ["Seen", "accept_job", "compose_manifest", "compose_probe", "declare_provider", "describe_job"]
