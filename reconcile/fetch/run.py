"""One run: a loop in one thread that sends due requests and decides what follows from each answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt
from reconcile.fetch.answer_memory import AnswerMemory
from reconcile.fetch.client import Client, Outcome
from reconcile.fetch.credentials import CredentialError
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.failure import ExchangeError
from reconcile.fetch.host import Host, Slot
from reconcile.fetch.job_fetch import JobFetch, Seen
from reconcile.fetch.message import Answer
from reconcile.fetch.pace import Pace, draw_poll_wait
from reconcile.fetch.provider_queue import ProviderQueue
from reconcile.fetch.request import build_path
from reconcile.fetch.retry import Again, Retryable, Stop, TooLong, plan_retry
from reconcile.fetch.target import Target
from reconcile.fetch.waiting import Progress, WaitPolicy
from reconcile.lazy import LazyList
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Absence, Expectation, Job
from reconcile.model.observation import Fetched, Observation, Observed, Unobserved
from reconcile.rate import Rate

if TYPE_CHECKING:
    import httpx

    from reconcile.fetch.recorder import Recorder

DEFAULT_CONCURRENCY = 64

_LAST_LOOK = 2.0
"""
Seconds before the end of the run at which an undecided job is polled for the last time.

A poll that is later than this after the end of the job's own waiting is skipped.
"""
_MOST_FLAPS = 5
"""The most changes of an ended job before it is polled no more often than an unfinished one."""
_HOPELESS = frozenset({Code.TLS, Code.BLOCKED_ADDRESS})
"""Failures after which no request to a host can succeed."""


def fetch_jobs(  # noqa: PLR0913 - a run has this many collaborators
    jobs: Sequence[Job],
    targets: Mapping[str, Target],
    *,
    client: Client,
    timeout: float,
    spent: float = 0.0,
    concurrency: int = DEFAULT_CONCURRENCY,
    pace: Pace | None = None,
    wait: WaitPolicy | None = None,
    on_fetched: Callable[[int, Fetched], None] | None = None,
    on_request: "Callable[[RequestDone], None] | None" = None,
    recorder: "Recorder | None" = None,
    known: Mapping[int, Fetched] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    store: "Store | None" = None,
) -> Sequence[Fetched]:
    """
    Fetch every job and return the results in the order of `jobs`.

    A remote job that several jobs share is requested once. Transient errors are retried. At the deadline, a job that
    was never read is Unobserved, and an undecided one keeps its last observation. Once a provider has rejected its
    credentials, its other jobs are not requested.

    Args:
        jobs: the jobs, whose providers all have a target.
        targets: by the provider's name.
        client: sends the requests, and has the clock; it is not closed here.
        timeout: seconds of the whole run.
        spent: seconds of it that have already passed.
        concurrency: the most requests to one host at once.
        pace: None sets no rate, and allows MAX_ATTEMPTS.
        wait: None fetches each job once, without polling.
        on_fetched: called with the index and the result of each job when it is done.
        on_request: called for every request for a job when it is answered or has failed.
        recorder: records the exchanges; None records nothing.
        known: results of jobs that are not requested, by index.
        interrupted: called in every turn of the loop; once it returns True, the run ends.
        store: stores the results until they are read; None keeps them in memory.
    """
    fetched: Store = {} if store is None else store

    def finish(index: int, outcome: Fetched) -> None:
        fetched[index] = outcome
        if on_fetched is not None:
            on_fetched(index, outcome)

    pace = pace or Pace()
    run = _Run(jobs, client=client, timeout=timeout, spent=spent, pace=pace, wait=wait, finish=finish)
    run.on_request, run.interrupted = on_request, interrupted
    for index, outcome in (known or {}).items():
        finish(index, outcome)
    memory, now = AnswerMemory(len(jobs)), client.now()
    queues: dict[Origin, list[ProviderQueue]] = {}
    for name, fetches in _find_remote_jobs(jobs, finish, known or {}).items():
        target = targets[name]
        queue = ProviderQueue(
            target,
            fetches,
            login_client=run.login_client,
            bucket=pace.open_bucket(Rate.per_minute(target.provider.api.requests_per_minute), now),
            memory=memory,
            recorder=recorder,
        )
        queues.setdefault(target.origin, []).append(queue)
    run.run([Host(origin, each, concurrency=concurrency, now=now) for origin, each in queues.items()])
    return LazyList(fetched.__getitem__, range(len(jobs)))


class Store(Protocol):
    """The result of each job, by its index."""

    def __setitem__(self, index: int, fetched: Fetched, /) -> None: ...

    def __getitem__(self, index: int, /) -> Fetched: ...


def _find_remote_jobs(
    jobs: Sequence[Job], finish: Callable[[int, Fetched], None], known: Mapping[int, Fetched]
) -> dict[str, list[JobFetch]]:
    """
    List the remote jobs of each provider, in the order in which they first occur in `jobs`, without known ones.

    Jobs that cannot be requested are finished here.
    """
    fetches: dict[tuple[str, str], JobFetch] = {}
    by_provider: dict[str, list[JobFetch]] = {}
    for index, job in enumerate(jobs):
        if index in known:
            continue
        key = job.provider.name, job.job_id
        if key in fetches:
            fetches[key].indexes.append(index)
        else:
            try:
                fetches[key] = JobFetch(indexes=[index], job=job, path=build_path(job))
            except ValueError as error:
                problem = Problem(code=Code.UNSAFE_ID, message=f"not requested: {error}")
                finish(index, Fetched(observation=Unobserved(problem=problem)))
                continue
            by_provider.setdefault(job.provider.name, []).append(fetches[key])
        fetches[key].alone |= may_pass_while_missing(job)
    return by_provider


def may_pass_while_missing(job: Job) -> bool:
    """
    Return whether a 404 can turn the job green.

    An answer that shows a job contains its id, but a 404 does not, so it must not be a stray answer to another request.
    """
    return isinstance(job.expect, Absence) or any("missing" in waiver.fields for waiver in job.waivers)


def must_settle(job: Job) -> bool:
    """Return whether a single look at a job is no proof, even if the job has ended."""
    return isinstance(job.expect, Expectation) and job.expect.settle is not None


class RequestDone(Struct, frozen=True, kw_only=True):
    """
    One finished request and its result, without secrets.

    `status_code` is None if there was no answer. `throttled` says that the host asked for fewer requests (429).
    """

    job: Job
    seconds: float
    status_code: int | None
    observation: Observation
    throttled: bool


class _RunOverError(Exception):
    """The run is over; `code` and `message` say why."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=code, message=message)


class _Run:
    """The loop of one run and its decisions; the arguments are those of `fetch_jobs`."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        client: Client,
        timeout: float,
        spent: float,
        pace: Pace,
        wait: WaitPolicy | None,
        finish: Callable[[int, Fetched], None],
    ) -> None:
        self._client = client
        self._begin = client.now()
        self._run_begin = self._begin - spent
        self._timeout = timeout
        self._deadline = self._run_begin + timeout
        self._jobs = jobs
        self._pace = pace
        self._wait = wait
        self._finish_job = finish
        self._hosts: Sequence[Host] = ()
        self._login_client: httpx.Client | None = None
        self.on_request: Callable[[RequestDone], None] | None = None
        self.interrupted: Callable[[], bool] = lambda: False

    def run(self, hosts: Sequence[Host]) -> None:
        """Fetch the jobs of every host, until all are done or the run is over."""
        self._hosts = hosts
        try:
            while any(host.open for host in hosts):
                self._take_turn()
        except _RunOverError as over:
            for host in hosts:
                self._leave(host, over.problem)

    def login_client(self) -> "httpx.Client":
        """Return the client for logins; while it waits for an answer, the run goes on."""
        if self._login_client is None:
            from reconcile.fetch.httpx_transport import open_login_client

            self._login_client = open_login_client(self._client, self._take_turn)
        return self._login_client

    # --- The loop ------------------------------------------------------------------------------------------------

    def _take_turn(self) -> None:
        """Send every request that is due, and wait until some are answered or the next one is due."""
        self._check_time()
        for host in self._hosts:
            while (slot := host.take(self._client.now())) is not None:
                self._request(host, slot)
        now = self._check_time()
        chances = [host.next_chance for host in self._hosts if host.open]
        if chances and min(chances) > now:
            self._client.wait(min(*chances, self._deadline) - now)

    def _check_time(self) -> float:
        """Return the time; raise _RunOverError if the run is interrupted or its time is over."""
        now = self._client.now()
        if self.interrupted():
            raise _RunOverError(Code.INTERRUPTED, "no answer before the run was interrupted")
        if now >= self._deadline:
            message = f"no answer within the time limit of the run, {self._timeout:g} s"
            raise _RunOverError(Code.DEADLINE, message)
        return now

    def _request(self, host: Host, slot: Slot) -> None:
        """Send the request of a job, unless it is too late or there is no credential."""
        now = self._client.now()
        late = slot.job.seen_if_late(now)
        if late is not None:
            self._stop_waiting(host, slot, late)
            host.release(slot)
            return
        try:
            request = slot.queue.prepare(slot.job)
        except CredentialError as error:
            self._handle_credential_error(host, slot, error)
            host.release(slot)
            return
        now = self._client.now()  # a login may have taken time
        on_done = partial(self._receive, host, slot, slot.queue.begin(slot.job, now), now)
        try:
            self._client.send(request, on_done)
        except ExchangeError as error:
            on_done(error)

    def _receive(self, host: Host, slot: Slot, sent_at: datetime | None, begun: float, outcome: Outcome) -> None:
        """Decide what follows from an answer or a failure."""
        now = slot.job.answered_at = self._client.now()
        attempt = slot.queue.read(slot.job, outcome, sent_at)
        if self.on_request is not None:
            done = RequestDone(
                job=slot.job.job,
                seconds=now - begun,
                status_code=outcome.status_code if isinstance(outcome, Answer) else None,
                observation=attempt.observation,
                throttled=attempt.retryable is Retryable.THROTTLED,
            )
            self.on_request(done)
        host.judge(slot, attempt, now)
        seen = attempt.observation
        if isinstance(seen, Unobserved):
            self._handle_failure(host, slot, attempt, seen)
        else:
            seen = slot.job.see(seen, attempt.age, now, asked=begun)
            if self._wait is None:
                self._finish(host, slot.job, seen, now)
            else:
                self._look_again(host, slot, seen, self._wait, now)
        host.release(slot)

    # --- After a failure -----------------------------------------------------------------------------------------

    def _handle_failure(self, host: Host, slot: Slot, attempt: Attempt, failure: Unobserved) -> None:
        job, problem = slot.job, failure.problem
        job.fail(failure, attempt.retryable)
        if attempt.retryable is not None:
            self._retry(host, slot, attempt.retryable, attempt.retry_after, problem.code)
        elif problem.code is Code.UNAUTHENTICATED:
            self._renew_credential(host, slot, problem)
        else:
            self._give_up(host, job)
            if problem.code in _HOPELESS and not host.answered:
                self._close(
                    host, host.queues, Problem(code=problem.code, message=f"no request can succeed: {problem.message}")
                )

    def _renew_credential(self, host: Host, slot: Slot, problem: Problem) -> None:
        if slot.queue.renew_credential(slot.job):
            self._try_again(host, slot, self._client.now())
        else:
            self._give_up(host, slot.job)
            rejected = Problem(code=problem.code, message="the credentials were rejected for another job")
            self._close(host, [slot.queue], rejected)

    def _retry(self, host: Host, slot: Slot, retryable: Retryable, retry_after: float | None, code: Code) -> None:
        queue, job, now = slot.queue, slot.job, self._client.now()
        if host.is_down(now, retryable):
            last = job.failure.problem if job.failure is not None else Problem(code=code, message="no answer")
            down = Problem(code=code, message=host.explain_down(now, last))
            for each in (job, *(each for each_queue in host.queues for each in each_queue.close(down))):
                self._finish(host, each, each.blame_host(down, now), now)
            return
        plan = plan_retry(
            retryable,
            tries=job.tries,
            times=job.retry_counts[retryable],
            most=self._pace.attempts,
            retry_after=retry_after,
            remaining=self._deadline - now,
            rng=self._pace.chance,
        )
        if retry_after is not None:
            queue.hold(now + retry_after)
        match plan:
            case Again() if retryable is Retryable.THROTTLED:
                self._try_again(host, slot, now)  # the throttle of the host decides when
            case Again(after=after) if host.budget.spend():
                self._try_again(host, slot, now + after)
            case Again():
                spent = "not retried, because too many requests to this host have failed"
                self._give_up(host, job, Problem(code=code, message=spent))
            case Stop():
                self._look_later(host, slot, now)
            case TooLong(reason=reason):
                self._give_up(host, job, Problem(code=code, message=reason))
                self._close(host, [queue], Problem(code=code, message=reason))

    def _look_later(self, host: Host, slot: Slot, now: float) -> None:
        """Plan another look if the run still waits for the job, otherwise give it up."""
        job = slot.job
        ends = [self._end_of_waiting(self._jobs[index], self._wait) for index in job.indexes] if self._wait else []
        due = now + draw_poll_wait(job.polls, self._pace.chance)
        if any(due < end for end in ends) and slot.queue.closed is None:
            job.begin_look()
            slot.queue.schedule.add_retry(job, due)
        else:
            self._give_up(host, job)

    def _handle_credential_error(self, host: Host, slot: Slot, error: CredentialError) -> None:
        now = self._client.now()
        host.withdraw(slot, now)
        reason = slot.queue.postpone(error, now, remaining=self._deadline - now, pace=self._pace)
        if reason is None:
            self._try_again(host, slot, now)
        else:
            self._give_up(host, slot.job, reason)
            self._close(host, [slot.queue], reason)

    def _try_again(self, host: Host, slot: Slot, due: float) -> None:
        if slot.queue.closed is None:
            slot.queue.schedule.add_retry(slot.job, due)
        else:
            self._give_up(host, slot.job, slot.queue.closed)

    def _give_up(self, host: Host, job: JobFetch, reason: Problem | None = None) -> None:
        now = self._client.now()
        self._finish(host, job, job.give_up(reason, now), now)

    def _close(self, host: Host, queues: Iterable[ProviderQueue], reason: Problem) -> None:
        """Request nothing more from these queues."""
        for queue in queues:
            for job in queue.close(reason):
                self._give_up(host, job, reason)

    # --- After an answer -----------------------------------------------------------------------------------------

    def _look_again(self, host: Host, slot: Slot, seen: Seen, wait: WaitPolicy, now: float) -> None:
        """
        Plan the next poll, unless every job that shares this remote job is decided.

        They all finish together, with the last look: two jobs of one plan must not show the same remote job at
        different times.
        """
        job = slot.job
        ends = {
            index: end
            for index in job.indexes
            if (end := self._end_of_waiting(self._jobs[index], wait)) > now
            and not _has_ended(self._jobs[index], seen)
            and not wait.is_final(self._jobs[index], seen)
        }
        if not ends:
            self._finish(host, job, seen, now)
            return
        if slot.queue.closed is not None:
            self._give_up(host, job, slot.queue.closed)
            return
        usual = draw_poll_wait(job.polls, self._pace.chance)
        soonest = min(wait.space_look(self._jobs[index], seen, usual) for index in ends)
        if job.looks is not None and job.looks.flaps > _MOST_FLAPS:
            soonest = max(soonest, usual)
        due = min(now + soonest, *ends.values())
        job.look_by = max(ends.values()) + _LAST_LOOK
        slot.queue.schedule.add_poll(job, due)
        status = seen.status if isinstance(seen, Observed) else None
        for index in ends:
            wait.on_progress(Progress(index=index, status=status, polls=job.polls, next_look=due - now))

    def _stop_waiting(self, host: Host, slot: Slot, seen: Seen) -> None:
        """Finish the job with its last observation, and all others whose waiting is over as well."""
        now = self._client.now()
        host.withdraw(slot, now)
        for job, last in ((slot.job, seen), *slot.queue.schedule.take_late(now)):
            self._finish(host, job, last, now)

    def _end_of_waiting(self, job: Job, wait: WaitPolicy) -> float:
        own = wait.duration if job.timeout is None else min(wait.duration, job.timeout)
        return min(self._begin + own, self._deadline - _LAST_LOOK)

    # --- The end of a job ----------------------------------------------------------------------------------------

    def _leave(self, host: Host, problem: Problem) -> None:
        """Report every unfinished job of a host at the end of the run."""
        now = self._client.now()
        advice = f"; {host.throttle.describe(now)}" if host.throttle.refused else ""
        for job in host.jobs:
            self._report(job, job.leave(problem, advice), now)

    def _finish(self, host: Host, job: JobFetch, observation: Observation, now: float) -> None:
        """Report the job and mark it as done."""
        self._report(job, observation, now)
        job.indexes = []
        job.seen = job.failure = job.looks = None
        host.open -= 1

    def _report(self, job: JobFetch, observation: Observation, now: float) -> None:
        outcome = job.conclude(observation, now, begin=self._run_begin)
        for index in job.indexes:
            self._finish_job(index, outcome)


def _has_ended(job: Job, seen: Seen) -> bool:
    """Return whether a job has ended and need not settle, so that it is not polled again."""
    return isinstance(seen, Observed) and job.provider.api.statuses[seen.status].terminal and not must_settle(job)
