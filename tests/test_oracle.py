"""
The gate agrees with an oracle, for some random manifests and answers; `make chaos` tries many more.

RECONCILE_RUNS sets how many runs there are; `make conformance LONG=1` takes ten thousand.
"""

import os

import pytest
from proof.oracle import try_random_jobs

RUNS = int(os.environ.get("RECONCILE_RUNS", "480"))
SEEDS = RUNS // 3


@pytest.mark.parametrize("part", range(4))
def test_g15_the_gate_agrees_with_the_oracle_and_g16_what_is_worse_never_helps(part, tmp_path):
    for seed in range(part, SEEDS, 4):
        codes, faults = try_random_jobs(seed, tmp_path / "reconcile.json")
        assert len(codes) == 3
        assert not faults
