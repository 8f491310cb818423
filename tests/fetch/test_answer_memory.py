"""What a run keeps of answers has a bound, which no real run is anywhere near."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_api import Asked, VirtualApi

from reconcile.codes import Code
from reconcile.fetch import Fetched, fetch_jobs, resolve_targets
from reconcile.fetch.answer import Attempt, assess
from reconcile.fetch.answer_memory import CAPACITY, SHARE, AnswerMemory
from reconcile.fetch.job_fetch import JobFetch
from reconcile.fetch.message import MAX_BODY_SIZE, Answer
from reconcile.fetch.record import MOST_SUB_JOBS
from reconcile.fetch.recorder import MOST_KEPT, Recorder
from reconcile.fetch.waiting import WaitPolicy
from reconcile.model.manifest import Job
from reconcile.model.observation import Observed, SubJob, Unobserved

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SUB_JOB = SubJob(
    status="failed",
    job_id=None,
    job_type=None,
    begin_time=None,
    end_time=None,
    error_code=None,
    fail_reason=None,
)


def observed(sub_jobs: int = 0) -> Attempt:
    return Attempt(
        observation=Observed(
            status="running",
            job_id="a",
            job_type=None,
            begin_time=None,
            end_time=None,
            error_code=None,
            fail_reason=None,
            sub_jobs=(SUB_JOB,) * sub_jobs,
            request_id="r",
        )
    )


def fetch_of(make_job, *indexes: int) -> JobFetch:
    return JobFetch(indexes=list(indexes), job=make_job(), path="/")


def admits(memory: AnswerMemory, job: JobFetch, attempt: Attempt, size: int) -> bool:
    return isinstance(memory.admit(job, attempt, size).observation, Observed)


def test_the_largest_answer_of_all_has_room_if_it_is_the_only_one(make_job) -> None:
    assert admits(AnswerMemory(1), fetch_of(make_job, 0), observed(MOST_SUB_JOBS), MAX_BODY_SIZE)


def test_ten_thousand_jobs_with_twenty_sub_jobs_have_room(make_job) -> None:
    memory = AnswerMemory(10_000)
    assert all(admits(memory, fetch_of(make_job, n), observed(20), 20 * 400) for n in range(10_000))


@given(answers=st.lists(st.tuples(st.integers(0, 4), st.integers(0, MAX_BODY_SIZE), st.integers(0, MOST_SUB_JOBS))))
def test_what_is_kept_is_never_more_than_there_is_room_for(make_job, answers) -> None:
    memory = AnswerMemory(5)
    fetches = [fetch_of(make_job, n) for n in range(5)]
    kept = [0] * 5
    for number, size, sub_jobs in answers:
        if admits(memory, fetches[number], observed(sub_jobs), size):
            kept[number] = size + 400 * sub_jobs
        assert sum(kept) <= CAPACITY + 5 * SHARE


def test_a_poll_takes_the_place_of_the_one_before(make_job) -> None:
    memory, polled = AnswerMemory(1), fetch_of(make_job, 0)
    assert all(admits(memory, polled, observed(MOST_SUB_JOBS), MAX_BODY_SIZE) for _ in range(100))


def test_each_job_that_is_the_remote_one_is_told_by_itself(make_job) -> None:
    memory = AnswerMemory(10)
    assert not admits(memory, fetch_of(make_job, *range(10)), observed(MOST_SUB_JOBS), MAX_BODY_SIZE)


def test_what_was_not_observed_takes_no_room(make_job, api) -> None:
    memory, failing = AnswerMemory(1), fetch_of(make_job, 0)
    attempt = assess(api, "a", Answer(503, {}, b"x" * MAX_BODY_SIZE))
    assert all(memory.admit(failing, attempt, MAX_BODY_SIZE) is attempt for _ in range(100))


# --- A whole run -----------------------------------------------------------------------------------------------

IDS = [f"job-{number:02}" for number in range(64)]


def fetch(make_job, answer, **options) -> tuple[list[Job], tuple[Fetched, ...]]:
    jobs = [make_job(job_id) for job_id in IDS]
    targets = resolve_targets([jobs[0].provider], endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    return jobs, fetch_jobs(jobs, targets, client=VirtualApi(answer), timeout=300.0, **options)


def say_much(asked: Asked) -> httpx.Response:
    return httpx.Response(200, json={"job_id": asked.job_id, "status": "success", "fail_reason": "r" * 1_000_000})


def miss_much(asked: Asked) -> httpx.Response:
    return httpx.Response(404, json={"errCode": "SFS.TURBO.0019", "errMsg": "m" * 1_000_000})


@pytest.mark.parametrize("answer", [say_much, miss_much])
def test_what_finds_no_room_is_an_error_with_a_reason(make_job, answer) -> None:
    observations = [each.observation for each in fetch(make_job, answer)[1]]
    refused = [each for each in observations if isinstance(each, Unobserved)]
    assert 0 < len(observations) - len(refused) <= 10
    assert {each.problem.code for each in refused} == {Code.ANSWER_TOO_LARGE}
    assert {each.problem.message for each in refused} == {
        "the answers to this run of 64 jobs are too large to keep: more than 8 MiB, and 128 KiB for each job"
    }


def fail_at_length(asked: Asked) -> httpx.Response:
    return httpx.Response(503, text="x" * 1_000_000)


def run_on(asked: Asked) -> httpx.Response:
    """Say something else at each look, so that none is kept in place of another."""
    reason = f"{asked.number}" + "r" * 500_000
    return httpx.Response(200, json={"job_id": asked.job_id, "status": "running", "fail_reason": reason})


@pytest.mark.parametrize(("answer", "whole"), [(fail_at_length, 0), (run_on, 5)])
def test_a_recording_keeps_whole_what_is_evidence_and_of_all_else_the_beginning(make_job, answer, whole: int) -> None:
    recorder = Recorder(lambda: NOW)
    wait = WaitPolicy(duration=60.0, is_final=lambda *_: False)
    recorded = recorder.tell(*fetch(make_job, answer, wait=wait, recorder=recorder))
    sizes = [len(each.body) for job in recorded.values() for each in job.exchanges]
    evidence = [len(job.exchanges[job.evidence].body) for job in recorded.values() if job.evidence is not None]
    assert len(sizes) > 10
    assert len(evidence) == len([size for size in sizes if size > MOST_KEPT]) == whole
