"""
Jobs -> an observation that meets their expectations. Pure.

It is only a proposal: the gate decides whether it meets them.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from msgspec.structs import asdict

from reconcile.instant import read_time, write_time
from reconcile.judge import accepts
from reconcile.model.api import JobApi, Outcome
from reconcile.model.manifest import (
    Absence,
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Glob,
    Job,
    Match,
    Moment,
    MomentExpectation,
    Span,
    SpanExpectation,
    SubJobsExpectation,
)
from reconcile.model.observation import Missing, Observed, Record, SubJob
from reconcile.mutation.steadiness import make_up_looks

_REASON = "a made-up reason"
_ANY_CODE = "MUTANT.0002"


def make_up_all(jobs: Sequence[Job], *, now: datetime) -> list[Observed | Missing]:
    """
    Make up what the API would report about each job of a manifest; a job ends before those that must come after it.

    Args:
        jobs: those of the manifest.
        now: the time of judging, in UTC.
    """
    members: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        members.setdefault(_key_of(job), []).append(job)
    before = _find_before(jobs)
    followers = Counter(key for keys in before.values() for key in keys)
    until: dict[tuple[str, str], datetime] = {}
    made_up: dict[tuple[str, str], Observed | Missing] = {}
    free = deque(key for key in members if not followers[key])
    while free:
        key = free.popleft()
        made_up[key] = seen = make_up(members[key], now=now, until=until.get(key))
        begin = read_time(seen.begin_time, members[key][0].provider.api.time_format) if _has_begun(seen) else None
        for other in before.get(key, ()):
            if begin is not None:
                until[other] = min(begin, until.get(other, begin))
            followers[other] -= 1
            if not followers[other]:
                free.append(other)
    # With several manifests, one may order two remote jobs one way, and another one the other way.
    made_up |= {key: make_up(each, now=now) for key, each in members.items() if key not in made_up}
    return [made_up[_key_of(job)] for job in jobs]


def _find_before(jobs: Sequence[Job]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Find the remote jobs that each remote job must come after."""
    if all(job.after is None for job in jobs):
        return {}
    keys = {job.address: _key_of(job) for job in jobs}
    before: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for job in jobs:
        if job.after is not None and job.after.address in keys:
            before.setdefault(_key_of(job), set()).add(keys[job.after.address])
    return before


def _has_begun(seen: Observed | Missing) -> TypeGuard[Observed]:
    return isinstance(seen, Observed) and seen.begin_time is not None


def _key_of(job: Job) -> tuple[str, str]:
    return job.provider.name, job.job_id


def make_up(jobs: Sequence[Job], *, now: datetime, until: datetime | None = None) -> Observed | Missing:
    """
    Make up what the API would report about one remote job if it met its expectations.

    Args:
        jobs: all jobs of the manifest that name this remote job, at least one.
        now: the time of judging, in UTC.
        until: when the job must have ended, None for now.
    """
    job, api = jobs[0], jobs[0].provider.api
    if isinstance(job.expect, Absence):
        return Missing(code=None, message=None, request_id=None)
    expectations = [each.expect for each in jobs if isinstance(each.expect, Expectation)]
    bound = [MomentExpectation(moment=Moment.END_TIME, after=None, before=until, source=job.source)] if until else []
    record = _make_record([*(field for each in expectations for field in each.fields), *bound], api, now=now)
    declared = [each.sub_jobs for each in expectations if each.sub_jobs is not None and not each.sub_jobs.implied]
    sub_jobs = tuple(_make_sub_jobs(declared[0], api, now=now)) if declared else ()
    looks = make_up_looks(jobs)
    return Observed(**{**asdict(record), "job_id": job.job_id}, sub_jobs=sub_jobs, request_id=None, looks=looks)


def _make_record(assertions: Sequence[Assertion], api: JobApi, *, now: datetime, types: Iterable[str] = ()) -> Record:
    """
    Make up a record without an id that meets all assertions, as far as possible.

    Args:
        types: preferred job types.
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
    """Prefer terminal statuses to others, and success to failure."""
    words = [api.success, api.failure, *api.statuses]
    expected = _of(assertions, Field.STATUS)
    return next((word for word in words if all(accepts(each, word) for each in expected)), api.success)


def _choose_text(assertions: Sequence[Assertion], field: Field, usual: Sequence[str | None]) -> str | None:
    """Choose a value that every assertion accepts: a usual one, or else one that they name."""
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


def _of(assertions: Sequence[Assertion], field: Field) -> list[FieldExpectation]:
    return [each for each in assertions if isinstance(each, FieldExpectation) and each.field is field]


# --- Times -----------------------------------------------------------------------------------------------------


def _make_times(
    assertions: Sequence[Assertion], api: JobApi, status: str, *, now: datetime
) -> tuple[str | None, str | None]:
    times = _find_times(assertions, now=now)
    if times is None:
        return None, None
    begin, end = (write_time(instant, api.time_format) for instant in times)
    ended = api.statuses[status].terminal
    asserts = any(
        isinstance(each, SpanExpectation) or (isinstance(each, MomentExpectation) and each.moment is Moment.END_TIME)
        for each in assertions
    )
    return begin, end if ended or asserts else None


def _find_times(assertions: Sequence[Assertion], *, now: datetime) -> tuple[datetime, datetime] | None:
    """
    Find the latest begin and end that meet all bounds at once, in whole seconds and not after `now`.

    Returns:
        None if there are none. For a job that has not ended, the end has no meaning.
    """
    begin, end = _bounds_of(assertions, Moment.BEGIN_TIME), _bounds_of(assertions, Moment.END_TIME)
    least, most = _lengths_of(assertions, Span.DURATION)
    youngest, oldest = _lengths_of(assertions, Span.AGE)
    present = now.timestamp()
    first = max(end[0], present - oldest, begin[0] + least)
    last = min(end[1], present - youngest, begin[1] + most, present)
    ended = _between(first, last)
    if ended is None:
        return None
    began = _between(max(begin[0], ended - most), min(begin[1], ended - least))
    try:
        return None if began is None else (_instant(began), _instant(ended))
    except OverflowError:  # before the year 1
        return None


def _between(first: float, last: float) -> int | None:
    """Return the last whole second from first to last, inclusive; None if there is none."""
    second = math.floor(last)
    return second if first <= second else None


def _bounds_of(assertions: Sequence[Assertion], moment: Moment) -> tuple[float, float]:
    mine = [each for each in assertions if isinstance(each, MomentExpectation) and each.moment is moment]
    after = [each.after.timestamp() for each in mine if each.after is not None]
    before = [each.before.timestamp() for each in mine if each.before is not None]
    return max(after, default=-math.inf), min(before, default=math.inf)


def _lengths_of(assertions: Sequence[Assertion], span: Span) -> tuple[float, float]:
    mine = [each for each in assertions if isinstance(each, SpanExpectation) and each.span is span]
    least = [each.min for each in mine if each.min is not None]
    most = [each.max for each in mine if each.max is not None]
    return max(least, default=0.0), min(most, default=math.inf)


def _instant(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


# --- Sub-jobs --------------------------------------------------------------------------------------------------


def _make_sub_jobs(expectation: SubJobsExpectation, api: JobApi, *, now: datetime) -> Iterator[SubJob]:
    """Make up as few sub-jobs as possible: those that items require, then more until the count is met."""
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
