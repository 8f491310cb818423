"""What an answer has in a field that is compared with a sensitive value, no report may show."""

from typing import TypeVar

from msgspec.structs import replace

from reconcile.model import SENSITIVE, Expectation, Field, FieldExpectation, Observed, Record

_Record = TypeVar("_Record", bound=Record)


def find_sensitive_fields(expectation: Expectation) -> frozenset[Field]:
    """Find the fields in which a job or its sub-jobs are compared with sensitive values."""
    assertions = list(expectation.fields)
    if expectation.sub_jobs is not None:
        assertions += expectation.sub_jobs.each
        for item in expectation.sub_jobs.items or ():
            assertions += item.fields
    return frozenset([each.field for each in assertions if isinstance(each, FieldExpectation) and each.sensitive])


def hide_sensitive(observed: Observed, hidden: frozenset[Field]) -> Observed:
    """Return the observation with these fields covered, in the job and in all its sub-jobs."""
    if not hidden:
        return observed
    sub_jobs = tuple([hide_fields(sub_job, hidden) for sub_job in observed.sub_jobs])
    return replace(hide_fields(observed, hidden), sub_jobs=sub_jobs)


def hide_fields(record: _Record, hidden: frozenset[Field]) -> _Record:
    """Return the record with these fields covered where they have a value."""
    covered = {field.value: SENSITIVE for field in hidden if getattr(record, field) is not None}
    return replace(record, **covered) if covered else record
