"""Finds what a manifest explicitly allows, so that such a mutant may pass the gate. Pure."""

from collections.abc import Iterator, Sequence

from reconcile.judge import accepts
from reconcile.model.manifest import (
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Job,
    Match,
    SubJobsExpectation,
)
from reconcile.model.observation import SubJob

_OPEN = (Match.CONTAINS, Match.NONE)


class Declared:
    """The expectations of a manifest about one remote job, in all jobs that name it."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._expectations = [job.expect for job in jobs if isinstance(job.expect, Expectation)]

    @property
    def fields(self) -> tuple[Assertion, ...]:
        """The assertions about the job itself."""
        return tuple(field for each in self._expectations for field in each.fields)

    def of(self, field: Field) -> tuple[FieldExpectation, ...]:
        """The assertions about one field of the job."""
        return tuple(_of(self.fields, field))

    def of_sub_jobs(self, field: Field) -> tuple[FieldExpectation, ...]:
        """The assertions about one field of any sub-job."""
        fields = [field for each in self.sub_jobs for part in (each.each, *_fields_of(each)) for field in part]
        return tuple(_of(fields, field))

    @property
    def sub_jobs(self) -> tuple[SubJobsExpectation, ...]:
        """The expectations of sub-jobs in the manifest, without implied ones."""
        expected = (each.sub_jobs for each in self._expectations)
        return tuple(each for each in expected if each is not None and not each.implied)

    def allows_status(self, word: str) -> bool:
        """Return whether every job accepts the word by name."""
        return all(word in expected.accept for expected in self.of(Field.STATUS))

    def allows_sub_job_status(self, sub_job: SubJob, word: str) -> bool:
        """Return whether the word is accepted by name for each sub-job, or for one of this type."""
        listed = [
            expected
            for each in self.sub_jobs
            for part in (each.each, *(item.fields for item in _items_of(each) if _describes(item, sub_job)))
            for expected in _of(part, Field.STATUS)
        ]
        return any(word in expected.accept for expected in listed)

    @property
    def allows_other_count(self) -> bool:
        """Return whether there may be more or fewer sub-jobs: by a range, or because others are ignored."""
        return bool(self.sub_jobs) and all(
            each.count is not None
            or bool(each.items and each.match in _OPEN)
            or any(item.count.min != item.count.max for item in each.items or ())
            for each in self.sub_jobs
        )

    @property
    def allows_other_types(self) -> bool:
        """Return whether sub-jobs of other types than the listed ones are ignored."""
        return bool(self.sub_jobs) and all(bool(each.items) and each.match in _OPEN for each in self.sub_jobs)


def _of(fields: Sequence[Assertion], field: Field) -> Iterator[FieldExpectation]:
    return (each for each in fields if isinstance(each, FieldExpectation) and each.field is field)


def _items_of(expectation: SubJobsExpectation) -> tuple[Item, ...]:
    """Return the items that sub-jobs may match."""
    return () if expectation.match is Match.NONE else expectation.items or ()


def _fields_of(expectation: SubJobsExpectation) -> list[tuple[Assertion, ...]]:
    return [item.fields for item in expectation.items or ()]


def _describes(item: Item, sub_job: SubJob) -> bool:
    types = list(_of(item.fields, Field.JOB_TYPE))
    return bool(types) and all(accepts(expected, sub_job.job_type) for expected in types)
