"""Notes about a job: what readers should know besides the findings. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.model.api import JobApi, Outcome
from reconcile.model.observation import Fetched, Missing, Observed, Record, SubJob

_MOST_ALIKE = 5
"""The most notes of one kind: some formats repeat all notes of a job with each of its findings."""

ROOT = "likely root cause: "
"""The start of the note that names the sub-job that failed first."""

_LONGEST = 1_000
"""The most characters that a note quotes of an API's message; the observation has all of it."""

_NEVER = datetime.max.replace(tzinfo=UTC)

_FAILURE = Outcome.FAILURE


def list_notes(observation: Observed | Missing, api: JobApi, *, failure_expected: bool = False) -> tuple[str, ...]:
    """List the notes about an observation; if failure is expected, none names a root cause."""
    if isinstance(observation, Missing):
        message = _shorten(" ".join(part for part in (observation.code, observation.message) if part))
        return (f"the job API returned {message}", api.retention) if message else (api.retention,)
    return tuple(_quote_failures(observation, api, failure_expected) + _list_unknown_types(observation, api))


def list_fetch_notes(fetched: Fetched) -> tuple[str, ...]:
    """List the notes about how a job was fetched."""
    if not fetched.polls:
        return fetched.notes
    effort = f"fetched {fetched.polls + 1} times in {format_duration(round(fetched.waited))}"
    return (*fetched.notes, effort)


def _list_unknown_types(observed: Observed, api: JobApi) -> list[str]:
    if not api.job_types:
        return []
    types = [observed.job_type, *[sub_job.job_type for sub_job in observed.sub_jobs]]
    unknown = set(types).difference(api.job_types, [None])
    if not unknown:
        return []
    named = [job_type for job_type in dict.fromkeys(types) if job_type in unknown]
    notes = [f'the documentation of {api.title} does not list the job type "{job_type}"' for job_type in named]
    return _cut(notes, "job types are undocumented")


def _quote_failures(observed: Observed, api: JobApi, failure_expected: bool) -> list[str]:
    """Quote what the API says about failures, because nothing explains a drift better."""
    sub_jobs = observed.sub_jobs
    notes = []
    root = None if failure_expected else find_root(sub_jobs, api)
    if root is not None:
        reason = _quote(sub_jobs[root])
        name = _name_sub_job(sub_jobs, root)
        notes.append(f"{ROOT}{name} failed first{f' with {reason}' if reason else ''}")
    if observed.error_code or observed.fail_reason:
        notes.append(f"the job reports {_quote(observed)}")
    others = [
        f"{_name_sub_job(sub_jobs, j)} reports {_quote(sub_job)}"
        for j, sub_job in enumerate(sub_jobs)
        if (sub_job.error_code or sub_job.fail_reason) and j != root
    ]
    return notes + _cut(others, "sub-jobs report a reason")


def _cut(notes: list[str], what: str) -> list[str]:
    """Return the first notes, and a note with the number of the others if there are too many."""
    rest = len(notes) - _MOST_ALIKE
    return [*notes[:_MOST_ALIKE], f"{rest} more {what}"] if rest > 0 else notes


def find_root(sub_jobs: Sequence[SubJob], api: JobApi) -> int | None:
    """Find the failed sub-job that ended first, or else began or is listed first; None if none has failed."""
    failed = [j for j, sub_job in enumerate(sub_jobs) if api.statuses[sub_job.status].outcome is _FAILURE]
    return min(failed, key=lambda j: _read_times(sub_jobs[j], api)) if failed else None


def _read_times(sub_job: SubJob, api: JobApi) -> tuple[datetime, datetime]:
    """Read end and begin: if one is unknown, it takes the value of the other; if both are, they sort last."""
    begin = read_time(sub_job.begin_time, api.time_format)
    end = read_time(sub_job.end_time, api.time_format)
    return end or begin or _NEVER, begin or end or _NEVER


def _name_sub_job(sub_jobs: Sequence[SubJob], j: int) -> str:
    return f"sub-job {j} ({sub_jobs[j].job_type or 'no type'})"


def _quote(record: Record) -> str:
    return _shorten(": ".join(part for part in (record.error_code, record.fail_reason) if part))


def _shorten(message: str) -> str:
    rest = len(message) - _LONGEST
    return f"{message[:_LONGEST]}... ({rest} more characters)" if rest > 0 else message
