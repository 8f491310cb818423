"""
Evidence -> JSON -> Evidence.

A provider stands once in the manifest, and in each job by its name; an API is named, for the program knows it. What
is as it is by default is left out. An unknown key is passed over: whoever must know that nothing was changed writes
the evidence once more and compares.
"""

from collections.abc import Callable
from typing import Any

from msgspec import MsgspecError, convert
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.model import Evidence, JobApi, Provider


class UndecodableError(ValueError):
    """It is not the evidence of a plan."""


def encode_evidence(evidence: Evidence) -> object:
    """Return what is written as JSON of evidence."""
    manifest = evidence.manifest
    # A name stands in place of what it names, whatever the types say: these values are only written as JSON.
    named = replace(
        manifest,
        providers=[replace(each, api=each.api.name) for each in manifest.providers.values()],
        jobs=[replace(each, provider=each.provider.name) for each in manifest.jobs],
    )
    return replace(evidence, manifest=named)


def decode_evidence(value: object, *, apis: Callable[[str], JobApi] = load_api) -> Evidence:
    """
    Return the evidence that a JSON value is.

    Raises UndecodableError if it is none, or if it is about an API that is not known.

    Args:
        apis: where job APIs come from; raises KeyError for a name it does not know.
    """
    try:
        return _decode(value, apis)
    except (ArithmeticError, AttributeError, LookupError, MsgspecError, RecursionError, TypeError, ValueError) as error:
        raise UndecodableError("it is not the evidence of a plan") from error


def _decode(value: Any, apis: Callable[[str], JobApi]) -> Evidence:  # noqa: ANN401 - from outside
    manifest = value["manifest"]
    providers = [convert({**each, "api": apis(each["api"])}, Provider) for each in manifest["providers"]]
    known = {each.name: each for each in providers}
    jobs = [{**each, "provider": known[each["provider"]]} for each in manifest["jobs"]]
    return convert({**value, "manifest": {**manifest, "providers": known, "jobs": jobs}}, Evidence)
