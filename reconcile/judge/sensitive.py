"""
Hides fields that are compared with sensitive values, because no report may show them.

Values for reports alone are hidden as well: they may repeat such a field in other words.
"""

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from reconcile.model.manifest import Expectation, Field, FieldExpectation
from reconcile.model.observation import Heading, Observed, Record
from reconcile.model.value import SENSITIVE

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
    """Return the observation with these fields hidden, in the job and in all its sub-jobs."""
    if not hidden:
        return observed
    sub_jobs = tuple([hide_fields(sub_job, hidden) for sub_job in observed.sub_jobs])
    headings = hide_headings(observed.headings, hidden)
    return replace(hide_fields(observed, hidden), sub_jobs=sub_jobs, headings=headings)


def hide_fields(record: _Record, hidden: frozenset[Field]) -> _Record:
    """Return the record with these fields hidden if they have a value; with any field, `shown` is hidden as well."""
    covered = {field.value: SENSITIVE for field in hidden if getattr(record, field) is not None}
    if covered:
        record = replace(record, **covered)
    return hide_shown(record) if hidden else record


def hide_shown(record: _Record) -> _Record:
    """Return the record with all values of `shown` hidden."""
    return replace(record, shown=dict.fromkeys(record.shown, SENSITIVE))


def hide_headings(headings: Iterable[Heading], hidden: frozenset[Field]) -> tuple[Heading, ...]:
    """Return the headings without the values that `hide_fields` hides."""
    return tuple([_hide_heading(heading, Field.JOB_TYPE in hidden) for heading in headings])


def _hide_heading(heading: Heading, hides_type: bool) -> Heading:
    job_type = SENSITIVE if hides_type and heading.job_type is not None else heading.job_type
    return replace(heading, job_type=job_type, shown=dict.fromkeys(heading.shown, SENSITIVE))
