"""
The gate as a review asks it: one answer, written and read as the job API's, beside another job that is in sync.

What it must come after has ended in success at the very time when it began. An answer of which no looks are known is
that of as many as the job has to settle for.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.canonical import dump
from reconcile.fetch.replay import observe_exchange
from reconcile.model import (
    Exchange,
    Expectation,
    Field,
    FieldExpectation,
    Job,
    JsonValue,
    Looks,
    Manifest,
    Missing,
    Observed,
    Plan,
)
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


def _judge(jobs: Sequence[Job], written: Exchange, at: datetime, looks: Looks | None = None, /) -> Judged:
    fetched = observe_exchange(jobs[0], written, _ENDPOINT)
    observation = accept_evidence(fetched, strict=False)
    if isinstance(observation, Observed):
        observation = replace(observation, looks=looks or make_up_looks(jobs))
    bystander = _make_bystander(jobs[0], "jobs.bystander")
    orders = dict.fromkeys(job.after.address for job in jobs if job.after is not None)
    before = [_make_bystander(jobs[0], address) for address in orders]
    manifest = Manifest(files=(), providers={}, jobs=(*jobs, *before, bystander))
    success = Observed.bare(bystander.job_id, bystander.provider.api.success)
    ended = replace(success, end_time=observation.begin_time if isinstance(observation, Observed) else None)
    observations = [*[observation] * len(jobs), *[ended] * len(before), success]
    plan: Plan = make_plan(manifest, observations, now=at, origins={})
    return Judged(plan.verdict, tuple(finding for job in plan.jobs[: len(jobs)] for finding in job.findings))


def _make_bystander(job: Job, address: str) -> Job:
    """Make another job of the same provider, which only has to succeed."""
    succeeds = FieldExpectation(field=Field.STATUS, accept=(job.provider.api.success,), source=None)
    expect = Expectation(fields=(succeeds,), sub_jobs=None)
    return replace(job, address=address, job_id=f"{job.job_id}-bystander", expect=expect, waivers=(), after=None)
