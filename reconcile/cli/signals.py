"""The signals that end a run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from reconcile.model.plan import ExitCode

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """
    The SIGINT, SIGTERM and SIGHUP that were received.

    Each raises KeyboardInterrupt, except in a `held` block, where the caller must check for them.
    """

    def __init__(self) -> None:
        self._received: list[int] = []
        self._held = False

    def __bool__(self) -> bool:
        return bool(self._received)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of an interrupted run: that of the first signal other than SIGINT, or else of SIGINT."""
        return ExitCode(128 + next((each for each in self._received if each != signal.SIGINT), signal.SIGINT))

    def listen(self) -> None:
        """Handle the signals, even if the parent process ignored them, as `cmd &` in a shell does."""
        for number in _NUMBERS:
            signal.signal(number, self._receive)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raise nothing in this block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def ignore(self) -> None:
        """Ignore signals from now on: everything is written, and the exit code must match the outputs."""
        for number in _NUMBERS:
            signal.signal(number, signal.SIG_IGN)

    def reset(self) -> None:
        """Let the next signal end the process at once."""
        for number in _NUMBERS:
            signal.signal(number, signal.SIG_DFL)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._received.append(number)
        if not self._held:
            raise KeyboardInterrupt
