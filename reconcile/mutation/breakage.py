"""An observation that meets its expectations -> one that goes wrong in a known way. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec.structs import replace

from reconcile.model import Job, JobApi, Missing, Observed, SubJob


class Breakage(StrEnum):
    """How a job goes wrong that would otherwise be in sync."""

    FAILED = "failed"
    """It has failed, and so has its first sub-job."""
    SUCCESS = "success"
    """It has succeeded where it should not have."""
    PENDING = "pending"
    """It is still running."""
    MISSING = "missing"
    """The API has no such job."""
    OTHER_TYPE = "other-type"
    """It is a job of another type."""
    EXTRA_SUB_JOB = "extra-sub-job"
    """It has one sub-job more, a successful one."""
    LOST_SUB_JOB = "lost-sub-job"
    """Its last sub-job is not there."""


_OTHER_TYPE = "other_type"
"""Where an API lists no other type of job."""
_REASON = "Internal server error"


def break_observation(job: Job, observation: Observed | Missing, breakage: str) -> Observed | Missing:
    """
    Return what the API would report about a job instead; the same where there is nothing to break.

    Args:
        job: whose observation it is.
        observation: the one that meets its expectations.
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
    """Let a job fail, and its first sub-job with it."""
    sub_jobs = observed.sub_jobs
    if sub_jobs:
        first = replace(sub_jobs[0], status=api.failure, error_code=error_code, fail_reason=reason)
        sub_jobs = (first, *sub_jobs[1:])
    return replace(observed, status=api.failure, error_code=error_code, fail_reason=reason, sub_jobs=sub_jobs)


def _succeed(observed: Observed, api: JobApi) -> Observed:
    return replace(observed, status=api.success, error_code=None, fail_reason=None)


def _keep_running(observed: Observed, api: JobApi) -> Observed:
    """Let a job be at the last of the statuses on its way."""
    running = [status.word for status in api.statuses.values() if not status.terminal][-1]
    return replace(observed, status=running, end_time=None, error_code=None, fail_reason=None)


def _change_type(observed: Observed, api: JobApi) -> Observed:
    return replace(observed, job_type=next((each for each in api.job_types if each != observed.job_type), _OTHER_TYPE))


def _add_sub_job(observed: Observed, api: JobApi) -> Observed:
    """Add a successful sub-job of a type that the job has none of."""
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
