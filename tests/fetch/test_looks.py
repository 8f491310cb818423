"""How the looks at a job compare, with requests that take time and caches that answer for the API."""

import pytest
from builders import observed, sub_job
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.fetch.looks import LookHistory
from reconcile.model.observation import Looks, Missing

GONE = Missing(code=None, message=None, request_id=None)


def compare(*looks, latency=0.0):
    """Return how looks compare, given as when each was requested, what it saw and for how long a cache had held it."""
    history, before, compared = LookHistory(), None, None
    for asked, seen, *age in looks:
        ended = not isinstance(seen, Missing) and seen.status in ("success", "failed")
        compared = history.add(
            before, seen, asked=asked, answered=asked + latency, age=age[0] if age else None, ended=ended
        )
        before = seen
    return compared


DONE, RUNNING = observed("success"), observed("running")


def test_one_look_compares_with_nothing():
    assert compare((0, DONE)) is None


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        ([(0, DONE), (10, DONE), (30, DONE)], Looks(alike=3, span=30.0)),
        ([(0, DONE), (10, RUNNING), (30, DONE)], Looks()),
        ([(0, DONE), (10, GONE), (30, DONE), (31, DONE)], Looks(alike=2, span=1.0)),
        ([(0, RUNNING), (10, RUNNING), (30, DONE)], Looks(idle=10.0)),
        (
            [(0, RUNNING), (10, RUNNING), (11, observed("waiting")), (15, observed("waiting"))],
            Looks(alike=2, span=4.0, idle=10.0),
        ),
        ([(0, GONE), (30, RUNNING), (31, RUNNING)], Looks(alike=2, span=1.0, idle=1.0)),
    ],
    ids=["alike", "flapped", "gone between", "ended in time", "moved on", "came later"],
)
def test_looks_agree_from_the_last_change_on(looks, found):
    assert compare(*looks) == found


@pytest.mark.parametrize(
    ("change", "agrees", "unchanged"),
    [
        ({"request_id": "another"}, True, True),
        ({"shown": {"server": "s-1"}}, True, True),
        ({"error_code": "SFS.TURBO.0005"}, False, True),
        ({"begin_time": "2026-11-20 10:00:00"}, False, True),
        ({"sub_jobs": (sub_job("success", "a"), sub_job("running", "b"))}, False, False),
        ({"sub_jobs": (sub_job("running", "b"), sub_job("success", "a"))}, False, False),
        ({"sub_jobs": (replace(sub_job("success", "a"), shown={"progress": "7"}),)}, True, False),
        ({"status_word": "STILL_RUNNING"}, True, False),
    ],
    ids=str,
)
def test_what_is_judged_has_to_agree_and_what_shows_progress_is_a_change(change, agrees, unchanged):
    one = replace(RUNNING, sub_jobs=(sub_job("success", "a"),))
    found = compare((0, one), (10, replace(one, **change)))
    assert (found.alike == 2, found.idle == 10.0) == (agrees, unchanged)


def test_the_time_between_two_looks_counts_from_an_answer_to_a_request():
    assert compare((0, RUNNING), (10, RUNNING), latency=4.0) == Looks(alike=2, span=6.0, idle=6.0)


def test_an_answer_out_of_a_cache_counts_once_and_is_no_older_than_the_run():
    assert compare((0, DONE), (10, DONE, 10), (20, DONE, 20), (30, DONE, 30)) == Looks()
    assert compare((0, DONE), (10, DONE, 10), (40, DONE, 8)) == Looks(alike=2, span=31.0)
    assert compare((0, DONE), (10, DONE), (20, DONE, 15)) == Looks(alike=2, span=10.0)
    assert compare((0, DONE), (10, DONE, 10), (20, RUNNING, 20)) == Looks()
    assert compare((0, DONE, 10_000), (1, DONE)) == Looks(alike=2, span=1.0)


@given(st.lists(st.tuples(st.sampled_from([DONE, RUNNING, GONE]), st.integers(0, 99), st.none() | st.integers(0, 99))))
def test_no_cache_and_no_slow_answer_makes_anything_steadier(looks):
    asked, plain, cached = 0, [], []
    for seen, pause, age in looks:
        plain.append((asked, seen))
        cached.append((asked, seen, *([age] if age is not None else [])))
        asked += pause + 1
    one, other = compare(*plain) or Looks(), compare(*cached, latency=0.5) or Looks()
    assert one.alike >= other.alike
    assert one.span >= other.span
