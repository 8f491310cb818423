"""
Expectations of sub-jobs as automata that read one sub-job at a time.

The state of an automaton is finite: the number of sub-jobs so far, up to the bounds of the expectation, and the items
that they fill. A sub-job is represented by its kind, and a set of kinds by an integer with one bit for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import TypeAlias

from msgspec import Struct

from reconcile.model.manifest import Match, SubJobsExpectation
from reconcile.review.kinds import Fit
from reconcile.review.limits import TooManyError

_MOST_FILLS = 200
"""The most ways in which the sub-jobs so far may fill the items."""
_CLOSED = (Match.EXACT, Match.ORDERED)

Kinds: TypeAlias = int
"""A set of kinds."""
_Fill: TypeAlias = tuple[int, ...]


class Memory(Struct, frozen=True):
    """
    The state of an automaton: how many sub-jobs it has read, and how they can fill the items.

    `fills` are the ways to assign them to items: the number for each item or, if order counts, the item of the last
    sub-job and the number that this item has. For each item with a maximum in a `contains`, `matching` counts the
    sub-jobs that match it. All numbers are capped where higher ones make no difference.
    """

    size: int
    fills: frozenset[_Fill]
    matching: _Fill


class Automaton:
    """
    Reads sub-jobs for one expectation. A memory of None means that no list with this beginning can be accepted.

    `fits` has one element for each kind: how such a sub-job meets the expectation.
    """

    def __init__(self, expectation: SubJobsExpectation, fits: Sequence[Fit]) -> None:
        self._fits = fits
        self._items = expectation.items or ()
        count, each, match = expectation.count, expectation.each, expectation.match
        self._most = count.max if count is not None else None
        self._least = max(count.min if count is not None else 0, 1 if each else 0)
        self._counted = self._least if self._most is None else self._most
        self._closed = match in _CLOSED and expectation.items is not None
        self._pairs = self._closed or (match is Match.CONTAINS and bool(self._items))
        self._ordered = self._closed and match is Match.ORDERED
        maxima = {position: item.count.max for position, item in enumerate(self._items)}
        self._maxima = {
            position: most for position, most in maxima.items() if match is Match.CONTAINS and most is not None
        }
        self._described = [_gather(position in fit.items for fit in fits) for position in range(len(self._items))]
        self._allowed = _gather(
            fit.each
            and not (match is Match.NONE and (fit.items or fit.doubtful))
            and fit.doubtful.isdisjoint(self._maxima)
            for fit in fits
        )

    def start(self) -> Memory:
        fills = frozenset({(-1, 0) if self._ordered else (0,) * len(self._items)} if self._pairs else ())
        return Memory(0, fills, (0,) * len(self._maxima))

    def step(self, memory: Memory, kind: int) -> Memory | None:
        if memory.size == self._most or not self._allowed >> kind & 1:
            return None
        items = self._fits[kind].items
        matching = tuple([number + (at in items) for number, at in zip(memory.matching, self._maxima, strict=True)])
        if any(number > most for number, most in zip(matching, self._maxima.values(), strict=True)):
            return None
        size = min(memory.size + 1, self._counted)
        if not self._pairs:
            return Memory(size, memory.fills, matching)
        fills = frozenset(each for fill in memory.fills for each in self._fill(fill, items))
        if len(fills) > _MOST_FILLS:
            raise TooManyError("ways to pair sub-jobs with items")
        if not self._closed:
            fills = _keep_fullest(fills)
        return Memory(size, fills, matching) if fills else None

    def list_coming(self, memory: Memory) -> Kinds:
        """List the kinds that may still come, now or later, because the expectation has room for them."""
        if memory.size == self._most:
            return 0
        coming = self._allowed
        for number, (position, most) in zip(memory.matching, self._maxima.items(), strict=True):
            if number == most:
                coming &= ~self._described[position]
        if self._closed:
            open_items = {position for fill in memory.fills for position in self._list_open(fill)}
            coming &= reduce(or_, [self._described[position] for position in open_items], 0)
        return coming

    def forget(self, memory: Memory, coming: Kinds) -> Memory | None:
        """Drop from a memory what these kinds cannot change; None if no list of them can be accepted."""
        touched = [bool(described & coming) for described in self._described]
        matching = tuple([number * touched[at] for number, at in zip(memory.matching, self._maxima, strict=True)])
        if not self._pairs:
            return Memory(memory.size, memory.fills, matching)
        fills = frozenset(left for fill in memory.fills if (left := self._forget_filled(fill, touched)) is not None)
        return Memory(memory.size, fills, matching) if fills else None

    def count_missing(self, memory: Memory) -> int:
        """Return the least number of sub-jobs that a list needs before it is accepted; 0 if it is accepted already."""
        missing = [
            sum([max(item.count.min - number, 0) for item, number in zip(self._items, self._count(fill), strict=True)])
            for fill in memory.fills
        ]
        return max(self._least - memory.size, min(missing, default=0))

    def _fill(self, fill: _Fill, items: Iterable[int]) -> Iterator[_Fill]:
        """Yield the ways to assign one more sub-job to an item, or to none if the expectation allows others."""
        if self._ordered:
            yield from self._fill_in_order(fill, items)
            return
        if not self._closed:
            yield fill
        for position in items:
            count = self._items[position].count
            most = count.min if not self._closed or count.max is None else count.max
            if fill[position] < most:
                yield (*fill[:position], fill[position] + 1, *fill[position + 1 :])
            elif self._closed and count.max is None:
                yield fill

    def _fill_in_order(self, fill: _Fill, items: Iterable[int]) -> Iterator[_Fill]:
        at, number = fill
        if at in items:
            count = self._items[at].count
            if count.max is None:
                yield at, min(number + 1, max(count.min, 1))
            elif number < count.max:
                yield at, number + 1
        if at >= 0 and number < self._items[at].count.min:
            return
        for position in range(at + 1, len(self._items)):
            count = self._items[position].count
            if position in items and count.max != 0:
                yield position, 1
            if count.min:
                return

    def _list_open(self, fill: _Fill) -> Iterable[int]:
        """List the items that have room for more."""
        if self._ordered:
            return range(max(fill[0], 0), len(self._items))
        return [
            position
            for position, (item, number) in enumerate(zip(self._items, fill, strict=True))
            if item.count.max is None or number < item.count.max
        ]

    def _forget_filled(self, fill: _Fill, touched: Sequence[bool]) -> _Fill | None:
        """
        Return a way to fill the items in which those that can no longer change have exactly their minimum.

        None if one of those has too few.
        """
        numbers = [
            (number, number if may_change else item.count.min)
            for item, number, may_change in zip(self._items, self._count(fill), touched, strict=True)
        ]
        if any(number < least for number, least in numbers):
            return None
        return fill if self._ordered else tuple([left for _, left in numbers])

    def _count(self, fill: _Fill) -> Sequence[int]:
        """Return the number of sub-jobs of each item."""
        if not self._ordered:
            return fill
        at, number = fill
        if at < 0:
            return [0] * len(self._items)
        return [*[item.count.min for item in self._items[:at]], number, *[0] * (len(self._items) - at - 1)]


def _gather(flags: Iterable[object]) -> Kinds:
    """Return the kinds that have a flag."""
    return sum(1 << kind for kind, flag in enumerate(flags) if flag)


def _keep_fullest(fills: frozenset[_Fill]) -> frozenset[_Fill]:
    """Drop each way in which no item has more than in another way: if others are allowed, more is better."""
    if len(fills) == 1:
        return fills
    return frozenset(
        fill
        for fill in fills
        if not any(other != fill and all(one >= own for one, own in zip(other, fill, strict=True)) for other in fills)
    )
