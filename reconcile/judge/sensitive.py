"""What an answer says in a field that a sensitive value is compared with, no report may show."""

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from reconcile.judge.texts import Said
from reconcile.model import (
    SENSITIVE,
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Observed,
    SubJobsExpectation,
)

_Said = TypeVar("_Said", bound=Said)


def find_sensitive_fields(expectation: Expectation) -> frozenset[Field]:
    """Find the fields that a job or its sub-jobs are compared with sensitive values in."""
    parts = _assertions_of(expectation.sub_jobs) if expectation.sub_jobs is not None else []
    return _sensitive_of([*expectation.fields, *parts])


def find_sensitive(sub_jobs: SubJobsExpectation) -> frozenset[Field]:
    """Find the fields of sub-jobs that are compared with sensitive values."""
    return _sensitive_of(_assertions_of(sub_jobs))


def hide_fields_of_all(observed: Observed, hidden: frozenset[Field]) -> Observed:
    """Return the observation with these fields covered, of the job and its sub-jobs alike."""
    parts = tuple([hide_fields(part, hidden) for part in observed.sub_jobs])
    return replace(hide_fields(observed, hidden), sub_jobs=parts)


def hide_fields(record: _Said, hidden: frozenset[Field]) -> _Said:
    """Return the record with these fields covered, where there is something in them."""
    covered = {field.value: SENSITIVE for field in hidden if getattr(record, field.value) is not None}
    return replace(record, **covered)


def _assertions_of(sub_jobs: SubJobsExpectation) -> list[Assertion]:
    return [*sub_jobs.each, *[field for item in sub_jobs.items or () for field in item.fields]]


def _sensitive_of(assertions: Iterable[Assertion]) -> frozenset[Field]:
    return frozenset([each.field for each in assertions if isinstance(each, FieldExpectation) and each.sensitive])
