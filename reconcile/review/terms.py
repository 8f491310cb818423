"""What decides about a job, without names, places and words for people: equal terms let the same answers through."""

from collections.abc import Iterable
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import find_sensitive_fields
from reconcile.model import (
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Job,
    JobApi,
    MissingPolicy,
    Source,
    SubJobsExpectation,
)

NOWHERE = Source(file="", line=1, column=1)


class Terms(Struct, frozen=True, kw_only=True):
    """
    What a job demands, in a form that can be compared.

    `fields` are its assertions in their order and `sub_jobs` what it expects of these, None without. `absent` jobs
    have neither. `waivers` are pairs of fields and last day. `unknown` is what depends on variables without a value,
    as text, and `sensitive` the fields that are compared with sensitive values.
    """

    api: JobApi
    fields: tuple[Assertion, ...]
    sub_jobs: SubJobsExpectation | None
    absent: bool
    waivers: tuple[tuple[tuple[str, ...], date], ...]
    missing: MissingPolicy
    timeout: float | None
    unknown: str = ""
    sensitive: frozenset[Field] = frozenset()

    def waived(self, at: datetime) -> frozenset[str]:
        """Return what a waiver covers at a time, as waivers call it."""
        return frozenset(field for fields, expires in self.waivers if at.date() <= expires for field in fields)

    @property
    def times(self) -> tuple[Assertion, ...]:
        """The assertions about the times of the job."""
        return tuple(each for each in self.fields if not isinstance(each, FieldExpectation))

    def of(self, field: Field) -> tuple[FieldExpectation, ...]:
        """Return the assertion about a text of the job, if there is one."""
        return tuple([each for each in self.fields if isinstance(each, FieldExpectation) and each.field is field])


def state_terms(job: Job, today: date, unknown: str = "") -> Terms:
    """Return the terms of a job; waivers that expired before today have no say."""
    expect = job.expect
    present = isinstance(expect, Expectation)
    waivers = sorted((tuple(sorted(each.fields)), each.expires) for each in job.waivers if each.expires >= today)
    return Terms(
        api=job.provider.api,
        fields=tuple([_strip(each) for each in expect.fields]) if isinstance(expect, Expectation) else (),
        sub_jobs=_strip_sub_jobs(expect.sub_jobs) if isinstance(expect, Expectation) else None,
        absent=not present,
        waivers=tuple(waivers),
        missing=job.missing if present else MissingPolicy.DRIFT,
        timeout=job.timeout,
        unknown=unknown,
        sensitive=find_sensitive_fields(expect) if isinstance(expect, Expectation) else frozenset(),
    )


def _strip(assertion: Assertion) -> Assertion:
    """Return an assertion without its place, its values in one order."""
    if isinstance(assertion, FieldExpectation):
        accept = assertion.accept if len(assertion.accept) == 1 else tuple(sorted(assertion.accept, key=repr))
        return FieldExpectation(field=assertion.field, accept=accept, source=None)
    return replace(assertion, source=NOWHERE)


def _strip_all(assertions: Iterable[Assertion]) -> tuple[Assertion, ...]:
    return tuple([_strip(each) for each in assertions])


def _strip_sub_jobs(expectation: SubJobsExpectation | None) -> SubJobsExpectation | None:
    if expectation is None:
        return None
    items = expectation.items
    return SubJobsExpectation(
        match=expectation.match,
        items=None
        if items is None
        else tuple([Item(fields=_strip_all(each.fields), count=each.count, source=None) for each in items]),
        each=_strip_all(expectation.each),
        count=expectation.count,
        source=None,
    )
