"""Of a job that is judged by its texts, nothing else can be found out."""

import pytest
from builders import API, observed, sub_job
from msgspec.structs import replace

from reconcile.judge.assertion import Basis
from reconcile.judge.texts import JobTexts, MoreThanTextsError, Texts, read_texts
from reconcile.model import Field, Observed

PART = replace(sub_job("failed", "b", "Y"), fail_reason="so", job_id="one", begin_time="soon", end_time="late")
ANSWER = replace(observed("success", PART, job_type="a", error_code="X", fail_reason="because"), begin_time="soon")


def test_the_texts_of_a_job_are_what_it_says():
    assert read_texts(ANSWER) == JobTexts("success", "a", "X", "because", (Texts("failed", "b", "Y", "so"),))


def test_the_texts_are_those_that_an_expectation_can_name():
    assert set(Texts.__struct_fields__) == set(Field)


@pytest.mark.parametrize("record", [ANSWER, PART], ids=["job", "sub-job"])
def test_everything_else_is_refused(record):
    texts = read_texts(ANSWER) if isinstance(record, Observed) else read_texts(ANSWER).sub_jobs[0]
    rest = set(type(record).__struct_fields__) - set(type(texts).__struct_fields__)
    assert {"job_id", "begin_time", "end_time"} <= rest
    for name in rest:
        with pytest.raises(MoreThanTextsError, match=name):
            getattr(texts, name)


def test_what_must_be_true_at_any_time_has_no_time():
    with pytest.raises(MoreThanTextsError, match="now"):
        _ = Basis(api=API, time=None).now
