"""
Jobs -> an observation that satisfies what is expected of them. Pure.

What is made up here is a proposal: whether it satisfies the jobs, the gate itself says.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec.structs import asdict

from reconcile.judge import accepts
from reconcile.model import (
    Absence,
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Glob,
    Job,
    JobApi,
    Match,
    Missing,
    Moment,
    MomentExpectation,
    Observed,
    Outcome,
    Record,
    SpanExpectation,
    SubJob,
    SubJobsExpectation,
)
from reconcile.mutation.moments import find_times

_REASON = "as expected"
_ANY_CODE = "MUTANT.0002"


def make_up(jobs: Sequence[Job], *, now: datetime) -> Observed | Missing:
    """
    Make up what the API would say of one remote job, if the manifest is right.

    Args:
        jobs: all of the manifest that are this remote job, at least one.
        now: the time of judging, in UTC.
    """
    job, api = jobs[0], jobs[0].provider.api
    if isinstance(job.expect, Absence):
        return Missing(code=None, message=None, request_id=None)
    expectations = [each.expect for each in jobs if isinstance(each.expect, Expectation)]
    record = _make_record([field for each in expectations for field in each.fields], api, now=now)
    said = [each.sub_jobs for each in expectations if each.sub_jobs is not None and not each.sub_jobs.implied]
    sub_jobs = tuple(_make_sub_jobs(said[0], api, now=now)) if said else ()
    return Observed(**{**asdict(record), "job_id": job.job_id}, sub_jobs=sub_jobs, request_id=None)


def _make_record(assertions: Sequence[Assertion], api: JobApi, *, now: datetime, types: Iterable[str] = ()) -> Record:
    """
    Make up a record without an id that satisfies all assertions, as far as that is possible.

    Args:
        types: what its type should rather be than another.
    """
    status = _choose_status(assertions, api)
    failed = api.statuses[status].outcome is Outcome.FAILURE
    error_codes = [*api.error_codes, _ANY_CODE] if failed else [None]
    begin_time, end_time = _make_times(assertions, api, status, now=now)
    return Record(
        status=status,
        job_id=None,
        job_type=_choose_text(assertions, Field.JOB_TYPE, [*types, *api.job_types]),
        begin_time=begin_time,
        end_time=end_time,
        error_code=_choose_text(assertions, Field.ERROR_CODE, error_codes),
        fail_reason=_choose_text(assertions, Field.FAIL_REASON, [_REASON] if failed else [None]),
    )


def _choose_status(assertions: Sequence[Assertion], api: JobApi) -> str:
    """Choose the end of a job rather than the way to it, and a good end rather than a bad one."""
    words = [api.success, api.failure, *api.statuses]
    expected = _of(assertions, Field.STATUS)
    return next((word for word in words if all(accepts(each, word) for each in expected)), api.success)


def _choose_text(assertions: Sequence[Assertion], field: Field, usual: Sequence[str | None]) -> str | None:
    """Choose what every assertion accepts: what is usual, if that is, else what one of them names."""
    expected = _of(assertions, field)
    named = [value for each in expected for value in _examples_of(each)]
    return next((value for value in (*usual, *named) if all(accepts(each, value) for each in expected)), None)


def _examples_of(expectation: FieldExpectation) -> Iterator[str | None]:
    for accepted in expectation.accept:
        if isinstance(accepted, Glob):
            yield accepted.pattern.replace("*", "x").replace("?", "x")
            yield accepted.pattern.replace("*", "").replace("?", "x")
        else:
            yield accepted


def _make_times(
    assertions: Sequence[Assertion], api: JobApi, status: str, *, now: datetime
) -> tuple[str | None, str | None]:
    times = find_times(assertions, now=now)
    if times is None:
        return None, None
    begin, end = (instant.strftime(api.time_format) for instant in times)
    ended = api.statuses[status].terminal
    asserts = any(
        isinstance(each, SpanExpectation) or (isinstance(each, MomentExpectation) and each.moment is Moment.END_TIME)
        for each in assertions
    )
    return begin, end if ended or asserts else None


def _of(assertions: Sequence[Assertion], field: Field) -> list[FieldExpectation]:
    return [each for each in assertions if isinstance(each, FieldExpectation) and each.field is field]


# --- Sub-jobs --------------------------------------------------------------------------------------------------


def _make_sub_jobs(expectation: SubJobsExpectation, api: JobApi, *, now: datetime) -> Iterator[SubJob]:
    """Make up as few sub-jobs as will do: what items demand, then what is missing to a number."""
    wanted = [] if expectation.match is Match.NONE else list(expectation.items or ())
    numbers = [item.count.min for item in wanted]
    least = expectation.count.min if expectation.count is not None else 0
    if expectation.each:
        least = max(least, 1)
    short = max(0, least - sum(numbers))
    if expectation.match in (Match.EXACT, Match.ORDERED):
        for i, item in enumerate(wanted):
            more = short if item.count.max is None else min(short, item.count.max - item.count.min)
            numbers[i] += more
            short -= more
    for item, number in zip(wanted, numbers, strict=True):
        record = _make_record((*item.fields, *expectation.each), api, now=now)
        yield from [SubJob(**asdict(record))] * number
    avoided = [expected for item in expectation.items or () for expected in _of(item.fields, Field.JOB_TYPE)]
    free = [name for name in api.job_types if not any(accepts(each, name) for each in avoided)]
    record = _make_record(expectation.each, api, now=now, types=free)
    yield from [SubJob(**asdict(record))] * short
