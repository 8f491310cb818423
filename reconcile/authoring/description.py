"""
An answer as an expectation that it meets: as exact as a manifest can be, and true for as long as the job is unchanged.

What grows (an age), and what says nothing about the next run of the same job (its times), is no expectation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct

from reconcile.document import find_hidden
from reconcile.judge import LONGEST_TEXT, MOST_PAIRS
from reconcile.model import JobApi, JsonValue, Match, Observed, Record, SubJob

_OF_A_FAILURE: Final = ("error_code", "fail_reason")
_MOST_ITEMS: Final = 1_000
_MOST_LISTED: Final = 100
"""So many sub-jobs are listed one by one; of more, equal ones are counted."""
_LONGEST_GLOB: Final = 512


class InexpressibleError(ValueError):
    """Nothing that a manifest can say is true of this and of nothing else; the message says why."""


class Description(Struct, frozen=True):
    """The value of `expect`, as a manifest writes it, and remarks on what it does not say."""

    expect: Mapping[str, JsonValue]
    remarks: tuple[str, ...]


def describe_job(observed: Observed, api: JobApi) -> Description:
    """Describe a job, its sub-jobs among it where the API has any."""
    expect: dict[str, JsonValue] = {"status": observed.status}
    remarks: list[str] = []
    for name in ("job_type", *_OF_A_FAILURE):
        try:
            expect[name] = describe_text(observed, name, api)
        except InexpressibleError as error:
            remarks.append(f"{name} is left out: {error}")
        else:
            if isinstance(expect[name], Mapping):
                remarks.append(f"{name} holds what a manifest cannot: ? stands for each such character")
    if api.sub_jobs is not None:
        try:
            expect["sub_jobs"] = describe_sub_jobs(observed.sub_jobs, api, match=Match.EXACT)
        except InexpressibleError as error:
            number = len(observed.sub_jobs)
            expect["sub_jobs"] = {"count": {"min": number, "max": number}}
            remarks.append(f"sub_jobs says no more than how many there are: {error}")
    return Description(expect, tuple(remarks))


def describe_text(record: Record, name: str, api: JobApi) -> JsonValue:
    """
    Describe one text of a job or sub-job: itself, null, or a glob for what has no place in a manifest.

    Raises:
        InexpressibleError: no expectation of this text can be met.
    """
    text: str | None = getattr(record, name)
    if text is not None and record.status == api.success and name in _OF_A_FAILURE:
        raise InexpressibleError(f"what ends in {api.success} has none by the rules, and this has one")
    return describe_value(text)


def describe_value(text: str | None) -> JsonValue:
    """Describe a text that may stand anywhere; result and errors are those of `describe_text`."""
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
    Describe all sub-jobs as `sub_jobs` under a match that is closed: exact or ordered.

    It is the list of their types where that says all, and so all of them are successful.

    Raises:
        InexpressibleError: there are too many different ones.
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
    """Yield the type of each sub-job, None where a type would not say all."""
    for sub_job in sub_jobs:
        plain = sub_job.status == api.success and sub_job.job_type is not None
        job_type = _describe_item(sub_job, api).get("job_type") if plain else None
        yield job_type if isinstance(job_type, str) else None


def _describe_item(sub_job: SubJob, api: JobApi) -> Mapping[str, JsonValue]:
    """Describe one sub-job; what gives no reason to have failed is not described as having none."""
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
    """Yield each different item once with how many there are of it, or each run of equal ones."""
    named = {repr(item): item for item in items}
    numbers: Sequence[tuple[str, int]]
    if in_runs:
        numbers = [(name, len(list(run))) for name, run in groupby(map(repr, items))]
    else:
        numbers = list(Counter(map(repr, items)).items())
    for name, number in numbers:
        yield {**named[name], "count": {"min": number, "max": number}}


def _make_glob(text: str) -> str:
    """Return the narrowest glob for a text that itself cannot stand in a manifest."""
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    pattern = "".join(
        character if begin <= at < end and character != "*" and find_hidden(character) is None else "?"
        for at, character in enumerate(text)
    )
    return pattern if len(pattern) <= _LONGEST_GLOB else f"{pattern[: _LONGEST_GLOB - 1]}*"


def _escape_references(text: str) -> str:
    """Write `${` so that nothing is referred to."""
    return text.replace("${", "$${")
