"""What a plan is told of one assertion, and where its bounds are."""

from datetime import timedelta

import pytest
from builders import NOW, SOURCE, expects, job, observed
from msgspec.structs import replace

from reconcile.judge import LONGEST_TEXT, judge_job
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Absence, Glob, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.model.observation import Missing
from reconcile.model.plan import Finding, Kind, Truth

HOLDS, CAN, CANNOT, UNDECIDABLE = Truth.HOLDS, Truth.CAN_HOLD, Truth.CANNOT_HOLD, Truth.UNDECIDABLE
BEGAN, ENDED = "2026-11-21 11:00:00", "2026-11-21 11:10:00"  # an hour, and fifty minutes, before NOW
THERE = Source(file="reconcile.yaml", line=20, column=9)
MISSING = Missing(code=None, message=None, request_id=None)
SECONDS = timedelta(seconds=1)


def judge(assertion, answer):
    a_job = job()
    a_job = replace(a_job, expect=replace(a_job.expect, fields=(assertion,)))
    (finding,) = judge_job(a_job, answer, now=NOW).findings
    return finding


def text(field="job_type", accept="a", **changes):
    return replace(expects(**{field: accept})[0], source=THERE, **changes)


def moment(after=None, before=None):
    return MomentExpectation(moment=Moment.BEGIN_TIME, after=after, before=before, source=THERE)


def span(least=None, most=None, span=Span.DURATION):
    return SpanExpectation(span=span, min=least, max=most, source=THERE)


def timed(begin, end, status="success"):
    return replace(observed(status, job_type="a"), begin_time=begin, end_time=end)


def told(path, truth, expected, actual, **changes):
    return Finding(path=path, truth=truth, kind=Kind.CHANGED, expected=expected, actual=actual, source=THERE, **changes)


DONE = timed(BEGAN, ENDED)


@pytest.mark.parametrize(
    ("assertion", "answer", "finding"),
    [
        (text(), DONE, told("job_type", HOLDS, "a", "a")),
        (text(implied=True), DONE, told("job_type", HOLDS, "a", "a", implied=True)),
        (text(accept=["b", None]), DONE, told("job_type", CANNOT, ["b", None], "a")),
        (text(accept=[Glob(pattern="b*")]), DONE, told("job_type", CANNOT, {"glob": "b*"}, "a")),
        (text(accept=[Glob(pattern="a*"), "b"]), DONE, told("job_type", HOLDS, [{"glob": "a*"}, "b"], "a")),
        (text(sensitive=True), DONE, told("job_type", HOLDS, "(sensitive value)", "(sensitive value)")),
        (
            moment(after=NOW),
            DONE,
            told("begin_time", CANNOT, {"after": "2026-11-21T12:00:00Z"}, "2026-11-21T11:00:00Z"),
        ),
        (
            moment(before=NOW),
            DONE,
            told("begin_time", HOLDS, {"before": "2026-11-21T12:00:00Z"}, "2026-11-21T11:00:00Z"),
        ),
        (span(least=60), DONE, told("duration", HOLDS, {"min": "1m"}, "10m")),
        (span(least=60, most=61), DONE, told("duration", CANNOT, {"min": "1m", "max": "1m1s"}, "10m")),
        (span(most=60, span=Span.AGE), DONE, told("age", CANNOT, {"max": "1m"}, "50m")),
        (
            text(),
            observed("success", job_type="a" * (LONGEST_TEXT + 1)),
            told("job_type", UNDECIDABLE, "a", "a text of 16385 characters is too long to compare"),
        ),
        (
            moment(before=NOW),
            timed("soon", None),
            told(
                "begin_time",
                UNDECIDABLE,
                {"before": "2026-11-21T12:00:00Z"},
                "'soon' is not a time as the API writes it",
            ),
        ),
        (
            span(most=60),
            timed(ENDED, BEGAN),
            told("duration", UNDECIDABLE, {"max": "1m"}, f"the end '{BEGAN}' is before the begin '{ENDED}'"),
        ),
    ],
)
def test_what_a_plan_is_told(assertion, answer, finding):
    assert judge(assertion, answer) == finding


@pytest.mark.parametrize(
    ("assertion", "answer", "truth"),
    [
        (text(accept=[Glob(pattern="a*")]), observed("success", job_type="a" * LONGEST_TEXT), HOLDS),
        (moment(after=NOW), timed("2026-11-21 12:00:00", None), HOLDS),
        (moment(after=NOW + SECONDS), timed("2026-11-21 12:00:00", None), CANNOT),
        (moment(before=NOW), timed("2026-11-21 12:00:00", None), HOLDS),
        (moment(before=NOW - SECONDS), timed("2026-11-21 12:00:00", None), CANNOT),
        (span(least=600), DONE, HOLDS),
        (span(most=600), DONE, HOLDS),
        (span(most=0), timed(BEGAN, BEGAN), HOLDS),
        (span(most=0, span=Span.AGE), timed(BEGAN, "2026-11-21 12:01:00"), HOLDS),
        (span(most=0, span=Span.AGE), timed(BEGAN, "2026-11-21 12:01:01"), UNDECIDABLE),
    ],
)
def test_bounds_are_inclusive(assertion, answer, truth):
    assert judge(assertion, answer).truth is truth


def test_what_a_plan_is_told_of_a_job_that_is_not_there_or_must_not_be():
    missing = {"path": "missing", "kind": Kind.MISSING, "source": SOURCE}
    (gone,) = judge_job(job(), MISSING, now=NOW).findings
    assert gone == Finding(truth=CANNOT, expected="present", actual=None, **missing)
    absent = {"path": "absent", "kind": Kind.UNEXPECTED, "expected": True, "source": THERE}
    a_job = replace(job(), expect=Absence(source=THERE))
    assert judge_job(a_job, MISSING, now=NOW).findings == (Finding(truth=HOLDS, actual=True, **absent),)
    assert judge_job(a_job, observed("success"), now=NOW).findings == (Finding(truth=CANNOT, actual=False, **absent),)
