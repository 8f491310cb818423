"""How a run goes along with a host that takes only so many requests."""

import re
from collections import deque
from math import inf
from random import Random

import httpx
import pytest
from virtual_api import Asked, VirtualApi, job_answer

from reconcile.codes import Code
from reconcile.fetch import Pace, fetch_jobs, resolve_targets
from reconcile.fetch.throttle import Throttle
from reconcile.model.observation import Observed, Unobserved


class Quota:
    """Take so many requests in so many seconds, in windows that follow each other or in one that slides."""

    def __init__(self, number: int, seconds: float, *, sliding: bool = False, retry_after: bool = False) -> None:
        self._number, self._seconds, self._sliding, self._retry_after = number, seconds, sliding, retry_after
        self._taken: deque[float] = deque()

    def __call__(self, asked: Asked) -> httpx.Response:
        begin = asked.time - self._seconds if self._sliding else asked.time // self._seconds * self._seconds
        while self._taken and self._taken[0] < begin:
            self._taken.popleft()
        if len(self._taken) < self._number:
            self._taken.append(asked.time)
            return job_answer(asked.job_id)
        free = self._taken[0] if self._sliding else begin
        headers = {"Retry-After": str(int(free + self._seconds - asked.time) + 1)} if self._retry_after else {}
        return httpx.Response(429, headers=headers)


def fetch(make_job, jobs: int, quota: Quota, *, timeout: float = 300.0):
    declared = [make_job(f"j{n}") for n in range(jobs)]
    targets = resolve_targets([declared[0].provider], endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    api = VirtualApi(quota)
    fetched = fetch_jobs(declared, targets, client=api, timeout=timeout, pace=Pace(rng=Random(1)))
    return [each.observation for each in fetched], api


@pytest.mark.parametrize("sliding", [False, True], ids=["fixed", "sliding"])
@pytest.mark.parametrize("retry_after", [False, True], ids=["silent", "retry-after"])
def test_u12_a_quota_is_waited_out_while_the_deadline_allows(make_job, sliding, retry_after) -> None:
    observations, api = fetch(make_job, 30, Quota(20, 60, sliding=sliding, retry_after=retry_after))
    assert all(isinstance(each, Observed) for each in observations)
    assert api.now() < 180
    assert len(api.asked) < 110


def test_u12_the_rate_that_a_host_takes_is_found_and_used(make_job) -> None:
    observations, api = fetch(make_job, 2_000, Quota(7, 1, sliding=True), timeout=600.0)
    assert all(isinstance(each, Observed) for each in observations)
    assert api.now() < 1.4 * 2_000 / 7
    assert len(api.asked) < 1.25 * 2_000


def test_u12_all_requests_to_the_host_slow_down_together(make_job) -> None:
    _, api = fetch(make_job, 200, Quota(20, 60), timeout=120.0)
    refused_at = [asked.time for asked in api.asked if asked.number > 1]
    assert len(api.asked) < 180
    assert max(sum(start <= asked.time < start + 10 for asked in api.asked) for start in (70, 80, 90, 110)) < 25
    assert refused_at


def test_u12_a_run_that_ends_first_says_what_the_host_took_and_what_to_do(make_job) -> None:
    observations, _ = fetch(make_job, 200, Quota(20, 60), timeout=60.0)
    unread = [each for each in observations if isinstance(each, Unobserved)]
    assert {each.problem.code for each in unread} == {Code.DEADLINE}
    advice = "; the host takes about 20 requests a minute: use --rate 20/m or a longer --timeout"
    assert all(each.problem.message.endswith(advice) for each in unread)
    assert not any("HTTP 429" in each.problem.message for each in unread)


@pytest.mark.parametrize("seconds", [60.0, 120.0, 300.0])
def test_u12_the_rate_to_use_is_what_the_host_takes_after_a_burst(make_job, seconds) -> None:
    taken: deque[float] = deque()

    def answer(asked: Asked) -> httpx.Response:
        """Take 100 requests at once and then 20 a minute, as a bucket of tokens does."""
        if len(taken) >= 100 + asked.time / 3:
            return httpx.Response(429)
        taken.append(asked.time)
        return job_answer(asked.job_id)

    observations, _ = fetch(make_job, 1_000, answer, timeout=seconds)
    messages = [each.problem.message for each in observations if isinstance(each, Unobserved)]
    (rate,) = {int(number) for message in messages for number in re.findall("--rate ([0-9]+)/m", message)}
    assert 15 <= rate <= 20


def test_u12_a_wait_that_fits_is_kept_and_one_that_does_not_ends_it_at_once(make_job) -> None:
    replies = iter([httpx.Response(429, headers={"Retry-After": "200"}), job_answer("j0")])
    (observation,), api = fetch(make_job, 1, lambda asked: next(replies))
    assert isinstance(observation, Observed)
    assert 200 <= api.now() < 202
    (observation,), api = fetch(make_job, 1, lambda asked: httpx.Response(429, headers={"Retry-After": "400"}))
    assert isinstance(observation, Unobserved)
    assert api.now() < 1


# --- The rate, number by number --------------------------------------------------------------------------------


def test_nothing_is_limited_before_the_first_refusal() -> None:
    throttle = Throttle(0.0)
    for _ in range(100):
        throttle.send(1.0)
        throttle.accept(1.0)
    assert (throttle.next_chance, throttle.refused) == (-inf, 0)


@pytest.mark.parametrize(
    ("accepted", "begin", "rate"),
    [
        pytest.param([], 0.0, 1.0, id="nothing is known: one a second"),
        pytest.param([9.0, 9.1, 9.2], 0.0, 1.0, id="no less than one a second"),
        pytest.param([4.9] * 20 + [5.0] * 15, 0.0, 3.0, id="what was taken in the last five seconds"),
        pytest.param([9.0] * 8, 8.0, 4.0, id="or since the begin"),
        pytest.param([9.9] * 8, 9.5, 8.0, id="which is a second at least"),
    ],
)
def test_the_first_refusal_sets_the_rate_to_what_was_taken(accepted, begin, rate) -> None:
    throttle = Throttle(begin)
    for time in accepted:
        throttle.accept(time)
    throttle.refuse(10.0, sent_at=9.0, retry_after=None)
    assert throttle.refused == 1
    assert throttle.next_chance == 10 + 1 / rate
    throttle.send(11.0)
    assert throttle.next_chance == pytest.approx(11 + 1 / (rate + max(0.05, rate / 10)))


def test_a_request_that_leaves_early_keeps_its_place() -> None:
    throttle = Throttle(0.0)
    throttle.refuse(0.0, sent_at=0.0, retry_after=None)
    throttle.send(0.0)
    assert throttle.next_chance == 2.0


def test_each_further_refusal_halves_the_rate_down_to_one_in_five_seconds() -> None:
    throttle = Throttle(0.0)
    throttle.refuse(0.0, sent_at=0.0, retry_after=None)
    intervals = []
    for now in (1.0, 2.0, 3.0, 4.0):
        throttle.refuse(now, sent_at=now, retry_after=None)
        intervals.append(throttle.next_chance - now)
    # 1 a second grows by 0.1 and is halved; half of it grows by 0.055, half of that by 0.05 at least, and so on.
    assert intervals == pytest.approx([1 / 0.55, 1 / 0.3025, 5.0, 5.0])


def test_a_request_sent_before_the_reduction_reduces_no_further() -> None:
    throttle = Throttle(0.0)
    throttle.refuse(5.0, sent_at=4.0, retry_after=None)
    before = throttle.next_chance
    throttle.refuse(6.0, sent_at=4.9, retry_after=None)
    assert (throttle.next_chance, throttle.refused) == (before, 2)
    throttle.refuse(6.0, sent_at=5.0, retry_after=None)
    assert throttle.next_chance > before


def test_a_retry_after_holds_all_requests_and_the_longest_counts() -> None:
    throttle = Throttle(0.0)
    throttle.refuse(5.0, sent_at=4.0, retry_after=30.0)
    assert throttle.next_chance == 35.0
    throttle.refuse(6.0, sent_at=4.0, retry_after=1.0)
    assert throttle.next_chance == 35.0
    throttle.refuse(7.0, sent_at=4.0, retry_after=60.0)
    assert throttle.next_chance == 67.0


@pytest.mark.parametrize(
    ("burst", "later", "now", "per_minute"),
    [
        pytest.param(100, 20, 160.0, 20, id="the burst does not count"),
        pytest.param(20, 0, 160.0, 20, id="no more than was taken in all"),
        pytest.param(0, 5, 100.5, 300, id="of a second at least"),
        pytest.param(0, 0, 160.0, 1, id="one a minute at least"),
    ],
)
def test_the_advised_rate_is_told_by_the_minute(burst, later, now, per_minute) -> None:
    throttle = Throttle(100.0)
    for _ in range(burst):
        throttle.accept(100.0)
    throttle.refuse(100.0, sent_at=100.0, retry_after=None)
    for _ in range(later):
        throttle.accept(now)
    rate = f"{per_minute} requests a minute: use --rate {per_minute}/m or a longer --timeout"
    assert throttle.describe(now) == f"the host takes about {rate}"
