"""Pairing is never worse than trying everything, whatever the bounds."""

from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.judge.pairing import Costs, Owners, count_slots, pair_ordered, pair_unordered
from reconcile.model.manifest import Count

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


# --- What is chosen where more than one choice is best, and what only some shapes show --------------------------

ANY, ONE, TWO = Count(min=0, max=None), Count(min=1, max=1), Count(min=2, max=2)


@pytest.mark.parametrize(
    ("costs", "bounds", "extra", "owners"),
    [
        pytest.param([[0, 0], [0, 0]], [ONE, ONE], 9, [0, 1], id="items that are alike are served in their order"),
        pytest.param([[5]], [Count(min=0, max=1)], 5, [0], id="what costs the same is given"),
        pytest.param([[5]], [Count(min=0, max=1)], 4, [None], id="what costs less is left alone"),
        pytest.param([[5, 5]], [Count(min=0, max=1)], 4, [None, None], id="and that is free where nothing is demanded"),
        pytest.param([[0, 0, 0]], [Count(min=1, max=3)], 9, [0, 0, 0], id="first what must be, then what may be"),
        pytest.param([[0, 0, 0]], [ANY], 9, [0, 0, 0], id="as many as there are"),
        pytest.param([[1, 0, 0]], [TWO], 9, [None, 0, 0], id="no more than may be"),
    ],
)
@pytest.mark.parametrize("pair", [pair_unordered, pair_ordered])
def test_what_is_chosen(pair, costs, bounds, extra, owners):
    assert pair(costs, bounds, size=len(costs[0]), short=1, extra=extra) == owners


def test_one_place_is_made_free_by_moving_all_others():
    # Each sub-job is given to the first item that takes it, and the last one takes the first item alone.
    costs = [[0, None, None, 0], [0, 0, None, None], [None, 0, 0, None], [None, None, 0, None]]
    assert pair_unordered(costs, [ONE] * 4, size=4, short=9, extra=9) == [1, 2, 3, 0]


def test_several_that_are_alike_move_together_and_one_by_one():
    costs = [[0, 0, 0, 0, 0], [0, 0, 0, None, None]]
    bounds = [Count(min=0, max=3), Count(min=0, max=3)]
    owners = pair_unordered(costs, bounds, size=5, short=9, extra=9)
    assert (owners.count(0), owners.count(1), owners[3:]) == (3, 2, [0, 0])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_unordered_pairing_of_sub_jobs_that_are_alike_is_as_good_as_brute_force(data):
    costs, bounds, size = data.draw(problems(most=3))
    columns = data.draw(st.lists(st.integers(0, size - 1), max_size=6)) if size else []
    costs = [[row[j] for j in columns] for row in costs]
    owners = pair_unordered(costs, bounds, size=len(columns), short=SHORT, extra=EXTRA)
    assert total(costs, bounds, owners) == best(costs, bounds, len(columns), ordered=False)


@pytest.mark.parametrize(
    ("count", "slots"),
    [
        (Count(min=1, max=None), 2),
        (Count(min=9, max=None), 6),
        (Count(min=1, max=5), 2),
        (Count(min=1, max=4), 4),
        (Count(min=9, max=4), 9),
    ],
)
def test_how_much_work_an_item_in_order_is(count, slots):
    assert count_slots(count, 5) == slots
