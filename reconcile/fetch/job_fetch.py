"""The state of fetching one remote job, and its result."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.looks import LookHistory
from reconcile.fetch.retry import Retryable
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Job
from reconcile.model.observation import Fetched, Missing, Observation, Observed, Unobserved

Seen: TypeAlias = Observed | Missing

STALE_AFTER = 60
"""Seconds in a cache after which an answer counts as old."""


class JobFetch(Struct, kw_only=True, eq=False):
    """
    One remote job to observe.

    A look is one observation, with as many tries as it takes. Every look after the job was first seen is a poll.
    `indexes` are the positions of the manifest's jobs that still wait for it.
    """

    indexes: list[int]
    job: Job
    path: str
    alone: bool = False
    """Whether each request uses its own connection; see `Request`."""
    attempts: int = 0
    first_tried_at: float = 0.0
    answered_at: float = 0.0
    """When the last request was answered, or failed."""
    tries: int = 0
    tried_since: float = 0.0
    failure: Unobserved | None = None
    retry_counts: dict[Retryable, int] = field(default_factory=dict)
    """The number of tries of this look that failed in each way."""
    shown: Mapping[str, str] | None = None
    """The headers that carried the credential of the last request."""
    polls: int = 0
    seen: Seen | None = None
    size: int = 0
    """Bytes of the last observation in the run's AnswerMemory."""
    seen_at: float = 0.0
    first_seen_at: float = 0.0
    look_by: float = 0.0
    """The time after which no poll begins."""
    looks: LookHistory | None = None
    cached: int | None = None
    """The age of the last answer in a cache in seconds, None unless it is old."""
    notes: tuple[str, ...] = ()

    def seen_if_late(self, now: float) -> Seen | None:
        """Return the last observation if it is too late for another poll, None if the job may still be requested."""
        return self.seen if self.failure is None and now > self.look_by else None

    def begin_look(self) -> None:
        """Start another look."""
        self.tries = 0
        if self.retry_counts:
            self.retry_counts = {}

    def begin_try(self, now: float) -> None:
        """Count a request that is sent now."""
        if not self.attempts:
            self.first_tried_at = self.answered_at = now
        self.attempts += 1
        self.tries += 1
        if self.tries == 1:
            self.tried_since = now

    def fail(self, failure: Unobserved, retryable: Retryable | None) -> None:
        """Record that a try failed."""
        self.failure = failure
        if retryable is not None:
            self.retry_counts[retryable] = self.retry_counts.get(retryable, 0) + 1

    def see(self, seen: Seen, age: int | None, now: float, *, asked: float) -> Seen:
        """
        Record a successful look; return its observation, compared with earlier looks.

        Args:
            seen: the observation.
            age: the age of the answer in a cache in seconds, None if it came from none.
            now: when the answer came.
            asked: when it was requested.
        """
        ended = isinstance(seen, Observed) and self.job.provider.api.statuses[seen.status].terminal
        self.looks = self.looks or LookHistory()
        looks = self.looks.add(self.seen, seen, asked=asked, answered=now, age=age, ended=ended)
        if isinstance(seen, Observed) and looks is not None:
            seen = replace(seen, looks=looks)
        if self.seen is None:
            self.first_seen_at = now
        else:
            self.polls += 1
            self._note_step(self.seen, seen)
        self.cached = age if age is not None and age > STALE_AFTER else None
        if self.cached is not None:
            self._note(f"the answer came from a cache and was {age} s old")
        self.seen, self.seen_at = seen, now
        self.failure = None
        self.begin_look()
        return seen

    def give_up(self, reason: Problem | None, now: float) -> Unobserved:
        """
        Return why the job is not observed, after its last request.

        Args:
            reason: None if the last failure and the number of tries are the whole reason.
        """
        why = f": {reason.message}" if reason is not None else ""
        stale = self._explain_stale(now)
        if self.failure is not None:
            problem = self.failure.problem
            effort = self._explain_effort(now) if self.tries > 1 or reason is not None else ""
            message = f"{problem.message}{effort}{why if effort else ''}{stale}"
            return Unobserved(problem=Problem(code=problem.code, message=message), request_id=self.failure.request_id)
        if reason is None:
            raise ValueError("there is no failure and no other reason to give up")
        again = " again" if self.seen is not None else ""
        return Unobserved(problem=Problem(code=reason.code, message=f"not requested{again}{why}{stale}"))

    def blame_host(self, down: Problem, now: float) -> Unobserved:
        """Return that the job is not observed because its host is down, in words that are the same for all its jobs."""
        message = f"{down.message}{self._explain_stale(now)}"
        request_id = self.failure.request_id if self.failure is not None else None
        return Unobserved(problem=Problem(code=down.code, message=message), request_id=request_id)

    def leave(self, reason: Problem, advice: str = "") -> Observation:
        """
        Return what is known about the job if the run ends before it is done.

        `advice` says why a throttling host did not answer, and what to do; "" for other hosts.
        """
        if self.seen is None:
            tried = f", after {_count(self.tries)}" if self.failure else ""
            if self.failure and not (advice and self.failure.problem.code is Code.THROTTLED):
                tried = f"{tried}; the last: {self.failure.problem.message}"
            return Unobserved(problem=Problem(code=reason.code, message=f"{reason.message}{tried}{advice}"))
        if self.failure is not None:
            self._note(f"the last poll failed: {self.failure.problem.message}")
        return self.seen

    def conclude(self, observation: Observation, now: float, *, begin: float) -> Fetched:
        """Return the observation and how it was made; `begin` is when the run began."""
        seen = self.seen is not None
        return Fetched(
            observation=observation,
            attempts=self.attempts,
            polls=self.polls,
            started=round(self.first_tried_at - begin, 3) if self.attempts else 0.0,
            elapsed=round(self.answered_at - self.first_tried_at, 3),
            waited=now - self.first_seen_at if seen else 0.0,
            age=now - self.seen_at if seen else 0.0,
            cached=self.cached,
            notes=self.notes,
        )

    def _explain_effort(self, now: float) -> str:
        return f"; gave up after {_count(self.tries)} over {now - self.tried_since:.0f} s"

    def _explain_stale(self, now: float) -> str:
        """Describe the last observation, which is too old to prove anything."""
        if self.seen is None:
            return ""
        known = f'its status was "{self.seen.status}"' if isinstance(self.seen, Observed) else "it was missing"
        return f"; {known} {now - self.seen_at:.0f} s earlier"

    def _note_step(self, before: Seen, after: Seen) -> None:
        """Note if the job did what no job should: its status went back, or it disappeared."""
        match before, after:
            case Observed(status=old), Observed(status=new):
                if new != old and new not in self.job.provider.api.statuses[old].then:
                    self._note(f'its status went back from "{old}" to "{new}" between polls')
            case Observed(status=old), Missing():
                self._note(f'it had status "{old}" and then disappeared')
            case _:
                pass

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes += (text,)


def _count(tries: int) -> str:
    return "1 attempt" if tries == 1 else f"{tries} attempts"
