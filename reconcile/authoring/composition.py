"""A whole manifest of jobs as they are."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from msgspec import Struct

from reconcile.authoring.description import describe_job
from reconcile.authoring.naming import name_job
from reconcile.document.writing import INDENT, write_block, write_comment
from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.model import JobApi, JsonValue, Observed, Provider

_HEAD: Final = (
    "What these jobs are, written by 'reconcile import'. Keep what must hold, remove what may change,",
    "and give the jobs names that say what they are for.",
)
_WILL_MOVE_ON: Final = "It is not done yet: once it has moved on, this is drift. Import it again when it is done."


class Seen(Struct, frozen=True, kw_only=True):
    """A job as it was observed, and what there is to remark on it."""

    observed: Observed
    job_id: str
    notes: Sequence[str]


def compose_manifest(provider: Provider, jobs: Sequence[Seen]) -> str:
    """
    Write a manifest with which every one of these jobs, unchanged, is in sync.

    Args:
        provider: the one that knows them all.
        jobs: one at least, each id once, in the order of the manifest.
    """
    blocks = [
        [*map(write_comment, _HEAD), "version: 1"],
        list(write_block({"providers": {provider.name: declare_provider(provider)}}, indent=0)),
        ["jobs:"],
    ]
    taken: set[str] = set()
    for seen in jobs:
        name = name_job(seen.observed.job_type, seen.job_id, taken=taken)
        taken.add(name.casefold())
        blocks.append(list(_compose_job(name, seen, provider.api)))
    return "".join(f"{line}\n" for line in _join(blocks))


def compose_probe(name: str, declared: Mapping[str, str], api: JobApi, job_ids: Sequence[str]) -> str:
    """
    Write a manifest that expects of jobs no more than that they are done, for asking what they are.

    Args:
        name: of the provider.
        declared: the provider, as a manifest declares it.
        api: the job API of the provider.
        job_ids: one at least, each once.
    """
    done: Sequence[JsonValue] = [status.word for status in api.statuses.values() if status.terminal]
    jobs: dict[str, JsonValue] = {
        f"j{number}": {"job_id": job_id, "expect": {"status": done}} for number, job_id in enumerate(job_ids)
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
    moves_on = () if api.statuses[seen.observed.status].terminal else (_WILL_MOVE_ON,)
    for remark in chain(_tell_times(seen.observed, api), moves_on, description.remarks, seen.notes):
        yield f"{' ' * INDENT}{write_comment(remark)}"
    yield from write_block({name: {"job_id": seen.job_id, "expect": description.expect}}, indent=INDENT)


def _tell_times(observed: Observed, api: JobApi) -> Iterator[str]:
    """Say when a job ran, and which request told it."""
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
    """Put a blank line between blocks, but none behind a head that opens a mapping."""
    for number, block in enumerate(blocks):
        if number and blocks[number - 1] != ["jobs:"]:
            yield ""
        yield from block
