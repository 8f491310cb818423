"""Pairing is never worse than trying everything, whatever the bounds."""

from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.judge.pairing import Costs, Owners, pair_ordered, pair_unordered
from reconcile.model import Count

SHORT, EXTRA = 20, 30


@st.composite
def problems(draw: st.DrawFn, most: int = 4) -> tuple[Costs, list[Count], int]:
    n, m = draw(st.integers(0, most)), draw(st.integers(0, most))
    cost = st.none() | st.integers(0, 4)
    costs = draw(st.lists(st.lists(cost, min_size=m, max_size=m), min_size=n, max_size=n))
    bounds = []
    for _ in range(n):
        at_least = draw(st.integers(0, 2))
        bounds.append(Count(min=at_least, max=draw(st.none() | st.integers(at_least, 3))))
    return costs, bounds, m


def total(costs: Costs, bounds: list[Count], owners: Owners) -> int | None:
    """Cost a pairing; None if it gives a sub-job to what does not take it."""
    given = [0] * len(bounds)
    cost = 0
    for j, owner in enumerate(owners):
        if owner is None:
            cost += EXTRA
            continue
        price = costs[owner][j]
        if price is None:
            return None
        cost += price
        given[owner] += 1
    for count, amount in zip(bounds, given, strict=True):
        if count.max is not None and amount > count.max:
            return None
        cost += SHORT * max(0, count.min - amount)
    return cost


def best(costs: Costs, bounds: list[Count], size: int, *, ordered: bool) -> int:
    every = (list(owners) for owners in product([None, *range(len(bounds))], repeat=size))
    in_order = (
        owners for owners in every if not ordered or (kept := [o for o in owners if o is not None]) == sorted(kept)
    )
    return min(cost for owners in in_order if (cost := total(costs, bounds, owners)) is not None)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_unordered_pairing_is_as_good_as_brute_force(problem):
    costs, bounds, size = problem
    owners = pair_unordered(costs, bounds, size=size, short=SHORT, extra=EXTRA)
    assert total(costs, bounds, owners) == best(costs, bounds, size, ordered=False)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_ordered_pairing_is_as_good_as_brute_force_and_keeps_the_order(problem):
    costs, bounds, size = problem
    owners = pair_ordered(costs, bounds, size=size, short=SHORT, extra=EXTRA)
    kept = [owner for owner in owners if owner is not None]
    assert kept == sorted(kept)
    assert total(costs, bounds, owners) == best(costs, bounds, size, ordered=True)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_one_to_one_pairing_of_seven_is_the_assignment_optimum(costs):
    n = len(costs)
    owners = pair_unordered(costs, [Count(min=1, max=1)] * n, size=n, short=100, extra=100)
    paired = sum(costs[owner][j] for j, owner in enumerate(owners) if owner is not None)
    assert sorted(owner for owner in owners if owner is not None) == list(range(n))
    assert paired == min(sum(costs[i][j] for j, i in enumerate(order)) for order in permutations(range(n)))


def test_greedy_would_fail_here():
    # The first item takes anything, so a greedy pairing gives it the only sub-job that the second one takes.
    costs = [[0, 0], [0, None]]
    assert pair_unordered(costs, [Count(min=1, max=1)] * 2, size=2, short=9, extra=9) == [1, 0]


@pytest.mark.parametrize("pair", [pair_unordered, pair_ordered])
def test_a_huge_minimum_costs_nothing_to_compute(pair):
    assert pair([[0]], [Count(min=1_000_000, max=None)], size=1, short=1, extra=1) == [0]
