"""
Evidence -> JSON -> Evidence.

A job contains the name of its provider, and a provider that of its API, which the program knows. Default values are
left out. Unknown keys are ignored, so to make sure that nothing was changed, encode the evidence again and compare.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import MsgspecError, convert
from msgspec.structs import replace

from reconcile.apis import SHIPPED
from reconcile.lazy import LazyList
from reconcile.model.api import JobApi
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Job, Provider


class UndecodableError(ValueError):
    """A JSON value is not the evidence of a plan."""


class OtherApiError(Exception):
    """The evidence was judged by an operator's description of an API that is missing here, or differs."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def encode_evidence(evidence: Evidence) -> object:
    """Return evidence in the form that is written as JSON."""
    manifest = evidence.manifest
    # Names replace providers and APIs; these values are only encoded.
    named = replace(
        manifest,
        providers=[replace(each, api=each.api.reference) for each in manifest.providers.values()],
        jobs=LazyList(_name_provider, manifest.jobs),
    )
    return replace(evidence, manifest=named)


def _name_provider(job: Job) -> Job:
    return replace(job, provider=job.provider.name)


def decode_evidence(value: object, apis: Mapping[str, JobApi] = SHIPPED) -> Evidence:
    """
    Return the evidence in a JSON value.

    Args:
        apis: the known job APIs, by name.

    Raises:
        UndecodableError: the value is not evidence, or is about an unknown API.
        OtherApiError: the description of one of its APIs is missing, or differs.
    """
    try:
        return _decode(value, apis)
    except (ArithmeticError, AttributeError, LookupError, MsgspecError, RecursionError, TypeError, ValueError) as error:
        raise UndecodableError("its evidence is not that of a plan") from error


def _decode(value: Any, apis: Mapping[str, JobApi]) -> Evidence:  # noqa: ANN401 - from outside
    manifest = value["manifest"]
    providers = [convert({**each, "api": _find_api(each["api"], apis)}, Provider) for each in manifest["providers"]]
    known = {each.name: each for each in providers}
    jobs = [{**each, "provider": known[each["provider"]]} for each in manifest["jobs"]]
    return convert({**value, "manifest": {**manifest, "providers": known, "jobs": jobs}}, Evidence)


def _find_api(reference: str, apis: Mapping[str, JobApi]) -> JobApi:
    name, pin, _ = reference.partition("@")
    if pin and (name not in apis or apis[name].reference != reference):
        raise OtherApiError(reference)
    return apis[name]
