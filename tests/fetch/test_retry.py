"""What is tried again, as a table; and no number that two clients would draw alike."""

from bisect import bisect
from collections.abc import Sequence
from random import Random

import httpx
import pytest

from reconcile.fetch.failure import (
    AnswerTooLargeError,
    BlockedAddressError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    MalformedRequestError,
    NameNotResolvedError,
    NotConnectedError,
    NotHttpError,
    ProxyError,
    TimedOutError,
    TlsError,
)
from reconcile.fetch.retry import (
    LONGEST_BACKOFF,
    Again,
    Retryable,
    Stop,
    TooLong,
    classify_error,
    classify_status,
    draw_backoff,
    plan_retry,
    read_retry_after,
)


def plan(retryable: Retryable = Retryable.TRANSIENT, **changes):
    arguments = {"tries": 1, "times": 1, "most": 8, "retry_after": None, "remaining": 100.0, "rng": Random(1)}
    return plan_retry(retryable, **{**arguments, **changes})


@pytest.mark.parametrize(
    ("status_code", "retryable"),
    [
        *((code, Retryable.TRANSIENT) for code in (408, 425, 502, 503, 504)),
        (429, Retryable.THROTTLED),
        (500, Retryable.MAYBE_PERMANENT),
        *((code, None) for code in (200, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405)),
        *(pytest.param(code, None, id=f"D31-{code}") for code in (409, 410, 418, 422, 451)),
        *((code, None) for code in (501, 505, 507, 511)),
    ],
)
def test_g10_which_status_codes_are_asked_again(status_code, retryable) -> None:
    assert classify_status(status_code) is retryable


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        pytest.param(NotConnectedError("refused"), Retryable.TRANSIENT, id="D22-refused"),
        pytest.param(TimedOutError("slow"), Retryable.TRANSIENT, id="D19-D20-drip"),
        pytest.param(ConnectionBrokenError("reset"), Retryable.TRANSIENT, id="D15-D22-reset-or-truncated"),
        pytest.param(NotHttpError("no length"), Retryable.MAYBE_PERMANENT, id="D16-D38-not-HTTP/1.1"),
        pytest.param(NameNotResolvedError("unknown"), Retryable.MAYBE_PERMANENT, id="D23-name"),
        pytest.param(TlsError("untrusted"), None, id="A16-TLS"),
        pytest.param(ProxyError("refused"), Retryable.MAYBE_PERMANENT, id="A12-proxy"),
        pytest.param(BlockedAddressError("metadata"), None, id="A07-blocked"),
        pytest.param(AnswerTooLargeError("1 GiB"), None, id="D17-D18-too-large"),
        pytest.param(EncodedAnswerError("gzip"), None, id="D17-compressed"),
        pytest.param(MalformedRequestError("ours"), None, id="our-own-mistake"),
        pytest.param(ExchangeError("ftp"), None, id="scheme"),
    ],
)
def test_g10_which_failures_are_asked_again(error, retryable) -> None:
    assert classify_error(error) is retryable


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"tries": 7, "times": 7}, True),
        ({"tries": 8, "times": 1}, False),
        ({"tries": 1, "most": 1}, False),
        ({"retryable": Retryable.MAYBE_PERMANENT, "tries": 2, "times": 2}, True),
        ({"retryable": Retryable.MAYBE_PERMANENT, "tries": 5, "times": 2}, True),
        ({"retryable": Retryable.MAYBE_PERMANENT, "tries": 3, "times": 3}, False),
        ({"retryable": Retryable.THROTTLED, "tries": 80, "times": 80}, True),
        ({"retryable": Retryable.THROTTLED, "tries": 1, "most": 1}, False),
    ],
)
def test_g10_how_often_is_asked_again(changes, again) -> None:
    assert plan(**changes) == (plan(**changes) if again else Stop())
    assert isinstance(plan(**changes), Again) is again


@pytest.mark.parametrize("retryable", Retryable)
@pytest.mark.parametrize("tries", range(1, 8))
def test_the_wait_is_drawn_from_all_of_a_bound_that_doubles(retryable, tries) -> None:
    base = 1.0 if retryable is Retryable.THROTTLED else 0.5
    bound = min(10.0, base * 2 ** (tries - 1))
    draws = [draw_backoff(retryable, tries, Random(seed)) for seed in range(300)]
    assert 0 <= min(draws) < 0.05 * bound
    assert 0.95 * bound < max(draws) <= bound <= LONGEST_BACKOFF


def test_g09_clients_that_failed_together_do_not_come_back_together() -> None:
    waves: list[list[float]] = [[] for _ in range(7)]
    for seed in range(100):
        rng, now = Random(seed), 0.0
        for tries, wave in enumerate(waves, 1):
            now += draw_backoff(Retryable.TRANSIENT, tries, rng)
            wave.append(now)
    assert most_in_a_tenth([time for wave in waves for time in wave]) <= 0.15
    # Of the first wave, which half a second bounds, a fifth is what each tenth gets if they are as far apart as can be.
    assert most_in_a_tenth(waves[0]) <= 0.3
    assert all(most_in_a_tenth(wave) <= 0.15 for wave in waves[2:])


def most_in_a_tenth(times: Sequence[float]) -> float:
    """Return the greatest share of times that fall into any tenth of a second, wherever it begins."""
    ordered = sorted(times)
    return max(bisect(ordered, begin + 0.1) - place for place, begin in enumerate(ordered)) / len(ordered)


def test_no_wait_of_our_own_choice_outlasts_the_run() -> None:
    for seed in range(100):
        chosen = plan(tries=7, times=7, remaining=2.0, rng=Random(seed))
        assert isinstance(chosen, Again)
        assert chosen.after <= 1.0


def test_of_what_the_server_leaves_of_the_run_half_is_waited_at_most() -> None:
    waits = [plan(tries=7, times=7, retry_after=1.0, remaining=2.0, rng=Random(seed)).after for seed in range(100)]
    assert max(waits) == 1.5


# --- Retry-After ---------------------------------------------------------------------------------------------------

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("2", 2, id="D32"),
        ("0", 0),
        ("0030", 30),
        pytest.param("86400", 86400, id="D33-day"),
        pytest.param("99999999999999999999", 1e20, id="D33-20-digits"),
        pytest.param("9" * 5000, float("inf"), id="D33-5000-digits"),
        pytest.param("Sun, 06 Nov 1994 08:49:47 GMT", 10, id="D33-future"),
        pytest.param("Sun, 06 Nov 1994 08:00:00 GMT", 0, id="D33-past"),
        pytest.param("Sunday, 06-Nov-94 08:49:47 GMT", 10, id="D33-RFC-850"),
        pytest.param("Sun Nov  6 08:49:47 1994", 10, id="D33-asctime"),
        pytest.param("Sun, 06 Nov 1994 10:49:47 +0200", 10, id="D33-zone"),
        *(
            pytest.param(text, None, id=f"D33-garbage-{text!r}")
            for text in ("-5", "soon", "3.5", "１２", "", "1 2", "+1", "0x10", "1e3", "5, 7", "inf", "nan")
        ),
        *(
            pytest.param(text, None, id=f"D33-no-date-{number}")
            for number, text in enumerate(
                ("Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, soon", "Sunny, 5")
            )
        ),
    ],
)
def test_what_a_server_asks_to_wait(text, seconds) -> None:
    assert read_retry_after(httpx.Headers({b"Retry-After": text.encode(), b"Date": DATE.encode()})) == seconds


@pytest.mark.parametrize("date", [None, "soon", "0"])
def test_d33_a_date_counts_from_the_answers_own_or_not_at_all(date) -> None:
    headers = httpx.Headers({"Retry-After": DATE, **({"Date": date} if date else {})})
    assert read_retry_after(headers) is None


def test_no_retry_after_is_none() -> None:
    assert read_retry_after(httpx.Headers({"Date": DATE})) is None


@pytest.mark.parametrize("seconds", [0.0, 2.0, 30.0])
def test_d32_a_wait_that_was_asked_for_is_never_shortened(seconds) -> None:
    for seed in range(100):
        chosen = plan(Retryable.THROTTLED, retry_after=seconds, rng=Random(seed))
        assert isinstance(chosen, Again)
        assert seconds <= chosen.after <= seconds + 1


@pytest.mark.parametrize(
    ("seconds", "remaining", "said"),
    [
        pytest.param(86400.0, 300.0, "86400 s (Retry-After), which is after the end of the run", id="D33-day"),
        pytest.param(31.0, 30.0, "31 s (Retry-After), which is after the end of the run", id="just-over-the-deadline"),
        pytest.param(20.0, 10.0, "20 s (Retry-After), which is after the end of the run", id="over-the-deadline"),
        pytest.param(float("inf"), 300.0, "inf s (Retry-After)", id="D33-5000-digits"),
    ],
)
def test_a_wait_that_is_too_long_is_named_and_not_begun(seconds, remaining, said) -> None:
    chosen = plan(Retryable.THROTTLED, retry_after=seconds, remaining=remaining)
    assert isinstance(chosen, TooLong)
    assert said in chosen.reason


def test_a_wait_that_ends_with_the_run_is_kept() -> None:
    assert plan(Retryable.THROTTLED, retry_after=100.0) == Again(after=100.0)
