"""The responses of the simulated job API, without HTTP and timers."""

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
    """Counters of the simulator, for tests."""

    requests_seen: Counter[str] = field(default_factory=Counter)
    """By method."""
    requests_for: Counter[str] = field(default_factory=Counter)
    """Requests for jobs, by job id."""
    logins: int = 0
    """Requests for a token, successful or not."""
    refused: int = 0
    """Requests that were rejected: invalid HTTP, wrong method or path, no valid credential."""
    open_connections: int = 0
    most_connections: int = 0
    """The maximum number of connections open at the same time."""


class Cue(Struct, frozen=True, kw_only=True):
    """The response to a request, and its delay in seconds."""

    reply: Reply
    request_id: str
    delay: float = 0.0


class Service:
    """Answers requests as a scenario describes. The scenario starts when the service is created."""

    def __init__(self, scenario: Scenario, *, clock: Callable[[], float], tally: Tally) -> None:
        self._scenario = scenario
        self._clock = clock
        self._start = clock()
        self._timelines = {job_id: _Timeline(steps) for job_id, steps in scenario.jobs.items()}
        api = scenario.repertoire.api
        self._targets = [re.compile(_pattern_of(path)) for path in dict.fromkeys((api.path, *api.paths.values()))]
        self.tally = tally

    def answer(self, request: Request) -> Cue:
        """Count a request and return its response."""
        self.tally.requests_seen[request.method] += 1
        if request.method == "POST" and request.target == TOKENS_TARGET:
            return self._log_in(request)
        target = next((found for each in self._targets if (found := each.fullmatch(request.target))), None)
        if request.method != "GET":
            return self.refuse(405, "a job API only supports GET", allow="GET")
        if target is None:
            return self._refuse_as_gateway("gateway_not_found")
        refusal = find_refusal(self._scenario, request)
        if refusal is not None:
            return self._refuse_as_gateway(refusal)
        given = target.groupdict()
        if self._scenario.project_id not in (None, given.get("project_id", self._scenario.project_id)):
            return self._refuse_as_gateway("gateway_not_found")
        return self._answer_for(given["job_id"])

    def refuse(self, status_code: int, message: str, *, allow: str | None = None) -> Cue:
        """Count and answer a request that is not one for a job API."""
        headers = {"Allow": allow} if allow else None
        return self._refuse(self._scenario.repertoire.refusal(status_code, message, headers))

    def _log_in(self, request: Request) -> Cue:
        self.tally.logins += 1
        reply = answer_login(self._scenario, request, self.tally.logins)
        return Cue(reply=reply, request_id=make_request_id(TOKENS_TARGET, self.tally.logins))

    def _answer_for(self, job_id: str) -> Cue:
        self.tally.requests_for[job_id] += 1
        request_id = make_request_id(job_id, self.tally.requests_for[job_id])
        timeline = self._timelines.get(job_id)
        step = timeline.advance(self._clock() - self._start) if timeline else None
        if step is None:
            return Cue(reply=self._scenario.repertoire.reply("not_found", job_id), request_id=request_id)
        reply = step.reply() if callable(step.reply) else step.reply
        return Cue(reply=reply, request_id=request_id, delay=step.delay)

    def _refuse_as_gateway(self, name: str) -> Cue:
        return self._refuse(self._scenario.repertoire.reply(name, ""))

    def _refuse(self, reply: Reply) -> Cue:
        self.tally.refused += 1
        return Cue(reply=reply, request_id=make_request_id("", self.tally.refused))


class _Timeline:
    """The steps of one job, and the current one."""

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
    """Turn a path template into a regular expression with a group for each parameter."""
    return re.sub(r"\\\{(\w+)\\\}", rf"(?P<\1>{_NAME})", re.escape(path))
