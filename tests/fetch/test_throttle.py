"""How a run goes along with a host that takes only so many requests."""

from collections import deque
from random import Random

import httpx
import pytest
from virtual_api import Asked, VirtualApi, job_answer

from reconcile.codes import Code
from reconcile.fetch import Pace, fetch_jobs, resolve_targets
from reconcile.model import Observed, Unobserved


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
    assert all("and took about 20 a minute" in each.problem.message for each in unread)


def test_u12_a_wait_that_fits_is_kept_and_one_that_does_not_ends_it_at_once(make_job) -> None:
    replies = iter([httpx.Response(429, headers={"Retry-After": "200"}), job_answer("j0")])
    (observation,), api = fetch(make_job, 1, lambda asked: next(replies))
    assert isinstance(observation, Observed)
    assert 200 <= api.now() < 202
    (observation,), api = fetch(make_job, 1, lambda asked: httpx.Response(429, headers={"Retry-After": "400"}))
    assert isinstance(observation, Unobserved)
    assert api.now() < 1
