from bisect import bisect_left
from random import Random

import pytest

from reconcile.fetch.pace import Pace, TokenBucket, draw_poll_wait
from reconcile.rate import Rate


def send_all(rate: Rate, seconds: float, *, step: float, opens_at: float = 0.0) -> list[float]:
    """Send whenever the bucket lets it, looking every `step` seconds; return when."""
    bucket, now, sent = TokenBucket(rate, opens_at=opens_at), opens_at, []
    while now < seconds:
        while bucket.next_chance <= now:
            bucket.spend(now)
            sent.append(now)
        now += step
    return sent


def per_second(number: float) -> Rate:
    return Rate(float(number), 1.0).share(1, 1)


def most_in(seconds: float, times: list[float]) -> int:
    """Return the largest number of times in any window of this length."""
    times = sorted(times)
    return max(bisect_left(times, start + seconds - 1e-9) - at for at, start in enumerate(times))


@pytest.mark.parametrize("rate", [Rate(400.0, 60.0), Rate(10.0, 1.0), Rate(1000.0, 1.0), Rate(5.0, 1.0)])
@pytest.mark.parametrize("total", [1, 2, 7, 8])
@pytest.mark.parametrize("together", [True, False])
def test_runs_that_share_a_rate_never_exceed_it_in_any_window(rate, total, together) -> None:
    chance = Random(total)
    parts = [rate.share(index, total) for index in range(1, total + 1)]
    length = parts[0].seconds * 2 + 3
    sent: list[float] = []
    for index in range(1, total + 1):
        begin = 0.0 if together else chance.uniform(0, length)
        bucket = Pace(rate=rate, share=(index, total)).open_bucket(None, begin)
        assert bucket is not None
        now = begin
        while now < length:
            now = max(now, bucket.next_chance) + chance.choice([0.0, 0.0, 0.001, 0.3])  # a loop is late sometimes
            bucket.spend(now)
            sent.append(now)
    window = parts[0].seconds
    assert most_in(window, sent) <= rate.per_second * window
    if together:
        assert sum(time < 1 / rate.per_second - 1e-9 for time in sent) <= 1 + 0.1 * rate.per_second


@pytest.mark.parametrize("rate", [0.5, 400 / 60, 10, 1000])
def test_no_window_of_time_has_more_than_its_share(rate) -> None:
    sent = send_all(per_second(rate), 20, step=0.0005)
    assert len(sent) == pytest.approx(20 * rate, rel=0.03, abs=1)
    for window in (0.1, 1.0, 5.0):
        most = max(sum(start <= time < start + window for time in sent) for start in sent[:: len(sent) // 10 or 1])
        assert most <= window * rate + max(1.0, 0.1 * rate) + 1e-9


def test_what_comes_late_is_made_up_for_but_a_long_pause_is_not() -> None:
    assert len(send_all(per_second(100), 10, step=0.05)) == pytest.approx(1000, rel=0.05)
    bucket = TokenBucket(per_second(100))
    bucket.spend(0.0)
    burst = 0
    while bucket.next_chance <= 60.0:
        bucket.spend(60.0)
        burst += 1
    assert burst <= 11


def test_g12_polls_come_after_2_s_times_1_5_up_to_30_s_give_or_take_a_fifth() -> None:
    for polls, middle in enumerate([2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 30, 30]):
        waits = [draw_poll_wait(polls, Random(seed)) for seed in range(200)]
        assert 0.8 * middle <= min(waits) < 0.85 * middle
        assert 1.15 * middle < max(waits) <= 1.2 * middle
    assert draw_poll_wait(1_000_000, Random(1)) <= 36
