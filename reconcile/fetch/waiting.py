"""How long and how often jobs are looked at again that are not decided yet."""

from collections.abc import Callable

from msgspec import Struct

from reconcile.fetch.job_fetch import Seen
from reconcile.model import Job


class Progress(Struct, frozen=True, kw_only=True):
    """
    A job that is not decided yet, after a look at it.

    `index` is its place among the jobs, `status` its word, None while the API does not know the job; `polls` are the
    looks after the first one, `next_look` is the seconds until the next one.
    """

    index: int
    status: str | None
    polls: int
    next_look: float


class WaitPolicy(Struct, frozen=True, kw_only=True):
    """
    For how long undecided jobs are polled.

    `duration` is seconds from the start of the run, for all jobs; a job's own timeout shortens it. `is_final` says
    whether a job needs no further look. `space_look` returns the seconds until the next look at a job that does, of
    which the last argument is the usual number. `on_progress` is told of every look that decided nothing.
    """

    duration: float
    is_final: Callable[[Job, Seen], bool]
    space_look: Callable[[Job, Seen, float], float] = lambda job, seen, usual: usual
    on_progress: Callable[[Progress], None] = lambda progress: None
