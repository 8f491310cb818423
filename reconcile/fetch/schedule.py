"""Which job of a provider is requested next."""

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator

from reconcile.fetch.job_fetch import JobFetch, Seen

_Heap = list[tuple[float, int, JobFetch]]


class Schedule:
    """
    Jobs that are due now or later.

    Retries come before first looks, so that few jobs are open at a time. First looks come before polls, so that polling
    does not use up a slow rate while nothing is known about other jobs.
    """

    __slots__ = ("_new", "_number", "_polls", "_retries")

    def __init__(self, jobs: Iterable[JobFetch]) -> None:
        self._new = deque(jobs)
        self._retries: _Heap = []
        self._polls: _Heap = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._new) + len(self._retries) + len(self._polls)

    def __iter__(self) -> Iterator[JobFetch]:
        return iter([*self._new, *(entry[2] for entry in (*self._retries, *self._polls))])

    @property
    def next_due(self) -> float:
        """When the next job is due; infinity if there is none."""
        if self._new:
            return -math.inf
        return min((heap[0][0] for heap in (self._retries, self._polls) if heap), default=math.inf)

    def add_retry(self, job: JobFetch, due: float) -> None:
        """Request the job again at that time, because there was no answer."""
        self._push(self._retries, job, due)

    def add_poll(self, job: JobFetch, due: float) -> None:
        """Request the job again at that time, because it is not decided."""
        self._push(self._polls, job, due)

    def take(self, now: float) -> JobFetch | None:
        """Remove and return the next job that is due, None if there is none."""
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._new:
            return self._new.popleft()
        if self._polls and self._polls[0][0] <= now:
            return heapq.heappop(self._polls)[2]
        return None

    def take_late(self, now: float) -> list[tuple[JobFetch, Seen]]:
        """Remove and return every job that is too late to poll, with its last observation."""
        late = [(entry[2], seen) for entry in self._polls if (seen := entry[2].seen_if_late(now)) is not None]
        self._polls = [entry for entry in self._polls if entry[2].seen_if_late(now) is None]
        heapq.heapify(self._polls)
        return late

    def clear(self) -> list[JobFetch]:
        """Remove and return every job."""
        jobs = [*self]
        self._new.clear()
        self._retries.clear()
        self._polls.clear()
        return jobs

    def _push(self, heap: _Heap, job: JobFetch, due: float) -> None:
        # The number keeps the order of jobs that are due at the same time, and keeps the heap from comparing jobs.
        self._number += 1
        heapq.heappush(heap, (due, self._number, job))
