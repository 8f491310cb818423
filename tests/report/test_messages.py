"""Sentences that formats share are one harmless line of bounded length."""

import pytest
from builders import SOURCE, observed, sub_job
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from report.plans import WAIVER, done, drifted_inside, plan_of

from reconcile.model.plan import Finding, Kind, Truth
from reconcile.report.messages import LONGEST_MESSAGE, describe_finding, describe_shown, show_value

FINDING = Finding(
    path="status",
    truth=Truth.CANNOT_HOLD,
    kind=Kind.CHANGED,
    expected="success",
    actual="failed",
    source=SOURCE,
)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, 'expected "success", observed "failed"'),
        ({"implied": True}, 'expected "success", observed "failed" (implied)'),
        ({"label": "a"}, 'expected "success", observed "failed" (sub-job "a")'),
        ({"truth": Truth.CAN_HOLD}, 'expected "success", observed "failed" (not decided yet)'),
        ({"waiver": WAIVER}, 'expected "success", observed "failed" (waived until 2026-12-31: vendor ticket OPS-12)'),
        ({"truth": Truth.UNDECIDABLE, "actual": "no time"}, 'cannot be judged: "no time"'),
        ({"kind": Kind.MISSING, "expected": {"job_type": "b"}}, 'expected {job_type: "b"}, not observed'),
        ({"kind": Kind.UNEXPECTED, "actual": {"status": "failed"}}, 'observed {status: "failed"}, not expected'),
        ({"path": "missing"}, "the job API has no such job"),
        ({"path": "absent"}, "the job exists, but must not"),
    ],
)
def test_a_finding_in_words(changes, sentence):
    assert describe_finding(replace(FINDING, **changes)) == sentence


def test_what_a_job_is_about_is_told_with_the_parts_that_did_not_succeed():
    (planned,) = plan_of(drifted_inside("a")).jobs
    assert list(describe_shown(planned)) == [
        'about: volume_id "v1"',
        'sub-job 1 "a" in "above" (cluster "c1"): server_id "s1"',
    ]
    declared, answer = done("a")
    assert list(describe_shown(plan_of((declared, replace(answer, shown={"volume_id": "v1"}))).jobs[0])) == []


def test_no_more_parts_are_told_than_anyone_reads():
    parts = [replace(sub_job("failed", "a"), shown={"server_id": f"s{number}"}) for number in range(10)]
    *_, last = describe_shown(plan_of((done("a")[0], observed("failed", *parts))).jobs[0])
    assert last == "and 7 more sub-jobs that did not succeed"


def test_values_are_written_as_in_a_manifest():
    assert show_value({"a": [None, True, False, 1, 2.5, "x"]}) == '{a: [null, true, false, 1, 2.5, "x"]}'


@given(st.recursive(st.text() | st.none(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_e01_a_sentence_is_harmless_and_bounded(value):
    sentence = describe_finding(replace(FINDING, actual=value))
    assert sentence.isprintable()
    assert len(sentence) < LONGEST_MESSAGE + 50


def test_e16_a_list_of_any_length_is_cut():
    assert describe_finding(replace(FINDING, actual=["x" * 600] * 1000)).endswith(" more characters)")
