"""Rates, and nothing that could mean two things."""

import pytest

from reconcile.rate import parse_rate


@pytest.mark.parametrize(
    ("text", "per_second"), [("10", 10), ("10/s", 10), ("400/m", 400 / 60), ("0.5/s", 0.5), ("1/m", 1 / 60)]
)
def test_rates(text, per_second):
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0/s", "0.0/m", "-1/s", "1/h", "1/", "/s", "1e3/s", "nan", "inf", "٣/s", "5 /s", "5/s\n", "1" * 10],
)
def test_g13_what_is_not_a_rate(text):
    with pytest.raises(ValueError, match="not a rate"):
        parse_rate(text)
