"""One run: what is decided after each attempt, until every job is settled."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt
from reconcile.fetch.credentials import CredentialError
from reconcile.fetch.errand import Errand, Seen
from reconcile.fetch.host import Host, Turn
from reconcile.fetch.lane import Lane
from reconcile.fetch.pace import Pace, draw_poll_wait
from reconcile.fetch.policy import Again, Setback, Stop, TooLong, plan_retry
from reconcile.fetch.waiting import Progress, WaitPolicy
from reconcile.model import Fetched, Job, Observation, Observed, Problem, Unobserved

# An undecided job is looked at for the last time so many seconds before the end of the run, and not even then if that
# comes later than this after the end of its waiting.
_LAST_LOOK = 2.0
# What says that no request can ever come through to a host.
_HOPELESS = frozenset({Code.TLS, Code.BLOCKED_ADDRESS})


class Run:
    """What the workers of one run share, and how they decide. The clock is the event loop's."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        timeout: float,
        pace: Pace,
        wait: WaitPolicy | None,
        settle: Callable[[int, Fetched], None],
    ) -> None:
        """
        Begin.

        Args:
            jobs: errands tell of them by index.
            timeout: seconds until the deadline.
            pace: how often and how soon is asked.
            wait: None looks at each job once.
            settle: called with the index of a job and what came of it, once for each.
        """
        self._clock = asyncio.get_running_loop().time
        self._begin = self._clock()
        self.deadline = self._begin + timeout
        self._jobs = jobs
        self._pace = pace
        self._wait = wait
        self._settle_job = settle

    async def work(self, host: Host) -> None:
        """Fetch what is to be fetched from the host, one errand after the other, until there is none."""
        while (turn := host.take_turn() or await host.next_turn()) is not None:
            late = turn.errand.seen_if_late(turn.at)
            if late is not None:
                self._stop_waiting(host, turn, late)
            else:
                try:
                    attempt = await turn.lane.send(turn.errand, turn.at)
                except CredentialError as error:
                    self._miss_credential(host, turn, error)
                else:
                    rejected = self._conclude(host, turn, attempt)
                    if rejected is not None:
                        await self._renew_credential(host, turn, rejected)
            host.end_turn(turn)

    def end(self, errands: Iterable[Errand], code: Code, message: str) -> None:
        """Settle every job that is not settled: as it was seen last, or else as unread."""
        now = self._clock()
        for errand in errands:
            self._tell(errand, errand.leave(Problem(code=code, message=message)), now)

    def _conclude(self, host: Host, turn: Turn, attempt: Attempt) -> Problem | None:
        """Draw what follows from an attempt; return the problem if that depends on another credential."""
        now = self._clock()
        host.judge(turn, attempt, now)
        seen = attempt.observation
        if isinstance(seen, Unobserved):
            return self._meet_failure(host, turn, attempt, seen)
        turn.errand.see(seen, attempt.age, now)
        if self._wait is None:
            self._settle(host, turn.errand, seen, now)
        else:
            self._look_again(host, turn, seen, self._wait, now)
        return None

    # --- After a failure ---------------------------------------------------------------------------------------

    def _meet_failure(self, host: Host, turn: Turn, attempt: Attempt, failure: Unobserved) -> Problem | None:
        errand, problem = turn.errand, failure.problem
        errand.fail(failure, attempt.setback)
        if attempt.setback is not None:
            self._retry(host, turn, attempt.setback, attempt.retry_after, problem.code)
        elif problem.code is Code.UNAUTHENTICATED:
            return problem
        else:
            self._give_up(host, errand)
            if problem.code in _HOPELESS and not host.answered:
                self._close(host, host.lanes, Problem(code=problem.code, message=f"it is in vain: {problem.message}"))
        return None

    async def _renew_credential(self, host: Host, turn: Turn, problem: Problem) -> None:
        if await turn.lane.renew_credential(turn.errand):
            self._try_again(host, turn, self._clock())
        else:
            self._give_up(host, turn.errand)
            rejected = Problem(code=problem.code, message="the credentials were rejected for another job")
            self._close(host, [turn.lane], rejected)

    def _retry(self, host: Host, turn: Turn, setback: Setback, retry_after: float | None, code: Code) -> None:
        lane, errand, now = turn.lane, turn.errand, self._clock()
        if host.breaker.is_down(now):
            down = Problem(code=code, message=host.explain_down(now, since=self._begin))
            self._give_up(host, errand, down)
            self._close(host, host.lanes, down)
            return
        plan = plan_retry(
            setback,
            tries=errand.tries,
            times=errand.setbacks[setback],
            most=self._pace.attempts,
            retry_after=retry_after,
            remaining=self.deadline - now,
            rng=self._pace.chance,
        )
        if retry_after is not None:
            lane.hold(now + retry_after)
        match plan:
            case Again(after=after) if host.budget.spend():
                self._try_again(host, turn, now + after)
            case Again():
                spent = "too many requests to this host have failed to try again"
                self._give_up(host, errand, Problem(code=code, message=spent))
            case Stop():
                self._give_up(host, errand)
            case TooLong(reason=reason):
                self._give_up(host, errand, Problem(code=code, message=reason))
                self._close(host, [lane], Problem(code=code, message=reason))

    def _miss_credential(self, host: Host, turn: Turn, error: CredentialError) -> None:
        now = self._clock()
        host.withdraw(turn, now)
        reason = turn.lane.postpone(error, now, remaining=self.deadline - now, pace=self._pace)
        if reason is None:
            self._try_again(host, turn, now)
        else:
            self._give_up(host, turn.errand, reason)
            self._close(host, [turn.lane], reason)

    def _try_again(self, host: Host, turn: Turn, due: float) -> None:
        if turn.lane.shut is None:
            turn.lane.agenda.add_retry(turn.errand, due)
        else:
            self._give_up(host, turn.errand, turn.lane.shut)

    def _give_up(self, host: Host, errand: Errand, reason: Problem | None = None) -> None:
        now = self._clock()
        self._settle(host, errand, errand.give_up(reason, now), now)

    def _close(self, host: Host, lanes: Iterable[Lane], reason: Problem) -> None:
        """Ask nothing more on these lanes."""
        for lane in lanes:
            for errand in lane.close(reason):
                self._give_up(host, errand, reason)

    # --- After an answer ---------------------------------------------------------------------------------------

    def _look_again(self, host: Host, turn: Turn, seen: Seen, wait: WaitPolicy, now: float) -> None:
        """
        Plan the next look, unless every job that is this remote one is decided.

        They are settled together and with the last look: two jobs of one plan must not tell of one remote job at
        different times.
        """
        errand = turn.errand
        ends = {
            index: end
            for index in errand.indexes
            if (end := self._end_of_waiting(self._jobs[index], wait)) > now
            and not _is_terminal(errand.job, seen)
            and not wait.is_settled(self._jobs[index], seen)
        }
        if not ends:
            self._settle(host, errand, seen, now)
            return
        if turn.lane.shut is not None:
            self._give_up(host, errand, turn.lane.shut)
            return
        pause = self._draw_pause(errand, seen, wait)
        due = min(now + pause, *ends.values())
        errand.look_by = max(ends.values()) + _LAST_LOOK
        turn.lane.agenda.add_poll(errand, due)
        status = seen.status if isinstance(seen, Observed) else None
        for index in ends:
            wait.on_progress(Progress(index=index, status=status, polls=errand.polls, next_look=due - now))

    def _stop_waiting(self, host: Host, turn: Turn, seen: Seen) -> None:
        """Leave the errand as it was seen last, and with it all others whose waiting is over as well."""
        now = self._clock()
        host.withdraw(turn, now)
        for errand, last in ((turn.errand, seen), *turn.lane.agenda.take_late(now)):
            self._settle(host, errand, last, now)

    def _end_of_waiting(self, job: Job, wait: WaitPolicy) -> float:
        own = wait.duration if job.timeout is None else min(wait.duration, job.timeout)
        return min(self._begin + own, self.deadline - _LAST_LOOK)

    def _draw_pause(self, errand: Errand, seen: Seen, wait: WaitPolicy) -> float:
        """Draw the seconds until the next look: not before the job can be expected to be done, if that is known."""
        hints = (wait.expected_end(self._jobs[index], seen) for index in errand.indexes)
        rng = self._pace.chance
        late = [hint + draw_poll_wait(0, rng) for hint in hints if hint is not None]
        return max([draw_poll_wait(errand.polls, rng), *late])

    # --- The end of an errand ----------------------------------------------------------------------------------

    def _settle(self, host: Host, errand: Errand, observation: Observation, now: float) -> None:
        """Settle the errand's jobs; it is done."""
        self._tell(errand, observation, now)
        errand.indexes = []
        host.open -= 1

    def _tell(self, errand: Errand, observation: Observation, now: float) -> None:
        outcome = errand.conclude(observation, now)
        for index in errand.indexes:
            self._settle_job(index, outcome)


def _is_terminal(job: Job, seen: Seen) -> bool:
    return isinstance(seen, Observed) and job.provider.api.statuses[seen.status].terminal
