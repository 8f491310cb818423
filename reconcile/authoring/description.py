"""
An answer -> an expectation that it meets: as exact as possible, and true as long as the job does not change.

Ages are left out because they grow, and timestamps because they say nothing about the next run of the same job.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct

from reconcile.document import find_hidden
from reconcile.judge import LONGEST_TEXT, MOST_PAIRS
from reconcile.model.api import JobApi
from reconcile.model.manifest import Match
from reconcile.model.observation import Observed, Record, SubJob
from reconcile.model.value import JsonValue

_OF_A_FAILURE: Final = ("error_code", "fail_reason")
_MOST_ITEMS: Final = 1_000
_MOST_LISTED: Final = 100
"""The most sub-jobs that are listed individually; if there are more, equal ones are counted."""
_LONGEST_GLOB: Final = 512


class InexpressibleError(ValueError):
    """No expectation describes exactly this; the message says why."""


class Description(Struct, frozen=True):
    """The value of `expect` in a manifest, and notes about what it leaves out."""

    expect: Mapping[str, JsonValue]
    notes: tuple[str, ...]


def describe_job(observed: Observed, api: JobApi) -> Description:
    """Describe a job, with its sub-jobs if the API has them."""
    expect: dict[str, JsonValue] = {"status": observed.status}
    notes: list[str] = []
    for name in ("job_type", *_OF_A_FAILURE):
        if name not in api.job.fields:
            continue
        try:
            expect[name] = describe_text(observed, name, api)
        except InexpressibleError as error:
            notes.append(f"{name} is left out: {error}")
        else:
            if isinstance(expect[name], Mapping):
                notes.append(f"{name} holds characters that a manifest cannot write: each is a ?")
    if api.sub_jobs is not None:
        try:
            expect["sub_jobs"] = describe_sub_jobs(observed.sub_jobs, api, match=Match.EXACT)
        except InexpressibleError as error:
            number = len(observed.sub_jobs)
            expect["sub_jobs"] = {"count": {"min": number, "max": number}}
            notes.append(f"sub_jobs only has their number: {error}")
    return Description(expect, tuple(notes))


def describe_text(record: Record, name: str, api: JobApi) -> JsonValue:
    """
    Describe one field of a job or sub-job: its text, null, or a glob for a text that a manifest cannot contain.

    Raises:
        InexpressibleError: no expectation of this field can be met.
    """
    text: str | None = getattr(record, name)
    if text is not None and record.status == api.success and name in _OF_A_FAILURE:
        raise InexpressibleError(f"a job that ends in {api.success} is to have none, and this one has one")
    return describe_value(text)


def describe_value(text: str | None) -> JsonValue:
    """Describe a text; result and errors are those of `describe_text`."""
    if text is None:
        return None
    if len(text) > LONGEST_TEXT:
        raise InexpressibleError(f"a text of {len(text)} characters is too long to compare")
    if text == text.strip() and find_hidden(text) is None:
        return _escape_references(text)
    pattern = _make_glob(text)
    return {"glob": _escape_references(pattern)}


def describe_sub_jobs(sub_jobs: Sequence[SubJob], api: JobApi, *, match: Match) -> JsonValue:
    """
    Describe all sub-jobs as the value of `sub_jobs`, for an exact or ordered match.

    If type and success describe them completely, the value is the list of their types.

    Raises:
        InexpressibleError: there are too many different sub-jobs.
    """
    types = list(_list_types(sub_jobs, api))
    if match is Match.EXACT and None not in types and len(types) <= _MOST_LISTED:
        return types
    items = describe_items(sub_jobs, api, match=match)
    return {"items": items} if match is Match.EXACT else {"match": match.value, "items": items}


def describe_items(sub_jobs: Sequence[SubJob], api: JobApi, *, match: Match) -> Sequence[JsonValue]:
    """Describe all sub-jobs as the `items` of `sub_jobs`; the arguments are those of `describe_sub_jobs`."""
    described = [_describe_item(sub_job, api) for sub_job in sub_jobs]
    if len(described) <= _MOST_LISTED:
        return described
    counted = list(_count_equal(described, in_runs=match is Match.ORDERED))
    if len(counted) > _MOST_ITEMS or len(counted) * len(described) > MOST_PAIRS:
        raise InexpressibleError(f"{len(described)} sub-jobs are too many to pair with items")
    return counted


def _list_types(sub_jobs: Sequence[SubJob], api: JobApi) -> Iterator[str | None]:
    """Yield the type of each sub-job, None if the type does not describe it completely."""
    for sub_job in sub_jobs:
        plain = sub_job.status == api.success and sub_job.job_type is not None
        job_type = _describe_item(sub_job, api).get("job_type") if plain else None
        yield job_type if isinstance(job_type, str) else None


def _describe_item(sub_job: SubJob, api: JobApi) -> Mapping[str, JsonValue]:
    """Describe one sub-job; a missing reason of a failure is left out rather than expected."""
    item: dict[str, JsonValue] = {}
    for name in ("job_type", "status", *_OF_A_FAILURE):
        if name in _OF_A_FAILURE and (getattr(sub_job, name) is None or sub_job.status == api.success):
            continue
        try:
            item[name] = sub_job.status if name == "status" else describe_text(sub_job, name, api)
        except InexpressibleError:
            continue
    return item


def _count_equal(items: Sequence[Mapping[str, JsonValue]], *, in_runs: bool) -> Iterator[Mapping[str, JsonValue]]:
    """Yield each different item, or each run of equal ones, with its count."""
    named = {repr(item): item for item in items}
    numbers: Sequence[tuple[str, int]]
    if in_runs:
        numbers = [(name, len(list(run))) for name, run in groupby(map(repr, items))]
    else:
        numbers = list(Counter(map(repr, items)).items())
    for name, number in numbers:
        yield {**named[name], "count": {"min": number, "max": number}}


def _make_glob(text: str) -> str:
    """Return the narrowest glob for a text that a manifest cannot contain."""
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    pattern = "".join(
        character if begin <= at < end and character != "*" and find_hidden(character) is None else "?"
        for at, character in enumerate(text)
    )
    return pattern if len(pattern) <= _LONGEST_GLOB else f"{pattern[: _LONGEST_GLOB - 1]}*"


def _escape_references(text: str) -> str:
    """Escape `${`, so that it is not a reference."""
    return text.replace("${", "$${")
