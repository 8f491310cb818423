"""Observation -> possible other observations, each different in one thing. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

from msgspec.structs import replace

from reconcile.instant import write_time
from reconcile.judge import accepts
from reconcile.model.api import JobApi
from reconcile.model.manifest import Field, FieldExpectation, Job
from reconcile.model.observation import Missing, Observed, SubJob
from reconcile.model.proof import Mutant
from reconcile.mutation.allowed import Declared
from reconcile.mutation.answer import list_bad_answers, write_answer
from reconcile.mutation.steadiness import mutate_looks
from reconcile.mutation.times import mutate_times

INVENTED = "mutant"
"""The value of a field if no known value fits."""

_REASONS = ("Internal server error", "The quota is exceeded")


def list_mutants(
    jobs: Sequence[Job], observation: Observed | Missing, *, now: datetime, every_time: bool = False
) -> Iterator[Mutant]:
    """
    List the mutants of the observation of one remote job.

    Args:
        jobs: all jobs of the manifest that name this remote job, at least one.
        observation: an observation with which all of them are in sync.
        now: the time of judging, in UTC.
        every_time: also mutate timestamps that no expectation covers.
    """
    job = jobs[0]
    yield from list_bad_answers(job, write_answer(job, observation, at=now))
    if isinstance(observation, Missing):
        changes = _appear(job)
    else:
        if job.provider.api.can_be_missing:
            missing = Missing(code=None, message=None, request_id=observation.request_id)
            yield Mutant(path="missing", change="the API has no such job", exchange=write_answer(job, missing, at=now))
        changes = _mutate(Declared(jobs), observation, job.provider.api, now=now, every_time=every_time)
        if any(each.after is not None for each in jobs):
            changes = chain(changes, _begin_early(observation, job.provider.api))
    for path, change, observed, permitted in changes:
        exchange = write_answer(job, observed, at=now)
        yield Mutant(path=path, change=change, exchange=exchange, permitted=permitted)
    if isinstance(observation, Observed):
        for path, change, observed, looks in mutate_looks(jobs, observation, job.provider.api):
            yield Mutant(path=path, change=change, exchange=write_answer(job, observed, at=now), looks=looks)


_Change = tuple[str, str, Observed, bool]
"""Path, change, the other observation, and whether the manifest explicitly allows it."""


def _appear(job: Job) -> Iterator[_Change]:
    """Make a job exist that must be absent."""
    for word in job.provider.api.statuses:
        observed = Observed.bare(job.job_id, word)
        yield "absent", f"the job is there, and its status is {word}", observed, False


def _mutate(
    declared: Declared, observed: Observed, api: JobApi, *, now: datetime, every_time: bool
) -> Iterator[_Change]:
    for word in api.statuses:
        if word != observed.status:
            mutated = replace(observed, status=word, status_word=None)
            yield "status", f"it is {word}", mutated, declared.allows_status(word)
    yield from _mutate_texts(declared, observed, api)
    for path, change, changed in mutate_times(observed, declared.fields, api, now=now, every_time=every_time):
        yield path, change, changed, False
    if api.sub_jobs is not None:
        yield from _mutate_sub_jobs(declared, observed, api)
        yield from _add_sub_jobs(declared, observed, api)


def _begin_early(observed: Observed, api: JobApi) -> Iterator[_Change]:
    """Make a job that must come after another one begin too early, or never."""
    yield "after", "its begin time is absent", replace(observed, begin_time=None), False
    early = write_time(datetime(1970, 1, 2, tzinfo=UTC), api.time_format)
    yield "after", "it began long before", replace(observed, begin_time=early), False


def _mutate_texts(declared: Declared, observed: Observed, api: JobApi) -> Iterator[_Change]:
    roles = api.job.fields
    if "job_type" in roles:
        job_type = _choose_other(api.job_types, observed.job_type, declared.of(Field.JOB_TYPE))
        yield "job_type", f"it is {job_type}", replace(observed, job_type=job_type), False
    if "error_code" in roles:
        error_code = _choose_other(api.error_codes, observed.error_code, declared.of(Field.ERROR_CODE))
        yield "error_code", f"it is {error_code}", replace(observed, error_code=error_code), False
    # Another text of the reason is no new failure, unless the manifest expects a text.
    if "fail_reason" in roles and (observed.fail_reason is None or declared.of(Field.FAIL_REASON)):
        reason = _choose_other(_REASONS, observed.fail_reason, declared.of(Field.FAIL_REASON))
        yield "fail_reason", f"it is '{reason}'", replace(observed, fail_reason=reason), False


def _mutate_sub_jobs(declared: Declared, observed: Observed, api: JobApi) -> Iterator[_Change]:
    for j, sub_job in enumerate(observed.sub_jobs):
        before, after = observed.sub_jobs[:j], observed.sub_jobs[j + 1 :]
        path = f"sub_jobs[+{j}]"
        yield path, "it is not there", replace(observed, sub_jobs=(*before, *after)), declared.allows_other_count
        if api.parts is not None and "job_type" in api.parts.fields:
            job_type = _choose_other(api.job_types, sub_job.job_type, declared.of_sub_jobs(Field.JOB_TYPE))
            retyped = replace(sub_job, job_type=job_type)
            mutated = replace(observed, sub_jobs=(*before, retyped, *after))
            yield f"{path}.job_type", f"it is {job_type}", mutated, declared.allows_other_types
        for word in api.statuses:
            if word != sub_job.status:
                mutated = replace(observed, sub_jobs=(*before, replace(sub_job, status=word, status_word=None), *after))
                yield f"{path}.status", f"it is {word}", mutated, declared.allows_sub_job_status(sub_job, word)


def _add_sub_jobs(declared: Declared, observed: Observed, api: JobApi) -> Iterator[_Change]:
    job_type = _choose_other(api.job_types, None, declared.of_sub_jobs(Field.JOB_TYPE))
    path = f"sub_jobs[+{len(observed.sub_jobs)}]"
    for word in (api.success, api.failure):
        added = SubJob(
            status=word,
            job_id=None,
            job_type=job_type,
            begin_time=observed.begin_time,
            end_time=observed.end_time,
            error_code=None,
            fail_reason=None,
        )
        harmless = word == api.success or declared.allows_sub_job_status(added, word)
        mutated = replace(observed, sub_jobs=(*observed.sub_jobs, added))
        yield (
            path,
            f"there is one more, {job_type}, and its status is {word}",
            mutated,
            harmless and declared.allows_other_count,
        )


def _choose_other(known: Iterable[str], value: str | None, expected: Sequence[FieldExpectation]) -> str:
    """Choose another value: preferably one that is not expected, and a known one before an invented one."""
    candidates = [each for each in (*known, INVENTED, f"{INVENTED}-2") if each != value]
    unexpected = (each for each in candidates if not any(accepts(expectation, each) for expectation in expected))
    return next(unexpected, candidates[-1])
