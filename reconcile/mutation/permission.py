"""What a manifest lets pass in so many words, so that it is no weakness if it does. Pure."""

from collections.abc import Iterator, Sequence

from reconcile.judge import accepts
from reconcile.model import (
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Job,
    Match,
    SubJob,
    SubJobsExpectation,
)

_OPEN = (Match.CONTAINS, Match.NONE)


class Wording:
    """What the manifest says of one remote job, in as many jobs as it has for it."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._expectations = [job.expect for job in jobs if isinstance(job.expect, Expectation)]

    @property
    def fields(self) -> tuple[Assertion, ...]:
        """What is asserted of the job's own fields."""
        return tuple(field for each in self._expectations for field in each.fields)

    def of(self, field: Field) -> tuple[FieldExpectation, ...]:
        """What is asserted of one text of the job."""
        return tuple(_of(self.fields, field))

    def of_sub_jobs(self, field: Field) -> tuple[FieldExpectation, ...]:
        """What is asserted of one text of any sub-job."""
        fields = [field for each in self.sub_jobs for part in (each.each, *_fields_of(each)) for field in part]
        return tuple(_of(fields, field))

    @property
    def sub_jobs(self) -> tuple[SubJobsExpectation, ...]:
        """What the manifest itself says of sub-jobs; what is only implied is not said."""
        said = (each.sub_jobs for each in self._expectations)
        return tuple(each for each in said if each is not None and not each.implied)

    def permits_status(self, word: str) -> bool:
        """Say whether every job lists the word."""
        return all(word in expected.accept for expected in self.of(Field.STATUS))

    def permits_status_of_sub_job(self, sub_job: SubJob, word: str) -> bool:
        """Say whether the word is listed for each sub-job, or for one of this type."""
        listed = [
            expected
            for each in self.sub_jobs
            for part in (each.each, *(item.fields for item in _items_of(each) if _describes(item, sub_job)))
            for expected in _of(part, Field.STATUS)
        ]
        return any(word in expected.accept for expected in listed)

    @property
    def leaves_number_open(self) -> bool:
        """Say whether there may be more or fewer sub-jobs: by a range, or because others are welcome."""
        return bool(self.sub_jobs) and all(
            each.count is not None
            or bool(each.items and each.match in _OPEN)
            or any(item.count.min != item.count.max for item in each.items or ())
            for each in self.sub_jobs
        )

    @property
    def leaves_types_open(self) -> bool:
        """Say whether sub-jobs of other types than the listed ones are welcome."""
        return bool(self.sub_jobs) and all(bool(each.items) and each.match in _OPEN for each in self.sub_jobs)


def _of(fields: Sequence[Assertion], field: Field) -> Iterator[FieldExpectation]:
    return (each for each in fields if isinstance(each, FieldExpectation) and each.field is field)


def _items_of(expectation: SubJobsExpectation) -> tuple[Item, ...]:
    """Return the items that say what may be there."""
    return () if expectation.match is Match.NONE else expectation.items or ()


def _fields_of(expectation: SubJobsExpectation) -> list[tuple[Assertion, ...]]:
    return [item.fields for item in expectation.items or ()]


def _describes(item: Item, sub_job: SubJob) -> bool:
    types = list(_of(item.fields, Field.JOB_TYPE))
    return bool(types) and all(accepts(expected, sub_job.job_type) for expected in types)
