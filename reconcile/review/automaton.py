"""
Expectations of sub-jobs as automata that read one sub-job after the other.

What an expectation remembers of the sub-jobs so far is finite: how many there were, up to the bounds that it names, and
which items they fill.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from reconcile.model import Match, SubJobsExpectation
from reconcile.review.kinds import Fit
from reconcile.review.limits import TooManyError

_MOST_FILLS = 500
"""Ways in which the sub-jobs so far may fill the items."""
_CLOSED = (Match.EXACT, Match.ORDERED)

_Fill: TypeAlias = tuple[int, ...]


class Memory(Struct, frozen=True):
    """
    What an automaton remembers: how many sub-jobs there were, and what they can have filled.

    `fills` are the ways to give them to the items: how many each item has or, where order counts, pairs of the item
    that the last one went to and how many that has. `matching` counts those that each item describes. All numbers stop
    where more of them make no difference.
    """

    size: int
    fills: frozenset[_Fill]
    matching: _Fill


class Automaton:
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

    def start(self) -> Memory:
        fills = frozenset({(-1, 0) if self._ordered else (0,) * len(self._items)} if self._pairs else ())
        return Memory(0, fills, (0,) * len(self._items) if self._bounds else ())

    def step(self, memory: Memory, fit: Fit) -> Memory | None:
        size = min(memory.size + 1, self._capped)
        if (self._most is not None and size > self._most) or not fit.each:
            return None
        if self._expectation.match is Match.NONE and (fit.items or fit.doubtful):
            return None
        matching = self._count_matching(memory.matching, fit) if self._bounds else ()
        if matching is None:
            return None
        if not self._pairs:
            return Memory(size, frozenset(), matching)
        fills = frozenset(each for fill in memory.fills for each in self._fill(fill, fit))
        if not self._closed:
            fills = _keep_fullest(fills)
        if len(fills) > _MOST_FILLS:
            raise TooManyError("ways to pair sub-jobs with items")
        return Memory(size, fills, matching) if fills else None

    def accepts(self, memory: Memory) -> bool:
        if memory.size < self._least:
            return False
        return not self._pairs or any(map(self._is_filled, memory.fills))

    def is_hopeless(self, memory: Memory, last: Sequence[int]) -> bool:
        """Return whether, in a sorted list, an item lacks what cannot come any more; `last` has a flag per item."""
        if not self._pairs or self._ordered:
            return False
        short = [item.count.min for item in self._items]
        return not any(
            all(number >= least or possible for number, least, possible in zip(fill, short, last, strict=True))
            for fill in memory.fills
        )

    def _count_matching(self, matching: _Fill, fit: Fit) -> _Fill | None:
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

    def _fill(self, fill: _Fill, fit: Fit) -> Iterator[_Fill]:
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

    def _fill_in_order(self, fill: _Fill, fit: Fit) -> Iterator[_Fill]:
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
