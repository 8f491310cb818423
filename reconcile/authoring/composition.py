"""Writes a whole manifest from observed jobs, and names each job."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Final

from msgspec import Struct

from reconcile.authoring.description import describe_job
from reconcile.document.writing import INDENT, write_block, write_comment
from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.model.api import JobApi
from reconcile.model.manifest import Provider
from reconcile.model.observation import Observed
from reconcile.model.value import JsonValue

_HEAD: Final = (
    "The current state of these jobs, written by 'reconcile import'. Keep what must hold, remove what may",
    "change, and give the jobs meaningful names.",
)
_STILL_RUNNING: Final = "The job has not ended: when it changes, this is drift. Import it again when it has ended."
_LONGEST_NAME: Final = 64
_SHORT_ID: Final = 8
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


class Seen(Struct, frozen=True, kw_only=True):
    """An observed job; `notes` become comments, and `parameters` are the values that its path needs besides the id."""

    observed: Observed
    job_id: str
    parameters: Mapping[str, str]
    notes: Sequence[str]


def compose_manifest(provider: Provider, jobs: Sequence[Seen]) -> str:
    """
    Write a manifest with which all these jobs are in sync, as long as they do not change.

    Args:
        provider: the provider of all jobs.
        jobs: at least one, with different ids, in the order of the manifest.
    """
    blocks = [
        [*map(write_comment, _HEAD), "version: 1"],
        list(write_block({"providers": {provider.name: declare_provider(provider)}}, indent=0)),
        ["jobs:"],
    ]
    taken: set[str] = set()
    for seen in jobs:
        name = _name_job(seen.observed.job_type, seen.job_id, taken=taken)
        taken.add(name.casefold())
        blocks.append(list(_compose_job(name, seen, provider.api)))
    return "".join(f"{line}\n" for line in _join(blocks))


def compose_probe(
    name: str, declared: Mapping[str, str], api: JobApi, job_ids: Sequence[str], parameters: Mapping[str, str]
) -> str:
    """
    Write a manifest for fetching jobs, which only expects them to be terminal.

    Args:
        name: the name of the provider.
        declared: the provider, as a manifest declares it.
        api: the job API of the provider.
        job_ids: at least one, all different.
        parameters: the values that the path of each job needs besides the ids.
    """
    done: Sequence[JsonValue] = [status.word for status in api.statuses.values() if status.terminal]
    jobs: dict[str, JsonValue] = {
        f"j{number}": {**_identify(job_id, parameters), "expect": {"status": done}}
        for number, job_id in enumerate(job_ids)
    }
    tree: dict[str, JsonValue] = {"version": 1, "providers": {name: declared}, "jobs": jobs}
    return "".join(f"{line}\n" for line in write_block(tree, indent=0))


def declare_provider(provider: Provider) -> Mapping[str, str]:
    """Return a provider as a manifest declares it."""
    place = {"cloud": provider.cloud, "region": provider.region}
    return {
        "api": provider.api.name,
        **{key: value for key, value in place.items() if value is not None},
        "project_id": provider.project_id,
    }


def _compose_job(name: str, seen: Seen, api: JobApi) -> Iterator[str]:
    description = describe_job(seen.observed, api)
    progress = () if api.statuses[seen.observed.status].terminal else (_STILL_RUNNING,)
    for note in chain(_describe_times(seen.observed, api), progress, description.notes, seen.notes):
        yield f"{' ' * INDENT}{write_comment(note)}"
    job = {**_identify(seen.job_id, seen.parameters), "expect": description.expect}
    yield from write_block({name: job}, indent=INDENT)


def _identify(job_id: str, parameters: Mapping[str, str]) -> Mapping[str, JsonValue]:
    return {"job_id": job_id, "parameters": parameters} if parameters else {"job_id": job_id}


def _describe_times(observed: Observed, api: JobApi) -> Iterator[str]:
    """Say when a job ran, and which request returned that."""
    parts = []
    if observed.begin_time is not None:
        parts.append(f"began {observed.begin_time}")
    if observed.end_time is not None:
        parts.append(f"ended {observed.end_time}")
    took = _measure(observed, api)
    if took is not None:
        parts.append(f"took {took}")
    if observed.request_id is not None:
        parts.append(f"request {observed.request_id}")
    if parts:
        yield ", ".join(parts)


def _measure(observed: Observed, api: JobApi) -> str | None:
    begin = read_time(observed.begin_time, api.time_format)
    end = read_time(observed.end_time, api.time_format)
    return format_duration((end - begin).total_seconds()) if begin and end else None


def _join(blocks: Sequence[Sequence[str]]) -> Iterator[str]:
    """Put a blank line between blocks, but none after a line that opens a mapping."""
    for number, block in enumerate(blocks):
        if number and blocks[number - 1] != ["jobs:"]:
            yield ""
        yield from block


# --- Names -----------------------------------------------------------------------------------------------------


def _name_job(job_type: str | None, job_id: str, *, taken: Collection[str]) -> str:
    """
    Return a new name for a job: its type and the beginning of its id, or as much of the id as it takes.

    Args:
        job_type: None if the API returned none.
        job_id: as a manifest allows it.
        taken: the names of other jobs, in lower case.
    """
    return next(name for name in _propose_names(job_type, job_id) if name.casefold() not in taken)


def _propose_names(job_type: str | None, job_id: str) -> Iterator[str]:
    head = _NOT_IN_NAMES.sub("-", job_type or "").strip("-") or "job"
    if not re.match("[A-Za-z_]", head):
        head = f"job-{head}"
    for tail in (job_id[:_SHORT_ID], job_id):
        yield f"{head[: max(1, _LONGEST_NAME - len(tail) - 1)]}-{tail}"[:_LONGEST_NAME]
    for number in count(2):
        tail = f"{job_id[:_SHORT_ID]}-{number}"
        yield f"{head[: _LONGEST_NAME - len(tail) - 1]}-{tail}"
