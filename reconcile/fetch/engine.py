"""Jobs -> Observations: a bounded set of workers, one attempt per job, an observation for every job at the end."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence

import httpx

from reconcile import __version__
from reconcile.codes import Code
from reconcile.fetch.answer import classify
from reconcile.fetch.failure import explain_failure
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.target import Target
from reconcile.model import Job, Missing, Observation, Observed, Problem, Unobserved

DEFAULT_CONCURRENCY = 64

# Six rejected signatures lock an access key for five minutes (support.huaweicloud.com, apig-faq-0003), so no more
# requests than this are under way before one has shown that the credentials are good.
_MAX_UNPROVEN = 5
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


async def fetch_jobs(
    jobs: Sequence[Job],
    targets: Mapping[str, Target],
    *,
    transport: httpx.AsyncBaseTransport,
    timeout: float,
    concurrency: int = DEFAULT_CONCURRENCY,
    on_observation: Callable[[int, Observation], None] | None = None,
) -> tuple[Observation, ...]:
    """
    Fetch every job once and return what was observed, in the order of `jobs`.

    Two jobs that are one remote job are fetched once. What the deadline leaves unread is Unobserved. Once a
    provider has rejected its credentials, its other jobs are not asked for.

    Args:
        jobs: their providers all have a target.
        targets: by the provider's name.
        transport: not closed here.
        timeout: seconds for all jobs together.
        concurrency: how many requests are under way at once, at most.
        on_observation: called with the index of the job, once for each, as they are settled.

    Raises an ExceptionGroup of what no worker should raise.
    """
    observations: dict[int, Observation] = {}

    def settle(indexes: Sequence[int], observation: Observation) -> None:
        for index in indexes:
            observations[index] = observation
            if on_observation is not None:
                on_observation(index, observation)

    questions = _group_jobs(jobs)
    lanes = {name: _Lane(target, transport) for name, target in targets.items()}
    queue = iter(questions)

    async def work() -> None:
        for indexes in queue:
            job = jobs[indexes[0]]
            settle(indexes, await lanes[job.provider.name].fetch_job(job))

    try:
        async with asyncio.timeout(timeout), asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, len(questions))):
                workers.create_task(work())
    except TimeoutError:
        unread = [index for index in range(len(jobs)) if index not in observations]
        settle(unread, _unobserved(Code.DEADLINE, f"not answered when the time for the run, {timeout:g} s, was over"))
    return tuple(observations[index] for index in range(len(jobs)))


def build_request(job: Job, target: Target, headers: httpx.Headers) -> httpx.Request:
    """
    Build the request for a job; raise ValueError if its ids are not safe in a path.

    The ids were checked when the manifest was read; they are checked again where they become a URL, for a dot or a
    slash that came through would ask another resource with the same credentials.
    """
    if not (_SAFE_ID.fullmatch(job.job_id) and _SAFE_ID.fullmatch(job.provider.project_id)):
        raise ValueError("a job id and a project id are 1 to 64 ASCII letters, digits, '_' and '-'")
    path = target.provider.api.path.format(project_id=job.provider.project_id, job_id=job.job_id)
    # With a stream given, httpx adds no headers of its own: all of them are in `headers`.
    return httpx.Request("GET", f"{target.origin}{path}", headers=headers, stream=httpx.ByteStream(b""))


def build_headers(target: Target) -> httpx.Headers:
    """Build the headers of every request to the target: they carry its credentials, so they go nowhere else."""
    headers = httpx.Headers(dict(target.provider.api.headers))
    headers.update(
        {
            "Host": target.origin.authority,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            "User-Agent": f"reconcile/{__version__}",
            **target.credential.request_headers(),
        }
    )
    return headers


async def attempt(
    job: Job, target: Target, request: httpx.Request, *, transport: httpx.AsyncBaseTransport, redact: Redactor
) -> Observation:
    """Send the job's request to its target once and say what came of it."""
    try:
        response = await transport.handle_async_request(request)
        body = await _read_body(response)
    except httpx.RequestError as error:
        return Unobserved(problem=explain_failure(error, target.origin))
    api = target.provider.api
    return classify(api, job.job_id, response.status_code, response.headers, body, redact=redact)


async def _read_body(response: httpx.Response) -> bytes:
    """
    Read the body as it came.

    `Response.aread` would inflate it, whichever transport it is, and costs more than the whole response otherwise.
    """
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("the transport of an asynchronous request answered with a synchronous body")
    try:
        return b"".join([chunk async for chunk in stream])
    finally:
        await stream.aclose()


class _Lane:
    """The way to one target during one run, and whether its credentials are known to be good or bad."""

    __slots__ = ("_headers", "_proven", "_redact", "_rejected", "_target", "_transport", "_unproven")

    def __init__(self, target: Target, transport: httpx.AsyncBaseTransport) -> None:
        self._target = target
        self._transport = transport
        self._headers = build_headers(target)
        self._redact = Redactor(target.credential.secrets)
        self._unproven = asyncio.Semaphore(_MAX_UNPROVEN)
        self._proven = self._rejected = False

    async def fetch_job(self, job: Job) -> Observation:
        if not self._proven:
            async with self._unproven:
                # Whoever waited here may find that it is settled by now, and must not hold up the others.
                if not self._proven:
                    return await self._ask(job)
        return await self._ask(job)

    async def _ask(self, job: Job) -> Observation:
        if self._rejected:
            return _unobserved(Code.UNAUTHENTICATED, "not asked: the credentials were rejected for another job")
        try:
            request = build_request(job, self._target, self._headers)
        except ValueError as error:
            return _unobserved(Code.UNSAFE_ID, f"not asked: {error}")
        observation = await attempt(job, self._target, request, transport=self._transport, redact=self._redact)
        match observation:
            case Observed() | Missing():
                self._proven = True
            case Unobserved(problem=Problem(code=Code.UNAUTHENTICATED)):
                self._rejected = True
            case Unobserved():
                pass
        return observation


def _group_jobs(jobs: Sequence[Job]) -> list[list[int]]:
    """List the indexes of the jobs that are one remote job, for each remote job, in the order of the first."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, job in enumerate(jobs):
        groups.setdefault((job.provider.name, job.job_id), []).append(index)
    return list(groups.values())


def _unobserved(code: Code, message: str) -> Unobserved:
    return Unobserved(problem=Problem(code=code, message=message))
