"""What the simulated job API does with a request, apart from HTTP and from time passing."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from reconcile.simulator.answer import Reply, make_request_id
from reconcile.simulator.authentication import find_refusal
from reconcile.simulator.identity import TOKENS_TARGET, answer_login
from reconcile.simulator.request import Request
from reconcile.simulator.scenario import Scenario, Step

_NAME = r"[A-Za-z0-9_-]{1,64}"


class Tally(Struct):
    """What the simulator has seen, for tests to ask and for `reconcile simulate` to tell."""

    requests_seen: Counter[str] = field(default_factory=Counter)
    """By method."""
    requests_for: Counter[str] = field(default_factory=Counter)
    """By job id, of the requests that were answered as one for a job."""
    logins: int = 0
    """Requests for a token, granted or not."""
    refused: int = 0
    """Requests that never came as far as a job: no HTTP, another method, another path, no good credential."""
    open_connections: int = 0
    most_connections: int = 0
    """As many connections were open at once at most."""


class Cue(Struct, frozen=True, kw_only=True):
    """What to answer a request with, and after how many seconds."""

    reply: Reply
    request_id: str
    delay: float = 0.0


class Service:
    """Answers requests by a scenario, which begins when the service is made."""

    def __init__(self, scenario: Scenario, *, clock: Callable[[], float], tally: Tally) -> None:
        self._scenario = scenario
        self._clock = clock
        self._start = clock()
        self._playbacks = {job_id: _Playback(steps) for job_id, steps in scenario.jobs.items()}
        self._target = re.compile(_pattern_of(scenario.repertoire.api.path))
        self.tally = tally

    def answer(self, request: Request) -> Cue:
        """Find the answer to a request and count it."""
        self.tally.requests_seen[request.method] += 1
        if request.method == "POST" and request.target == TOKENS_TARGET:
            return self._log_in(request)
        target = self._target.fullmatch(request.target)
        if request.method != "GET":
            return self.refuse(405, "a job API is only asked with GET", allow="GET")
        if target is None:
            return self._refuse_as_gateway("gateway_not_found")
        refusal = find_refusal(self._scenario, request)
        if refusal is not None:
            return self._refuse_as_gateway(refusal)
        if self._scenario.project_id not in (None, target["project_id"]):
            return self._refuse_as_gateway("gateway_not_found")
        return self._answer_for(target["job_id"])

    def refuse(self, status_code: int, message: str, *, allow: str | None = None) -> Cue:
        """Count and answer what is no request for a job API at all."""
        headers = {"Allow": allow} if allow else None
        return self._refuse(self._scenario.repertoire.refusal(status_code, message, headers))

    def _log_in(self, request: Request) -> Cue:
        self.tally.logins += 1
        reply = answer_login(self._scenario, request, self.tally.logins)
        return Cue(reply=reply, request_id=make_request_id(TOKENS_TARGET, self.tally.logins))

    def _answer_for(self, job_id: str) -> Cue:
        self.tally.requests_for[job_id] += 1
        request_id = make_request_id(job_id, self.tally.requests_for[job_id])
        playback = self._playbacks.get(job_id)
        step = playback.advance(self._clock() - self._start) if playback else None
        if step is None:
            return Cue(reply=self._scenario.repertoire.reply("not_found", job_id), request_id=request_id)
        return Cue(reply=step.reply, request_id=request_id, delay=step.delay)

    def _refuse_as_gateway(self, name: str) -> Cue:
        return self._refuse(self._scenario.repertoire.reply(name, ""))

    def _refuse(self, reply: Reply) -> Cue:
        self.tally.refused += 1
        return Cue(reply=reply, request_id=make_request_id("", self.tally.refused))


class _Playback:
    """The steps of one job, and how far they have come."""

    __slots__ = ("_answered", "_number", "_steps")

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._number = -1
        self._answered = 0

    def advance(self, elapsed: float) -> Step | None:
        """Return the step that answers the next request, `elapsed` seconds after the start; None before the first."""
        while self._number + 1 < len(self._steps) and self._next_begins(elapsed):
            self._number += 1
            self._answered = 0
        if self._number < 0:
            return None
        self._answered += 1
        return self._steps[self._number]

    def _next_begins(self, elapsed: float) -> bool:
        after = self._steps[self._number + 1].after
        return elapsed >= after if after is not None else self._answered == self._steps[self._number].requests


def _pattern_of(path: str) -> str:
    """Turn the template of a path into a regular expression with a group for each of its parameters."""
    return re.sub(r"\\\{(\w+)\\\}", rf"(?P<\1>{_NAME})", re.escape(path))
