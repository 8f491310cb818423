"""The texts that are listed are one of each kind that globs and texts tell apart."""

import random
from itertools import product

from reconcile.judge import accepts
from reconcile.model.manifest import Field, FieldExpectation, Glob
from reconcile.review.texts import list_texts

TEXTS = ["".join(each) for size in range(1, 6) for each in product("ab*x", repeat=size)]


def draw(rng):
    patterns = ["".join(rng.choice("ab*?") for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(1, 2))]
    accept = tuple(Glob(pattern=each) if rng.random() < 0.7 else each for each in patterns)
    return FieldExpectation(field=Field.JOB_TYPE, accept=accept, source=None)


def kind_of(expectations, text):
    return tuple(accepts(each, text) for each in expectations)


def test_no_kind_of_text_is_left_out_and_none_is_listed_twice():
    for seed in range(60):
        rng = random.Random(seed)
        expectations = tuple(draw(rng) for _ in range(2))
        absent, *listed = list_texts(expectations, ())
        kinds = [kind_of(expectations, text) for text in listed]
        assert absent is None
        assert len(set(kinds)) == len(kinds)
        assert {kind_of(expectations, text) for text in TEXTS} <= set(kinds), seed


def test_a_usual_text_is_preferred_to_an_invented_one():
    expectation = FieldExpectation(field=Field.JOB_TYPE, accept=("a", Glob(pattern="b*")), source=None)
    assert list_texts((expectation,), ("backup", "create")) == (None, "backup", "create")
