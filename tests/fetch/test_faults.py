"""
Whole runs against a job API that fails at random, in virtual time and with fixed seeds.

A run is right if every job was observed as it is. What is wrong is worse than what is not observed: no fault may ever
show a job as it is not. RECONCILE_SEEDS sets how many seeds each case has; 200 is what the numbers were chosen for.
"""

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import httpx
import pytest
from virtual_api import Answer, Asked, VirtualApi, run_virtually

from reconcile.fetch import Fetched, Pace, fetch_jobs, resolve_targets
from reconcile.model import Observed

SEEDS = range(int(os.environ.get("RECONCILE_SEEDS", "25")))
IDS = [f"job-{number:03}" for number in range(100)]

Fault = Callable[[Random, Asked], Answer]


@dataclass(frozen=True)
class Outcome:
    """How many jobs were not observed, and how many as they are not; how many requests were sent, how long it took."""

    unobserved: int
    wrong: int
    requests: int
    seconds: float
    most_attempts: int


@cache
def body_of(job_id: str) -> bytes:
    return json.dumps({"job_id": job_id, "status": status_of(job_id), "job_type": "bind_ldap"}).encode()


def status_of(job_id: str) -> str:
    return "failed" if job_id.endswith("7") else "success"


@cache
def answer_of(job_id: str) -> httpx.Response:
    return httpx.Response(200, content=body_of(job_id))


@cache
def refusal(status_code: int) -> httpx.Response:
    return httpx.Response(status_code, json={"errCode": "X", "errMsg": "y"})


FAULTS: dict[str, Fault] = {
    "503": lambda rng, asked: refusal(503),
    "reset": lambda rng, asked: httpx.ReadError("the connection was closed in the middle of the answer"),
    "refused": lambda rng, asked: httpx.ConnectError("no connection: Connection refused"),
    "timeout": lambda rng, asked: None,
    "truncated": lambda rng, asked: httpx.Response(
        200, content=body_of(asked.job_id)[: rng.randrange(len(body_of(asked.job_id)))]
    ),
    "429": lambda rng, asked: refusal(429),
    "500": lambda rng, asked: refusal(500),
}


def mixed(names: Sequence[str]) -> Fault:
    return lambda rng, asked: FAULTS[rng.choice(names)](rng, asked)


def fetch(
    make_job,
    seed: int,
    faulty: Callable[[Random, Asked], bool],
    fault: Fault,
    *,
    jobs: int = 100,
    timeout: float = 300.0,
) -> Outcome:
    chance = Random(seed)
    api = VirtualApi(lambda asked: fault(chance, asked) if faulty(chance, asked) else answer_of(asked.job_id))
    fetched, seconds = run_virtually(_fetch([make_job(job_id) for job_id in IDS[:jobs]], api, seed, timeout))
    seen = [each.observation for each in fetched if isinstance(each.observation, Observed)]
    return Outcome(
        unobserved=jobs - len(seen),
        wrong=sum(each.status != status_of(each.job_id or "") for each in seen),
        requests=len(api.asked),
        seconds=seconds,
        most_attempts=max(each.attempts for each in fetched),
    )


async def _fetch(jobs, api: VirtualApi, seed: int, timeout: float) -> tuple[Fetched, ...]:
    targets = resolve_targets([jobs[0].provider], endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    return await fetch_jobs(jobs, targets, transport=api, timeout=timeout, pace=Pace(rng=Random(seed)))


def check(outcomes: Sequence[Outcome], *, right: float, requests: float, jobs: int = 100) -> None:
    """Check that so large a share of the runs is right, with so many requests for each job at most on the average."""
    assert sum(outcome.wrong for outcome in outcomes) == 0
    assert max(outcome.most_attempts for outcome in outcomes) <= 8
    assert sum(outcome.unobserved > 0 for outcome in outcomes) <= math.ceil((1 - right) * len(outcomes))
    assert sum(outcome.requests for outcome in outcomes) <= requests * jobs * len(outcomes)


def at_random(share: float) -> Callable[[Random, Asked], bool]:
    return lambda rng, asked: rng.random() < share


@pytest.mark.parametrize(
    ("share", "right"),
    [
        pytest.param(0.05, 1, id="G01-5%-200/200"),
        pytest.param(0.1, 1, id="G01-10%-200/200"),
        pytest.param(0.2, 1, id="G01-20%-200/200"),
        # One job in 15,000 fails eight times in a row.
        pytest.param(0.3, 0.99, id="G01-30%-198/200"),
    ],
)
def test_faults_that_are_noise_do_not_change_what_is_seen(make_job, share, right) -> None:
    outcomes = [fetch(make_job, seed, at_random(share), FAULTS["503"]) for seed in SEEDS]
    check(outcomes, right=right, requests=1.5)


@pytest.mark.parametrize("jobs", [10, 100])
def test_g02_half_of_all_requests_fail(make_job, jobs) -> None:
    outcomes = [fetch(make_job, seed, at_random(0.5), FAULTS["503"], jobs=jobs) for seed in SEEDS]
    check(outcomes, right=0.9 if jobs == 10 else 0.5, requests=2.1, jobs=jobs)


@pytest.mark.parametrize("name", [*FAULTS, "all"])
def test_g03_all_requests_fail(make_job, name) -> None:
    fault = FAULTS.get(name, mixed([*FAULTS]))
    for outcome in [fetch(make_job, seed, at_random(1), fault) for seed in SEEDS[:3]]:
        assert (outcome.unobserved, outcome.wrong) == (100, 0)
        assert outcome.seconds <= 115
        # A server that throttles is there, so that the breaker does not open; the budget ends it.
        assert outcome.requests <= (200 if name in ("429", "all") else 30)


@pytest.mark.parametrize("outage", [2, 5, 20, 60])
def test_g04_an_outage_inside_the_time_of_the_run_is_survived(make_job, outage) -> None:
    outcomes = [
        fetch(
            make_job, seed, lambda rng, asked: asked.time < outage or rng.random() < 0.02, FAULTS["503"], timeout=120.0
        )
        for seed in SEEDS
    ]
    check(outcomes, right=1, requests=1.25)
    assert max(outcome.seconds for outcome in outcomes) <= outage + 30


@pytest.mark.parametrize("name", FAULTS)
def test_g05_one_kind_of_fault_in_a_fifth_of_all_requests(make_job, name) -> None:
    outcomes = [fetch(make_job, seed, at_random(0.2), FAULTS[name]) for seed in SEEDS[: len(SEEDS) // 2]]
    # A 500 may be for good and is tried three times only, so that one job in 125 is given up.
    check(outcomes, right=0.25 if name == "500" else 1, requests=1.5)


def test_g05_all_kinds_of_faults_together_in_three_requests_of_ten(make_job) -> None:
    outcomes = [fetch(make_job, seed, at_random(0.3), mixed([*FAULTS])) for seed in SEEDS]
    check(outcomes, right=0.95, requests=1.5)


def test_g16_a_fault_for_ever_never_lets_more_be_seen(make_job) -> None:
    for seed in SEEDS[:10]:
        bad = Random(seed).sample(IDS, 20)
        unobserved = [
            fetch(make_job, seed, lambda rng, asked, ids=frozenset(bad[:count]): asked.job_id in ids, FAULTS["503"])
            for count in range(0, 21, 5)
        ]
        assert [outcome.unobserved for outcome in unobserved] == [0, 5, 10, 15, 20]
