"""The limits of one host in one run: concurrency, throttling, circuit breaker, retries."""

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
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Missing, Observed

_DESERTED_AFTER = 5.0
"""Seconds after which a loopback port that refuses connections counts as down."""


class Slot(Struct, frozen=True, eq=False):
    """A job whose request may be sent at time `at`; with `probe`, it is sent alone, to see if the host is back."""

    queue: ProviderQueue
    job: JobFetch
    probe: bool
    at: float


class Host:
    """The queues of the providers at one origin, which fail together and therefore share its limits."""

    def __init__(self, origin: Origin, queues: Sequence[ProviderQueue], *, concurrency: int, now: float) -> None:
        """`concurrency` is the most requests that may be under way at once."""
        self.queues = tuple(queues)
        self.open = sum(len(queue.schedule) for queue in queues)
        """The number of jobs that are not done yet."""
        self.budget = RetryBudget()
        self.breaker = CircuitBreaker()
        self.throttle = Throttle(now)
        self.answered = False
        """Whether the host has ever answered."""
        self.jobs = [job for queue in queues for job in queue.schedule]
        """All jobs, done or not."""
        self._origin = origin
        self._concurrency = concurrency
        self._under_way = 0
        self._order = deque(queues)

    @property
    def next_chance(self) -> float:
        """The earliest time for the next request; infinity while it depends on requests under way."""
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
            self._order.rotate(-1)  # the next request is another provider's, so that none waits for the others
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
        """Record that the request was not sent after all."""
        if slot.probe:
            self.breaker.withdraw(now)

    def judge(self, slot: Slot, attempt: Attempt, now: float) -> None:
        """Update breaker, throttle and budget with the outcome of an attempt."""
        match attempt.retryable:
            case None:
                self.breaker.succeed()
                self.throttle.accept(now)
            case Retryable.THROTTLED:
                self.breaker.succeed()  # the host is up
                self.throttle.refuse(now, sent_at=slot.at, retry_after=attempt.retry_after)
            case Retryable.TRANSIENT | Retryable.MAYBE_PERMANENT | Retryable.DESERTED:
                self.breaker.fail(now, probe=slot.probe)
        if isinstance(attempt.observation, Observed | Missing):
            self.budget.earn()
            self.answered = slot.queue.proven = True

    def is_down(self, now: float, retryable: Retryable) -> bool:
        """Return whether to stop requesting this host. A loopback port gets less time: its server is local."""
        deserted = retryable is Retryable.DESERTED and not self.answered
        return self.breaker.is_down(now, after=_DESERTED_AFTER if deserted else DOWN_AFTER)

    def explain_down(self, now: float, last: Problem) -> str:
        """Explain why the host counts as down, by its last failure and in words that fit every job."""
        failing_since = self.breaker.failing_since if self.breaker.failing_since is not None else now
        why, _, _ = last.message.removeprefix(f"{self._origin}: ").partition(" (request id ")
        return f"{self._origin} is down: {why}; no success for {now - failing_since:.0f} s"
