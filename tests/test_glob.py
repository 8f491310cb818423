"""Globs mean what a shell's mean, and no pattern makes them slow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.glob import matches_glob


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("SFS.TURBO.*", "SFS.TURBO.0005", True),
        ("SFS.TURBO.*", "SFSxTURBO.0005", False),
        pytest.param("ok", "not ok", False, id="C27 the whole value"),
        pytest.param("*a*a*a*a*a*b", "a" * 4096, False, id="C25 no backtracking"),
        pytest.param("*" * 512, "a" * 65536, True, id="C25 nothing but stars"),
        ("?", "", False),
        ("*", "", True),
        ("a?c", "abc", True),
        ("a[bc]d", "abd", False),
        ("a\\*", "a\\b", True),
    ],
)
def test_globs(pattern, value, matches):
    assert matches_glob(pattern, value) is matches


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_globs_agree_with_regular_expressions(pattern, value):
    translated = "".join({"*": ".*", "?": "."}.get(character, character) for character in pattern)
    assert matches_glob(pattern, value) is (re.fullmatch(translated, value, re.DOTALL) is not None)
