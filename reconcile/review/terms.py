"""What decides about a job, without names, positions and texts for people: equal terms let the same answers through."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import ORDER, find_sensitive_fields
from reconcile.judge import name_of as name_of_expected
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import (
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Job,
    MissingPolicy,
    Moment,
    MomentExpectation,
    SubJobsExpectation,
)

NOWHERE = Source(file="", line=1, column=1)
_BEGUN = MomentExpectation(
    moment=Moment.BEGIN_TIME, after=datetime.min.replace(tzinfo=UTC), before=None, source=NOWHERE
)


class Terms(Struct, frozen=True, kw_only=True):
    """
    What a job demands, in a form that can be compared.

    Each part of an answer has its assertions, ordered by what they name: a text has at most one, and `times` has those
    about begin, end and the lengths between. `sub_jobs` is None if nothing is expected of them. `absent` jobs have no
    assertions. `begun` is all that `after` demands of this job alone: that it has begun. If the order is waived and the
    other job may have failed (`or_failed`), even a begin that makes no sense passes. `waivers` are pairs of fields and
    last day. `unknown` is the part that depends on variables without a value, as text, and `sensitive` are the fields
    that are compared with sensitive values. `settle` is how many looks must agree and how many seconds they must cover,
    1 and 0 by default; `stuck` is how many seconds without a change are too many, None without a limit.
    """

    api: JobApi
    status: tuple[Assertion, ...] = ()
    job_type: tuple[Assertion, ...] = ()
    error_code: tuple[Assertion, ...] = ()
    fail_reason: tuple[Assertion, ...] = ()
    times: tuple[Assertion, ...] = ()
    begun: bool = False
    or_failed: bool = False
    sub_jobs: SubJobsExpectation | None = None
    absent: bool = False
    waivers: tuple[tuple[tuple[str, ...], date], ...]
    missing: MissingPolicy
    timeout: float | None
    unknown: str = ""
    sensitive: frozenset[Field] = frozenset()
    settle: tuple[int, float] = (1, 0.0)
    stuck: float | None = None

    def waived(self, at: datetime) -> frozenset[str]:
        """Return the fields that are waived at a time, by their names in waivers."""
        if not self.waivers:
            return frozenset()
        return frozenset(field for fields, expires in self.waivers if at.date() <= expires for field in fields)

    def covers_more(self, other: "Terms") -> bool:
        """Return whether a waiver covers something on a day on which no waiver of other terms does."""
        return any(
            not any(name in names and last <= end for names, end in other.waivers)
            for fields, last in self.waivers
            for name in fields
        )

    def list_times(self, waived: frozenset[str]) -> tuple[Assertion, ...]:
        """List the assertions about times, given what is waived."""
        return (_BEGUN, *self.times) if self.begun and not (self.or_failed and ORDER in waived) else self.times


def name_of(assertion: Assertion) -> str:
    """Return the name of an assertion in waivers; that a job has begun is part of its order."""
    return ORDER if assertion is _BEGUN else name_of_expected(assertion)


def state_terms(job: Job, today: date, unknown: str = "", before: Job | None = None) -> Terms:
    """
    Return the terms of a job.

    Args:
        today: waivers that expired before this day are ignored.
        unknown: the part of the job that depends on variables without a value.
        before: the job that it must come after, None if unknown.
    """
    expect = job.expect
    waivers = sorted((tuple(sorted(each.fields)), each.expires) for each in job.waivers if each.expires >= today)
    always = Terms(
        api=job.provider.api,
        absent=not isinstance(expect, Expectation),
        waivers=tuple(waivers),
        missing=job.missing if isinstance(expect, Expectation) else MissingPolicy.DRIFT,
        timeout=job.timeout,
        unknown=unknown,
    )
    if not isinstance(expect, Expectation):
        return always
    fields = _strip_all(_list_fields(job, expect))
    texts = {each.field.value: (each,) for each in fields if isinstance(each, FieldExpectation)}
    return replace(
        always,
        **texts,
        times=tuple([each for each in fields if not isinstance(each, FieldExpectation)]),
        begun=job.after is not None,
        or_failed=any(ORDER in waived for waived, _ in waivers) and not _must_succeed(before, today),
        sub_jobs=_strip_sub_jobs(expect.sub_jobs),
        sensitive=find_sensitive_fields(expect),
        settle=(expect.settle.reads, expect.settle.over) if expect.settle is not None else always.settle,
        stuck=expect.stuck.limit if expect.stuck is not None else None,
    )


def _must_succeed(job: Job | None, today: date) -> bool:
    """Return whether a job passes only if it has succeeded."""
    if job is None or not isinstance(job.expect, Expectation):
        return False
    waived = {field for each in job.waivers if each.expires >= today for field in each.fields}
    fields = [each for each in job.expect.fields if isinstance(each, FieldExpectation)]
    accepted = [each.accept for each in fields if each.field is Field.STATUS]
    return accepted == [(job.provider.api.success,)] and not waived & {"status", "missing"}


def _list_fields(job: Job, expect: Expectation) -> Iterable[Assertion]:
    """List the assertions about a job; with `stuck` and no waiver for it, they accept only terminal statuses."""
    if expect.stuck is None or any("stuck" in waiver.fields for waiver in job.waivers):
        return expect.fields
    ended = {status.word for status in job.provider.api.statuses.values() if status.terminal}
    return [
        replace(each, accept=tuple([word for word in each.accept if word in ended]))
        if isinstance(each, FieldExpectation) and each.field is Field.STATUS
        else each
        for each in expect.fields
    ]


def list_times_of_sub_jobs(expected: SubJobsExpectation | None) -> tuple[Assertion, ...]:
    """List the assertions about times of sub-jobs."""
    if expected is None:
        return ()
    parts = (expected.each, *[item.fields for item in expected.items or ()])
    return tuple([field for part in parts for field in part if not isinstance(field, FieldExpectation)])


def _strip(assertion: Assertion) -> Assertion:
    """Return an assertion without its source, its values in a canonical order."""
    if isinstance(assertion, FieldExpectation):
        accept = assertion.accept if len(assertion.accept) == 1 else tuple(sorted(assertion.accept, key=repr))
        return FieldExpectation(field=assertion.field, accept=accept, source=None)
    return replace(assertion, source=NOWHERE)


def _strip_all(assertions: Iterable[Assertion]) -> tuple[Assertion, ...]:
    return tuple(sorted([_strip(each) for each in assertions], key=name_of_expected))


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
