"""Durations in Go's style, with days and weeks, and nothing that could mean two things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), ("250ms", 0.25), ("1.5s", 1.5), ("0s", 0), ("1h1m1s1ms", 3661.001)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "10y", "1m1h", "1h1d", "5m5m", "-5s", "1e3s", "nan", "٣s", "5 s", "5s\n", "s", "1" * 10 + "s"]
)
def test_g13_what_is_not_a_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("1d", 24), ("7d", 168), ("1w", 168), ("1w2d3h", 219), ("1.5d", 36), ("1d12h", 36)]
)
def test_u53_days_and_weeks_are_units(text, hours):
    assert parse_duration(text) == hours * 3600


@pytest.mark.parametrize(("hours", "text"), [(24, "1d"), (23, "23h"), (244.05, "10d4h3m")])
def test_long_times_are_written_in_days(hours, text):
    assert format_duration(hours * 3600) == text


@given(st.integers(0, 10**10))
def test_what_is_written_is_read_back(milliseconds):
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds
