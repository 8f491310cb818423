"""Rates, and nothing that could mean two things."""

import pytest

from reconcile.rate import Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "per_second"), [("10", 10), ("10/s", 10), ("400/m", 400 / 60), ("0.5/s", 0.5), ("1/m", 1 / 60)]
)
def test_rates(text, per_second):
    assert parse_rate(text).per_second == pytest.approx(per_second)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0/s", "0.0/m", "-1/s", "1/h", "1/", "/s", "1e3/s", "nan", "inf", "٣/s", "5 /s", "5/s\n", "1" * 10],
)
def test_g13_what_is_not_a_rate(text):
    with pytest.raises(ValueError, match="not a rate"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["400/m", "10/s", "1/s", "2.5/s", "0.5/s", "1/m", "100000/s"])
@pytest.mark.parametrize("total", [1, 2, 7, 8, 64, 10_000])
def test_the_parts_of_a_rate_are_never_more_than_it_and_hardly_less(text, total):
    rate = parse_rate(text)
    parts = [rate.share(index, total) for index in range(1, total + 1)]
    (seconds,) = {part.seconds for part in parts}
    assert seconds / rate.seconds == int(seconds / rate.seconds)
    assert min(part.requests for part in parts) >= 1
    assert max(part.requests for part in parts) - min(part.requests for part in parts) <= 1
    together = sum(part.requests for part in parts) / seconds
    assert 0.9 * rate.per_second <= together <= rate.per_second * (1 + 1e-12)


@pytest.mark.parametrize(
    ("rate", "text"), [(Rate(400.0, 60.0), "400/m"), (Rate(2.5, 1.0), "2.5/s"), (Rate(3.0, 120.0), "3 in 120 s")]
)
def test_a_rate_is_written_as_it_is_read(rate, text):
    assert str(rate) == text
