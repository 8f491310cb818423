"""Bounds of times are compared at their corners, and nothing that a grid of all seconds shows is missed."""

import random
from datetime import timedelta

from builders import NOW, SOURCE, expects, observed
from msgspec.structs import replace
from proof.review import draw_job, lets_through

from reconcile.instant import write_time
from reconcile.model.manifest import Expectation, FieldExpectation, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.review.gaps import list_gaps
from reconcile.review.terms import state_terms

SECONDS = range(-9, 4)
"""Around now, which bounds and answers are in."""


def draw_times(rng):
    for moment in Moment:
        if rng.random() < 0.4:
            after, before = sorted(NOW + timedelta(seconds=rng.randint(-5, 3)) for _ in range(2))
            after, before = rng.choice([(after, before), (after, None), (None, before)])
            yield MomentExpectation(moment=moment, after=after, before=before, source=SOURCE)
    for span in Span:
        if rng.random() < 0.4:
            least, most = sorted(rng.choice([0, 1, 2, 3, 4, 1.5]) for _ in range(2))
            least, most = rng.choice([(least, most), (least, None), (None, most)])
            yield SpanExpectation(span=span, min=least, max=most, source=SOURCE)


def draw(rng, fields=()):
    """Draw a job that asserts times, and some of these fields too."""
    kept = [each for each in fields if not isinstance(each, FieldExpectation) and rng.random() < 0.6]
    named = {type(each) for each in kept}
    times = [*kept, *(each for each in draw_times(rng) if type(each) not in named)]
    expect = Expectation(fields=(*expects(status="success"), *times), sub_jobs=None)
    return replace(draw_job(random.Random(0), waived=False), expect=expect, waivers=())


def list_answers(time_format):
    times = [None, *(write_time(NOW + timedelta(seconds=each), time_format) for each in SECONDS)]
    return [replace(observed("success"), begin_time=begin, end_time=end) for begin in times for end in times]


def test_whatever_a_grid_shows_is_found():
    for seed in range(40):
        rng = random.Random(seed)
        old = draw(rng)
        new = draw(rng, old.expect.fields)
        gaps = list_gaps([state_terms(new, NOW.date())], state_terms(old, NOW.date()), NOW)
        for gap in gaps:
            assert lets_through(new, gap.answer, gap.at), (seed, gap)
            assert not lets_through(old, gap.answer, gap.at), (seed, gap)
        instants = [NOW + timedelta(seconds=each) for each in (0, 0.5, 1, 2, 3, 5, 8, 13)]
        answers = list_answers(old.provider.api.time_format)
        shown = any(
            lets_through(new, each, at) and not lets_through(old, each, at) for at in instants for each in answers
        )
        assert gaps or not shown, seed
