"""One host during one run: what is asked of it next, and whether it is well."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from reconcile.fetch.answer import Attempt
from reconcile.fetch.breaker import Breaker
from reconcile.fetch.budget import RetryBudget
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.errand import Errand
from reconcile.fetch.lane import Lane
from reconcile.fetch.policy import Setback
from reconcile.model import Missing, Observed


class Turn(Struct, frozen=True, eq=False):
    """An errand that is sent at a time, on its lane; `probe` if it alone finds out whether the host is back."""

    lane: Lane
    errand: Errand
    probe: bool
    at: float


class Host:
    """
    The lanes that lead to one origin, which fail together and are therefore counted together.

    Workers ask it for their next turn. The one that finds nothing to do waits for the time of the next errand, and
    the others wait behind it (the leader and its followers, as in java.util.concurrent.DelayQueue): whatever the
    number of errands, there is one timer.
    """

    def __init__(self, origin: Origin, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self.open = sum(len(lane.agenda) for lane in lanes)
        """How many errands are not settled yet."""
        self.budget = RetryBudget()
        self.breaker = Breaker()
        self.answered = False
        """Whether it has ever answered."""
        self._origin = origin
        # Asking for the running loop costs a system call, so it is asked for once.
        self._clock = asyncio.get_running_loop().time
        self._order = deque(lanes)
        self._lead = asyncio.Lock()
        self._changed = asyncio.Event()

    def take_turn(self) -> Turn | None:
        """Take the next errand, if one may be sent now."""
        now = self._clock()
        if self.breaker.next_chance > now:
            return None
        for _ in self.lanes:
            lane = self._order[0]
            self._order.rotate(-1)  # The next one is of the next lane, so that none has to wait for another to end.
            errand = lane.take(now)
            if errand is not None:
                return Turn(lane, errand, self.breaker.send(), now)
        return None

    async def next_turn(self) -> Turn | None:
        """Wait until an errand may be sent, and take it; None once there will be no more."""
        async with self._lead:
            while self.open:
                turn = self.take_turn()
                if turn is not None:
                    return turn
                await self._wait()
        return None

    def end_turn(self, turn: Turn) -> None:
        """Take the lane's errand back, which may let others go."""
        turn.lane.bring_back()
        self._changed.set()

    def withdraw(self, turn: Turn, now: float) -> None:
        """Take notice that the errand was not sent after all."""
        if turn.probe:
            self.breaker.withdraw(now)

    def judge(self, turn: Turn, attempt: Attempt, now: float) -> None:
        """Learn from an attempt how well the host is."""
        match attempt.setback:
            case None:
                self.breaker.succeed()
            case Setback.THROTTLED:
                self.breaker.throttle(now)
            case Setback.NOISE | Setback.DUBIOUS:
                self.breaker.fail(now, probe=turn.probe)
        if isinstance(attempt.observation, Observed | Missing):
            self.budget.earn()
            self.answered = turn.lane.proven = True

    def explain_down(self, now: float, *, since: float) -> str:
        """Say since when the host is down, in seconds from the beginning of the run; it must have failed."""
        failing_since = self.breaker.failing_since if self.breaker.failing_since is not None else now
        begin, duration = failing_since - since, now - failing_since
        return f"{self._origin} is down since second {begin:.0f} of the run: no success for {duration:.0f} s"

    async def _wait(self) -> None:
        """Wait until the next errand is due, or until something has changed that may let one go earlier."""
        chance = max(self.breaker.next_chance, min(lane.next_chance for lane in self.lanes))
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(chance if chance < math.inf else None):
                await self._changed.wait()
