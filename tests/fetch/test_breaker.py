import math

from reconcile.fetch.breaker import CircuitBreaker
from reconcile.fetch.retry import RetryBudget


def opened(at: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(5):
        breaker.fail(at, probe=breaker.send())
    return breaker


def test_a_host_of_which_nothing_is_known_may_be_asked_at_once() -> None:
    breaker = CircuitBreaker()
    assert breaker.next_chance == -math.inf
    assert not breaker.send()
    assert breaker.next_chance == -math.inf


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    breaker = CircuitBreaker()
    for _ in range(4):
        breaker.fail(0.0, probe=breaker.send())
    breaker.succeed()
    for _ in range(4):
        assert not breaker.send()
        breaker.fail(1.0, probe=False)
    assert breaker.next_chance == -math.inf
    breaker.fail(1.0, probe=False)
    assert breaker.next_chance == 2.0


def test_one_probe_at_a_time_and_each_break_is_twice_as_long_up_to_ten_seconds() -> None:
    breaker, now, breaks = opened(), 0.0, []
    for _ in range(6):
        breaks.append(breaker.next_chance - now)
        now = breaker.next_chance
        assert breaker.send()
        assert breaker.next_chance == math.inf
        breaker.fail(now, probe=True)
    assert breaks == [1, 2, 4, 8, 10, 10]


def test_a_failure_from_before_the_break_does_not_lengthen_it() -> None:
    breaker = opened()
    breaker.fail(0.9, probe=False)
    assert breaker.next_chance == 1.0
    assert breaker.send()
    breaker.fail(1.1, probe=False)
    assert breaker.next_chance == math.inf


def test_a_success_closes_it_whichever_request_it_was_and_the_next_break_is_short_again() -> None:
    breaker = opened()
    assert breaker.send()
    breaker.fail(1.0, probe=True)
    breaker.succeed()
    assert breaker.next_chance == -math.inf
    assert not breaker.send()
    # The probe that comes back now is one failure among others.
    breaker.fail(2.0, probe=True)
    assert breaker.next_chance == -math.inf
    for _ in range(4):
        breaker.fail(2.0, probe=False)
    assert breaker.next_chance == 3.0


def test_a_probe_that_was_not_sent_leaves_its_place_to_another() -> None:
    breaker = opened()
    assert breaker.send()
    breaker.withdraw(5.0)
    assert breaker.next_chance == 5.0


def test_g03_a_host_is_down_after_90_s_without_a_success() -> None:
    breaker = CircuitBreaker()
    assert not breaker.is_down(1000.0)
    breaker.fail(10.0, probe=False)
    breaker.fail(60.0, probe=False)
    assert not breaker.is_down(99.9)
    assert breaker.is_down(100.0)
    breaker.succeed()
    assert not breaker.is_down(1000.0)


def test_a_hundred_retries_in_a_row_and_then_three_for_every_five_successes() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(101)] == [True] * 100 + [False]
    for _ in range(5):
        budget.earn()
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == 100
