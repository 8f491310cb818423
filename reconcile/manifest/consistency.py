"""What the jobs and the manifests of one run must agree on."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Mark
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.model import Absence, Accepted, Expectation, Field, FieldExpectation, Glob, Job, Provider

if TYPE_CHECKING:
    from reconcile.manifest.reader import ManifestReader

_PLAIN: Final = "[A-Za-z_][A-Za-z0-9_.-]*"


class DeclaredJob(Struct, frozen=True):
    """A job, the mark of its declaration, and where to report what is wrong with it."""

    job: Job
    mark: Mark
    diagnostics: Diagnostics


# --- Several manifests -----------------------------------------------------------------------------------------


def choose_prefixes(manifests: Sequence["ManifestReader"]) -> list[str]:
    """
    Return what the addresses of each manifest's jobs begin with: nothing if it is the only one.

    Each of several manifests needs a name of its own; one without is an error.
    """
    if len(manifests) == 1:
        return [""]
    first: dict[str, str] = {}
    for manifest in manifests:
        file = manifest.file
        if file.name is None:
            message = "this manifest has no name, and it is one of several: addresses begin with it"
            _add_ambiguous(manifest, message, "add 'name' to each of them")
        elif not re.fullmatch(_PLAIN, file.name):
            message = "an address cannot begin with this name"
            _add_ambiguous(
                manifest, message, "of several manifests each is called by letters, digits, '_', '.' and '-'"
            )
        elif first.setdefault(file.name.casefold(), file.file) != file.file:
            message = f"this manifest has the name of {first[file.name.casefold()]}"
            _add_ambiguous(manifest, message, "addresses begin with it: choose another")
    return [f"{manifest.file.name}." if manifest.file.name else "" for manifest in manifests]


def join_providers(manifests: Sequence["ManifestReader"]) -> dict[str, Provider]:
    """Return the providers of all manifests; refuse a name that has two meanings, because options go by name."""
    joined: dict[str, Provider] = {}
    for manifest in manifests:
        for name, provider in manifest.providers.items():
            if provider is None:
                continue
            other = joined.setdefault(name, provider)
            if _identify(other) != _identify(provider):
                message = f"the provider '{name}' is another one at {other.source.file}:{other.source.line}"
                hint = "one run knows each provider by its name: choose another"
                mark = manifest.find_mark("providers", name)
                manifest.diagnostics.add(mark, Code.AMBIGUOUS_MANIFESTS, message, hint)
    return joined


def _add_ambiguous(manifest: "ManifestReader", message: str, hint: str) -> None:
    manifest.diagnostics.add(manifest.find_mark("name"), Code.AMBIGUOUS_MANIFESTS, message, hint)


def _identify(provider: Provider) -> tuple[str | None, ...]:
    return provider.api.name, provider.cloud, provider.region, provider.project_id


# --- Several declarations of one remote job --------------------------------------------------------------------


def check_contradictions(jobs: Sequence[DeclaredJob]) -> None:
    """Refuse a job that is declared twice at the same provider, with expectations that cannot both hold."""
    if len({(declared.job.provider.name, declared.job.job_id) for declared in jobs}) == len(jobs):
        return
    same: defaultdict[tuple[str, str], list[DeclaredJob]] = defaultdict(list)
    for declared in jobs:
        same[declared.job.provider.name, declared.job.job_id].append(declared)
    for declarations in same.values():
        if len(declarations) > 1:
            _check_parameters(declarations)
            _check_presence(declarations)
            _check_values(declarations)


def _check_parameters(declarations: Sequence[DeclaredJob]) -> None:
    """An id is that of one remote job, so it is asked for at one path."""
    first, *others = declarations
    for declared in others:
        if declared.job.parameters != first.job.parameters:
            _add_contradiction(declared, first.job, "parameters")


def _check_presence(declarations: Iterable[DeclaredJob]) -> None:
    first: dict[bool, Job] = {}
    for declared in declarations:
        absent = isinstance(declared.job.expect, Absence)
        first.setdefault(absent, declared.job)
        if (not absent) in first:
            _add_contradiction(declared, first[not absent], "absent")


def _check_values(declarations: Iterable[DeclaredJob]) -> None:
    """Narrow down what each field can still be, one declaration after the other: linear, however many there are."""
    possible: dict[Field, tuple[frozenset[Accepted], Job]] = {}
    for declared in declarations:
        for expectation in _find_comparable(declared.job.expect):
            accept = frozenset(expectation.accept)
            before, other = possible.get(expectation.field, (accept, declared.job))
            if before & accept:
                possible[expectation.field] = (before & accept, declared.job)
            else:
                _add_contradiction(declared, other, expectation.field.value)


def _add_contradiction(declared: DeclaredJob, other: Job, what: str) -> None:
    job = declared.job
    place = f"on line {other.source.line}"
    if other.source.file != job.source.file:
        place = f"at {other.source.file}:{other.source.line}"
    message = (
        f"{job.address} is the job of {other.address} {place}, and their expectations of {what} contradict each other"
    )
    declared.diagnostics.add(declared.mark, Code.CONTRADICTING_JOBS, message, "declare each job once")


def _find_comparable(expect: Expectation | Absence) -> Iterator[FieldExpectation]:
    """Find the expectations whose accepted values can be compared one by one; those of a glob cannot."""
    if isinstance(expect, Absence):
        return
    for assertion in expect.fields:
        if isinstance(assertion, FieldExpectation) and not any(isinstance(each, Glob) for each in assertion.accept):
            yield assertion
