"""A job API in virtual time: hours in milliseconds, and the same every time."""

import heapq
import math
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import httpx
from clients import answer_with, to_httpx

from reconcile.fetch.client import OnDone, Outcome
from reconcile.fetch.failure import ExchangeError, TimedOutError
from reconcile.fetch.message import Request


class Asked(NamedTuple):
    """One request: when it came, for which job, the how many-th for it from 1, where, and with what token."""

    time: float
    job_id: str
    number: int
    host: str
    token: str


Reply = httpx.Response | httpx.RequestError | ExchangeError | None
"""None is no answer before the client's patience is at its end."""


class VirtualApi:
    """
    A client that answers by a function, `latency` seconds after the request; its time passes only while it waits.

    It counts what a server would see: `asked` in order, and the most requests under way at once.
    """

    def __init__(self, answer: Callable[[Asked], Reply], *, latency: float = 0.05, patience: float = 15.0) -> None:
        self.asked: list[Asked] = []
        self.most_under_way = 0
        self._answer = answer
        self._latency = latency
        self._patience = patience
        self._now = 0.0
        self._under_way: list[tuple[float, int, Outcome, OnDone]] = []
        self._numbers: Counter[tuple[str, str]] = Counter()

    def now(self) -> float:
        return self._now

    def send(self, request: Request, on_done: OnDone) -> None:
        reply = self._answer(self._note(request))
        due = self._now + (self._patience if reply is None else self._latency)
        heapq.heappush(self._under_way, (due, len(self.asked), self._outcome_of(reply), on_done))
        self.most_under_way = max(self.most_under_way, len(self._under_way))

    def wait(self, timeout: float) -> None:
        due = self._under_way[0][0] if self._under_way else math.inf
        if due == timeout == math.inf:
            raise RuntimeError("nothing is to be done, now or later: the program would wait for ever")
        self._now = min(due, self._now + timeout)
        while self._under_way and self._under_way[0][0] <= self._now:
            _, _, outcome, on_done = heapq.heappop(self._under_way)
            on_done(outcome)

    def close(self) -> None:
        self._under_way.clear()

    def times(self, job_id: str) -> list[float]:
        """When the job was asked for."""
        return [asked.time for asked in self.asked if asked.job_id == job_id]

    def _outcome_of(self, reply: Reply) -> Outcome:
        if reply is None:
            return TimedOutError(f"no complete answer within {self._patience:g} s")
        if isinstance(reply, ExchangeError):
            return reply
        return answer_with(lambda: _raise_or_return(reply))

    def _note(self, request: Request) -> Asked:
        job_id, host = request.target.rpartition("/")[2], request.origin.authority
        self._numbers[host, job_id] += 1
        token = to_httpx(request).headers.get("X-Auth-Token", "")
        asked = Asked(self._now, job_id, self._numbers[host, job_id], host, token)
        self.asked.append(asked)
        return asked


def _raise_or_return(reply: httpx.Response | httpx.RequestError) -> httpx.Response:
    if isinstance(reply, httpx.RequestError):
        raise reply
    return reply


def job_answer(job_id: str, status: str = "success", **headers: str) -> httpx.Response:
    """What the job API says of a job."""
    return httpx.Response(200, headers=headers, json={"job_id": job_id, "status": status})
