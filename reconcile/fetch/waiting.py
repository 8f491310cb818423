"""How long and how often undecided jobs are polled."""

from collections.abc import Callable

from msgspec import Struct

from reconcile.fetch.job_fetch import Seen
from reconcile.model.manifest import Job


class Progress(Struct, frozen=True, kw_only=True):
    """
    A job that is still undecided after a look.

    `index` is its position among the jobs, `status` its status, None while the API does not know the job. `polls` is
    the number of polls so far, and `next_look` the seconds until the next one.
    """

    index: int
    status: str | None
    polls: int
    next_look: float


class WaitPolicy(Struct, frozen=True, kw_only=True):
    """
    How long undecided jobs are polled.

    `duration` is in seconds from the start of the run, for all jobs; a job's own timeout shortens it. `is_final`
    returns whether a job needs no further look. `space_look` returns the seconds until the next look at an undecided
    job; its last argument is the usual number. `on_progress` is called after every look that decided nothing.
    """

    duration: float
    is_final: Callable[[Job, Seen], bool]
    space_look: Callable[[Job, Seen, float], float] = lambda job, seen, usual: usual
    on_progress: Callable[[Progress], None] = lambda progress: None
