"""Runs of the program in processes that find everything imported: as strictly apart as processes are, and quick."""

import os
import signal
import time
from collections.abc import Callable

LONGEST = 30.0
"""Seconds after which a process that does not end is killed."""


def start(run: Callable[[], int]) -> int:
    """Run a function in a process of its own, whose exit code is what it returns; return its id."""
    process = os.fork()
    if process == 0:
        code = 70
        try:
            code = run()
        finally:
            os._exit(code)
    return process


def has_ended(process: int) -> bool:
    """Say whether a process has ended; its status is still to be waited for."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def await_end(process: int) -> int:
    """Return the exit code of a process, negative for a signal."""
    code, _, _ = measure_end(process)
    return code


def measure_end(process: int) -> tuple[int, float, int]:
    """Return exit code, negative for a signal, seconds of the processor, and peak memory in KiB, its parent's in it."""
    ending = time.monotonic() + LONGEST
    while not has_ended(process):
        if time.monotonic() > ending:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.001)
    _, status, usage = os.wait4(process, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss
