"""How much work something is, counted and not timed: the same on every machine, whatever else it does."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def count_steps(work: Callable[[], object]) -> int:
    """Return how many lines of Python run while the work is done; an iteration is a step, a call of C is none."""
    steps = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        nonlocal steps
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def measure_growth(work: Callable[[int], object], size: int) -> float:
    """Return how many times the steps twice the size takes: 2 where they grow as it does, 4 where as its square."""
    work(size)  # what is done only once is done now
    return count_steps(lambda: work(2 * size)) / count_steps(lambda: work(size))
