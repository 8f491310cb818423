"""Look-ups that connections share."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence

import pytest

from reconcile.fetch.resolver import GOOD_FOR, LookUp


class Names:
    """A resolver that answers when it is told to, and a clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.answer = asyncio.Event()
        self.failure: OSError | None = None
        self.look_up = LookUp(self.resolve, "api.test", 443, clock=lambda: self.now)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        number = self.asked
        await self.answer.wait()
        if self.failure is not None:
            raise self.failure
        return [f"{host}:{port}/{number}"]


def play(scenario: Callable[[Names], Awaitable[None]]) -> None:
    async def run() -> None:
        await scenario(Names())

    asyncio.run(run())


def test_connections_that_are_made_together_ask_once() -> None:
    async def scenario(names: Names) -> None:
        asking = [asyncio.ensure_future(names.look_up.find()) for _ in range(3)]
        await asyncio.sleep(0)
        names.answer.set()
        assert await asyncio.gather(*asking) == [["api.test:443/1"]] * 3
        names.now = GOOD_FOR - 1
        assert await names.look_up.find() == ["api.test:443/1"]
        names.now = GOOD_FOR
        assert await names.look_up.find() == ["api.test:443/2"]
        names.look_up.forget()
        assert await names.look_up.find() == ["api.test:443/3"]

    play(scenario)


def test_a_failure_is_not_believed_for_long() -> None:
    async def scenario(names: Names) -> None:
        names.answer.set()
        names.failure = socket.gaierror("no such host")
        with pytest.raises(socket.gaierror):
            await names.look_up.find()
        names.failure = None
        assert await names.look_up.find() == ["api.test:443/2"]

    play(scenario)


def test_who_waits_too_long_neither_ends_the_wait_of_others_nor_is_waited_for() -> None:
    async def scenario(names: Names) -> None:
        patient = asyncio.ensure_future(names.look_up.find())
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await names.look_up.find()
        later = asyncio.ensure_future(names.look_up.find())
        await asyncio.sleep(0.001)
        assert names.asked == 2
        names.answer.set()
        assert [await patient, await later] == [["api.test:443/1"], ["api.test:443/2"]]

    play(scenario)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_no_thread_to_look_up_in_is_a_host_that_is_not_found():
    code = """
import asyncio, os, resource, socket
from reconcile.fetch.resolver import resolve_host
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
os.setuid(65534)
try:
    asyncio.run(resolve_host("localhost", 443))
except socket.gaierror as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "the host name cannot be resolved: can't start new thread\n"
