"""
RecordedJob -> Fetched, as if its last answer came now. Pure: nothing is sent, and no credential is needed.

A recorded answer is judged like a live one. A job that was unobserved when it was recorded stays so, for the recorded
reason.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt, assess
from reconcile.fetch.endpoint import parse_endpoint
from reconcile.fetch.failure import TimedOutError, explain_failure
from reconcile.fetch.job_fetch import STALE_AFTER
from reconcile.fetch.message import Answer
from reconcile.fetch.request import build_path
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Job, Provider
from reconcile.model.observation import Fetched, Missing, Observed, Unobserved
from reconcile.model.recording import Exchange, RecordedJob, RecordedProvider

FindJob: TypeAlias = Callable[[str, str], RecordedJob | None]
"""Finds a recorded job by the recorded provider's name and the job id; None if there is none."""


def find_recorded(providers: Sequence[Provider], recorded: Mapping[str, RecordedProvider]) -> Mapping[str, str]:
    """
    Match providers with recorded ones: the same project at the same API, whatever the name.

    Without a cloud and a region, the names must be equal, because another provider may have had another endpoint.

    Returns:
        Name -> name in the recording. If a provider was recorded under several names, its own name counts. A provider
        without a match is left out.
    """
    found: dict[str, str] = {}
    for provider in providers:
        parts = (provider.api.name, provider.api.sha256, provider.cloud, provider.region, provider.project_id)
        same = [
            name
            for name, each in recorded.items()
            if (each.api, each.api_sha256, each.cloud, each.region, each.project_id) == parts
        ]
        if provider.name in same:
            found[provider.name] = provider.name
        elif len(same) == 1 and provider.cloud is not None and provider.region is not None:
            found[provider.name] = same[0]
    return found


def replay_jobs(jobs: Sequence[Job], names: Mapping[str, str], find_job: FindJob) -> tuple[Fetched, ...]:
    """
    Return the recorded result of each job; a job that was not recorded is unobserved.

    Args:
        names: the result of `find_recorded` for the providers of the jobs.
        find_job: called once for each remote job.
    """
    replayed: dict[tuple[str, str], Fetched] = {}
    for job in jobs:
        key = job.provider.name, job.job_id
        if key not in replayed:
            replayed[key] = replay_job(job, names.get(job.provider.name), find_job)
    return tuple(replayed[job.provider.name, job.job_id] for job in jobs)


def observe_exchange(job: Job, exchange: Exchange, endpoint: str) -> Fetched:
    """
    Return the result of a job if this is its only exchange, with `endpoint`.

    An exchange without an answer counts as a timeout.
    """
    if exchange.status_code is None:
        problem = explain_failure(TimedOutError(exchange.failure or "no answer"), parse_endpoint(endpoint))
        return Fetched(observation=Unobserved(problem=problem), attempts=1)
    attempt = _assess(job, exchange)
    return Fetched(observation=attempt.observation, attempts=1, cached=_find_old(attempt))


def replay_job(job: Job, recorded_as: str | None, find_job: FindJob) -> Fetched:
    """Return the recorded result of one job; the arguments are those of `replay_jobs`, for one job."""
    try:
        request = f"GET {build_path(job)}"
    except ValueError as error:
        return _miss(f"not requested: {error}", Code.UNSAFE_ID)
    if recorded_as is None:
        provider = job.provider
        return _miss(f"the recording holds nothing of project {provider.project_id} at {provider.api.name}")
    recorded = find_job(recorded_as, job.job_id)
    if recorded is None:
        return _miss(f"the recording does not hold {request}")
    if recorded.request != request:
        return _miss(f"the recording does not hold {request}, but another request in its place")
    attempt = _observe(job, recorded)
    return Fetched(
        observation=attempt.observation,
        attempts=recorded.attempts if recorded.resumed else max(recorded.attempts, len(recorded.exchanges)),
        polls=recorded.polls,
        started=recorded.started,
        elapsed=recorded.elapsed,
        waited=recorded.waited,
        age=recorded.age,
        cached=_find_old(attempt),
        notes=recorded.notes,
        resumed=recorded.resumed,
    )


def _find_old(attempt: Attempt) -> int | None:
    return attempt.age if attempt.age is not None and attempt.age > STALE_AFTER else None


def _observe(job: Job, recorded: RecordedJob) -> Attempt:
    """Read the answer that is the evidence; no later answer may show the job, because that one would count instead."""
    if recorded.unobserved is not None:
        return Attempt(observation=recorded.unobserved)
    if recorded.evidence is None or recorded.evidence >= len(recorded.exchanges):
        return _contradict("there is neither an answer nor a reason why there is none")
    attempt, *later = (_assess(job, each) for each in recorded.exchanges[recorded.evidence :])
    if any(isinstance(each.observation, Observed | Missing) for each in later):
        return _contradict("an answer after the one that is named as evidence shows the job")
    if recorded.looks is None or not isinstance(attempt.observation, Observed):
        return attempt
    if recorded.looks.alike > recorded.evidence + 1:
        return _contradict("more reads agree than there are answers")
    return replace(attempt, observation=replace(attempt.observation, looks=recorded.looks))


def _assess(job: Job, exchange: Exchange) -> Attempt:
    if exchange.status_code is None:
        return _contradict("its evidence is not an answer")
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    try:
        "".join(headers.values()).encode()
    except UnicodeEncodeError:
        return _contradict("a header of its answer is not text")
    return assess(job.provider.api, job.job_id, Answer(exchange.status_code, headers, exchange.body))


def _contradict(how: str) -> Attempt:
    problem = Problem(code=Code.NOT_RECORDED, message=f"the recording contradicts itself: {how}")
    return Attempt(observation=Unobserved(problem=problem))


def _miss(message: str, code: Code = Code.NOT_RECORDED) -> Fetched:
    return Fetched(observation=Unobserved(problem=Problem(code=code, message=message)))
