"""What a command is given by the world, and what it hands back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from reconcile.model import ExitCode

if TYPE_CHECKING:
    from reconcile.fetch import Pace, Transport


class Done(Enum):
    """What a command returns that did all that was asked of it and judges nothing."""

    DONE = "done"


class Invocation(Struct, frozen=True, kw_only=True):
    """
    The world of one run, passed in so that a test can pass another one.

    `transport` is what requests are sent through, None is the network; `pace` is how patiently, None is the usual
    way. `clock` tells the time, in UTC, and `timer` seconds that only go forward. `terminations` gets the number of
    every SIGTERM and SIGHUP that arrives. `colour` is what --color asks for.
    """

    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    timer: Callable[[], float]
    terminations: Sequence[int] = ()
    colour: str = "auto"
    transport: "Transport | None" = None
    pace: "Pace | None" = None

    @property
    def ended_by(self) -> ExitCode:
        """The exit code of a run that a signal has ended: that of the first that was no SIGINT, else SIGINT's."""
        return ExitCode(128 + self.terminations[0]) if self.terminations else ExitCode.INTERRUPTED


def read_clock() -> datetime:
    """Tell the time of this machine, in UTC."""
    return datetime.now(UTC)


pass_invocation = click.make_pass_decorator(Invocation)
