"""
Evidence -> JSON -> Evidence.

A job names its provider, which the manifest holds once, and a provider names its API, which the program knows. Default
values are left out. Unknown keys are ignored, so to make sure that nothing was changed, encode the evidence again and
compare.
"""

from collections.abc import Callable
from typing import Any

from msgspec import MsgspecError, convert
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.lazy import LazyList
from reconcile.model import Evidence, Job, JobApi, Provider


class UndecodableError(ValueError):
    """A JSON value is not the evidence of a plan."""


def encode_evidence(evidence: Evidence) -> object:
    """Return what is written as JSON of evidence."""
    manifest = evidence.manifest
    # Names take the place of providers and APIs; these values are only ever encoded.
    named = replace(
        manifest,
        providers=[replace(each, api=each.api.name) for each in manifest.providers.values()],
        jobs=LazyList(_name_provider, manifest.jobs),
    )
    return replace(evidence, manifest=named)


def _name_provider(job: Job) -> Job:
    return replace(job, provider=job.provider.name)


def decode_evidence(value: object, *, apis: Callable[[str], JobApi] = load_api) -> Evidence:
    """
    Return the evidence that a JSON value holds.

    Args:
        apis: returns the job API of a name; raises KeyError for an unknown one.

    Raises:
        UndecodableError: it holds no evidence, or evidence about an unknown API.
    """
    try:
        return _decode(value, apis)
    except (ArithmeticError, AttributeError, LookupError, MsgspecError, RecursionError, TypeError, ValueError) as error:
        raise UndecodableError("its evidence is not that of a plan") from error


def _decode(value: Any, apis: Callable[[str], JobApi]) -> Evidence:  # noqa: ANN401 - from outside
    manifest = value["manifest"]
    providers = [convert({**each, "api": apis(each["api"])}, Provider) for each in manifest["providers"]]
    known = {each.name: each for each in providers}
    jobs = [{**each, "provider": known[each["provider"]]} for each in manifest["jobs"]]
    return convert({**value, "manifest": {**manifest, "providers": known, "jobs": jobs}}, Evidence)
