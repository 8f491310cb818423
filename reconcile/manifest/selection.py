"""Selects the jobs of a run."""

import re
import shlex
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import MARK_SHIFT, list_names, read_text, shorten, suggest
from reconcile.errors import DocumentError, UsageError
from reconcile.glob import matches_glob
from reconcile.manifest.diagnostics import MOST_REPORTED, MOST_SUGGESTED
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Job, Manifest

_REQUIREMENT: Final = re.compile(
    r"(?P<not>!)? \s* (?P<key>[A-Za-z_][A-Za-z0-9_./-]{0,63}) \s* (?:(?P<sign>==|=|!=) \s* (?P<value>[^,=]*))?",
    re.ASCII | re.VERBOSE,
)
_NONE: Final[Mapping[str, "Sequence[Pattern]"]] = MappingProxyType({})
_GRAMMAR: Final = "a selector is KEY=VALUE, KEY!=VALUE, KEY or !KEY, several joined by commas: 'tier=web,zone!=b,!old'"

_MOST_COMPARED: Final = 40_000_000
"""The most characters of addresses that all patterns are compared with, which takes a few seconds."""
_LAST: Final = "\U0010ffff"
"""The last character of Unicode: every address with a prefix sorts before the prefix and this."""


class _Requirement(Struct, frozen=True):
    """One requirement on the labels of a job; a `value` of None means any value, and `wanted` False negates it."""

    text: str
    key: str
    value: str | None
    wanted: bool

    def is_met(self, labels: Mapping[str, str]) -> bool:
        found = self.key in labels if self.value is None else labels.get(self.key) == self.value
        return found is self.wanted


class Pattern(Struct, frozen=True):
    """
    An address, or a glob of addresses.

    `given` is how a message names it after "selected by" or "excluded by". `line` is its line in the target file, as a
    diagnostic without a message; None if it is from the command line.
    """

    text: str
    given: str
    line: Diagnostic | None = None


def read_target_file(path: str, *, stdin: BinaryIO | None = None) -> tuple[Pattern, ...]:
    """
    Read addresses and globs from a file, one per line. Blank lines and lines that begin with `#` are skipped.

    Raises:
        DocumentError: the file cannot be read, or names no job.
    """
    text = read_text(path, stdin=stdin)
    lines = text.content.split("\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    patterns = []
    for line, start in zip(lines, starts, strict=False):
        name = line.strip()
        if name and not name.startswith("#"):
            mark = (start + line.index(name)) << MARK_SHIFT | len(name)
            place = text.diagnose(mark, Code.NOTHING_TO_CHECK, "")
            patterns.append(Pattern(name, f"'{shorten(name)}'", place))
    if not patterns:
        message = f"{text.file} names no job"
        hint = "write one address or glob per line, such as jobs.bind-ldap"
        raise DocumentError([Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint=hint)])
    return tuple(patterns)


def select_jobs(
    manifest: Manifest,
    *,
    targets: Sequence[str] = (),
    files: Mapping[str, Sequence[Pattern]] = _NONE,
    excluded: Sequence[str] = (),
    selectors: Sequence[str] = (),
    option: str = "--target ",
) -> Manifest:
    """
    Return a manifest with the jobs that any target names, that no exclusion names, and that all selectors accept.

    Providers that no selected job uses are left out, because no requests go to them. The order stays.

    Args:
        targets: addresses or globs of addresses; `jobs.x` also names every `jobs.x["key"]`, and an existing address is
            not a glob. Without targets, here and in files, every job is a target.
        files: more targets, by the path of their file.
        excluded: addresses or globs of addresses.
        selectors: requirements on labels in kubectl's equality-based syntax, where `k!=v` accepts jobs without `k`.
        option: the option of a target, for messages.

    Raises:
        UsageError: a selector is malformed, a target or an exclusion names no job, or no job is left.
    """
    requirements = [requirement for selector in selectors for requirement in _parse_selector(selector)]
    if not targets and not files and not excluded and not requirements:
        return manifest
    wanted = [Pattern(each, f"{option}'{shorten(each)}'") for each in targets]
    wanted += [pattern for patterns in files.values() for pattern in patterns]
    unwanted = [Pattern(each, f"--exclude '{shorten(each)}'") for each in excluded]
    jobs = _pick_jobs(manifest.jobs, wanted, unwanted)
    for requirement in requirements:
        left = tuple([job for job in jobs if requirement.is_met(job.labels)])
        if not left:
            raise _none_left(requirement, jobs, len(manifest.jobs))
        jobs = left
    used = {job.provider.name for job in jobs}
    providers = {name: provider for name, provider in manifest.providers.items() if name in used}
    if len(jobs) == len(manifest.jobs):
        return replace(manifest, providers=providers)
    given = {"--target": targets, "--target-file": files, "--exclude": excluded, "--selector": selectors}
    options = [f"{name} {shlex.quote(value)}" for name, values in given.items() for value in values]
    return replace(manifest, jobs=jobs, providers=providers, declared=len(manifest.jobs), selection=tuple(options))


def _pick_jobs(jobs: tuple[Job, ...], wanted: Sequence[Pattern], unwanted: Sequence[Pattern]) -> tuple[Job, ...]:
    """Return the jobs that a wanted pattern names, or all without one, minus unwanted ones; each must name a job."""
    index = _Index(job.address for job in jobs)
    picked, unknown = _find_named(wanted, index)
    dropped, also_unknown = _find_named(unwanted, index)
    if unknown or also_unknown:
        raise UsageError(
            [
                *_explain_unknown(unknown, index.keyed, f"0 of {len(jobs)} jobs selected by"),
                *_explain_unknown(also_unknown, index.keyed, f"0 of {len(jobs)} jobs excluded by"),
            ]
        )
    left = [job for job in jobs if (not wanted or job.address in picked) and job.address not in dropped]
    if not left:
        message = f"0 of {len(jobs)} jobs selected: {list_names(each.given for each in unwanted)} leaves none"
        raise UsageError([Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint="exclude fewer jobs")])
    return tuple(left)


def _find_named(patterns: Sequence[Pattern], index: "_Index") -> tuple[set[str], Sequence[Pattern]]:
    """Return the addresses that any pattern names, and the patterns that name none."""
    found: set[str] = set()
    unknown = []
    first: dict[str, Pattern] = {}
    for pattern in patterns:
        first.setdefault(pattern.text, pattern)
    for pattern in first.values():
        named = index.find(pattern.text)
        found.update(named)
        if not named:
            unknown.append(pattern)
    return found, unknown


class _Index:
    """The addresses of a run, with and without the keys of `for_each`, for looking up patterns."""

    __slots__ = ("_compared", "_names", "_sorted", "keyed")

    def __init__(self, addresses: Iterable[str]) -> None:
        self.keyed: dict[str, dict[str, None]] = {}
        """The addresses of each job, by its address without key."""
        for address in addresses:
            self.keyed.setdefault(_strip_key(address), {})[address] = None
        self._names = {address for keyed in self.keyed.values() for address in keyed} | self.keyed.keys()
        self._sorted: list[str] = []
        self._compared = 0

    def find(self, pattern: str) -> Collection[str]:
        """
        Return the addresses that a pattern names.

        Raises:
            UsageError: all patterns so far have been compared with more than _MOST_COMPARED.
        """
        if pattern in self._names:
            return self.keyed.get(pattern, [pattern])
        prefix = re.split("[*?]", pattern, maxsplit=1)[0]
        if prefix == pattern:
            return []
        candidates = self._list_candidates(prefix)
        self._compared += sum(map(len, candidates))
        if self._compared > _MOST_COMPARED:
            message = f"there are too many addresses to compare with all patterns up to '{shorten(pattern)}'"
            hint = "begin each pattern the way the addresses begin, or use --selector"
            raise UsageError.because(Code.TOO_LARGE, message, hint=hint)
        found: list[str] = []
        for name in candidates:
            if matches_glob(pattern, name):
                found += self.keyed.get(name, [name])
        return found

    def _list_candidates(self, prefix: str) -> list[str]:
        if not self._sorted:
            self._sorted = sorted(self._names)
        begin = bisect_left(self._sorted, prefix)
        return self._sorted[begin : bisect_left(self._sorted, prefix + _LAST, begin)]


def _strip_key(address: str) -> str:
    """Return the address without the key of `for_each`: no name of a job or a manifest contains a bracket."""
    return address.partition("[")[0]


def _explain_unknown(
    unknown: Sequence[Pattern], known: Mapping[str, Collection[str]], beginning: str
) -> Iterator[Diagnostic]:
    """Explain patterns that name no job; only the first get a suggestion, because comparing names is slow."""
    for number, pattern in enumerate(unknown[:MOST_REPORTED]):
        like = known.get(_strip_key(pattern.text), known)
        similar = suggest(pattern.text, like) if number < MOST_SUGGESTED else None
        hint = similar or f"addresses here: {list_names(like)}"
        blank = pattern.line or Diagnostic(code=Code.NOTHING_TO_CHECK, message="")
        yield replace(blank, message=f"{beginning} {pattern.given}", hint=hint)


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
