from random import Random

import pytest

from reconcile.fetch.pace import TokenBucket, draw_poll_wait


def send_all(rate: float, seconds: float, *, step: float) -> list[float]:
    """Send whenever the bucket lets it, looking every `step` seconds; return when."""
    bucket, now, sent = TokenBucket(rate), 0.0, []
    while now < seconds:
        while bucket.next_chance <= now:
            bucket.spend(now)
            sent.append(now)
        now += step
    return sent


@pytest.mark.parametrize("rate", [0.5, 400 / 60, 10, 1000])
def test_no_window_of_time_has_more_than_its_share(rate) -> None:
    sent = send_all(rate, 20, step=0.0005)
    assert len(sent) == pytest.approx(20 * rate, rel=0.03, abs=1)
    for window in (0.1, 1.0, 5.0):
        most = max(sum(start <= time < start + window for time in sent) for start in sent[:: len(sent) // 10 or 1])
        assert most <= window * rate + max(1.0, 0.1 * rate) + 1e-9


def test_what_comes_late_is_made_up_for_but_a_long_pause_is_not() -> None:
    assert len(send_all(100, 10, step=0.05)) == pytest.approx(1000, rel=0.02)
    bucket = TokenBucket(100)
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
