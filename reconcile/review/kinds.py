"""The kinds of sub-jobs that expectations tell apart: they are finite, and one sub-job of each is enough."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain, product
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import State, accepts, truth_of
from reconcile.model.api import JobApi
from reconcile.model.manifest import Assertion, Field, FieldExpectation, SubJobsExpectation
from reconcile.model.observation import SubJob
from reconcile.model.plan import Truth
from reconcile.review.limits import TooManyError
from reconcile.review.texts import list_texts, list_words
from reconcile.review.times import Times, list_likely_times, list_times

_MOST_KINDS = 20_000
"""The most sub-jobs that are sorted into kinds."""
_BARE = SubJob(status="", job_id=None, job_type=None, begin_time=None, end_time=None, error_code=None, fail_reason=None)


class Fit(Struct, frozen=True):
    """
    How one sub-job meets one expectation.

    `items` are the positions of the items that it matches, `doubtful` of those where that cannot be decided. `each` is
    whether it is what every sub-job must be, and `decided` whether all its values can be judged.
    """

    items: frozenset[int]
    doubtful: frozenset[int]
    each: bool
    decided: bool


Kind: TypeAlias = tuple[Fit, ...]
"""How a sub-job meets each of several expectations."""


_Described: TypeAlias = tuple[tuple[Assertion, ...], Sequence[tuple[int, tuple[Assertion, ...]]]]
"""The assertions about sub-jobs of one type: those about each, and those of the items that accept it, by position."""


@lru_cache(maxsize=64)
def list_kinds(
    expectations: tuple[SubJobsExpectation, ...], api: JobApi, now: datetime, *, frozen: bool, thorough: bool
) -> Sequence[tuple[SubJob, Kind]]:
    """
    List one sub-job of each kind that the expectations tell apart, the most usual first.

    The type of a sub-job decides which items it can go to, so only the assertions of these items are tried with it.

    Args:
        frozen: whether the job that lists them can no longer change.
        thorough: whether to try all times of sub-jobs instead of only the likeliest ones.
    """
    parts = [part for each in expectations for part in (each.each, *[item.fields for item in each.items or ()])]
    found: dict[Kind, SubJob] = {}
    tried = 0
    for job_type in list_texts(_of(chain(*parts), Field.JOB_TYPE), api.job_types):
        described = [_describe(each, job_type) for each in expectations]
        asserted = [field for each, items in described for field in chain(each, *[fields for _, fields in items])]
        for record in _list_records(asserted, api, now, thorough=thorough):
            tried += 1
            if tried > _MOST_KINDS:
                raise TooManyError("kinds of sub-jobs")
            sub_job = replace(record, job_type=job_type)
            state = State(sub_job, api, now, frozen or api.statuses[sub_job.status].terminal, frozenset())
            found.setdefault(tuple([_fit(each, state) for each in described]), sub_job)
    return [(sub_job, kind) for kind, sub_job in found.items()]


def _describe(expectation: SubJobsExpectation, job_type: str | None) -> _Described:
    items = [
        (position, item.fields)
        for position, item in enumerate(expectation.items or ())
        if all(accepts(each, job_type) for each in _of(item.fields, Field.JOB_TYPE))
    ]
    return expectation.each, items


def _list_records(asserted: Sequence[Assertion], api: JobApi, now: datetime, *, thorough: bool) -> Iterator[SubJob]:
    """Yield sub-jobs without a type: one for each combination of the other values that the assertions tell apart."""
    timed = tuple(dict.fromkeys(each for each in asserted if not isinstance(each, FieldExpectation)))
    words = _tell_words_apart(_of(asserted, Field.STATUS), api, now)
    codes = list_texts(_of(asserted, Field.ERROR_CODE), tuple(api.error_codes))
    reasons = list_texts(_of(asserted, Field.FAIL_REASON), ())
    pairs = _tell_times_apart(timed, api, now, thorough=thorough)
    moves = api.parts is not None and api.parts.end_time_moves
    for word, (begin, end), code, reason in product(words, pairs, codes, reasons):
        if end is None or not moves or api.statuses[word].terminal:
            yield replace(_BARE, status=word, begin_time=begin, end_time=end, error_code=code, fail_reason=reason)


def _tell_words_apart(assertions: Iterable[Assertion], api: JobApi, now: datetime) -> list[str]:
    """Return one status of each kind, the most usual first."""
    found: dict[tuple[object, ...], str] = {}
    for word in list_words(api):
        terminal = api.statuses[word].terminal
        state = State(replace(_BARE, status=word), api, now, True, frozenset())
        found.setdefault((terminal, *[truth_of(each, state) for each in assertions]), word)
    return list(found.values())


@lru_cache(maxsize=64)
def _tell_times_apart(assertions: tuple[Assertion, ...], api: JobApi, now: datetime, *, thorough: bool) -> list[Times]:
    """Return one pair of times of each kind."""
    possible = list_times if thorough else partial(list_likely_times, assertions)
    found: dict[tuple[object, ...], Times] = {}
    for begin, end in possible(assertions, api, now):
        record = replace(_BARE, status=api.success, begin_time=begin, end_time=end)
        state = State(record, api, now, True, frozenset())
        found.setdefault((end is None, *[truth_of(each, state) for each in assertions]), (begin, end))
    return list(found.values())


def _of(assertions: Iterable[Assertion], field: Field) -> tuple[FieldExpectation, ...]:
    mine = (each for each in assertions if isinstance(each, FieldExpectation) and each.field is field)
    return tuple(dict.fromkeys(mine))


def _fit(described: _Described, state: State) -> Fit:
    each, items = described
    describing, doubtful, decided = [], [], True
    for position, fields in items:
        truths = [truth_of(field, state) for field in fields]
        unreadable = Truth.UNDECIDABLE in truths
        decided = decided and not unreadable
        if truths.count(Truth.HOLDS) == len(truths):
            describing.append(position)
        elif unreadable and all(truth in (Truth.UNDECIDABLE, Truth.HOLDS) for truth in truths):
            doubtful.append(position)
    truths = [truth_of(field, state) for field in each]
    return Fit(
        items=frozenset(describing),
        doubtful=frozenset(doubtful),
        each=truths.count(Truth.HOLDS) == len(truths),
        decided=decided and Truth.UNDECIDABLE not in truths,
    )
