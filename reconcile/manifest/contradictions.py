"""Jobs that are declared twice, with expectations that cannot both hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reconcile.codes import Code
from reconcile.document import Mark
from reconcile.manifest.faults import Faults
from reconcile.model import Absence, Accepted, Field, FieldExpectation, Glob, Job


def check_contradictions(jobs: Iterable[tuple[Job, Mark]], faults: Faults) -> None:
    """Refuse a job that is declared with the same provider before, where no answer can be what both expect."""
    same: defaultdict[tuple[str, str], list[tuple[Job, Mark]]] = defaultdict(list)
    for job, mark in jobs:
        same[job.provider.name, job.job_id].append((job, mark))
    for declarations in same.values():
        if len(declarations) > 1:
            _check_declarations(declarations, faults)


def _check_declarations(declarations: Iterable[tuple[Job, Mark]], faults: Faults) -> None:
    """Narrow what each field can still be, declaration by declaration; linear, however many there are."""
    possible: dict[Field, tuple[frozenset[Accepted], Job]] = {}
    for job, mark in declarations:
        for expectation in _texts_of(job):
            accept = frozenset(expectation.accept)
            before, other = possible.get(expectation.field, (accept, job))
            if before & accept:
                possible[expectation.field] = (before & accept, job)
                continue
            message = (
                f"{job.address} is the job of {other.address} on line {other.source.line}, "
                f"and their expectations of {expectation.field.value} contradict each other"
            )
            faults.add(mark, Code.CONTRADICTING_JOBS, message, "declare each job once")


def _texts_of(job: Job) -> Iterator[FieldExpectation]:
    """Find the expectations whose accepted values can be compared one by one, which a glob's cannot."""
    if isinstance(job.expect, Absence):
        return
    for assertion in job.expect.fields:
        if isinstance(assertion, FieldExpectation) and not any(isinstance(each, Glob) for each in assertion.accept):
            yield assertion
