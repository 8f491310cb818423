"""An observation that meets its expectations -> one that goes wrong in a known way. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec.structs import replace

from reconcile.model.api import JobApi
from reconcile.model.manifest import Job
from reconcile.model.observation import Missing, Observed, SubJob


class Breakage(StrEnum):
    """How a job that would be in sync goes wrong."""

    FAILED = "failed"
    """The job and its first sub-job have failed."""
    SUCCESS = "success"
    """The job has succeeded, but should not have."""
    PENDING = "pending"
    """The job is still running."""
    MISSING = "missing"
    """The API has no such job."""
    OTHER_TYPE = "other-type"
    """The job has another type."""
    EXTRA_SUB_JOB = "extra-sub-job"
    """The job has an additional, successful sub-job."""
    LOST_SUB_JOB = "lost-sub-job"
    """The last sub-job of the job is missing."""


_OTHER_TYPE = "other_type"
"""The type if the API lists no other type of job."""
_REASON = "Internal server error"


def break_observation(job: Job, observation: Observed | Missing, breakage: str) -> Observed | Missing:
    """
    Return what the API would report about a broken job; the same observation if there is nothing to break.

    Args:
        job: the job.
        observation: an observation that meets its expectations.
        breakage: a `Breakage`, or the error code with which the job fails.
    """
    if breakage == Breakage.MISSING:
        return Missing(code=None, message=None, request_id=None)
    api = job.provider.api
    observed = observation if isinstance(observation, Observed) else Observed.bare(job.job_id, job.provider.api.success)
    if breakage in _WAYS:
        return _WAYS[breakage](observed, api)
    return _fail(observed, api, breakage, api.error_codes.get(breakage, _REASON))


def _fail(observed: Observed, api: JobApi, error_code: str | None = None, reason: str = _REASON) -> Observed:
    """Make a job and its first sub-job fail."""
    sub_jobs = observed.sub_jobs
    if sub_jobs:
        first = replace(sub_jobs[0], status=api.failure, error_code=error_code, fail_reason=reason)
        sub_jobs = (first, *sub_jobs[1:])
    return replace(observed, status=api.failure, error_code=error_code, fail_reason=reason, sub_jobs=sub_jobs)


def _succeed(observed: Observed, api: JobApi) -> Observed:
    return replace(observed, status=api.success, error_code=None, fail_reason=None)


def _keep_running(observed: Observed, api: JobApi) -> Observed:
    """Set a job to the last non-terminal status."""
    running = [status.word for status in api.statuses.values() if not status.terminal][-1]
    return replace(observed, status=running, end_time=None, error_code=None, fail_reason=None)


def _change_type(observed: Observed, api: JobApi) -> Observed:
    return replace(observed, job_type=next((each for each in api.job_types if each != observed.job_type), _OTHER_TYPE))


def _add_sub_job(observed: Observed, api: JobApi) -> Observed:
    """Add a successful sub-job of a type that no sub-job has."""
    taken = {each.job_type for each in observed.sub_jobs}
    added = SubJob(
        status=api.success,
        job_id=None,
        job_type=next((each for each in api.job_types if each not in taken), _OTHER_TYPE),
        begin_time=observed.begin_time,
        end_time=observed.end_time,
        error_code=None,
        fail_reason=None,
    )
    return replace(observed, sub_jobs=(*observed.sub_jobs, added))


def _lose_sub_job(observed: Observed, api: JobApi) -> Observed:
    return replace(observed, sub_jobs=observed.sub_jobs[:-1])


_WAYS: Mapping[str, Callable[[Observed, JobApi], Observed]] = {
    Breakage.FAILED: _fail,
    Breakage.SUCCESS: _succeed,
    Breakage.PENDING: _keep_running,
    Breakage.OTHER_TYPE: _change_type,
    Breakage.EXTRA_SUB_JOB: _add_sub_job,
    Breakage.LOST_SUB_JOB: _lose_sub_job,
}
