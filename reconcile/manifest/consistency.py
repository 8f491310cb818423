"""Checks the jobs and the manifests of one run against each other."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Mark, Pending
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.model.manifest import Absence, Accepted, Expectation, Field, FieldExpectation, Glob, Job, Provider

if TYPE_CHECKING:
    from reconcile.manifest.reader import ManifestReader

_PLAIN: Final = "[A-Za-z_][A-Za-z0-9_.-]*"


class DeclaredJob(Struct, frozen=True):
    """
    A job, the mark of its declaration, and the collector for its errors.

    `complete` is False if expectations are left out of the job because they depend on a variable without a value.
    `unknown` is everything that depends on one, as text. `expanded` names the variable in the job's `for_each`.
    `after_mark` is the mark of its `after`, None if there is none.
    """

    job: Job
    mark: Mark
    diagnostics: Diagnostics
    complete: bool = True
    unknown: str = ""
    expanded: str | None = None
    after_mark: Mark | None = None


# --- Several manifests -----------------------------------------------------------------------------------------


def choose_prefixes(manifests: Sequence["ManifestReader"], *, separate: bool) -> list[str]:
    """
    Return the prefix of the addresses of each manifest's jobs; it is empty for a single manifest.

    Several manifests need different names; a missing name is an error, or a warning if they are `separate`.
    """
    if len(manifests) == 1:
        return [""]
    first: dict[str, str] = {}
    for manifest in manifests:
        file = manifest.file
        if file.name is None:
            message = "this manifest needs a name: with several manifests, addresses begin with it"
            _add_ambiguous(manifest, message, "add a 'name' to each manifest", separate=separate)
        elif isinstance(file.name, Pending):
            continue
        elif not re.fullmatch(_PLAIN, file.name):
            message = "an address cannot begin with this name"
            hint = "with several manifests, a name consists of letters, digits, '_', '.' and '-'"
            _add_ambiguous(manifest, message, hint, separate=separate)
        elif first.setdefault(file.name.casefold(), file.file) != file.file:
            message = f"this manifest has the same name as {first[file.name.casefold()]}"
            _add_ambiguous(manifest, message, "choose another name: addresses begin with it", separate=separate)
    return [f"{manifest.file.name}." if manifest.file.name else "" for manifest in manifests]


def join_providers(manifests: Sequence["ManifestReader"], *, separate: bool) -> dict[str, Provider]:
    """Return the providers of all manifests; refuse a name with two meanings, because options use the name."""
    joined: dict[str, Provider] = {}
    for manifest in manifests:
        for name, provider in manifest.providers.items():
            if provider is None:
                continue
            other = joined.setdefault(name, provider)
            if _identify(other) != _identify(provider) and not _is_pending(other) and not _is_pending(provider):
                message = f"the provider '{name}' is declared differently at {other.source.file}:{other.source.line}"
                hint = "choose another name: a run finds a provider by its name"
                mark = manifest.find_mark("providers", name)
                report = manifest.diagnostics.warn if separate else manifest.diagnostics.add
                report(mark, Code.AMBIGUOUS_MANIFESTS, message, hint)
    return joined


def _add_ambiguous(manifest: "ManifestReader", message: str, hint: str, *, separate: bool) -> None:
    report = manifest.diagnostics.warn if separate else manifest.diagnostics.add
    report(manifest.find_mark("name"), Code.AMBIGUOUS_MANIFESTS, message, hint)


def _identify(provider: Provider) -> tuple[str | None, ...]:
    return provider.api.reference, provider.cloud, provider.region, provider.project_id


def _is_pending(provider: Provider) -> bool:
    """Return whether any part of a provider's identity is still unknown."""
    return any(isinstance(part, Pending) for part in (provider.name, *_identify(provider)))


# --- Several declarations of one remote job --------------------------------------------------------------------


def check_repetitions(jobs: Sequence[DeclaredJob], *, separate: bool) -> None:
    """
    Refuse a remote job that one manifest declares twice, or that several declare with contradicting expectations.

    Within a manifest, a second declaration is mostly a copy whose id was not changed, so the intended job is never
    fetched. Manifests of several teams may share a job; if they are `separate`, a contradiction is a warning.
    """
    if len({_identify_job(declared.job) for declared in jobs}) == len(jobs):
        return
    same: defaultdict[tuple[str | None, ...], list[DeclaredJob]] = defaultdict(list)
    for declared in jobs:
        same[_identify_job(declared.job)].append(declared)
    for declarations in same.values():
        if len(declarations) > 1:
            first = [each for each in _refuse_copies(declarations) if each.complete]
            _check_parameters(first, separate=separate)
            _check_presence(first, separate=separate)
            _check_values(first, separate=separate)


def _identify_job(job: Job) -> tuple[str | None, ...]:
    """Return a key that is equal for declarations of the same remote job, even under two names of one provider."""
    provider = job.provider
    where = (provider.name,) if provider.cloud is None or _is_pending(provider) else _identify(provider)
    return (*where, job.job_id)


def _refuse_copies(declarations: Iterable[DeclaredJob]) -> list[DeclaredJob]:
    """Return the first declaration of each manifest, and refuse the others."""
    first: dict[str, DeclaredJob] = {}
    for declared in declarations:
        job, other = declared.job, first.setdefault(declared.job.source.file, declared).job
        if other is not job:
            message = f"{job.address} has the same job_id as {other.address} on line {other.source.line}"
            hint = "correct the id if it was copied, or declare the job once with all its expectations"
            declared.diagnostics.add(declared.mark, Code.CONTRADICTING_JOBS, message, hint)
    return list(first.values())


def _check_parameters(declarations: Iterable[DeclaredJob], *, separate: bool) -> None:
    """Refuse different parameters for one remote job, because it has only one path."""
    first: Job | None = None
    for declared in declarations:
        first = first or declared.job
        if declared.job.parameters != first.parameters:
            _add_contradiction(declared, first, "parameters", separate=separate)


def _check_presence(declarations: Iterable[DeclaredJob], *, separate: bool) -> None:
    first: dict[bool, Job] = {}
    for declared in declarations:
        absent = isinstance(declared.job.expect, Absence)
        first.setdefault(absent, declared.job)
        if (not absent) in first:
            _add_contradiction(declared, first[not absent], "absent", separate=separate)


def _check_values(declarations: Iterable[DeclaredJob], *, separate: bool) -> None:
    """Intersect the accepted values of each field, one declaration after the other, in linear time."""
    possible: dict[Field, tuple[frozenset[Accepted], Job]] = {}
    for declared in declarations:
        for expectation in _find_comparable(declared.job.expect):
            accept = frozenset(expectation.accept)
            before, other = possible.get(expectation.field, (accept, declared.job))
            if before & accept:
                possible[expectation.field] = (before & accept, declared.job)
            else:
                _add_contradiction(declared, other, expectation.field.value, separate=separate)


def _add_contradiction(declared: DeclaredJob, other: Job, what: str, *, separate: bool) -> None:
    job = declared.job
    first = f"{other.address} at {other.source.file}:{other.source.line}"
    message = f"{job.address} is the same remote job as {first}, but their expectations of {what} contradict each other"
    report = declared.diagnostics.warn if separate else declared.diagnostics.add
    report(declared.mark, Code.CONTRADICTING_JOBS, message, "declare each job once")


def _find_comparable(expect: Expectation | Absence) -> Iterator[FieldExpectation]:
    """Find the expectations whose accepted values can be compared; globs cannot."""
    if isinstance(expect, Absence):
        return
    for assertion in expect.fields:
        if isinstance(assertion, FieldExpectation) and not any(isinstance(each, Glob) for each in assertion.accept):
            yield assertion
