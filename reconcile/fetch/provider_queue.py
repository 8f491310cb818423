"""The requests of one run to one provider: its schedule, its credential, its rate."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt, assess
from reconcile.fetch.answer_memory import AnswerMemory
from reconcile.fetch.client import Outcome
from reconcile.fetch.credentials import CredentialError, UnsignedRequest
from reconcile.fetch.failure import ExchangeError, RefusedConnectionError, explain_failure
from reconcile.fetch.job_fetch import JobFetch
from reconcile.fetch.message import Request, write_headers
from reconcile.fetch.pace import Pace, TokenBucket
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.request import build_headers
from reconcile.fetch.retry import Again, Retryable, TooLong, classify_error, plan_retry
from reconcile.fetch.schedule import Schedule
from reconcile.fetch.target import Target
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Unobserved

if TYPE_CHECKING:
    import httpx

    from reconcile.fetch.recorder import Recorder

MAX_UNPROVEN = 5
"""
The most requests under way before an answer has shown that the credential is valid.

Six rejected signatures lock an access key for five minutes (support.huaweicloud.com, apig-faq-0003).
"""


class ProviderQueue:
    """
    The jobs of one provider, and when the next one may be requested.

    Times are in seconds of one monotonic clock, which the caller reads.
    """

    def __init__(
        self,
        target: Target,
        jobs: Iterable[JobFetch],
        *,
        login_client: "Callable[[], httpx.Client]",
        bucket: TokenBucket | None,
        memory: AnswerMemory,
        recorder: "Recorder | None" = None,
    ) -> None:
        """
        Queue jobs.

        Args:
            target: the provider.
            jobs: in the order of their first requests.
            login_client: makes the client for logins; called only if a credential needs one.
            bucket: limits the rate of requests; None is no limit.
            memory: for the answers of the run.
            recorder: records the exchanges; None records nothing.
        """
        self.schedule = Schedule(jobs)
        self.closed: Problem | None = None
        """Why nothing more is requested."""
        self.proven = False
        """Whether an answer has shown that the credential is valid."""
        self._target = target
        self._login_client = login_client
        self._memory = memory
        self._recorder = recorder
        self._credential = f"{target.credential}, provider '{target.provider.name}'"
        self._redact = Redactor(target.credential.secrets)
        self._shown: Mapping[str, str] | None = None
        self._headers: list[str] = []
        self._bucket = bucket
        self._held_until = -math.inf
        self._under_way = 0
        self._logging_in = False
        self._failed_logins = 0

    @property
    def next_chance(self) -> float:
        """The earliest time of the next request; infinity while it depends on requests under way."""
        if self._is_blocked():
            return math.inf
        paced_until = self._bucket.next_chance if self._bucket is not None else -math.inf
        return max(self._held_until, paced_until, self.schedule.next_due)

    def take(self, now: float) -> JobFetch | None:
        """Take the next job that may be requested now; `bring_back` must follow."""
        if self._is_blocked() or now < self._held_until or (self._bucket and now < self._bucket.next_chance):
            return None
        job = self.schedule.take(now)
        if job is not None:
            self._under_way += 1
            if self._bucket is not None:
                self._bucket.spend(now)
        return job

    def bring_back(self) -> None:
        """Return a job that was taken."""
        self._under_way -= 1

    def hold(self, until: float) -> None:
        """Send nothing before that time: Retry-After applies to the whole project."""
        self._held_until = max(self._held_until, until)

    def close(self, reason: Problem) -> list[JobFetch]:
        """Request nothing more; return the jobs that are left."""
        self.closed = self.closed or reason
        return self.schedule.clear()

    def prepare(self, job: JobFetch) -> Request:
        """
        Return the request of a job with its credential, which may have to log in first.

        A login sends another request. The run goes on meanwhile, but nothing is taken from this queue.

        Raises CredentialError if no credential can be issued, ExchangeError if it cannot be sent.
        """
        shown = self._target.credential.standing or self._ask_credential(job)
        if shown is not self._shown:
            self._headers = write_headers(build_headers(self._target.provider.api, shown))
            self._shown = shown
        job.shown = shown
        self._failed_logins = 0
        return Request(origin=self._target.origin, target=job.path, headers=self._headers, alone=job.alone)

    def begin(self, job: JobFetch, now: float) -> datetime | None:
        """Count a request that is sent now; return the time of the recorder's clock, None without a recorder."""
        job.begin_try(now)
        return self._recorder.begin() if self._recorder is not None else None

    def read(self, job: JobFetch, outcome: Outcome, sent_at: datetime | None) -> Attempt:
        """Return the outcome of a request, and record it."""
        if isinstance(outcome, ExchangeError):
            problem = explain_failure(outcome, self._target.origin)
            deserted = isinstance(outcome, RefusedConnectionError) and self._target.origin.loopback
            if deserted:
                advice = "is it running? check RECONCILE_ENDPOINT or --endpoint"
                problem = replace(problem, message=f"{problem.message} ({advice})")
            if self._recorder is not None and sent_at is not None:
                self._recorder.keep_failure(job.job, sent_at, problem.message)
            retryable = Retryable.DESERTED if deserted else classify_error(outcome)
            return Attempt(observation=Unobserved(problem=problem), retryable=retryable)
        attempt = assess(
            self._target.provider.api,
            job.job.job_id,
            outcome,
            redact=self._redact,
            credential=self._credential,
        )
        if isinstance(attempt.observation, Unobserved):
            observation = replace(attempt.observation, problem=self._explain_rejection(attempt.observation.problem))
            attempt = replace(attempt, observation=observation)
        attempt = self._memory.admit(job, attempt, len(outcome.body))
        if self._recorder is not None and sent_at is not None:
            self._recorder.keep_answer(job.job, sent_at, outcome, attempt.observation, self._redact)
        return attempt

    def renew_credential(self, job: JobFetch) -> bool:
        """Return whether a job whose credential was rejected may be requested again with a new one."""
        if job.shown is None or not self._target.credential.renew(job.shown):
            return False
        if job.shown is self._shown:
            self.proven = False
        return True

    def postpone(self, error: CredentialError, now: float, *, remaining: float, pace: Pace) -> Problem | None:
        """
        Hold the queue until the next login; return why there is none, if there is none.

        Failed logins count for the whole queue, because its jobs share the credential. The tries of a job count only
        requests to the job API.
        """
        if error.retryable is None:
            return self._explain_rejection(error.problem)
        self._failed_logins += 1
        plan = plan_retry(
            error.retryable,
            tries=self._failed_logins,
            times=self._failed_logins,
            most=pace.attempts,
            retry_after=error.retry_after,
            remaining=remaining,
            rng=pace.chance,
        )
        if isinstance(plan, Again):
            self.hold(now + plan.after)
            return None
        why = plan.reason if isinstance(plan, TooLong) else f"gave up after {self._failed_logins} attempts"
        return Problem(code=error.problem.code, message=f"{error.problem.message}; {why}")

    def _explain_rejection(self, problem: Problem) -> Problem:
        """Add to a problem of the credential what is odd about the environment, or else what to do."""
        if problem.code not in (Code.UNAUTHENTICATED, Code.FORBIDDEN):
            return problem
        odd = self._target.explain_rejection()
        if not odd and problem.code is Code.UNAUTHENTICATED:
            odd = "; tokens expire: get a new one, or check the access key"
        return Problem(code=problem.code, message=f"{problem.message}{odd}")

    def _is_blocked(self) -> bool:
        return self._logging_in or (not self.proven and self._under_way >= MAX_UNPROVEN)

    def _ask_credential(self, job: JobFetch) -> Mapping[str, str]:
        target = self._target
        question = UnsignedRequest("GET", target.origin.authority, job.path, target.provider.api.headers)
        self._logging_in = True
        try:
            return target.credential.headers(question, client=self._login_client())
        finally:
            self._logging_in = False
