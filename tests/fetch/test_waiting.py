"""Polling jobs that are not decided yet, in virtual time."""

from itertools import pairwise
from random import Random

import httpx
import pytest
from msgspec.structs import replace
from virtual_api import Asked, VirtualApi, job_answer

from reconcile.fetch import Fetched, Pace, Progress, WaitPolicy, fetch_jobs, resolve_targets
from reconcile.model.observation import Missing, Observed, Unobserved
from reconcile.rate import Rate

ENDED = ("success", "failed")


def is_final(job, seen) -> bool:
    return isinstance(seen, Observed) and seen.status in ENDED


def fetch(jobs, api, *, duration=600.0, **options) -> tuple[tuple[Fetched, ...], float]:
    providers = {job.provider.name: job.provider for job in jobs}.values()
    targets = resolve_targets(providers, endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    policy = {key: options.pop(key) for key in ("is_final", "on_progress") if key in options}
    wait = WaitPolicy(duration=duration, **{"is_final": is_final, **policy})
    options = {"timeout": 3600.0, "pace": Pace(rng=Random(1)), **options}
    return fetch_jobs(jobs, targets, client=api, wait=wait, **options), api.now()


def telling(*words: str):
    """Answer with one word after the other, and then always with the last one."""
    return lambda asked: job_answer(asked.job_id, words[min(asked.number, len(words)) - 1])


def word_of(fetched: Fetched) -> str:
    assert isinstance(fetched.observation, Observed)
    return fetched.observation.status


@pytest.mark.parametrize("last", ENDED, ids=lambda last: f"G12-{last}")
def test_a_job_is_polled_at_its_own_pace_until_it_is_decided(make_job, last) -> None:
    api = VirtualApi(telling(*["running"] * 9, last))
    (fetched,), seconds = fetch([make_job("a")], api)
    assert (word_of(fetched), fetched.polls, fetched.attempts) == (last, 9, 10)
    assert fetched.waited == pytest.approx(seconds - 0.05)
    assert fetched.age == 0
    gaps = [later - earlier - 0.05 for earlier, later in pairwise(api.times("a"))]
    for gap, middle in zip(gaps, [2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 30], strict=True):
        assert 0.8 * middle <= gap <= 1.2 * middle


def test_d03_g12_a_job_that_runs_for_ever_is_seen_last_when_its_waiting_ends(make_job) -> None:
    api = VirtualApi(telling("running"))
    (fetched,), seconds = fetch([make_job("a")], api, duration=120.0)
    assert word_of(fetched) == "running"
    assert seconds == pytest.approx(120.05)
    assert fetched.polls == len(api.asked) - 1 >= 7
    assert api.times("a")[-1] == pytest.approx(120.0)


def test_a_job_that_is_decided_is_not_polled(make_job) -> None:
    words = {"a": "success", "b": "failed", "c": "running"}
    api = VirtualApi(lambda asked: job_answer(asked.job_id, words[asked.job_id]))
    fetched, seconds = fetch([make_job(job_id) for job_id in words], api, is_final=lambda job, seen: True)
    assert [each.polls for each in fetched] == [0, 0, 0]
    assert seconds == pytest.approx(0.05)


def test_what_has_ended_is_never_polled_whatever_is_made_of_it(make_job) -> None:
    (fetched,), _ = fetch([make_job("a")], VirtualApi(telling("success")), is_final=lambda job, seen: False)
    assert fetched.polls == 0


def test_the_end_of_the_run_leaves_what_was_seen_last(make_job) -> None:
    api = VirtualApi(telling("running"))
    (fetched,), seconds = fetch([make_job("a")], api, duration=600.0, timeout=60.0)
    assert word_of(fetched) == "running"
    assert seconds == pytest.approx(58.05)
    api = VirtualApi(lambda asked: job_answer("a", "running") if asked.number == 1 else None, patience=10**6)
    (fetched,), seconds = fetch([make_job("a")], api, duration=600.0, timeout=60.0)
    assert word_of(fetched) == "running"
    assert seconds == pytest.approx(60.0)
    assert (fetched.polls, fetched.age) == (0, pytest.approx(59.95))


def test_a_jobs_own_timeout_ends_its_own_waiting(make_job) -> None:
    jobs = [replace(make_job("a"), timeout=30.0), make_job("b"), make_job("c")]
    api = VirtualApi(telling("running"))
    done: dict[int, float] = {}
    fetch(jobs, api, duration=90.0, on_fetched=lambda i, _: done.setdefault(i, api.now()))
    assert done == {0: pytest.approx(30.05), 1: pytest.approx(90.05), 2: pytest.approx(90.05)}


def test_jobs_that_are_one_remote_job_are_settled_together_by_the_last_look(make_job) -> None:
    jobs = [replace(make_job("a"), labels={"n": n}) for n in ("running", "success")]
    done: list[int] = []
    api = VirtualApi(telling("waiting", "running", "running", "success"))
    fetched, _ = fetch(
        jobs,
        api,
        is_final=lambda job, seen: seen.status == job.labels["n"],
        on_fetched=lambda index, _: done.append(index),
    )
    assert [(word_of(each), each.polls) for each in fetched] == [("success", 3), ("success", 3)]
    assert len(api.asked) == 4
    assert done == [0, 1]


def test_u62_a_job_that_is_decided_early_is_seen_early(make_job) -> None:
    api = VirtualApi(lambda asked: job_answer("a", "failed" if asked.time > 1 else "running"))
    (fetched,), seconds = fetch([make_job("a")], api, duration=1800.0)
    assert word_of(fetched) == "failed"
    assert seconds < 3


@pytest.mark.parametrize("code", [500, 502, 503])
def test_u13_a_server_error_is_one_failed_look_until_the_waiting_ends(make_job, code) -> None:
    api = VirtualApi(lambda asked: httpx.Response(code) if asked.time < 18 else job_answer("a"))
    (fetched,), seconds = fetch([make_job("a")], api, duration=60.0)
    assert word_of(fetched) == "success"
    assert 18 <= seconds < 60

    api = VirtualApi(lambda asked: httpx.Response(code))
    (fetched,), seconds = fetch([make_job("a")], api, duration=60.0)
    assert isinstance(fetched.observation, Unobserved)
    assert f"HTTP {code}" in fetched.observation.problem.message
    assert 30 < seconds < 100


def test_a_missing_job_is_waited_for_where_that_is_asked(make_job) -> None:
    def answer(asked: Asked) -> httpx.Response:
        missing = httpx.Response(404, json={"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"})
        return missing if asked.number < 4 else job_answer("a")

    steps: list[Progress] = []
    (fetched,), _ = fetch([make_job("a")], VirtualApi(answer), on_progress=steps.append)
    assert word_of(fetched) == "success"
    assert [(step.status, step.polls) for step in steps] == [(None, 0), (None, 1), (None, 2)]
    (fetched,), _ = fetch([make_job("a")], VirtualApi(answer), is_final=lambda job, seen: True)
    assert isinstance(fetched.observation, Missing)


def test_progress_tells_of_every_look_that_decided_nothing(make_job) -> None:
    steps: list[Progress] = []
    fetch(
        [make_job("a"), make_job("a")], VirtualApi(telling("waiting", "running", "success")), on_progress=steps.append
    )
    assert [(step.index, step.status, step.polls) for step in steps] == [
        (0, "waiting", 0),
        (1, "waiting", 0),
        (0, "running", 1),
        (1, "running", 1),
    ]
    assert 1.6 <= steps[0].next_look <= 2.4
    assert 2.4 <= steps[2].next_look <= 3.6


# --- When polling fails --------------------------------------------------------------------------------------------


def test_noise_between_looks_is_got_over_and_each_look_has_its_own_tries(make_job) -> None:
    def answer(asked: Asked) -> httpx.Response:
        return job_answer("a", "success" if asked.number >= 40 else "running") if asked.number % 5 == 0 else status()

    status = lambda: httpx.Response(503)  # noqa: E731
    (fetched,), _ = fetch([make_job("a")], VirtualApi(answer), duration=3000.0)
    assert (word_of(fetched), fetched.polls, fetched.attempts) == ("success", 7, 40)


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        pytest.param(lambda asked: httpx.Response(503), 16, id="503-for-ever"),
        pytest.param(lambda asked: httpx.Response(403), 1, id="403"),
        pytest.param(lambda asked: job_answer("other"), 1, id="D07-other-job"),
        pytest.param(lambda asked: httpx.Response(429, headers={"Retry-After": "3600"}), 1, id="D33"),
        pytest.param(lambda asked: httpx.Response(401), 1, id="D26"),
    ],
)
def test_what_was_seen_is_no_observation_any_more_once_it_cannot_be_looked_at_again(make_job, answer, attempts) -> None:
    api = VirtualApi(lambda asked: answer(asked) if asked.number > 2 else job_answer("a", "running"))
    (fetched,), _ = fetch([make_job("a")], api)
    assert isinstance(fetched.observation, Unobserved)
    assert '; its status was "running" ' in fetched.observation.problem.message
    assert (fetched.polls, fetched.attempts) == (1, 2 + attempts)


def test_a_provider_that_is_closed_leaves_no_job_waiting(make_job) -> None:
    api = VirtualApi(lambda asked: httpx.Response(401) if asked.time > 10 else job_answer(asked.job_id, "running"))
    fetched, seconds = fetch([make_job(f"j{n}") for n in range(20)], api)
    assert seconds < 20
    messages = [each.observation.problem.message for each in fetched if isinstance(each.observation, Unobserved)]
    assert len(messages) == 20
    assert sum("not requested again: the credentials were rejected" in message for message in messages) > 10


def test_what_was_under_way_when_its_provider_was_closed_is_not_asked_for_again(make_job) -> None:
    answers = {
        "a": httpx.Response(401),
        "b": httpx.Response(503),
        "c": job_answer("c", "running"),
        "d": job_answer("d"),
    }
    api = VirtualApi(lambda asked: answers[asked.job_id])
    fetched, _ = fetch([make_job(job_id) for job_id in answers], api)
    assert len(api.asked) == 4
    assert [type(each.observation) for each in fetched] == [Unobserved, Unobserved, Unobserved, Observed]
    messages = [each.observation.problem.message for each in fetched if isinstance(each.observation, Unobserved)]
    assert "rejected for another job" not in messages[0]
    assert messages[1].endswith("gave up after 1 attempt over 0 s: the credentials were rejected for another job")
    assert messages[2].startswith("not requested again: the credentials were rejected for another job; its status was")


def test_noise_at_the_end_of_the_run_is_noted_beside_what_was_seen(make_job) -> None:
    api = VirtualApi(lambda asked: job_answer("a", "running") if asked.number == 1 else httpx.Response(503))
    (fetched,), _ = fetch([make_job("a")], api, timeout=5.0)
    assert word_of(fetched) == "running"
    assert ["the last poll failed: HTTP 503" in note for note in fetched.notes] == [True]


def test_d40_a_status_that_goes_back_is_noted_and_the_first_end_is_the_last_look(make_job) -> None:
    (fetched,), _ = fetch([make_job("a")], VirtualApi(telling("running", "waiting", "running", "success", "running")))
    assert word_of(fetched) == "success"
    assert fetched.notes == ('its status went back from "running" to "waiting" between polls',)


def test_d40_a_job_that_disappears_is_noted(make_job) -> None:
    missing = httpx.Response(404, json={"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"})
    api = VirtualApi(lambda asked: job_answer("a", "running") if asked.number == 1 else missing)
    (fetched,), _ = fetch([make_job("a")], api, is_final=lambda job, seen: isinstance(seen, Missing))
    assert isinstance(fetched.observation, Missing)
    assert fetched.notes == ('it had status "running" and then disappeared',)


# --- Many ----------------------------------------------------------------------------------------------------------


def test_a_slow_rate_sees_every_job_before_it_polls_one(make_job) -> None:
    api = VirtualApi(telling("running"))
    jobs = [make_job(f"j{n}") for n in range(100)]
    fetched, seconds = fetch(jobs, api, pace=Pace(rate=Rate(2.0, 1.0), rng=Random(1)), duration=30.0)
    assert {word_of(each) for each in fetched} == {"running"}
    assert [asked.number for asked in api.asked[:100]] == [1] * 100
    # Nobody waits longer for the looks that are due when the waiting is over.
    assert seconds <= 50 + 1
