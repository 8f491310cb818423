"""Jobs that are declared twice, with expectations that cannot both hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Mark
from reconcile.manifest.faults import Faults
from reconcile.model import Absence, Accepted, Expectation, Field, FieldExpectation, Glob, Job


class Declared(Struct, frozen=True):
    """A job, the mark of its declaration, and where to tell what is wrong with it."""

    job: Job
    mark: Mark
    faults: Faults


def check_contradictions(jobs: Sequence[Declared]) -> None:
    """Refuse a job that is declared with the same provider before, where no answer can be what both expect."""
    if len({(declared.job.provider.name, declared.job.job_id) for declared in jobs}) == len(jobs):
        return
    same: defaultdict[tuple[str, str], list[Declared]] = defaultdict(list)
    for declared in jobs:
        same[declared.job.provider.name, declared.job.job_id].append(declared)
    for declarations in same.values():
        if len(declarations) > 1:
            _check_presence(declarations)
            _check_texts(declarations)


def _check_presence(declarations: Iterable[Declared]) -> None:
    first: dict[bool, Job] = {}
    for declared in declarations:
        absent = isinstance(declared.job.expect, Absence)
        first.setdefault(absent, declared.job)
        if (not absent) in first:
            _add(declared, first[not absent], "absent")


def _check_texts(declarations: Iterable[Declared]) -> None:
    """Narrow what each field can still be, declaration by declaration; linear, however many there are."""
    possible: dict[Field, tuple[frozenset[Accepted], Job]] = {}
    for declared in declarations:
        for expectation in _texts_of(declared.job.expect):
            accept = frozenset(expectation.accept)
            before, other = possible.get(expectation.field, (accept, declared.job))
            if before & accept:
                possible[expectation.field] = (before & accept, declared.job)
            else:
                _add(declared, other, expectation.field.value)


def _add(declared: Declared, other: Job, what: str) -> None:
    job = declared.job
    there = f"on line {other.source.line}"
    if other.source.file != job.source.file:
        there = f"at {other.source.file}:{other.source.line}"
    message = (
        f"{job.address} is the job of {other.address} {there}, and their expectations of {what} contradict each other"
    )
    declared.faults.add(declared.mark, Code.CONTRADICTING_JOBS, message, "declare each job once")


def _texts_of(expect: Expectation | Absence) -> Iterator[FieldExpectation]:
    """Find the expectations whose accepted values can be compared one by one, which a glob's cannot."""
    if isinstance(expect, Absence):
        return
    for assertion in expect.fields:
        if isinstance(assertion, FieldExpectation) and not any(isinstance(each, Glob) for each in assertion.accept):
            yield assertion
