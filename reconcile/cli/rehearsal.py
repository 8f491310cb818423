"""Builds a scenario in which every job does what a manifest expects, except those of `--break`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.model.api import JobApi
from reconcile.model.manifest import Job, Manifest
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import Verdict
from reconcile.mutation import Breakage, break_observation, make_up, make_up_all, write_answer
from reconcile.simulator import Repertoire, Reply, Scenario, Step

ERROR = "error"
"""The kind of breakage in which the API answers with HTTP 500."""

KINDS = (*Breakage, ERROR)
"""All named kinds of breakage; the others are error codes of the job API."""


class Breach(Struct, frozen=True):
    """A value of `--break`: an address or a glob of addresses, and a kind, None to choose one."""

    target: str
    kind: str | None


def parse_breach(text: str) -> Breach:
    """Parse ADDRESS[=KIND]; a key in an address may also contain `=`."""
    address, sign, kind = text.rpartition("=")
    if not sign or text.endswith('"]'):
        return Breach(text, None)
    return Breach(address, kind)


def build_scenario(manifest: Manifest, breaches: Sequence[Breach], clock: Callable[[], datetime]) -> Scenario:
    """
    Build a scenario whose times are relative to the time of each request, by `clock` in UTC.

    Raises:
        UsageError: there are several job APIs, or a breach names no job, has an unknown kind, or changes nothing.
    """
    api = _find_api(manifest)
    members: dict[str, list[Job]] = {}
    for job in manifest.jobs:
        members.setdefault(job.job_id, []).append(job)
    kinds = _find_kinds(manifest, breaches, members, clock())
    if any(job.after is not None for job in manifest.jobs):
        begin = clock()  # answers about different jobs must be consistent
        fixed = dict(zip([job.job_id for job in manifest.jobs], make_up_all(manifest.jobs, now=begin), strict=True))
    else:
        fixed = {}
    projects = {provider.project_id for provider in manifest.providers.values()}
    repertoire = Repertoire(api)
    return Scenario(
        repertoire=repertoire,
        project_id=projects.pop() if len(projects) == 1 else None,
        token=None,
        access_keys=None,
        users=None,
        jobs={
            job_id: (_make_step(partial(_answer, repertoire, jobs, kinds.get(job_id), clock, fixed.get(job_id))),)
            for job_id, jobs in members.items()
        },
    )


def _make_step(reply: Callable[[], Reply]) -> Step:
    return Step(reply=reply, after=0.0, requests=None, delay=0.0)


def _answer(
    repertoire: Repertoire,
    jobs: Sequence[Job],
    kind: str | None,
    clock: Callable[[], datetime],
    fixed: Observed | Missing | None,
) -> Reply:
    now = clock()
    if kind == ERROR:
        return repertoire.reply("server_error", jobs[0].job_id)
    if kind == Breakage.MISSING:
        return repertoire.reply("not_found", jobs[0].job_id)  # even if no answer of the API proves it
    exchange = write_answer(jobs[0], _observe(jobs, kind, now, fixed), at=now)
    return repertoire.answer(exchange.status_code or 200, exchange.body)


def _observe(
    jobs: Sequence[Job], kind: str | None, now: datetime, fixed: Observed | Missing | None = None
) -> Observed | Missing:
    """Make up the observation of a remote job, unless it is `fixed`."""
    observation = fixed or make_up(jobs, now=now)
    return observation if kind is None else break_observation(jobs[0], observation, kind)


def _find_api(manifest: Manifest) -> JobApi:
    apis = {provider.api.name: provider.api for provider in manifest.providers.values()}
    if len(apis) > 1:
        message = f"one simulator serves one job API, and the manifest needs {len(apis)}: {', '.join(apis)}"
        raise UsageError.because(Code.USAGE, message, hint="start one for each provider: --provider NAME")
    return next(iter(apis.values()))


def _find_kinds(
    manifest: Manifest, breaches: Sequence[Breach], members: Mapping[str, Sequence[Job]], now: datetime
) -> Mapping[str, str]:
    """Find how each job goes wrong, by job id; the last breach that names it counts."""
    from reconcile.manifest.selection import select_jobs

    kinds: dict[str, str] = {}
    for breach in breaches:
        named = select_jobs(manifest, targets=[breach.target], option="--break ").jobs
        for job in named:
            kind = breach.kind or _choose_kind(members[job.job_id], now)
            _check_kind(members[job.job_id], kind, now)
            kinds[job.job_id] = kind
    return kinds


def _choose_kind(jobs: Sequence[Job], now: datetime) -> str:
    """Choose to fail, and to succeed where failure is expected."""
    observation = make_up(jobs, now=now)
    fails = isinstance(observation, Observed) and observation.status == jobs[0].provider.api.failure
    return Breakage.SUCCESS if fails else Breakage.FAILED


def _check_kind(jobs: Sequence[Job], kind: str, now: datetime) -> None:
    """Raise UsageError for an unknown kind, and for one that the manifest allows."""
    from reconcile.document import suggest
    from reconcile.plan import make_plan

    known = (*KINDS, *jobs[0].provider.api.error_codes)
    if kind not in known:
        hint = suggest(kind, known) or f"known: {', '.join(KINDS)}, or an error code of the API"
        raise UsageError.because(Code.USAGE, f"--break: unknown kind '{kind[:100]}'", hint=hint)
    if kind == ERROR:
        return
    job = jobs[0]
    if job.provider.api.parts is None and kind in (Breakage.EXTRA_SUB_JOB, Breakage.LOST_SUB_JOB):
        message = f"--break {kind}: jobs of the API {job.provider.api.name} have no sub-jobs"
        raise UsageError.because(Code.USAGE, message, hint="choose another kind")
    alone = Manifest(files=(), providers={job.provider.name: job.provider}, jobs=(replace(job, after=None),))
    if make_plan(alone, [_observe(jobs, kind, now)], now=now, origins={}).verdict is Verdict.IN_SYNC:
        message = f"--break {job.address}={kind} changes nothing: the manifest allows that"
        raise UsageError.because(Code.USAGE, message, hint="see 'reconcile prove' for all that it allows")
