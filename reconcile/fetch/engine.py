"""Jobs -> what was fetched of them: a bounded set of workers, and an observation for every job at the end."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from reconcile.codes import Code
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.errand import Errand
from reconcile.fetch.host import Host
from reconcile.fetch.lane import Lane
from reconcile.fetch.pace import Pace
from reconcile.fetch.request import build_path
from reconcile.fetch.room import Room
from reconcile.fetch.run import Run
from reconcile.fetch.target import Target
from reconcile.fetch.transport import Transport
from reconcile.fetch.waiting import WaitPolicy
from reconcile.model import Fetched, Job, Problem, Unobserved

if TYPE_CHECKING:
    from reconcile.fetch.recorder import Recorder

DEFAULT_CONCURRENCY = 64


async def fetch_jobs(  # noqa: PLR0913 - a run has so many collaborators
    jobs: Sequence[Job],
    targets: Mapping[str, Target],
    *,
    transport: Transport,
    timeout: float,
    spent: float = 0.0,
    concurrency: int = DEFAULT_CONCURRENCY,
    pace: Pace | None = None,
    wait: WaitPolicy | None = None,
    on_fetched: Callable[[int, Fetched], None] | None = None,
    recorder: "Recorder | None" = None,
) -> tuple[Fetched, ...]:
    """
    Fetch every job and return what came of it, in the order of `jobs`.

    Two jobs that are one remote job are asked for once. What may be noise is asked again; what the deadline leaves
    unread is Unobserved, and what it leaves undecided stays as it was seen last. Once a provider has rejected its
    credentials, its other jobs are not asked for. The clock is the event loop's.

    Args:
        jobs: their providers all have a target.
        targets: by the provider's name.
        transport: not closed here.
        timeout: seconds that the run has in all.
        spent: seconds of it that were over before.
        concurrency: how many requests are under way to one host at once, at most.
        pace: None is no rate, and as many attempts as `policy` has.
        wait: None looks at each job once.
        on_fetched: called with the index of the job, once for each, as they are settled; if this is cancelled, for
            all that are left before it ends.
        recorder: keeps what is exchanged; None keeps nothing.

    Raises an ExceptionGroup of what no worker should raise.
    """
    pace = pace or Pace()
    fetched: dict[int, Fetched] = {}

    def settle(index: int, outcome: Fetched) -> None:
        fetched[index] = outcome
        if on_fetched is not None:
            on_fetched(index, outcome)

    run = Run(jobs, timeout=timeout - spent, pace=pace, wait=wait, settle=settle)
    errands = _find_errands(jobs, settle)
    try:
        async with asyncio.timeout_at(run.deadline), asyncio.TaskGroup() as workers:
            room = Room(len(jobs))
            for host in _find_hosts(errands, targets, transport, rate=pace.rate, room=room, recorder=recorder):
                for _ in range(min(concurrency, host.open)):
                    workers.create_task(run.work(host))
    except TimeoutError:
        run.end(errands, Code.DEADLINE, f"not answered when the time for the run, {timeout:g} s, was over")
    except asyncio.CancelledError:
        run.end(errands, Code.INTERRUPTED, "not answered when the run was interrupted")
        raise
    return tuple([fetched[index] for index in range(len(jobs))])


def _find_errands(jobs: Sequence[Job], settle: Callable[[int, Fetched], None]) -> list[Errand]:
    """Make an errand of each remote job, in the order of the first job that is it; settle what cannot be asked."""
    errands: dict[tuple[str, str], Errand] = {}
    for index, job in enumerate(jobs):
        key = job.provider.name, job.job_id
        if key in errands:
            errands[key].indexes.append(index)
            continue
        try:
            errands[key] = Errand(indexes=[index], job=job, path=build_path(job))
        except ValueError as error:
            problem = Problem(code=Code.UNSAFE_ID, message=f"not asked: {error}")
            settle(index, Fetched(observation=Unobserved(problem=problem)))
    return list(errands.values())


def _find_hosts(
    errands: Iterable[Errand],
    targets: Mapping[str, Target],
    transport: Transport,
    *,
    rate: float | None,
    room: Room,
    recorder: "Recorder | None",
) -> list[Host]:
    """Give each provider its lane, and each origin the lanes that lead to it."""
    by_provider: dict[str, list[Errand]] = {}
    for errand in errands:
        by_provider.setdefault(errand.job.provider.name, []).append(errand)
    by_origin: dict[Origin, list[Lane]] = {}
    for name, theirs in by_provider.items():
        lane = Lane(targets[name], theirs, transport=transport, rate=rate, room=room, recorder=recorder)
        by_origin.setdefault(targets[name].origin, []).append(lane)
    return [Host(origin, lanes) for origin, lanes in by_origin.items()]
