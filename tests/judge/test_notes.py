"""What a plan notes of a job beside its findings."""

import pytest
from builders import API, NOW, job, observed, sub_job
from msgspec.structs import replace

from reconcile.judge import judge_job
from reconcile.judge.notes import list_fetch_notes, list_notes
from reconcile.model.observation import Fetched, Missing

KNOWING = replace(API, job_types=("a",), retention="job records are kept for a while")


def test_what_the_api_says_of_failures_is_repeated_up_to_a_bound():
    parts = [sub_job("failed", "a", f"E{j}") for j in range(8)]
    answer = observed("failed", *parts, job_id="id-a", error_code="E", fail_reason="because")
    said = [note for note in list_notes(answer, API) if "report" in note or "failed first" in note]
    assert said[1] == "the job reports E: because"
    assert said[0] == "likely root cause: sub-job 0 (a) failed first with E0"
    assert said[2] == "sub-job 1 (a) reports E1"
    assert (len(said), said[-1]) == (8, "2 more sub-jobs report a reason")


def test_one_note_more_than_the_bound_is_counted_too():
    said = list_notes(observed("success", *[sub_job("success", f"type-{j}") for j in range(6)], job_id="id-a"), KNOWING)
    assert said[-1] == "1 more job types are undocumented"


def test_types_that_are_listed_nowhere_are_named_up_to_a_bound():
    said = list_notes(
        observed("success", *[sub_job("success", f"type-{j}") for j in range(1_000)], job_id="id-a"), KNOWING
    )
    assert list(said[4:]) == [
        'the documentation of SFS Turbo does not list the job type "type-4"',
        "995 more job types are undocumented",
    ]


def test_of_a_long_reason_the_beginning_is_noted():
    (said,) = list_notes(observed("failed", job_id="id-a", fail_reason="r" * 1_001), API)
    assert said == f"the job reports {'r' * 1_000}... (1 more characters)"
    (whole,) = list_notes(observed("failed", job_id="id-a", fail_reason="r" * 1_000), API)
    assert whole == f"the job reports {'r' * 1_000}"
    missing = Missing(code="E", message="m" * 1_000, request_id=None)
    assert list_notes(missing, KNOWING)[0] == f"the job API returned E {'m' * 998}... (2 more characters)"


@pytest.mark.parametrize(
    ("times", "root"),
    [
        (((None, None), (None, None)), 0),
        (((None, "12:00:02"), (None, "12:00:01")), 1),
        (((None, None), (None, "12:00:01")), 1),
        ((("12:00:03", None), (None, "12:00:04")), 0),
        ((("12:00:01", "12:00:05"), ("12:00:00", "12:00:05")), 1),
        (((None, "soon"), (None, "12:00:04")), 1),
        ((("12:00:01", "12:00:05"), ("12:00:02", "12:00:03")), 1),
        (((None, "12:00:05"), ("12:00:06", "12:00:05")), 0),
    ],
)
def test_the_sub_job_that_failed_first_is_the_likely_root(times, root):
    moments = [[each and f"2026-11-21 {each}" for each in pair] for pair in times]
    parts = [replace(sub_job("failed", "a"), begin_time=begin, end_time=end) for begin, end in moments]
    answer = observed("failed", *parts, sub_job("success", "b"))
    assert list_notes(answer, API)[0] == f"likely root cause: sub-job {root} (a) failed first"


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("X", "gone", ["the job API returned X gone"]),
        ("X", None, ["the job API returned X"]),
        (None, "gone", ["the job API returned gone"]),
        (None, None, []),
    ],
)
def test_what_the_api_says_of_a_missing_job_is_repeated(code, message, said):
    missing = Missing(code=code, message=message, request_id=None)
    assert list_notes(missing, KNOWING) == (*said, "job records are kept for a while")


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        (observed("success", sub_job("success", "a"), sub_job("success"), job_id="id-a"), []),
        (
            observed("success", sub_job("success", "b"), sub_job("success", "c"), job_id="id-a", job_type="b"),
            [
                'the documentation of SFS Turbo does not list the job type "b"',
                'the documentation of SFS Turbo does not list the job type "c"',
            ],
        ),
        (observed("failed", job_id="id-a", error_code="E"), ["the job reports E"]),
        (observed("failed", job_id="id-a", fail_reason="because"), ["the job reports because"]),
        (
            observed("failed", sub_job("success", None, "E"), sub_job("success", "a"), job_id="id-a"),
            ["sub-job 0 (no type) reports E"],
        ),
        (
            observed("failed", *[sub_job("success", "a", "E")] * 5, job_id="id-a"),
            [f"sub-job {j} (a) reports E" for j in range(5)],
        ),
    ],
)
def test_what_is_remarkable(answer, notes):
    assert list(list_notes(answer, KNOWING)) == notes


def test_what_is_said_of_the_fetching():
    missing = Missing(code=None, message=None, request_id=None)
    once = Fetched(observation=missing, notes=("a note",))
    assert list_fetch_notes(once) == ("a note",)
    assert list_fetch_notes(replace(once, polls=2, waited=61.4)) == ("a note", "fetched 3 times in 1m1s")


def test_a_failure_that_is_expected_has_no_root():
    answer = observed("failed", sub_job("failed", "bind_ldap"))
    roots = [
        [note for note in judge_job(job(status=status), answer, now=NOW).notes if note.startswith("likely root")]
        for status in ("failed", "success")
    ]
    assert [len(each) for each in roots] == [0, 1]
