"""The limits of one host in one run: how many requests at once, when it is left alone, how many retries it gets."""

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from reconcile.fetch.answer import Attempt
from reconcile.fetch.breaker import DOWN_AFTER, CircuitBreaker
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.job_fetch import JobFetch
from reconcile.fetch.provider_queue import ProviderQueue
from reconcile.fetch.retry import Retryable, RetryBudget
from reconcile.fetch.throttle import Throttle
from reconcile.model import Missing, Observed

_DESERTED_AFTER = 5.0
"""Seconds after which nothing more is expected of a port of this machine at which nothing listens."""


class Slot(Struct, frozen=True, eq=False):
    """A job that is requested at a time; `probe` if it alone finds out whether the host is back."""

    queue: ProviderQueue
    job: JobFetch
    probe: bool
    at: float


class Host:
    """The queues of the providers at one origin, which fail together and therefore share its limits."""

    def __init__(self, origin: Origin, queues: Sequence[ProviderQueue], *, concurrency: int, now: float) -> None:
        """`concurrency` is how many requests may be under way at once."""
        self.queues = tuple(queues)
        self.open = sum(len(queue.schedule) for queue in queues)
        """How many jobs are not settled yet."""
        self.budget = RetryBudget()
        self.breaker = CircuitBreaker()
        self.throttle = Throttle(now)
        self.answered = False
        """Whether it has ever answered."""
        self.jobs = [job for queue in queues for job in queue.schedule]
        """All of them, settled or not."""
        self._origin = origin
        self._concurrency = concurrency
        self._under_way = 0
        self._order = deque(queues)

    @property
    def next_chance(self) -> float:
        """The time from which on a request may be sent; infinity if that depends on those that are under way."""
        if self._under_way >= self._concurrency:
            return float("inf")
        earliest = min(queue.next_chance for queue in self.queues)
        return max(self.breaker.next_chance, self.throttle.next_chance, earliest)

    def take(self, now: float) -> Slot | None:
        """Take a slot, if a request may be sent now; `release` must follow."""
        if self._under_way >= self._concurrency or max(self.breaker.next_chance, self.throttle.next_chance) > now:
            return None
        for _ in self.queues:
            queue = self._order[0]
            self._order.rotate(-1)  # the next request is another provider's, so that none has to wait for the others
            job = queue.take(now)
            if job is not None:
                self._under_way += 1
                self.throttle.send(now)
                return Slot(queue, job, self.breaker.send(), now)
        return None

    def release(self, slot: Slot) -> None:
        """Give a slot back."""
        self._under_way -= 1
        slot.queue.bring_back()

    def withdraw(self, slot: Slot, now: float) -> None:
        """Note that the request was not sent after all."""
        if slot.probe:
            self.breaker.withdraw(now)

    def judge(self, slot: Slot, attempt: Attempt, now: float) -> None:
        """Learn from an attempt how well the host is."""
        match attempt.retryable:
            case None:
                self.breaker.succeed()
                self.throttle.accept(now)
            case Retryable.THROTTLED:
                self.breaker.succeed()  # it is there
                self.throttle.refuse(now, sent_at=slot.at, retry_after=attempt.retry_after)
            case Retryable.TRANSIENT | Retryable.MAYBE_PERMANENT | Retryable.DESERTED:
                self.breaker.fail(now, probe=slot.probe)
        if isinstance(attempt.observation, Observed | Missing):
            self.budget.earn()
            self.answered = slot.queue.proven = True

    def is_down(self, now: float, retryable: Retryable) -> bool:
        """Return whether nothing more is expected; a server on this machine either runs or is about to start."""
        deserted = retryable is Retryable.DESERTED and not self.answered
        return self.breaker.is_down(now, after=_DESERTED_AFTER if deserted else DOWN_AFTER)

    def explain_down(self, now: float, *, since: float) -> str:
        """Say since when the host is down, in seconds from the beginning of the run; it must have failed."""
        failing_since = self.breaker.failing_since if self.breaker.failing_since is not None else now
        begin, duration = failing_since - since, now - failing_since
        return f"{self._origin} is down since second {begin:.0f} of the run: no success for {duration:.0f} s"
