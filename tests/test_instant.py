"""Times are read one way or not at all."""

from datetime import UTC, datetime

import pytest

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
    with pytest.raises(ValueError, match=r"time|day"):
        parse_time(text, FORMAT)
    assert read_time(text, FORMAT) is None


@pytest.mark.parametrize(
    "text", ["2026-01-02", "2026-01-02T12:00:00", "2026-01-02 12:00:00Z", "2026-13-02T12:00:00Z", "x"]
)
def test_what_is_not_rfc_3339(text):
    with pytest.raises(ValueError, match=r"RFC 3339|month"):
        parse_rfc3339(text)
