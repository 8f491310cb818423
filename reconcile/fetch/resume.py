"""
RecordedJob -> Fetched, for a run that resumes another one. Pure.

Only jobs that have ended are reused, because no later answer can change them. Jobs that were running, missing or
unobserved are requested again, and so are jobs that have to settle.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from reconcile.fetch.replay import FindJob, replay_job
from reconcile.fetch.run import may_pass_while_missing, must_settle
from reconcile.model.manifest import Job
from reconcile.model.observation import Fetched, Observed, Timing
from reconcile.model.recording import RecordedJob

_Key = tuple[str, str]


class Resumed(Struct, frozen=True, kw_only=True):
    """
    The jobs that a run need not request again.

    `fetched` is keyed by the index of the job, and its `age` ends now. `recorded` is keyed by provider and job id, as
    the resumed run records it.
    """

    fetched: Mapping[int, Fetched]
    recorded: Mapping[_Key, RecordedJob]


def resume_jobs(jobs: Sequence[Job], find_job: FindJob, *, now: datetime, max_age: float) -> Resumed:
    """
    Return the recorded answers of jobs that have ended.

    A job that may pass while it is missing is proven only if this run observes another job in the same place. So if
    there is such a job, the first recorded answer of its place is not reused.

    Args:
        jobs: those of the manifest.
        find_job: called once for each remote job.
        now: the current time; later answers are not reused, because a clock is wrong.
        max_age: seconds after which an answer is requested again.
    """
    taken: dict[_Key, tuple[RecordedJob, Fetched]] = {}
    indexes: dict[_Key, list[int]] = {}
    for index, job in enumerate(jobs):
        indexes.setdefault(_key_of(job), []).append(index)
    for key, (first, *_) in indexes.items():
        recorded = find_job(*key)
        if recorded is None or recorded.evidence is None:
            continue
        fetched = replay_job(jobs[first], key[0], lambda *_, found=recorded: found)
        if not _is_final(jobs[first], fetched) or any(must_settle(jobs[index]) for index in indexes[key]):
            continue
        age = (now - recorded.exchanges[recorded.evidence].ended_at).total_seconds()
        if 0 <= age <= max_age:
            taken[key] = _take_over(recorded, fetched, age)
    places = {_place_of(job) for job in jobs if _key_of(job) not in taken and may_pass_while_missing(job)}
    for key, (first, *_) in indexes.items():
        if key in taken and _place_of(jobs[first]) in places:
            places.remove(_place_of(jobs[first]))
            del taken[key]
    return Resumed(
        fetched={index: fetched for key, (_, fetched) in taken.items() for index in indexes[key]},
        recorded={key: recorded for key, (recorded, _) in taken.items()},
    )


def _is_final(job: Job, fetched: Fetched) -> bool:
    """Return whether an answer shows that a job has ended, and did not come from a cache: it no longer changes."""
    seen = fetched.observation
    return isinstance(seen, Observed) and job.provider.api.statuses[seen.status].terminal and fetched.cached is None


def _take_over(recorded: RecordedJob, fetched: Fetched, age: float) -> tuple[RecordedJob, Fetched]:
    """Return both with the timing of a run that requested nothing."""
    nothing = Timing(resumed=True)
    spent = {name: getattr(nothing, name) for name in nothing.__struct_fields__}
    return replace(recorded, waited=0.0, age=age, **spent), replace(fetched, waited=0.0, age=age, **spent)


def _key_of(job: Job) -> _Key:
    return job.provider.name, job.job_id


def _place_of(job: Job) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Name the place of a job without its id: provider and parameters."""
    return job.provider.name, tuple(sorted(job.parameters.items()))
