"""Makes up and mutates how the looks at a job compare. Pure."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from reconcile.duration import format_duration
from reconcile.model.api import JobApi
from reconcile.model.manifest import Expectation, Job
from reconcile.model.observation import Looks, Observed

_TICK = 0.001
"""Seconds; the resolution of times between looks."""

_Change = tuple[str, str, Observed, Looks]
"""Path, change, the observation, and how it compares with earlier looks."""


def make_up_looks(jobs: Sequence[Job]) -> Looks | None:
    """Return looks that meet every `settle` of the jobs of one remote job; None if none has one."""
    expectations = [each.expect for each in jobs if isinstance(each.expect, Expectation)]
    settles = [each.settle for each in expectations if each.settle is not None]
    if not settles:
        return None
    return Looks(alike=max(each.reads for each in settles), span=max(each.over for each in settles))


def mutate_looks(jobs: Sequence[Job], observed: Observed, api: JobApi) -> Iterator[_Change]:
    """Make a job that must settle flap, by one look and by a moment, and make a job stuck that must not be."""
    expectations = [each.expect for each in jobs if isinstance(each.expect, Expectation)]
    enough = observed.looks or make_up_looks(jobs) or Looks()
    for settle in dict.fromkeys(each.settle for each in expectations if each.settle is not None):
        yield "settle", "it was something else one read before", observed, Looks(idle=enough.idle)
        fewer = replace(enough, alike=settle.reads - 1)
        yield "settle", f"only {fewer.alike} of its reads agree", observed, fewer
        shorter = replace(enough, span=settle.over - _TICK)
        yield "settle", f"its reads agree for less than {format_duration(settle.over)}", observed, shorter
    for stuck in dict.fromkeys(each.stuck for each in expectations if each.stuck is not None):
        idle, length = replace(enough, idle=stuck.limit), format_duration(stuck.limit)
        yield "stuck", f"nothing of it changed for {length} before it ended", observed, idle
        for word, status in api.statuses.items():
            if not status.terminal:
                undone = replace(observed, status=word, status_word=None)
                yield "stuck", f"it is {word}, and nothing changed for {length}", undone, idle
