"""
The gate as a review asks it: one answer, written and read as the job API's, beside another job that is in sync.

What it must come after has ended in success long ago, unless an answer about that is judged, too. An answer of which
no looks are known is that of as many as the job has to settle for.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.canonical import dump
from reconcile.fetch.replay import observe_exchange
from reconcile.instant import FIRST, write_time
from reconcile.model.manifest import Expectation, Field, FieldExpectation, Job, Manifest
from reconcile.model.observation import Looks, Missing, Observation, Observed
from reconcile.model.plan import Plan
from reconcile.model.recording import Exchange
from reconcile.model.value import JsonValue
from reconcile.mutation import make_up_looks, write_answer
from reconcile.plan import accept_evidence, make_plan
from reconcile.review import Judge, Judged

_ENDPOINT = "http://localhost"
"""The endpoint that messages about answers name."""


def make_judge() -> Judge:
    """Return the gate, which sends nothing."""
    return Judge(judge=_judge, write=_write)


def _write(job: Job, answer: Observed | Missing, at: datetime) -> Exchange:
    """Write an answer without what it does not say; null means the same as absent."""
    exchange = write_answer(job, answer, at=at)
    return replace(exchange, body=dump(_drop_nulls(json.loads(exchange.body)), compact=True).encode())


def _drop_nulls(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _drop_nulls(each) for key, each in value.items() if each is not None}
    return [_drop_nulls(each) for each in value] if isinstance(value, list) else value


def _judge(
    jobs: Sequence[Job],
    written: Exchange,
    at: datetime,
    looks: Looks | None = None,
    other: tuple[Sequence[Job], Exchange] | None = None,
    /,
) -> Judged:
    seen = [(job, _observe(jobs, written, looks)) for job in jobs]
    if other is not None:
        seen += [(job, _observe(*other, None)) for job in other[0]]
    given = {job.address for job, _ in seen}
    orders = {job.after.address: job for job, _ in seen if job.after is not None}
    before = [_make_bystander(job, address) for address, job in orders.items() if address not in given]
    seen += [(job, _end_long_ago(job)) for job in before]
    bystander = _make_bystander(jobs[0], "jobs.bystander")
    seen.append((bystander, Observed.bare(bystander.job_id, bystander.provider.api.success)))
    manifest = Manifest(files=(), providers={}, jobs=tuple([job for job, _ in seen]))
    plan: Plan = make_plan(manifest, [observation for _, observation in seen], now=at, origins={})
    return Judged(plan.verdict, tuple(finding for job in plan.jobs[: len(jobs)] for finding in job.findings))


def _observe(jobs: Sequence[Job], written: Exchange, looks: Looks | None) -> Observation:
    fetched = observe_exchange(jobs[0], written, _ENDPOINT)
    observation = accept_evidence(fetched, strict=False)
    if isinstance(observation, Observed):
        return replace(observation, looks=looks or make_up_looks(jobs))
    return observation


def _end_long_ago(job: Job) -> Observed:
    api = job.provider.api
    return replace(Observed.bare(job.job_id, api.success), end_time=write_time(FIRST, api.time_format))


def _make_bystander(job: Job, address: str) -> Job:
    """Make another job of the same provider, which only has to succeed."""
    succeeds = FieldExpectation(field=Field.STATUS, accept=(job.provider.api.success,), source=None)
    expect = Expectation(fields=(succeeds,), sub_jobs=None)
    return replace(job, address=address, job_id=f"{job.job_id}-bystander", expect=expect, waivers=(), after=None)
