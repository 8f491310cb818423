"""The inputs of a command (environment, clock, time limit, standard input), and its result."""

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

import click
from msgspec import Struct, field

from reconcile.cli.signals import Signals
from reconcile.duration import format_duration

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from reconcile.cli.options.reporting import ReportingOptions
    from reconcile.fetch import Client, Pace
    from reconcile.model.api import JobApi
    from reconcile.model.evidence import Evidence
    from reconcile.model.manifest import Manifest
    from reconcile.model.recording import Recording


class Done(Enum):
    """The result of a command that succeeded and has no verdict."""

    DONE = "done"


class Deadline(Struct, frozen=True, kw_only=True):
    """The end of a run: `limit` seconds after `begin`, by the monotonic `timer`."""

    limit: float
    begin: float
    timer: Callable[[], float]

    @property
    def spent(self) -> float:
        """The seconds already used."""
        return self.timer() - self.begin

    @property
    def left(self) -> float:
        """The remaining seconds, never negative."""
        return max(0.0, self.limit - self.spent)


class RunState(Struct, kw_only=True):
    """
    The progress of a run, for the reports of its failure.

    `reporting` is None until the command line is known to be valid, `manifest` until it is read, `evidence` until the
    jobs are judged, and `recording` until it is written. `printed` says whether the document was written to stdout.
    `apis` are the job APIs, None until the operator's own are needed.
    """

    reporting: "ReportingOptions | None" = None
    manifest: "Manifest | None" = None
    evidence: "Evidence | None" = None
    recording: "Recording | None" = None
    deadline: Deadline | None = None
    printed: bool = False
    apis: "Mapping[str, JobApi] | None" = None


class Context(Struct, frozen=True, kw_only=True):
    """
    The collaborators of one run, passed in so that tests can replace them.

    `client` sends the requests (None: over the network) and `pace` holds the retry settings (None: the defaults).
    `clock` returns the time in UTC, `timer` monotonic seconds. `colour` is the value of --color, and `descriptions`
    those of --api. Only `state` changes.
    """

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    timer: Callable[[], float]
    signals: Signals = field(default_factory=Signals)
    state: RunState = field(default_factory=RunState)
    colour: str = "auto"
    descriptions: tuple[str, ...] = ()
    client: "Client | None" = None
    pace: "Pace | None" = None

    def start_deadline(self, limit: float) -> Deadline:
        """Start the time limit of a run, in seconds."""
        self.state.deadline = Deadline(limit=limit, begin=self.timer(), timer=self.timer)
        return self.state.deadline


pass_context = click.make_pass_decorator(Context)


def read_clock() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


def open_stdin(deadline: Deadline | None = None) -> BinaryIO | None:
    """
    Return standard input, None if there is none.

    Args:
        deadline: reading raises TimeoutError if standard input is not closed by then; None waits without a limit.
    """
    if sys.stdin is None:
        return None
    try:
        descriptor = sys.stdin.fileno()
    except io.UnsupportedOperation:  # text in memory, which never blocks
        return sys.stdin.buffer
    return sys.stdin.buffer if deadline is None else io.BufferedReader(_TimedInput(descriptor, deadline))


class _TimedInput(io.RawIOBase):
    """Reads a file descriptor until a deadline."""

    def __init__(self, descriptor: int, deadline: Deadline) -> None:
        self._descriptor = descriptor
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if not select.select([self._descriptor], [], [], self._deadline.left)[0]:
            message = f"it was not closed within --timeout, {format_duration(self._deadline.limit)}"
            raise TimeoutError(errno.ETIMEDOUT, message)
        into = memoryview(buffer)
        content = os.read(self._descriptor, len(into))
        into[: len(content)] = content
        return len(content)
