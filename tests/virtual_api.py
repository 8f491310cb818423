"""A job API in virtual time: hours in milliseconds, and the same every time."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import httpx

from reconcile.fetch.failure import ExchangeError

T = TypeVar("T")


class _NoWaiting(selectors.DefaultSelector):
    """Let the loop's own time pass where another selector would let real time pass."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is to be done, now or later: the program would wait for ever")
        self.loop.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing is to be done."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _NoWaiting()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run_virtually(coroutine: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Run to the end; return the result, and the seconds that seem to have passed."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(coroutine), loop.now


class Asked(NamedTuple):
    """One request: when it came, for which job, the how many-th for it from 1, where, and with what token."""

    time: float
    job_id: str
    number: int
    host: str
    token: str


Answer = httpx.Response | httpx.RequestError | ExchangeError | None
"""None is no answer before the client's patience is at its end."""


class VirtualApi(httpx.AsyncBaseTransport):
    """
    A transport that answers by a function, after `latency` seconds.

    It counts what a server would see: `asked` in order, and the most requests under way at once.
    """

    def __init__(self, answer: Callable[[Asked], Answer], *, latency: float = 0.05, patience: float = 15.0) -> None:
        self.asked: list[Asked] = []
        self.most_under_way = 0
        self._answer = answer
        self._latency = latency
        self._patience = patience
        self._under_way = 0
        self._numbers: Counter[tuple[str, str]] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = self._note(request)
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            answer = self._answer(asked)
            await asyncio.sleep(self._patience if answer is None else self._latency)
        finally:
            self._under_way -= 1
        if answer is None:
            raise httpx.ReadTimeout(f"no whole answer within {self._patience:g} s")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def times(self, job_id: str) -> list[float]:
        """When the job was asked for."""
        return [asked.time for asked in self.asked if asked.job_id == job_id]

    def _note(self, request: httpx.Request) -> Asked:
        target = request.extensions.get("target", request.url.raw_path)
        job_id, host = target.decode().rpartition("/")[2], request.headers["Host"]
        self._numbers[host, job_id] += 1
        token = request.headers.get("X-Auth-Token", "")
        asked = Asked(asyncio.get_running_loop().time(), job_id, self._numbers[host, job_id], host, token)
        self.asked.append(asked)
        return asked


def job_answer(job_id: str, status: str = "success", **headers: str) -> httpx.Response:
    """What the job API says of a job."""
    return httpx.Response(200, headers=headers, json={"job_id": job_id, "status": status})
