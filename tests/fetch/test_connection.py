"""What connections share: their requests leave together, and large answers come one at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from reconcile.fetch.connection import LARGE, Connection, Shared
from reconcile.fetch.failure import ConnectionBrokenError, ExchangeError
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.outbox import MOST
from reconcile.fetch.turnstile import Turnstile
from reconcile.fetch.wire import OnData, OnEnd

SIZE = 2 * LARGE
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Wire:
    """What a connection reads from and writes to; remembers whether it is read, and what was written."""

    session = None
    unsent = b""

    def __init__(self) -> None:
        self.reading = True
        self.closed = False
        self.written = 0

    def watch(self, on_data: OnData, on_end: OnEnd) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.written += 1

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True


class Line:
    """Connections with one turnstile, each with an exchange under way."""

    def __init__(self, count: int, patience: float) -> None:
        shared = Shared(turnstile=Turnstile(patience))
        self.wires = [Wire() for _ in range(count)]
        self.connections = [Connection(wire, shared) for wire in self.wires]
        self.exchanges: list[asyncio.Task[RawAnswer]] = []

    async def begin(self, *, first: float = 60.0) -> None:
        """Begin the exchanges; `first` is the seconds until the deadline of the first one, the others have a minute."""
        await self.put(first=first)
        await settle()

    async def put(self, *, first: float = 60.0) -> None:
        """Begin the exchanges as far as that their requests wait for each other."""
        for number, connection in enumerate(self.connections):
            deadline = asyncio.get_running_loop().time() + (60.0 if number else first)
            self.exchanges.append(asyncio.ensure_future(connection.exchange(b"", deadline)))
        await asyncio.sleep(0)

    @property
    def written(self) -> list[int]:
        return [wire.written for wire in self.wires]

    async def receive(self, number: int, data: bytes) -> None:
        self.connections[number].receive(data)
        await settle()

    @property
    def done(self) -> list[bool]:
        return [exchange.done() for exchange in self.exchanges]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(scenario: Callable[[Line], Awaitable[None]], *, count: int = 2, patience: float = 60.0) -> None:
    async def play() -> None:
        line = Line(count, patience)
        await scenario(line)
        for exchange in line.exchanges:
            exchange.cancel()
        await asyncio.gather(*line.exchanges, return_exceptions=True)

    asyncio.run(play())


def test_an_answer_that_comes_before_its_request_has_left_is_none() -> None:
    async def scenario(line: Line) -> None:
        await line.put()
        line.connections[0].receive(HEAD % 2 + b"{}")
        with pytest.raises(ConnectionBrokenError, match="before it was asked"):
            await line.exchanges[0]
        await settle()
        await line.receive(1, HEAD % 2 + b"{}")
        assert (await line.exchanges[1]).body == b"{}"
        assert line.written == [0, 1]
        assert line.connections[0].silent, "so that it is asked again on another connection"
        assert not line.connections[0].reusable

    run(scenario)


def test_an_answer_that_comes_before_all_of_its_request_has_left_is_none() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        line.wires[0].unsent = b"the rest"
        line.connections[0].receive(HEAD % 2 + b"{}")
        with pytest.raises(ConnectionBrokenError, match="before it was asked"):
            await line.exchanges[0]
        assert not line.connections[0].reusable

    run(scenario)


def test_a_request_that_nobody_waits_for_any_more_does_not_leave() -> None:
    async def scenario(line: Line) -> None:
        await line.put()
        line.exchanges[1].cancel()
        await settle()
        assert line.written == [1, 0, 1]

    run(scenario, count=3)


def test_requests_leave_together_up_to_a_number() -> None:
    async def scenario(line: Line) -> None:
        await line.put()
        assert sum(line.written) == MOST
        await settle()
        assert sum(line.written) == MOST + 2

    run(scenario, count=MOST + 2)


def test_a_large_answer_waits_until_another_is_whole() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        await line.receive(0, HEAD % SIZE + b"a" * (LARGE + 1))
        await line.receive(1, HEAD % SIZE + b"b" * (LARGE + 1))
        await line.receive(2, HEAD % SIZE + b"c" * SIZE)
        assert [wire.reading for wire in line.wires] == [True, False, False]
        assert line.done == [False, False, False]
        await line.receive(0, b"a" * (SIZE - LARGE - 1))
        assert [wire.reading for wire in line.wires] == [True, True, False]
        assert line.done == [True, False, False]
        await line.receive(1, b"b" * (SIZE - LARGE - 1))
        assert line.done == [True, True, True]
        assert [(await each).body for each in line.exchanges] == [b"a" * SIZE, b"b" * SIZE, b"c" * SIZE]
        assert all(wire.reading for wire in line.wires)
        assert all(connection.reusable for connection in line.connections)

    run(scenario, count=3)


def test_between_two_large_answers_the_loop_has_a_turn() -> None:
    seen: list[str] = []

    async def scenario(line: Line) -> None:
        await line.begin()
        for number, exchange in enumerate(line.exchanges):
            exchange.add_done_callback(lambda _, number=number: seen.append(f"answer {number}"))
        for number, connection in enumerate(line.connections):
            connection.receive(HEAD % SIZE + b"x" * SIZE)
            if number == 0:
                asyncio.get_running_loop().call_soon(tick)
        await settle()
        await settle()

    def tick() -> None:
        seen.append("turn")
        if len(seen) < 20:
            asyncio.get_running_loop().call_soon(tick)

    run(scenario)
    first, second = (seen.index(f"answer {number}") for number in range(2))
    assert "turn" in seen[first:second]


def test_a_small_answer_waits_for_none() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        await line.receive(0, HEAD % SIZE + b"a" * (LARGE + 1))
        await line.receive(1, HEAD % 2 + b"{}")
        assert line.done == [False, True]

    run(scenario)


@pytest.mark.parametrize("end", ["reset", "broken", "endless", "cancelled", "late"])
def test_who_fails_inside_lets_the_next_in(end: str) -> None:
    async def scenario(line: Line) -> None:
        await line.begin(first=0.05 if end == "late" else 60.0)
        await line.receive(0, CHUNKED + b"%x\r\n" % SIZE + b"a" * (LARGE + 1))
        await line.receive(1, HEAD % SIZE + b"b" * SIZE)
        assert line.done == [False, False]
        match end:
            case "reset":
                line.connections[0].lose(ConnectionResetError())
            case "broken":
                line.connections[0].receive(b"a" * SIZE)
            case "endless":
                line.connections[0].receive(b"a" * (SIZE - LARGE - 1) + b"\r\n%x\r\n" % (1 << 20) + b"a" * (1 << 20))
            case "cancelled":
                line.exchanges[0].cancel()
            case _:
                await asyncio.wait([line.exchanges[0]])
        await settle()
        assert (await line.exchanges[1]).body == b"b" * SIZE
        with pytest.raises((ExchangeError, asyncio.CancelledError, TimeoutError)):
            await line.exchanges[0]

    run(scenario)


def test_who_stays_inside_for_long_is_not_waited_for() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        await line.receive(0, HEAD % SIZE + b"a" * (LARGE + 1))
        await line.receive(1, HEAD % SIZE + b"b" * SIZE)
        await line.receive(2, HEAD % SIZE + b"c" * SIZE)
        assert line.done == [False, False, False]
        await asyncio.wait(line.exchanges[1:])
        await line.receive(0, b"a" * (SIZE - LARGE - 1))
        assert [(await each).body for each in line.exchanges] == [b"a" * SIZE, b"b" * SIZE, b"c" * SIZE]

    run(scenario, count=3, patience=0.01)


def test_who_gives_up_in_the_line_is_passed_over() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        for number in range(3):
            await line.receive(number, HEAD % SIZE + b"x" * (LARGE + 1))
        line.exchanges[1].cancel()
        await settle()
        await line.receive(0, b"x" * (SIZE - LARGE - 1))
        await line.receive(2, b"x" * (SIZE - LARGE - 1))
        assert line.done == [True, True, True]

    run(scenario, count=3)


def test_a_whole_answer_that_waits_outlives_its_connection() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        await line.receive(0, HEAD % SIZE + b"a" * (LARGE + 1))
        await line.receive(1, HEAD % SIZE + b"b" * SIZE)
        line.connections[1].lose(None)
        await line.receive(0, b"a" * (SIZE - LARGE - 1))
        assert (await line.exchanges[1]).body == b"b" * SIZE
        assert not line.connections[1].reusable

    run(scenario)


def test_an_answer_that_is_cut_while_it_waits_is_broken() -> None:
    async def scenario(line: Line) -> None:
        await line.begin()
        for number in range(2):
            await line.receive(number, HEAD % SIZE + b"x" * (LARGE + 1))
        line.connections[1].lose(None)
        with pytest.raises(ConnectionBrokenError):
            await line.exchanges[1]
        await line.receive(0, b"x" * (SIZE - LARGE - 1))
        assert line.done == [True, True]

    run(scenario)
