"""Selects the jobs that a run is about."""

import re
import shlex
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import list_names, shorten, suggest
from reconcile.errors import UsageError
from reconcile.glob import matches_glob
from reconcile.manifest.diagnostics import MOST_SUGGESTED
from reconcile.model import Diagnostic, Job, Manifest

_REQUIREMENT: Final = re.compile(
    r"(?P<not>!)? \s* (?P<key>[A-Za-z_][A-Za-z0-9_./-]{0,63}) \s* (?:(?P<sign>==|=|!=) \s* (?P<value>[^,=]*))?",
    re.ASCII | re.VERBOSE,
)
_GRAMMAR: Final = "a selector is KEY=VALUE, KEY!=VALUE, KEY or !KEY, several joined by commas: 'tier=web,zone!=b,!old'"

_MOST_COMPARED: Final = 40_000_000
"""The characters of addresses that patterns are compared with, all taken together; it takes a few seconds."""
_LAST: Final = "\U0010ffff"
"""No address has a character behind this one."""


class _Requirement(Struct, frozen=True):
    """One requirement on the labels of a job; `value` None is any value, and `wanted` False negates it."""

    text: str
    key: str
    value: str | None
    wanted: bool

    def is_met(self, labels: Mapping[str, str]) -> bool:
        found = self.key in labels if self.value is None else labels.get(self.key) == self.value
        return found is self.wanted


def select_jobs(
    manifest: Manifest, *, targets: Sequence[str], selectors: Sequence[str], option: str = "--target "
) -> Manifest:
    """
    Return a manifest of the jobs that any of the targets names and that all of the selectors accept.

    Providers that no selected job uses are left out, because no requests go to them. The order stays.

    Args:
        targets: addresses or globs of addresses; `jobs.x` names every `jobs.x["key"]` as well, and an address that
            exists is no glob. None means every job.
        selectors: requirements on labels in kubectl's equality-based syntax, where `k!=v` accepts jobs without `k`.
        option: what stands before a target where it is typed, for messages.

    Raises:
        UsageError: a selector is malformed, a target names no job, or no job is left.
    """
    requirements = [requirement for selector in selectors for requirement in _parse_selector(selector)]
    if not targets and not requirements:
        return manifest
    jobs = _pick_targets(manifest.jobs, targets, option) if targets else manifest.jobs
    for requirement in requirements:
        left = tuple([job for job in jobs if requirement.is_met(job.labels)])
        if not left:
            raise _none_left(requirement, jobs, len(manifest.jobs))
        jobs = left
    used = {job.provider.name for job in jobs}
    providers = {name: provider for name, provider in manifest.providers.items() if name in used}
    if len(jobs) == len(manifest.jobs):
        return replace(manifest, providers=providers)
    options = [*(f"--target {shlex.quote(each)}" for each in targets)]
    options += [f"--selector {shlex.quote(each)}" for each in selectors]
    return replace(manifest, jobs=jobs, providers=providers, declared=len(manifest.jobs), selection=tuple(options))


def _pick_targets(jobs: Sequence[Job], targets: Sequence[str], option: str) -> tuple[Job, ...]:
    """Return the jobs that any target names; every target has to name one."""
    index = _Index(job.address for job in jobs)
    picked: set[str] = set()
    unknown: list[Diagnostic] = []
    for target in dict.fromkeys(targets):
        found = index.find(target)
        picked |= found
        if not found:
            hint = index.suggest(target) if len(unknown) < MOST_SUGGESTED else None
            unknown.append(_unknown_target(target, hint or index.listed, len(jobs), option))
    if unknown:
        raise UsageError(unknown)
    return tuple([job for job in jobs if job.address in picked or _strip_key(job.address) in picked])


class _Index:
    """The addresses of a run, with and without the keys of `for_each`, to find those that targets name."""

    __slots__ = ("_compared", "_keyed", "_names", "_sorted", "listed")

    def __init__(self, addresses: Iterable[str]) -> None:
        self._keyed: dict[str, list[str]] = {}
        for address in addresses:
            self._keyed.setdefault(_strip_key(address), []).append(address)
        self._names = {address for keyed in self._keyed.values() for address in keyed} | self._keyed.keys()
        self._sorted: list[str] = []
        self._compared = 0
        self.listed = f"addresses here: {list_names(self._keyed)}"

    def find(self, target: str) -> set[str]:
        """
        Return the addresses, with or without key, that a target names.

        Raises:
            UsageError: all targets so far have been compared with more than a run has time for.
        """
        if target in self._names:
            return {target}
        prefix = re.split("[*?]", target, maxsplit=1)[0]
        if prefix == target:
            return set()
        candidates = self._list_candidates(prefix)
        self._compared += sum(map(len, candidates))
        if self._compared > _MOST_COMPARED:
            message = f"there are too many addresses to compare with all patterns up to '{shorten(target)}'"
            hint = "start each pattern as the addresses start, or use --selector"
            raise UsageError.because(Code.TOO_LARGE, message, hint=hint)
        return {known for known in candidates if matches_glob(target, known)}

    def suggest(self, target: str) -> str | None:
        """Return a hint that names the address most similar to a target."""
        return suggest(target, self._keyed.get(_strip_key(target)) or self._keyed)

    def _list_candidates(self, prefix: str) -> list[str]:
        if not self._sorted:
            self._sorted = sorted(self._names)
        begin = bisect_left(self._sorted, prefix)
        return self._sorted[begin : bisect_left(self._sorted, prefix + _LAST, begin)]


def _strip_key(address: str) -> str:
    """Return the address of all jobs that one `for_each` makes: no name of a job or a manifest has a bracket."""
    return address.partition("[")[0]


def _unknown_target(target: str, hint: str, total: int, option: str) -> Diagnostic:
    message = f"0 of {total} jobs selected by {option}'{shorten(target)}'"
    return Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint=hint)


def _parse_selector(selector: str) -> list[_Requirement]:
    return [_parse_requirement(text.strip(), selector) for text in selector.split(",")]


def _parse_requirement(text: str, selector: str) -> _Requirement:
    found = _REQUIREMENT.fullmatch(text)
    if found is None or (found["not"] and found["sign"]):
        message = f"--selector '{shorten(selector)}' cannot be read" + (f" at '{shorten(text)}'" if text else "")
        raise UsageError([Diagnostic(code=Code.USAGE, message=message, hint=_GRAMMAR)])
    wanted = not found["not"] and found["sign"] != "!="
    return _Requirement(text, found["key"], found["value"], wanted)


def _none_left(requirement: _Requirement, jobs: Sequence[Job], total: int) -> UsageError:
    """Report which requirement left no job, and which labels the jobs before it have."""
    among = f" among the {len(jobs)} that the other options select" if len(jobs) < total else ""
    message = f"0 of {total} jobs selected: no job{among} has '{shorten(requirement.text)}'"
    labels = list(dict.fromkeys(f"{key}={value}" for job in jobs for key, value in job.labels.items()))
    hint = _suggest_label(requirement, labels) if labels else "they have no labels; add 'labels' to jobs or defaults"
    return UsageError([Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint=hint)])


def _suggest_label(requirement: _Requirement, labels: Sequence[str]) -> str:
    similar = suggest(requirement.text, labels) if requirement.wanted else None
    return f"{similar + ' ' if similar else ''}labels here: {list_names(labels)}"
