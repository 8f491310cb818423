"""The simulator as a server on loopback, in a coroutine, a thread or a process."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import TracebackType

from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.simulator.connection import Connection
from reconcile.simulator.scenario import Scenario
from reconcile.simulator.service import Service, Tally

_HOST = "127.0.0.1"
_TURNS_TO_CONNECT = 3
"""The iterations of the event loop that asyncio needs to hand over an accepted connection."""
_PATIENCE = 10.0
"""The most seconds to wait until a server in another thread starts or stops, which takes milliseconds."""


class Simulator:
    """
    A job API that follows a scenario, as an async context manager.

    Args:
        scenario: the responses; its time starts with the server.
        port: the port on 127.0.0.1; 0 picks a free one.
        clock: monotonic seconds, for timelines. Delays of responses pass in real time.
        tally: counts requests and connections.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._scenario = scenario
        self._port = port
        self._clock = clock
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The endpoint, once the server has started: scheme, host and port."""
        return f"http://{_HOST}:{self._port}"

    async def __aenter__(self) -> "Simulator":
        """Start listening; raise UsageError if the port is not available."""
        service = Service(self._scenario, clock=self._clock, tally=self.tally)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Connection(service, self._connections), _HOST, self._port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else type(error).__name__  # asyncio's own text has a tuple
            message = f"cannot listen on {_HOST}:{self._port}: {why}"
            raise UsageError.because(
                Code.ADDRESS_IN_USE, message, hint="choose another port, or 0 for a free one"
            ) from error
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening and close every connection."""
        if self._server is None:
            return
        # A connection that asyncio had accepted, but not yet handed over, when the server closes would stay open.
        loop = asyncio.get_running_loop()
        for listener in self._server.sockets:
            loop.remove_reader(listener.fileno())
        for _ in range(_TURNS_TO_CONNECT):
            await asyncio.sleep(0)
        self._server.close()
        while self._connections:
            for connection in tuple(self._connections):
                connection.abort()
            await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server = None


@contextmanager
def running_simulator(
    scenario: Scenario, *, port: int = 0, clock: Callable[[], float] = time.monotonic, tally: Tally | None = None
) -> Iterator[str]:
    """Run a simulator in its own thread; yield its URL."""
    simulator = Simulator(scenario, port=port, clock=clock, tally=tally)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(_PATIENCE)
        yield simulator.url
    finally:
        asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()


def serve(
    scenario: Scenario, port: int, on_ready: Callable[[str], None], *, tally: Tally | None = None
) -> signal.Signals:
    """
    Serve until SIGINT or SIGTERM, and return the signal. Works only in the main thread.

    `on_ready` is called with the URL as soon as the server listens. UsageError is raised if the port is not available.
    """
    return asyncio.run(_serve(Simulator(scenario, port=port, tally=tally), on_ready))


async def _serve(simulator: Simulator, on_ready: Callable[[str], None]) -> signal.Signals:
    loop = asyncio.get_running_loop()
    received: asyncio.Future[signal.Signals] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not received.done():
            received.set_result(number)

    async with simulator:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        on_ready(simulator.url)
        return await received
