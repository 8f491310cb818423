"""
The shortest list of sub-jobs that some expectations let through and another one stops.

The expectations tell a finite number of kinds of sub-jobs apart (kinds.py), and their state after some sub-jobs is
finite too (automaton.py). So a search through the states of all automata at once, the shortest lists first, finds such
a list or proves that there is none.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heappop, heappush
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.model.api import JobApi
from reconcile.model.manifest import Assertion, Count, Item, Match, SubJobsExpectation
from reconcile.model.observation import SubJob
from reconcile.review.automaton import Automaton, Kinds, Memory
from reconcile.review.kinds import Fit, Kind, list_kinds
from reconcile.review.limits import TooManyError

_MOST_STEPS = 120_000
"""The most steps of one search, which take about a second."""
MOST_SUB_JOBS = 1_000
"""The most sub-jobs of an answer."""
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Part(Struct, frozen=True):
    """What one job expects of sub-jobs, None for nothing, and whether that is waived."""

    expectation: SubJobsExpectation | None
    waived: bool = False


class Listed(Struct, frozen=True):
    """A list of sub-jobs; `certain` is False if only the judge can tell whether it meets the search."""

    sub_jobs: tuple[SubJob, ...]
    certain: bool


_EVERY: Kinds = -1
"""All kinds."""
_State: TypeAlias = tuple[Memory | None, bool]
"""The memory of a side after the sub-jobs so far, and whether all of them can be judged."""
_Entry: TypeAlias = tuple[int, tuple[int, ...], tuple[_State, ...], Kinds]
"""A list in the queue: its least final size, the kinds of its sub-jobs, the state of each side, and what may come."""


class _Side:
    """
    One part in the search: it lets a list through (True), stops it (False), or only the judge can tell (None).

    A waiver lets through only what is permanently wrong. While the job is unfinished, missing sub-jobs may still come,
    so that only the judge can tell; the same goes for values that cannot be judged.
    """

    def __init__(self, expectation: SubJobsExpectation, fits: Sequence[Fit], *, waived: bool, frozen: bool) -> None:
        self._waived = waived
        self._automaton = Automaton(expectation, fits)
        self._is_ordered = expectation.match is Match.ORDERED
        self._fits = fits
        self._frozen = frozen

    @property
    def always_passes(self) -> bool:
        """Whether this side lets every list through."""
        return self._waived and self._frozen and all(fit.decided for fit in self._fits)

    def start(self) -> _State:
        return self._automaton.start(), True

    def count_work(self, state: _State) -> int:
        """Return the steps that one more sub-job takes."""
        return 1 + (len(state[0].fills) if state[0] is not None else 0)

    def step(self, state: _State, kind: int) -> _State:
        memory, decided = state
        decided = decided and (self._fits[kind].decided or not self._waived)
        return (self._automaton.step(memory, kind) if memory is not None else None), decided

    def forget(self, state: _State, coming: Kinds) -> _State:
        memory, decided = state
        return (self._automaton.forget(memory, coming) if memory is not None else None), decided

    def passes(self, state: _State) -> bool | None:
        memory, decided = state
        if memory is not None and self._automaton.count_missing(memory) == 0:
            return True
        if not self._waived:
            return False
        return True if self._frozen and decided else None

    def heeds_order(self, state: _State) -> bool:
        return self._is_ordered and state[0] is not None

    def is_dead(self, state: _State) -> bool:
        """Return whether this side stops every list with this beginning."""
        return state[0] is None and not self._waived

    def list_coming(self, state: _State) -> Kinds:
        """List the kinds that may still come in a list that passes."""
        return self._automaton.list_coming(state[0]) if state[0] is not None and not self._waived else _EVERY

    def count_missing(self, state: _State) -> int:
        """Return the least number of sub-jobs that the list needs before it passes."""
        return self._automaton.count_missing(state[0]) if state[0] is not None and not self._waived else 0


@lru_cache(maxsize=4096)
def find_sub_jobs(
    passing: tuple[Part, ...], stopping: Part | None, api: JobApi, now: datetime | None, *, frozen: bool, thorough: bool
) -> tuple[Listed, ...]:
    """
    Find the shortest list of sub-jobs that all of `passing` let through and `stopping` stops.

    Args:
        stopping: None finds any list that `passing` let through.
        now: the time of judging, None if nothing depends on it.
        frozen: whether the job that lists them can no longer change.
        thorough: whether to try all times of sub-jobs instead of only the likeliest ones.

    Returns:
        The lists found earlier that only the judge can decide, and then the first certain one, if there is one.

    Raises:
        TooManyError: the search takes too long.
    """
    if stopping is not None and (stopping.expectation is None or stopping in passing):
        return ()
    parts = [*passing, *([stopping] if stopping is not None else [])]
    expected = [(_merge_alike(part.expectation), part.waived) for part in parts if part.expectation is not None]
    if api.parts is None or not expected:
        return (Listed((), certain=True),) if stopping is None else ()
    expectations = tuple([each for each, _ in expected])
    listed = list_kinds(expectations, api, now or _ANY_TIME, frozen=frozen, thorough=thorough)
    kinds = sorted(listed, key=_list_first_items)
    sides = [
        _Side(each, [kind[position] for _, kind in kinds], waived=waived, frozen=frozen)
        for position, (each, waived) in enumerate(expected)
    ]
    last = sides.pop() if stopping is not None else None
    if last is not None and last.always_passes:
        return ()
    found = _search([side for side in sides if not side.always_passes], last, len(kinds))
    return tuple([Listed(tuple([kinds[at][0] for at in each]), certain=certain) for each, certain in found])


def _merge_alike(expectation: SubJobsExpectation) -> SubJobsExpectation:
    """Merge items with the same assertions, unless order counts."""
    if expectation.items is None or expectation.match is Match.ORDERED:
        return expectation
    counts: dict[tuple[Assertion, ...], list[Count]] = {}
    for item in expectation.items:
        counts.setdefault(item.fields, []).append(item.count)
    add = _add_open if expectation.match is Match.CONTAINS else _add_closed
    items = [Item(fields=fields, count=add(own), source=None) for fields, own in counts.items()]
    return replace(expectation, items=tuple(items))


def _add_closed(counts: Sequence[Count]) -> Count:
    most = [count.max for count in counts if count.max is not None]
    return Count(min=sum(count.min for count in counts), max=sum(most) if len(most) == len(counts) else None)


def _add_open(counts: Sequence[Count]) -> Count:
    """Add counts of items among others, where each maximum bounds all sub-jobs that match the item."""
    most = [count.max for count in counts if count.max is not None]
    return Count(min=sum(count.min for count in counts), max=min(most, default=None))


def _list_first_items(kind: tuple[SubJob, Kind]) -> list[int]:
    """Return a sort key that puts kinds for the same items together."""
    return [min(fit.items, default=-1) for fit in kind[1]]


def _search(passing: Sequence[_Side], stopping: _Side | None, count: int) -> Iterator[tuple[tuple[int, ...], bool]]:
    """
    Yield the lists found earlier that are not certain, and then the first of the shortest certain ones.

    A best-first search (A*): the sub-jobs that a list still needs to pass count toward its length. If order does not
    count, lists are sorted by kind. Each state forgets what the kinds to come cannot change.
    """
    every: Kinds = (1 << count) - 1
    sides = [*passing, *([stopping] if stopping is not None else [])]
    queue = _list_next(passing, sides, (), [side.start() for side in sides], every)
    seen: set[tuple[tuple[_State, ...], Kinds]] = set()
    steps = 0
    while queue:
        _, listed, states, coming = heappop(queue)
        if (states, coming) in seen:
            continue
        seen.add((states, coming))
        found = _is_found(passing, sides, states)
        if found is not False:
            yield listed, found is True
        if found:
            return
        steps += coming.bit_count() * sum(map(_Side.count_work, sides, states))
        if steps > _MOST_STEPS:
            raise TooManyError("lists of sub-jobs")
        in_order = any(map(_Side.heeds_order, sides, states))
        for kind in [each for each in range(count) if coming >> each & 1]:
            reached = [side.step(state, kind) for side, state in zip(sides, states, strict=True)]
            rest = every if in_order else coming >> kind << kind
            for entry in _list_next(passing, sides, (*listed, kind), reached, rest):
                heappush(queue, entry)


def _list_next(
    passing: Sequence[_Side], sides: Sequence[_Side], listed: tuple[int, ...], states: Sequence[_State], coming: Kinds
) -> list[_Entry]:
    """Return the queue entry of a list; empty if every list with this beginning is stopped or too long."""
    for side, state in zip(passing, states, strict=False):
        coming &= side.list_coming(state)
    left = tuple([side.forget(state, coming) for side, state in zip(sides, states, strict=True)])
    if any(map(_Side.is_dead, passing, left)):
        return []
    size = len(listed) + max(map(_Side.count_missing, passing, left), default=0)
    return [(size, listed, left, coming)] if size <= MOST_SUB_JOBS else []


def _is_found(passing: Sequence[_Side], sides: Sequence[_Side], states: Sequence[_State]) -> bool | None:
    """Return whether the list so far meets the search; None if only the judge can tell."""
    verdicts = [side.passes(state) for side, state in zip(sides, states, strict=True)]
    if len(passing) < len(sides):
        verdicts[-1] = None if verdicts[-1] is None else not verdicts[-1]
    if False in verdicts:
        return False
    return None if None in verdicts else True
