"""
Whole runs against a job API that fails at random, in virtual time and with fixed seeds.

A run is right if its verdict is the one that it would have without faults. A false pass is worse than what is not
observed: no fault may ever show a job as it is not, or make green what is not.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import httpx
from builders import NOW, job, manifest
from msgspec.structs import replace
from virtual_api import Asked, Reply, VirtualApi

from reconcile.apis import load_api
from reconcile.fetch import Fetched, Pace, fetch_jobs, resolve_targets
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Observed
from reconcile.model.plan import Verdict
from reconcile.plan import make_plan

SEEDS = 200
"""As many as the goals of the cases were chosen for."""
MOST_ATTEMPTS = 8
THROTTLING = ("429", "all kinds")
"""Faults that are waited out until the deadline."""

Fault = Callable[[Random, Asked], Reply]


@cache
def body_of(job_id: str, status: str) -> bytes:
    return json.dumps({"job_id": job_id, "status": status, "job_type": "bind_ldap"}).encode()


@cache
def answer_of(job_id: str, status: str) -> httpx.Response:
    return httpx.Response(200, content=body_of(job_id, status))


@cache
def refusal(status_code: int) -> httpx.Response:
    return httpx.Response(status_code, json={"errCode": "X", "errMsg": "y"})


def truncate(rng: Random, asked: Asked) -> httpx.Response:
    whole = body_of(asked.job_id, "success")
    return httpx.Response(200, content=whole[: rng.randrange(len(whole))])


FAULTS: dict[str, Fault] = {
    "503": lambda rng, asked: refusal(503),
    "reset": lambda rng, asked: httpx.ReadError("the connection was closed in the middle of the answer"),
    "refused": lambda rng, asked: httpx.ConnectError("no connection: Connection refused"),
    "timeout": lambda rng, asked: None,
    "truncated": truncate,
    "429": lambda rng, asked: refusal(429),
    "500": lambda rng, asked: refusal(500),
}
KINDS = [*FAULTS]
FAULTS["all kinds"] = lambda rng, asked: FAULTS[rng.choice(KINDS)](rng, asked)


# --- Cases -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    A way to fail, and what the gate must make of it.

    `share` of all requests fail, and before `outage` seconds all of them. Of the runs `right` is the share that must
    be right at least, and `requests` how many there may be for each job on the average. `within` bounds the seconds
    of every run, `most_attempts` those for one job; None does not. `seeds` is how many runs there are.
    """

    name: str
    fault: str = "503"
    share: float = 0.0
    outage: float = 0.0
    jobs: int = 100
    timeout: float = 300.0
    right: float = 1.0
    requests: float
    within: float | None = None
    most_attempts: int | None = MOST_ATTEMPTS
    seeds: int = SEEDS


CASES = [
    Case(name="G01 5 % of requests fail", share=0.05, requests=1.5),
    Case(name="G01 10 % of requests fail", share=0.1, requests=1.5),
    Case(name="G01 20 % of requests fail", share=0.2, requests=1.5),
    # One job in 15,000 fails eight times in a row.
    Case(name="G01 30 % of requests fail", share=0.3, right=0.99, requests=1.5),
    Case(name="G02 50 % of requests fail, 10 jobs", share=0.5, jobs=10, right=0.9, requests=2.1),
    Case(name="G02 50 % of requests fail", share=0.5, right=0.5, requests=2.1),
    *(
        # A server that throttles is there, so that the breaker does not open; the budget ends it.
        Case(
            name=f"G03 all requests fail: {kind}",
            fault=kind,
            share=1.0,
            right=0.0,
            requests=2.0 if kind in ("429", "all kinds") else 0.3,
            within=None if kind in THROTTLING else 115.0,
            most_attempts=None if kind in THROTTLING else MOST_ATTEMPTS,
            seeds=SEEDS // 20,
        )
        for kind in FAULTS
    ),
    *(
        Case(
            name=f"G04 an outage of {outage} s, then 2 %",
            share=0.02,
            outage=outage,
            timeout=120.0,
            requests=1.25,
            within=outage + 30,
        )
        for outage in (2, 5, 20, 60)
    ),
    *(
        # A 500 may be for good and is tried three times only, so that one job in 125 is given up.
        Case(
            name=f"G05 20 % of requests fail: {kind}",
            fault=kind,
            share=0.2,
            right=0.25 if kind == "500" else 1.0,
            requests=1.5,
            seeds=SEEDS // 4,
        )
        for kind in KINDS
    ),
    Case(name="G05 30 % of requests fail: all kinds", fault="all kinds", share=0.3, right=0.95, requests=1.5),
]


# --- Runs ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The verdict, and what it should be; jobs not observed, or as they are not; requests sent; seconds taken."""

    verdict: Verdict
    truth: Verdict
    unobserved: int
    wrong: int
    requests: int
    seconds: float
    most_attempts: int

    @property
    def right(self) -> bool:
        return self.verdict is self.truth

    @property
    def false(self) -> bool:
        """Say whether something was decided that is not so."""
        return self.wrong > 0 or self.verdict not in (self.truth, Verdict.ERROR)


def run_case(case: Case, seed: int) -> Outcome:
    """Run once; of every second run, one job has failed, so that the truth is drift."""
    failed = f"id-{seed % case.jobs:03}" if seed % 2 else None
    return run(
        case.fault,
        lambda rng, asked: asked.time < case.outage or rng.random() < case.share,
        seed=seed,
        jobs=case.jobs,
        timeout=case.timeout,
        failed=failed,
    )


def run(
    fault: str,
    faulty: Callable[[Random, Asked], bool],
    *,
    seed: int,
    jobs: int = 100,
    timeout: float = 300.0,
    failed: str | None = None,
) -> Outcome:
    """
    Run once.

    Args:
        fault: what the answer is instead, of FAULTS.
        faulty: says whether a request fails.
        seed: decides all chance.
        jobs: how many; their ids are `id-000`, `id-001`, ...
        timeout: seconds of the run.
        failed: the one job that did not succeed as it should; None is none.
    """
    chance = Random(seed)

    def status_of(job_id: str | None) -> str:
        return "failed" if job_id == failed else "success"

    def answer(asked: Asked) -> Reply:
        if faulty(chance, asked):
            return FAULTS[fault](chance, asked)
        return answer_of(asked.job_id, status_of(asked.job_id))

    api, declared = VirtualApi(answer), _declare(jobs)
    fetched = _fetch(declared, api, seed, timeout)
    plan = make_plan(declared, [each.observation for each in fetched], now=NOW, origins={})
    seen = [each.observation for each in fetched if isinstance(each.observation, Observed)]
    return Outcome(
        verdict=plan.verdict,
        truth=Verdict.DRIFT if failed else Verdict.IN_SYNC,
        unobserved=jobs - len(seen),
        wrong=sum(each.status != status_of(each.job_id) for each in seen),
        requests=len(api.asked),
        seconds=api.now(),
        most_attempts=max(each.attempts for each in fetched),
    )


@cache
def _declare(jobs: int) -> Manifest:
    declared = [job(name=f"{number:03}", job_type="bind_ldap") for number in range(jobs)]
    provider = replace(declared[0].provider, api=load_api("sfs-turbo"))
    return manifest(*(replace(each, provider=provider) for each in declared))


def _fetch(declared: Manifest, api: VirtualApi, seed: int, timeout: float) -> tuple[Fetched, ...]:
    targets = resolve_targets([declared.jobs[0].provider], endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    return fetch_jobs(declared.jobs, targets, client=api, timeout=timeout, pace=Pace(rng=Random(seed)))


# --- What must be so -------------------------------------------------------------------------------------------


def find_failings(case: Case, outcomes: Sequence[Outcome]) -> list[str]:
    """Say in which ways the runs of a case are not what they must be."""
    wanted = math.floor(case.right * len(outcomes))
    right = sum(outcome.right for outcome in outcomes)
    false = sum(outcome.false for outcome in outcomes)
    requests = sum(outcome.requests for outcome in outcomes) / (case.jobs * len(outcomes))
    attempts = max(outcome.most_attempts for outcome in outcomes)
    seconds = max(outcome.seconds for outcome in outcomes)
    failings = {
        f"{false} runs decided what is not so": false > 0,
        f"{right} of {len(outcomes)} runs are right, not {wanted}": right < wanted,
        f"{requests:.2f} requests for each job, not {case.requests}": requests > case.requests,
        f"{attempts} attempts for one job": case.most_attempts is not None and attempts > case.most_attempts,
        f"{seconds:.0f} s": case.within is not None and seconds > case.within,
    }
    return [f"{case.name}: {failing}" for failing, fails in failings.items() if fails]
