"""Host names to addresses."""

import asyncio
import contextlib
import socket
import threading


async def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """
    Return the addresses of the host, each once, in the order of preference; raise socket.gaierror.

    It runs in a daemon thread, because asyncio waits for its own threads when the loop ends, and a resolver that does
    not answer would then hold up the process long after every deadline.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else error
            _deliver(loop, found, socket.gaierror(f"the host name cannot be resolved: {cause}"))
        else:
            _deliver(loop, found, tuple(dict.fromkeys(str(info[4][0]) for info in infos)))

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await found


def _deliver(
    loop: asyncio.AbstractEventLoop, found: asyncio.Future[tuple[str, ...]], outcome: tuple[str, ...] | OSError
) -> None:
    def settle() -> None:
        if found.done():
            return
        if isinstance(outcome, OSError):
            found.set_exception(outcome)
        else:
            found.set_result(outcome)

    # The loop may have been closed in the meantime; then nobody waits any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)
