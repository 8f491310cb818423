"""What is remarkable of a job without being wrong. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.judge.texts import JobTexts, Said
from reconcile.model import Fetched, JobApi, Missing, Observed, Outcome

_MOST_ALIKE = 5
"""Notes of one kind, at most: some formats tell all of a job's notes with each of its findings."""

_LONGEST = 1_000
"""Characters of what an API says that are noted; the observation has them all."""

_NEVER = datetime.max.replace(tzinfo=UTC)


def notes_of(observation: Observed | JobTexts | Missing, api: JobApi) -> list[str]:
    """Say what is remarkable of what was observed of a job."""
    if isinstance(observation, Missing):
        said = _shorten(" ".join(part for part in (observation.code, observation.message) if part))
        return [f"the job API says {said}", api.retention] if said else [api.retention]
    types = dict.fromkeys([observation.job_type, *[sub_job.job_type for sub_job in observation.sub_jobs]])
    unlisted = [
        f'no source page of {api.title} lists the job type "{job_type}"'
        for job_type in types
        if job_type is not None and job_type not in api.job_types
    ]
    return [*_reasons_of(observation, api), *_cut(unlisted, "job types are on no source page")]


def remarks_of(fetched: Fetched) -> tuple[str, ...]:
    """Say of the fetching of a job what its observation does not."""
    if not fetched.polls:
        return fetched.notes
    looks = f"looked at {fetched.polls + 1} times in {format_duration(round(fetched.waited))}"
    return (*fetched.notes, looks)


def _reasons_of(observed: Observed | JobTexts, api: JobApi) -> list[str]:
    """Repeat what the API says of failures, for nothing explains a drift better."""
    reasons = []
    sub_jobs: Sequence[Said] = observed.sub_jobs
    root = _find_root(sub_jobs, api)
    if root is not None:
        said = _say(sub_jobs[root])
        reasons.append(f"likely root: {_name_part(observed, root)} failed first{f', and says {said}' if said else ''}")
    if observed.error_code or observed.fail_reason:
        reasons.append(f"the job says {_say(observed)}")
    failed = [
        f"{_name_part(observed, j)} says {_say(sub_job)}"
        for j, sub_job in enumerate(sub_jobs)
        if j != root and (sub_job.error_code or sub_job.fail_reason)
    ]
    return [*reasons, *_cut(failed, "sub-jobs give a reason")]


def _cut(notes: list[str], what: str) -> list[str]:
    """Return the first of many notes, and say how many more there are of what."""
    rest = len(notes) - _MOST_ALIKE
    return [*notes[:_MOST_ALIKE], f"{rest} more {what}"] if rest > 0 else notes


def _find_root(sub_jobs: Sequence[Said], api: JobApi) -> int | None:
    """Find the failed sub-job that ended first, else began first, else stands first; None if none has failed."""
    failure = Outcome.FAILURE
    failed = [j for j, sub_job in enumerate(sub_jobs) if api.statuses[sub_job.status].outcome is failure]
    return min(failed, key=lambda j: _read_times(sub_jobs[j], api)) if failed else None


def _read_times(record: Said, api: JobApi) -> tuple[datetime, datetime]:
    """Read end and begin, each in place of the other if that is not known; if neither is, it is later than all."""
    begin = read_time(record.begin_time, api.time_format)
    end = read_time(record.end_time, api.time_format)
    return end or begin or _NEVER, begin or end or _NEVER


def _name_part(observed: Observed | JobTexts, j: int) -> str:
    return f"sub-job {j} ({observed.sub_jobs[j].job_type or 'of no type'})"


def _say(record: Said) -> str:
    return _shorten(": ".join(part for part in (record.error_code, record.fail_reason) if part))


def _shorten(said: str) -> str:
    rest = len(said) - _LONGEST
    return f"{said[:_LONGEST]}... ({rest} more characters)" if rest > 0 else said
