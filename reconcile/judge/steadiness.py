"""
Judges `stuck`, whether an unfinished job no longer changes, and `settle`, whether a job has stopped changing.

Both are judged only by the looks of one run. One look can prove that a job has ended, and so that it is not stuck. It
never proves that a job is stuck, because a begin time does not say when something last changed, nor that it has
settled.
"""

import math
from collections.abc import Iterator

from reconcile.duration import format_duration
from reconcile.model.api import JobApi
from reconcile.model.manifest import Expectation, Settle, Stuck
from reconcile.model.observation import Looks, Observed
from reconcile.model.plan import Finding, Kind, Truth

SETTLE, STUCK = "settle", "stuck"
"""The paths of their findings."""

_ONE_LOOK = Looks()
_SOONEST = 1.0
"""The least seconds between two looks, so that the job API is not polled too often."""
_MARGIN = 0.01
"""Seconds added to a wait, so that rounding does not make it too short."""
_USUAL_WAIT = 600.0
"""The least seconds that the advice to wait names."""


def judge_steadiness(expect: Expectation, observed: Observed, api: JobApi) -> Iterator[Finding]:
    """Judge `settle` and `stuck`, where they are expected."""
    looks = observed.looks or _ONE_LOOK
    if expect.settle is not None:
        yield _judge_settle(expect.settle, looks)
    if expect.stuck is not None:
        yield _judge_stuck(expect.stuck, looks, observed, ended=api.statuses[observed.status].terminal)


def _judge_settle(settle: Settle, looks: Looks) -> Finding:
    """Judge whether enough looks agree; later looks always can."""
    return Finding(
        path=SETTLE,
        truth=Truth.HOLDS if looks.alike >= settle.reads and looks.span >= settle.over else Truth.CAN_HOLD,
        kind=Kind.CHANGED,
        expected={"reads": settle.reads, "over": format_duration(settle.over)},
        actual={"reads": looks.alike, "over": _write(looks.span)},
        source=settle.source,
    )


def _judge_stuck(stuck: Stuck, looks: Looks, observed: Observed, *, ended: bool) -> Finding:
    """Judge the longest time without a change; a job that was stuck stays so, even if it ends later."""
    in_time = Truth.HOLDS if ended else Truth.CAN_HOLD
    return Finding(
        path=STUCK,
        truth=in_time if looks.idle < stuck.limit else Truth.CANNOT_HOLD,
        kind=Kind.CHANGED,
        expected=format_duration(stuck.limit),
        actual=f"{observed.status}, and nothing changed for {_write(looks.idle)}",
        source=stuck.source,
    )


def space_look(expect: Expectation, observed: Observed, api: JobApi, usual: float) -> float:
    """
    Return the seconds until the next look at an undecided job.

    The looks at a job that has ended are spread evenly over the time that `settle` still needs, so that there are no
    more than necessary. A job that is about to be stuck is fetched as soon as that can be decided.

    Args:
        usual: the seconds until the next look without `settle` and `stuck`.
    """
    looks = observed.looks or _ONE_LOOK
    if api.statuses[observed.status].terminal:
        if expect.settle is None:
            return usual
        missing = max(1, expect.settle.reads - looks.alike)
        return max(_SOONEST, (expect.settle.over - looks.span) / missing + _MARGIN)
    if expect.stuck is None:
        return usual
    return min(usual, max(_SOONEST, expect.stuck.limit - looks.idle + _MARGIN))


def advise_settling(settle: Settle) -> str:
    """Advise what to do about a job that only has to settle."""
    wait = max(_USUAL_WAIT, math.ceil(settle.over / 30) * 60.0)
    return (
        f"settle needs {settle.reads} reads that agree, spread over {format_duration(settle.over)}: "
        f"wait for them with reconcile plan --wait {format_duration(wait)}"
    )


def _write(seconds: float) -> str:
    """Format a measured time in whole seconds, rounded down."""
    return format_duration(math.floor(seconds))
