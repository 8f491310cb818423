"""The kinds of sub-jobs that expectations tell apart: there are finitely many, and one of each is enough."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import State, truth_of
from reconcile.model import Assertion, Field, FieldExpectation, JobApi, SubJob, SubJobsExpectation, Truth
from reconcile.review.limits import TooManyError
from reconcile.review.texts import list_texts, list_words
from reconcile.review.times import Times, list_likely_times, list_times

_MOST_KINDS = 20_000
"""Sub-jobs to be sorted into kinds."""
_BARE = SubJob(status="", job_id=None, job_type=None, begin_time=None, end_time=None, error_code=None, fail_reason=None)


class Fit(Struct, frozen=True):
    """
    How one sub-job meets one expectation.

    `items` are the positions of those that describe it, `doubtful` of those where nobody can tell; `each` says that it
    is what every sub-job must be, and `decided` that all of it can be judged.
    """

    items: frozenset[int]
    doubtful: frozenset[int]
    each: bool
    decided: bool


Kind: TypeAlias = tuple[Fit, ...]
"""How a sub-job meets each of several expectations."""


@lru_cache(maxsize=64)
def list_kinds(
    expectations: tuple[SubJobsExpectation, ...], api: JobApi, now: datetime, *, frozen: bool, thorough: bool
) -> Sequence[tuple[SubJob, Kind]]:
    """List one sub-job of each kind that the expectations tell apart, the most usual first; `thorough` lists all."""
    assertions = [field for each in expectations for part in _parts_of(each) for field in part]
    timed = tuple(dict.fromkeys(each for each in assertions if not isinstance(each, FieldExpectation)))
    words = _tell_words_apart(_of(assertions, Field.STATUS), api, now, frozen=frozen)
    texts = [
        list_texts(_of(assertions, Field.JOB_TYPE), api.job_types),
        list_texts(_of(assertions, Field.ERROR_CODE), tuple(api.error_codes)),
        list_texts(_of(assertions, Field.FAIL_REASON), ()),
    ]
    possible = list_times(timed, api, now) if thorough else list_likely_times(timed, timed, api, now)
    pairs = _tell_apart(timed, possible, api, now)
    moves = api.parts is not None and api.parts.end_time_moves
    if len(words) * len(pairs) * len(texts[0]) * len(texts[1]) * len(texts[2]) > _MOST_KINDS:
        raise TooManyError("kinds of sub-jobs")
    found: dict[Kind, SubJob] = {}
    for word, (begin, end), (job_type, error_code, fail_reason) in product(words, pairs, list(product(*texts))):
        if moves and end is not None and not api.statuses[word].terminal:
            continue
        times = {"begin_time": begin, "end_time": end}
        sub_job = replace(
            _BARE, status=word, job_type=job_type, error_code=error_code, fail_reason=fail_reason, **times
        )
        state = State(sub_job, api, now, frozen or api.statuses[word].terminal, frozenset())
        found.setdefault(tuple([_fit(each, state) for each in expectations]), sub_job)
    return [(sub_job, kind) for kind, sub_job in found.items()]


def _tell_words_apart(assertions: Iterable[Assertion], api: JobApi, now: datetime, *, frozen: bool) -> list[str]:
    """Return one status of each kind, the most usual first."""
    found: dict[tuple[object, ...], str] = {}
    for word in list_words(api):
        terminal = api.statuses[word].terminal
        state = State(replace(_BARE, status=word), api, now, frozen or terminal, frozenset())
        found.setdefault((terminal, *[truth_of(each, state) for each in assertions]), word)
    return list(found.values())


def _tell_apart(assertions: Sequence[Assertion], pairs: Iterable[Times], api: JobApi, now: datetime) -> list[Times]:
    """Return one pair of times of each kind."""
    found: dict[tuple[object, ...], Times] = {}
    for begin, end in pairs:
        record = replace(_BARE, status=api.success, begin_time=begin, end_time=end)
        state = State(record, api, now, True, frozenset())
        found.setdefault((end is None, *[truth_of(each, state) for each in assertions]), (begin, end))
    return list(found.values())


def _parts_of(expectation: SubJobsExpectation) -> Iterator[tuple[Assertion, ...]]:
    yield expectation.each
    yield from (item.fields for item in expectation.items or ())


def _of(assertions: Iterable[Assertion], field: Field) -> tuple[FieldExpectation, ...]:
    mine = (each for each in assertions if isinstance(each, FieldExpectation) and each.field is field)
    return tuple(dict.fromkeys(mine))


def _fit(expectation: SubJobsExpectation, state: State) -> Fit:
    items, doubtful, decided = [], [], True
    for position, item in enumerate(expectation.items or ()):
        truths = [truth_of(field, state) for field in item.fields]
        unreadable = Truth.UNDECIDABLE in truths
        decided = decided and not unreadable
        if truths.count(Truth.HOLDS) == len(truths):
            items.append(position)
        elif unreadable and all(truth in (Truth.UNDECIDABLE, Truth.HOLDS) for truth in truths):
            doubtful.append(position)
    each = [truth_of(field, state) for field in expectation.each]
    return Fit(
        items=frozenset(items),
        doubtful=frozenset(doubtful),
        each=each.count(Truth.HOLDS) == len(each),
        decided=decided and Truth.UNDECIDABLE not in each,
    )
