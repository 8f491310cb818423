"""What a command is given by the world, and what it hands back."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec import Struct, field

from reconcile.model import ExitCode

if TYPE_CHECKING:
    from reconcile.fetch import Client, Pace


class Done(Enum):
    """What a command returns that did all that was asked of it and judges nothing."""

    DONE = "done"


class Signals:
    """
    The SIGINT, SIGTERM and SIGHUP that arrived.

    Each raises KeyboardInterrupt, unless it is held: then whoever holds it asks for it in time.
    """

    def __init__(self) -> None:
        self._received: list[int] = []
        self._held = False

    def __bool__(self) -> bool:
        return bool(self._received)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a run that they ended: that of the first that is not SIGINT, else SIGINT's."""
        return ExitCode(128 + next((each for each in self._received if each != signal.SIGINT), signal.SIGINT))

    def listen(self) -> None:
        """Take the signals even if the parent process ignored them, as `cmd &` in a shell does."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._receive)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise nothing within the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._received.append(number)
        if not self._held:
            raise KeyboardInterrupt


class Invocation(Struct, frozen=True, kw_only=True):
    """
    The world of one run, passed in so that a test can pass another one.

    `client` sends requests, None is the network; `pace` is how patiently, None is the usual way. `clock` tells the
    time, in UTC, and `timer` seconds that only go forward. `colour` is what --color asks for.
    """

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    timer: Callable[[], float]
    signals: Signals = field(default_factory=Signals)
    colour: str = "auto"
    client: "Client | None" = None
    pace: "Pace | None" = None


def read_clock() -> datetime:
    """Tell the time of this machine, in UTC."""
    return datetime.now(UTC)


pass_invocation = click.make_pass_decorator(Invocation)
