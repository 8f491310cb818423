"""Splits the selected jobs into shards for several runs, and merges the shards. Pure."""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import accumulate, islice
from typing import TypeVar

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.errors import DocumentError, UsageError
from reconcile.lazy import LazyList
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Deal, Job, Manifest, Shard
from reconcile.model.observation import Timing

_Each = TypeVar("_Each")

_SAME = {
    "tool": "another version of reconcile",
    "origins": "other endpoints",
    "strict": "another --strict",
    "soft_fail": "another --soft-fail",
}
_SAME_IN_MANIFEST = {
    "files": "another manifest or other variables",
    "providers": "other providers",
    "warnings": "other warnings of its manifest",
    "selection": "another selection of jobs, or another --fail-fast",
}
_SAME_IN_SHARD = {
    "by": "another --by",
    "total": "another number of shards",
    "selected": "another number of selected jobs",
    "digest": "another selection of jobs",
}

_MOST_LISTED = 10
"""The most missing shards that are listed."""


def take_shard(
    manifest: Manifest, index: int, total: int, *, run: str | None = None, deal: Deal = Deal.JOB
) -> Manifest:
    """Return shard number `index`, from 1, of those that `deal_shards` returns; raise UsageError as it does."""
    return deal_shards(manifest, total, run=run, deal=deal)[index - 1]


def deal_shards(manifest: Manifest, total: int, *, run: str | None = None, deal: Deal = Deal.JOB) -> Sequence[Manifest]:
    """
    Split the jobs of a manifest into `total` shards: manifests with some of the jobs, in the same order.

    Jobs or providers are distributed in the order of a hash of their names, so that every run splits them in the same
    way, whatever the order in the files. By job, the sizes of shards differ by at most one, in total and for each
    provider. By provider, the largest comes first, and each goes to the shard with the fewest jobs so far. A job stays
    with the one that it must come after. Each shard keeps all providers, so that all runs need the same ones. `run` is
    the name that all shards of a run share, None if it has none.

    Raises:
        UsageError: there are more shards than jobs or providers, so one would check nothing.
    """
    jobs = manifest.jobs
    units = _find_units(jobs, deal)
    parts = _deal_providers(units, jobs, total) if deal is Deal.PROVIDER else _deal_jobs(units, jobs, total)
    if not parts[-1]:
        plural = "" if len(units) == 1 else "s"
        chains = f" or chain{plural} of jobs linked by 'after'" if any(job.after for job in jobs) else ""
        what = f"{len(units)} {deal.value}{plural}{chains}"
        message = f"{total} shards are too many for {what}: one of them would check nothing"
        hint = f"use at most {len(units)}"
        raise UsageError.because(Code.NOTHING_TO_CHECK, message, hint=hint)
    digest = _digest_addresses(job.address for job in jobs)

    def take(index: int) -> Manifest:
        positions = tuple(sorted(parts[index - 1]))
        shard = Shard(
            index=index, total=total, positions=positions, selected=len(jobs), digest=digest, run=run, by=deal
        )
        return replace(manifest, jobs=tuple([jobs[at] for at in positions]), shard=shard)

    return LazyList(take, range(1, total + 1))


def _find_units(jobs: Sequence[Job], deal: Deal) -> list[list[int]]:
    """
    Return groups of positions that must be in one shard: single jobs, or the jobs of a provider.

    A job that must come after another one is in the same group, because both are judged together.
    """
    roots: dict[str, str] = {}

    def find(name: str) -> str:
        while roots.setdefault(name, name) != name:
            roots[name] = name = roots[roots[name]]
        return name

    names = [job.provider.name if deal is Deal.PROVIDER else job.address for job in jobs]
    by_address = {job.address: name for job, name in zip(jobs, names, strict=True)}
    for job, name in zip(jobs, names, strict=True):
        if job.after is not None and job.after.address in by_address:
            roots[find(name)] = find(by_address[job.after.address])
    units: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        units.setdefault(find(name), []).append(at)
    return list(units.values())


def _deal_jobs(units: Sequence[Sequence[int]], jobs: Sequence[Job], total: int) -> list[list[int]]:
    """
    Return the positions of the jobs of each shard; empty shards are last.

    The numbers of a provider's jobs per shard differ by at most one: a shard with more would take longer, because it
    has only its share of the provider's rate.
    """
    order = sorted(
        units, key=lambda unit: (jobs[unit[0]].provider.name, min((_hash(jobs[at].address), at) for at in unit))
    )
    return [[at for unit in order[first::total] for at in unit] for first in range(total)]


def _deal_providers(units: Sequence[Sequence[int]], jobs: Sequence[Job], total: int) -> list[list[int]]:
    """Return the positions of the jobs of each shard, the largest units first; empty shards are last."""
    parts: list[list[int]] = [[] for _ in range(total)]
    for unit in sorted(units, key=lambda unit: (-len(unit), min(_hash(jobs[at].provider.name) for at in unit))):
        min(parts, key=len).extend(unit)
    return parts


def _hash(name: str) -> bytes:
    return sha256(name.encode("utf-8", "surrogatepass")).digest()


def measure_rates(evidence: Evidence) -> Iterator[tuple[str, int, float]]:
    """Yield for each provider with requests its name, their number, and the seconds from the first to the last."""
    spans: dict[str, tuple[int, float, float]] = {}
    counted: set[tuple[str, str]] = set()
    for job, timing in zip(evidence.manifest.jobs, evidence.timings, strict=False):
        name = job.provider.name
        if timing.attempts and (name, job.job_id) not in counted:  # two jobs may share a remote job
            counted.add((name, job.job_id))
            requests, begin, end = spans.get(name, (0, timing.started, 0.0))
            latest = timing.started + timing.elapsed
            spans[name] = requests + timing.attempts, min(begin, timing.started), max(end, latest)
    for name, (requests, begin, end) in spans.items():
        yield name, requests, end - begin


def merge_shards(parts: Sequence[tuple[str, Evidence]]) -> Evidence:
    """
    Return the evidence of a single run of all selected jobs.

    If the shards do not name their run, the manifest gets a warning, because they could be from different runs.

    Args:
        parts: the name of each shard in messages, and its evidence; at least one, in any order.

    Raises:
        DocumentError: the shards are not exactly those of one run; it has all errors.
    """
    mismatches = list(_find_mismatches(parts))
    if mismatches:
        raise DocumentError(mismatches)
    evidence = [each for _, each in parts]
    first = evidence[0]
    begin = min((each.started_at for each in evidence if each.started_at), default=None)
    shard = _shard_of(first)
    positions = [position for each in evidence for position in _shard_of(each).positions]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    jobs = tuple(_arrange([each.manifest.jobs for each in evidence], order))
    whole = len(order) == shard.selected and all(positions[place] == at for at, place in enumerate(order))
    if not whole or _digest_addresses(job.address for job in jobs) != shard.digest:
        raise DocumentError([_mismatch("the jobs of all shards are not the selected ones, each once")])
    return replace(
        first,
        manifest=replace(
            first.manifest,
            jobs=jobs,
            warnings=(*first.manifest.warnings, *_warn_unnamed_run(shard)),
            shard=None,
        ),
        observations=_arrange([each.observations for each in evidence], order),
        remarks=tuple(_arrange([each.remarks for each in evidence], order)),
        timings=tuple(_arrange([_list_timings(each, begin) for each in evidence], order)),
        judged_at=max(each.judged_at for each in evidence),
        started_at=begin,
        since=min(each.since for each in evidence),
        ended_by=None,
    )


def _arrange(parts: Sequence[Sequence[_Each]], order: Sequence[int]) -> Sequence[_Each]:
    """Return the elements of all parts in an order, whose positions count from 0 through all parts."""
    starts = [0, *accumulate(map(len, parts))]

    def find(place: int) -> _Each:
        part = bisect_right(starts, place) - 1
        return parts[part][place - starts[part]]

    return LazyList(find, order)


def _list_timings(evidence: Evidence, begin: datetime | None) -> Sequence[Timing]:
    """List the timings of a shard's jobs, relative to the start of the whole run."""
    timings = evidence.timings or (Timing(),) * len(evidence.manifest.jobs)
    if begin is None or evidence.started_at is None:
        return timings
    later = (evidence.started_at - begin).total_seconds()
    return [replace(each, started=round(each.started + later, 3)) if each.attempts else each for each in timings]


def _find_mismatches(parts: Sequence[tuple[str, Evidence]]) -> Iterator[Diagnostic]:
    shards: list[tuple[str, Evidence]] = []
    for name, evidence in parts:
        if evidence.errors:
            yield _mismatch(f"{name}: this run failed: {evidence.errors[0].message}")
        elif evidence.ended_by is not None:
            yield _mismatch(f"{name}: this run was cut short by a signal")
        elif evidence.manifest.shard is None:
            yield _mismatch(f"{name}: this is the plan of a whole run, not of a shard")
        else:
            shards.append((name, evidence))
            each = (evidence.manifest.jobs, evidence.manifest.shard.positions, evidence.observations, evidence.remarks)
            if len({*map(len, (*each, _list_timings(evidence, None)))}) > 1:
                yield _mismatch(f"{name}: it does not list each of its jobs exactly once")
            if evidence.manifest.hides_values:
                yield _mismatch(
                    f"{name}: it has sensitive variables, and a saved plan cannot show whether their values agree"
                )
            first_name, first = shards[0]
            for what in _compare(first, evidence):
                yield _mismatch(f"{name} and {first_name} are from different runs: {what}")
    if len(shards) == len(parts):
        yield from _find_gaps([(name, _shard_of(evidence)) for name, evidence in shards])


def _compare(first: Evidence, other: Evidence) -> Iterator[str]:
    """Yield what differs between two shards, but must be equal for all shards of a run."""
    for names, one, two in (
        (_SAME, first, other),
        (_SAME_IN_MANIFEST, first.manifest, other.manifest),
        (_SAME_IN_SHARD, first.manifest.shard, other.manifest.shard),
    ):
        for name, what in names.items():
            if getattr(one, name, None) != getattr(two, name, None):
                yield what
    runs = [shard.run for shard in (other.manifest.shard, first.manifest.shard) if shard is not None]
    if len(set(runs)) > 1:
        yield " and not ".join(run or "a run without an id" for run in runs)


def _warn_unnamed_run(shard: Shard) -> Iterator[Diagnostic]:
    if shard.run is None and shard.total > 1:
        message = "no shard has a run id, so shards of different runs could be mixed up"
        hint = "set RECONCILE_RUN_ID to one value for all shards of a run, and to a new one for each run"
        yield Diagnostic(code=Code.UNNAMED_RUN, message=message, hint=hint)


def _find_gaps(shards: Sequence[tuple[str, Shard]]) -> Iterator[Diagnostic]:
    total = shards[0][1].total
    given = Counter(shard.index for _, shard in shards)
    missing = total - sum(1 <= index <= total for index in given)
    if missing > 0:
        # A plan that was written by hand can claim any total, so only the first missing shards are listed.
        first = islice((index for index in range(1, total + 1) if index not in given), _MOST_LISTED)
        listed = ", ".join(map(str, first)) + (", ..." if missing > _MOST_LISTED else "")
        yield _mismatch(f"{missing} of {total} shards missing: {listed}")
    for index, times in given.items():
        if times > 1:
            names = ", ".join(name for name, shard in shards if shard.index == index)
            yield _mismatch(f"shard {index} of {total} is given {times} times: {names}")


def _shard_of(evidence: Evidence) -> Shard:
    if evidence.manifest.shard is None:
        raise TypeError("not the evidence of a shard")
    return evidence.manifest.shard


def _digest_addresses(addresses: Iterable[str]) -> str:
    """Return the SHA-256 in hexadecimal of the addresses as a JSON list, in their order."""
    digest = sha256(b"[")
    for at, address in enumerate(addresses):
        digest.update(f"{', ' if at else ''}{json.dumps(address)}".encode("ascii"))
    digest.update(b"]")
    return digest.hexdigest()


def _mismatch(message: str) -> Diagnostic:
    return Diagnostic(
        code=Code.SHARDS_DO_NOT_FIT, message=message, hint="pass every shard of the run, each exactly once"
    )
