"""
Expectations of sub-jobs as automata that read one sub-job after the other.

What expectations tell apart of a single sub-job is finite, and so is what they remember of those before: how many there
were, up to the bounds that they name, and which items these fill. So a search through the states of several automata at
once, the shortest lists first, finds a list that some accept and another one does not, or proves that there is none.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import State, truth_of
from reconcile.model import (
    Assertion,
    Field,
    FieldExpectation,
    JobApi,
    Match,
    SubJob,
    SubJobsExpectation,
    Truth,
)
from reconcile.review.limits import TooManyError
from reconcile.review.texts import list_texts, list_words
from reconcile.review.times import Times, list_likely_times, list_times

_MOST_KINDS = 20_000
"""Sub-jobs to be sorted into kinds."""
_MOST_STEPS = 60_000
"""Steps of one search, which takes about half a second."""
_MOST_FILLS = 500
"""Ways in which the sub-jobs so far may fill the items."""
MOST_SUB_JOBS = 1_000
"""A job with more sub-jobs is no answer."""

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)

_BARE = SubJob(status="", job_id=None, job_type=None, begin_time=None, end_time=None, error_code=None, fail_reason=None)

_CLOSED = (Match.EXACT, Match.ORDERED)


class Part(Struct, frozen=True):
    """What one job expects of sub-jobs, None without; `waived` says that a waiver covers it."""

    expectation: SubJobsExpectation | None
    waived: bool = False


class Listed(Struct, frozen=True):
    """A list of sub-jobs; `certain` is False if only the judge can tell whether it is what was looked for."""

    sub_jobs: tuple[SubJob, ...]
    certain: bool


# --- Kinds of sub-jobs -----------------------------------------------------------------------------------------


class _Fit(Struct, frozen=True):
    """
    How one sub-job meets one expectation.

    `items` are the positions of those that describe it, `doubtful` of those where nobody can tell; `each` says that it
    is what every sub-job must be, and `decided` that all of it can be judged.
    """

    items: frozenset[int]
    doubtful: frozenset[int]
    each: bool
    decided: bool


_Kind: TypeAlias = tuple[_Fit, ...]
"""How a sub-job meets each of several expectations."""


@lru_cache(maxsize=64)
def _list_kinds(
    expectations: tuple[SubJobsExpectation, ...], api: JobApi, now: datetime, *, frozen: bool, thorough: bool
) -> Sequence[tuple[SubJob, _Kind]]:
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
    found: dict[_Kind, SubJob] = {}
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


def _fit(expectation: SubJobsExpectation, state: State) -> _Fit:
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
    return _Fit(
        items=frozenset(items),
        doubtful=frozenset(doubtful),
        each=each.count(Truth.HOLDS) == len(each),
        decided=decided and Truth.UNDECIDABLE not in each,
    )


# --- Automata --------------------------------------------------------------------------------------------------

_Fill: TypeAlias = tuple[int, ...]


class _Memory(Struct, frozen=True):
    """
    What an automaton remembers: how many sub-jobs there were, and what they can have filled.

    `fills` are the ways to give them to the items: how many each item has or, where order counts, pairs of the item
    that the last one went to and how many that has. `matching` counts those that each item describes. All numbers stop
    where more of them make no difference.
    """

    size: int
    fills: frozenset[_Fill]
    matching: _Fill


class _Automaton:
    """Reads sub-jobs for one expectation. A memory of None is that no list that begins so can be accepted."""

    def __init__(self, expectation: SubJobsExpectation) -> None:
        self._expectation = expectation
        self._items = expectation.items or ()
        count, each = expectation.count, expectation.each
        self._most = count.max if count is not None else None
        self._least = max(count.min if count is not None else 0, 1 if each else 0)
        self._capped = self._least if self._most is None else self._most + 1
        closed = expectation.match in _CLOSED and expectation.items is not None
        self._pairs = closed or (expectation.match is Match.CONTAINS and bool(self._items))
        self._closed = closed
        self._ordered = closed and expectation.match is Match.ORDERED
        self._bounds = expectation.match is Match.CONTAINS and any(item.count.max is not None for item in self._items)

    def start(self) -> _Memory:
        fills = frozenset({(-1, 0) if self._ordered else (0,) * len(self._items)} if self._pairs else ())
        return _Memory(0, fills, (0,) * len(self._items) if self._bounds else ())

    def step(self, memory: _Memory, fit: _Fit) -> _Memory | None:
        size = min(memory.size + 1, self._capped)
        if (self._most is not None and size > self._most) or not fit.each:
            return None
        if self._expectation.match is Match.NONE and (fit.items or fit.doubtful):
            return None
        matching = self._count_matching(memory.matching, fit) if self._bounds else ()
        if matching is None:
            return None
        if not self._pairs:
            return _Memory(size, frozenset(), matching)
        fills = frozenset(each for fill in memory.fills for each in self._fill(fill, fit))
        if not self._closed:
            fills = _keep_fullest(fills)
        if len(fills) > _MOST_FILLS:
            raise TooManyError("ways to pair sub-jobs with items")
        return _Memory(size, fills, matching) if fills else None

    def accepts(self, memory: _Memory) -> bool:
        if memory.size < self._least:
            return False
        return not self._pairs or any(map(self._is_filled, memory.fills))

    def is_hopeless(self, memory: _Memory, last: Sequence[int]) -> bool:
        """Return whether, in a sorted list, an item lacks what cannot come any more; `last` has a flag per item."""
        if not self._pairs or self._ordered:
            return False
        short = [item.count.min for item in self._items]
        return not any(
            all(number >= least or possible for number, least, possible in zip(fill, short, last, strict=True))
            for fill in memory.fills
        )

    def _count_matching(self, matching: _Fill, fit: _Fit) -> _Fill | None:
        counted = list(matching)
        for position, item in enumerate(self._items):
            if item.count.max is None:
                continue
            if position in fit.doubtful:
                return None
            counted[position] += position in fit.items
            if counted[position] > item.count.max:
                return None
        return tuple(counted)

    def _fill(self, fill: _Fill, fit: _Fit) -> Iterator[_Fill]:
        """Yield the ways to give one more sub-job to an item, or to none where others are welcome."""
        if self._ordered:
            yield from self._fill_in_order(fill, fit)
            return
        if not self._closed:
            yield fill
        for position in fit.items:
            count = self._items[position].count
            most = count.min if not self._closed or count.max is None else count.max
            if fill[position] < most:
                yield (*fill[:position], fill[position] + 1, *fill[position + 1 :])
            elif self._closed and count.max is None:
                yield fill

    def _fill_in_order(self, fill: _Fill, fit: _Fit) -> Iterator[_Fill]:
        at, number = fill
        if at in fit.items:
            count = self._items[at].count
            if count.max is None:
                yield at, min(number + 1, max(count.min, 1))
            elif number < count.max:
                yield at, number + 1
        if at >= 0 and number < self._items[at].count.min:
            return
        for position in range(at + 1, len(self._items)):
            count = self._items[position].count
            if position in fit.items and count.max != 0:
                yield position, 1
            if count.min:
                return

    def _is_filled(self, fill: _Fill) -> bool:
        if not self._ordered:
            return all(number >= item.count.min for number, item in zip(fill, self._items, strict=True))
        at, number = fill
        rest = self._items[at + 1 :]
        return (at < 0 or number >= self._items[at].count.min) and not any(item.count.min for item in rest)


def _keep_fullest(fills: frozenset[_Fill]) -> frozenset[_Fill]:
    """Leave out each way in which every item has no more than in another: where others are welcome, more is better."""
    if len(fills) == 1:
        return fills
    return frozenset(
        fill
        for fill in fills
        if not any(other != fill and all(one >= own for one, own in zip(other, fill, strict=True)) for other in fills)
    )


# --- Searching -------------------------------------------------------------------------------------------------


class _Side:
    """
    One part as the search sees it: it lets a list through (True), stops it (False), or only the judge can tell (None).

    A waiver lets through what is wrong for good. While the job is unfinished, what is too few may still come, so there
    only the judge can tell; and where something cannot be judged, too.
    """

    def __init__(self, part: Part, *, frozen: bool) -> None:
        self._waived = part.waived
        self._frozen = frozen
        self.automaton = _Automaton(part.expectation) if part.expectation is not None else None

    def start(self) -> tuple[_Memory | None, bool]:
        return (self.automaton.start() if self.automaton is not None else None), True

    def step(self, state: tuple[_Memory | None, bool], fit: _Fit | None) -> tuple[_Memory | None, bool]:
        memory, decided = state
        if self.automaton is None or fit is None:
            return state
        decided = decided and (fit.decided or not self._waived)
        return (self.automaton.step(memory, fit) if memory is not None else None), decided

    def passes(self, state: tuple[_Memory | None, bool]) -> bool | None:
        memory, decided = state
        if self.automaton is None or (memory is not None and self.automaton.accepts(memory)):
            return True
        if not self._waived:
            return False
        return True if self._frozen and decided else None

    def is_dead(self, state: tuple[_Memory | None, bool]) -> bool:
        return self.automaton is not None and not self._waived and state[0] is None

    def is_hopeless(self, state: tuple[_Memory | None, bool], last: Sequence[int]) -> bool:
        memory = state[0]
        if self.automaton is None or self._waived or memory is None:
            return self.is_dead(state)
        return self.automaton.is_hopeless(memory, last)


@lru_cache(maxsize=4096)
def find_sub_jobs(
    passing: tuple[Part, ...], stopping: Part | None, api: JobApi, now: datetime | None, *, frozen: bool, thorough: bool
) -> tuple[Listed, ...]:
    """
    Find the shortest list of sub-jobs that all of `passing` let through and `stopping` stops.

    Args:
        stopping: None looks for any list that is let through.
        now: the time of judging, None if nothing depends on it.
        frozen: whether the job that lists them can no longer change.
        thorough: whether to try all times of sub-jobs, and not only the likeliest ones.

    Returns:
        That list, after those before it about which only the judge can tell; without a certain one if there is none.

    Raises:
        TooManyError: it takes too long to tell.
    """
    parts = [*passing, *([stopping] if stopping is not None else [])]
    if api.parts is None or all(part.expectation is None for part in parts):
        return (Listed((), certain=True),) if stopping is None else ()
    if stopping is not None and stopping in passing:
        return ()
    expectations = tuple(part.expectation for part in parts if part.expectation is not None)
    kinds = _list_kinds(expectations, api, now or _ANY_TIME, frozen=frozen, thorough=thorough)
    positions: list[int | None] = []
    for part in parts:
        positions.append(None if part.expectation is None else len([each for each in positions if each is not None]))
    return tuple(_search(parts, positions, kinds, stops=stopping is not None, frozen=frozen))


def _search(
    parts: Sequence[Part],
    positions: Sequence[int | None],
    kinds: Sequence[tuple[SubJob, _Kind]],
    *,
    stops: bool,
    frozen: bool,
) -> Iterator[Listed]:
    sides = [_Side(part, frozen=frozen) for part in parts]
    passing = sides[:-1] if stops else sides
    fits = [[None if at is None else kind[at] for at in positions] for _, kind in kinds]
    is_sorted = not any(part.expectation is not None and part.expectation.match is Match.ORDERED for part in parts)
    coming = _list_coming(parts, fits) if is_sorted else []
    start = tuple(side.start() for side in sides)
    level: list[tuple[tuple[tuple[_Memory | None, bool], ...], int, tuple[int, ...]]] = [(start, 0, ())]
    seen = {(start, 0)}
    steps = 0
    while level and len(level[0][2]) <= MOST_SUB_JOBS:
        following = []
        for states, first, listed in level:
            found = _weigh(sides, states, stops=stops)
            if found is not False:
                yield Listed(tuple(kinds[at][0] for at in listed), certain=found is True)
                if found is True:
                    return
            for at in range(first, len(kinds)):
                steps += 1
                if steps > _MOST_STEPS:
                    raise TooManyError("lists of sub-jobs")
                reached = tuple(side.step(state, fit) for side, state, fit in zip(sides, states, fits[at], strict=True))
                if any(map(_Side.is_dead, passing, reached)):
                    continue
                if is_sorted and any(map(_Side.is_hopeless, passing, reached, coming[at])):
                    continue
                key = (reached, at if is_sorted else 0)
                if key not in seen:
                    seen.add(key)
                    following.append((reached, at if is_sorted else 0, (*listed, at)))
        level = following


def _weigh(sides: Sequence[_Side], states: Sequence[tuple[_Memory | None, bool]], *, stops: bool) -> bool | None:
    """Return whether the list so far is what is looked for; None if only the judge can tell."""
    verdicts = [side.passes(state) for side, state in zip(sides, states, strict=True)]
    if stops:
        verdicts[-1] = None if verdicts[-1] is None else not verdicts[-1]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _list_coming(parts: Sequence[Part], fits: Sequence[Sequence[_Fit | None]]) -> list[list[list[bool]]]:
    """List, for each kind and part, which items a sub-job of that kind or of a later one can go to."""
    coming: list[list[list[bool]]] = []
    later = [[False] * len(part.expectation.items or () if part.expectation else ()) for part in parts]
    for own in reversed(fits):
        later = [
            [known or (fit is not None and position in fit.items) for position, known in enumerate(flags)]
            for flags, fit in zip(later, own, strict=True)
        ]
        coming.append(later)
    return coming[::-1]
