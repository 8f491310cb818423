"""Standard input, for which no run waits longer than it may take."""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, BinaryIO

from reconcile.cli.deadline import Deadline
from reconcile.duration import format_duration

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def open_stdin(deadline: Deadline | None = None) -> BinaryIO | None:
    """
    Return standard input, None where there is none.

    Args:
        deadline: when reading it raises TimeoutError, unless it has been closed; None waits for ever, as a filter does.
    """
    if sys.stdin is None:
        return None
    try:
        descriptor = sys.stdin.fileno()
    except io.UnsupportedOperation:  # it is text in memory, which never waits
        return sys.stdin.buffer
    return sys.stdin.buffer if deadline is None else io.BufferedReader(_BoundedInput(descriptor, deadline))


class _BoundedInput(io.RawIOBase):
    """What a descriptor gives until its time is over."""

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
