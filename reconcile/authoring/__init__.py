"""
Manifests as people keep them, written for them: whole ones of what jobs are, and edits of those that they have. Pure.

    Observations -> text of a manifest          compose_manifest
    Document + drifts -> Edits of it            accept_job
"""

from reconcile.authoring.acceptance import accept_job
from reconcile.authoring.composition import Seen, compose_manifest, compose_probe, declare_provider

__all__ = ["Seen", "accept_job", "compose_manifest", "compose_probe", "declare_provider"]
