"""What is still to be asked of one provider, and in which order."""

import heapq
import math
from collections import deque
from collections.abc import Iterable

from reconcile.fetch.errand import Errand, Seen

_Later = list[tuple[float, int, Errand]]


class Agenda:
    """
    Errands that are due now or later.

    Those under way come before new ones, so that few are open at a time; new ones before polls, so that a slow rate
    is not used up by polling some jobs while nothing is known of others.
    """

    __slots__ = ("_number", "_polls", "_retries", "_unasked")

    def __init__(self, errands: Iterable[Errand]) -> None:
        self._unasked = deque(errands)
        self._retries: _Later = []
        self._polls: _Later = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._unasked) + len(self._retries) + len(self._polls)

    @property
    def next_due(self) -> float:
        """When the next errand is due, infinity if there is none."""
        if self._unasked:
            return -math.inf
        return min((heap[0][0] for heap in (self._retries, self._polls) if heap), default=math.inf)

    def add_retry(self, errand: Errand, due: float) -> None:
        """Ask again at that time, because there was no answer."""
        self._push(self._retries, errand, due)

    def add_poll(self, errand: Errand, due: float) -> None:
        """Ask again at that time, because the answer was not the last one."""
        self._push(self._polls, errand, due)

    def take(self, now: float) -> Errand | None:
        """Take out the next errand that is due."""
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._unasked:
            return self._unasked.popleft()
        if self._polls and self._polls[0][0] <= now:
            return heapq.heappop(self._polls)[2]
        return None

    def take_late(self, now: float) -> list[tuple[Errand, Seen]]:
        """Take out every poll that does not begin any more, and what was seen last instead."""
        late = [(entry[2], seen) for entry in self._polls if (seen := entry[2].seen_if_late(now)) is not None]
        self._polls = [entry for entry in self._polls if entry[2].seen_if_late(now) is None]
        heapq.heapify(self._polls)
        return late

    def clear(self) -> list[Errand]:
        """Take out every errand."""
        errands = [*self._unasked, *(entry[2] for entry in (*self._retries, *self._polls))]
        self._unasked.clear()
        self._retries.clear()
        self._polls.clear()
        return errands

    def _push(self, heap: _Later, errand: Errand, due: float) -> None:
        # The number keeps the order of those that are due together, and keeps errands from being compared.
        self._number += 1
        heapq.heappush(heap, (due, self._number, errand))
