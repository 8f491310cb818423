"""A server on loopback that does what it should not, connection by connection."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field


@dataclass
class FaultServer:
    """A listening socket on loopback; each connection is given to the script with its number, from 0."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/p/sfs-turbo/jobs/j"


@dataclass
class Wire:
    """The server's side of one connection."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: FaultServer

    async def read_request(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.server.requests.append(head)
        return head

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Wire], Awaitable[None]]


@asynccontextmanager
async def serve(script: Script, *, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[FaultServer]:
    """Listen on a port of loopback, 0 is any, until the block ends; over TLS if there is a context for it."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(number=state.connections, reader=reader, writer=writer, server=state)
        state.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await script(wire)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.ensure_future(play(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", port, ssl=tls)
    state = FaultServer(port=server.sockets[0].getsockname()[1])
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.001)


@contextmanager
def serving(script: Script, *, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[FaultServer]:
    """Do the same in a thread of its own, for a client that takes this one."""
    loop, started, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    servers: list[FaultServer] = []
    failures: list[Exception] = []

    async def run() -> None:
        async with serve(script, tls=tls, port=port) as server:
            servers.append(server)
            started.set()
            await ended.wait()

    def work() -> None:
        try:
            loop.run_until_complete(run())
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            failures.append(error)
        finally:
            started.set()
            loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    try:
        if servers:
            yield servers[0]
    finally:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)
        thread.join()
        if failures:
            raise failures[0]
