"""
Reviews agree with brute force, for some random pairs of declarations.

RECONCILE_RUNS sets how many there are, five for each pair; 10000, as `make conformance LONG=1` has it, are 2,000 pairs,
and 500 pairs of manifests with orders.
"""

import os

import pytest
from proof.orders import try_orders
from proof.review import try_pair

PAIRS = int(os.environ.get("RECONCILE_RUNS", "480")) // 5


@pytest.mark.parametrize("part", range(4))
def test_a_review_finds_what_brute_force_finds_and_every_witness_is_one(part):
    assert [wrong for seed in range(part, PAIRS, 4) if (wrong := try_pair(seed))] == []


@pytest.mark.parametrize("part", range(2))
def test_no_run_that_an_order_stopped_is_let_through_unnoticed(part):
    assert [wrong for seed in range(part, PAIRS // 4, 2) if (wrong := try_orders(seed))] == []
