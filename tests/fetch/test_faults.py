"""
A job API that fails at random: some seeds of each case of `proof/noise.py`; `make chaos` runs them all.

RECONCILE_SEEDS sets how many each case has, at most.
"""

import os
from random import Random

import pytest
from proof.noise import CASES, find_failings, run, run_case

SEEDS = int(os.environ.get("RECONCILE_SEEDS", "25"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_what_a_job_api_that_fails_at_random_comes_to(case) -> None:
    outcomes = [run_case(case, seed) for seed in range(min(SEEDS, case.seeds))]
    assert not find_failings(case, outcomes)


def test_g16_a_fault_for_ever_never_lets_more_be_seen() -> None:
    ids = [f"id-{number:03}" for number in range(100)]
    for seed in range(10):
        bad = Random(seed).sample(ids, 20)
        unobserved = [
            run("503", lambda rng, asked, ids=frozenset(bad[:count]): asked.job_id in ids, seed=seed).unobserved
            for count in range(0, 21, 5)
        ]
        assert unobserved == [0, 5, 10, 15, 20]
