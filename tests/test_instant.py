"""Times are read one way or not at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.instant import format_instant, parse_rfc3339, parse_time, read_time

FORMAT = "%Y-%m-%d %H:%M:%S"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-01-02T12:00:00Z", "2026-01-02t12:00:00.000z", "2026-01-02T13:30:00+01:30", "2026-01-02T12:00:00-00:00"],
)
def test_rfc_3339(text):
    assert parse_rfc3339(text) == NOON
    assert format_instant(parse_rfc3339(text)) == "2026-01-02T12:00:00Z"


def test_the_form_of_an_api():
    assert parse_time("2026-01-02 12:00:00", FORMAT) == read_time("2026-01-02 12:00:00", FORMAT) == NOON
    assert read_time(None, FORMAT) is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-2 12:00:00",
        "２０２６-01-02 12:00:00",
        "2026-01-02  12:00:00",
        "2026-02-30 12:00:00",
        "",
        "2026-01-02T12:00:00Z",
    ],
)
def test_d12_what_an_api_must_not_answer(text):
    with pytest.raises(ValueError, match=r"time|day|iso"):
        parse_time(text, FORMAT)
    assert read_time(text, FORMAT) is None


TIMES = st.datetimes(timezones=st.none() | st.just(UTC))
NEAR_TIMES = st.builds(
    lambda time, write, at, cut, put: write(time)[:at] + put + write(time)[at + cut :],
    TIMES,
    st.sampled_from([lambda time: time.strftime(FORMAT), datetime.isoformat, lambda time: f"{time:%G-W%V-%u %X}", str]),
    st.integers(0, 19),
    st.integers(0, 2),
    st.sampled_from(["", "0", "1", "9", " ", "T", ":", "24", "60", "٣", ".5", "Z"]),
)


@settings(max_examples=300)
@given(TIMES.map(lambda time: time.strftime(FORMAT)) | NEAR_TIMES | st.text(max_size=20))
def test_a_form_that_python_knows_is_read_as_strictly_as_any_other(text):
    # Behind a letter it is a form that strptime alone reads.
    assert read_time(text, FORMAT) == read_time(f"x{text}", f"x{FORMAT}")


@pytest.mark.parametrize(
    "text", ["2026-01-02", "2026-01-02T12:00:00", "2026-01-02 12:00:00Z", "2026-13-02T12:00:00Z", "x"]
)
def test_what_is_not_rfc_3339(text):
    with pytest.raises(ValueError, match=r"RFC 3339|month"):
        parse_rfc3339(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_u22_an_instant_beyond_the_years_is_refused_with_a_reason(text):
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        parse_rfc3339(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_u22_the_first_and_the_last_instant_are_read(text):
    assert format_instant(parse_rfc3339(text)) == text
