import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.codes import Code
from reconcile.document.text import MARK_SHIFT, Text
from reconcile.model.diagnostic import Source


@given(st.text("ab\n\té", max_size=40), st.data())
def test_lines_and_columns_count_characters_from_one(content, data):
    offset = data.draw(st.integers(0, len(content)))
    before = content[:offset].split("\n")
    source = Text("f", content).find_source(offset << MARK_SHIFT)
    assert source == Source(file="f", line=len(before), column=len(before[-1]) + 1)


def test_a_diagnostic_shows_the_line_and_underlines_the_token():
    text = Text("f", "a: 1\n  bee: 2\r\nc: 3\n")
    found = text.diagnose(7 << MARK_SHIFT | 3, Code.SYNTAX, "m", "h")
    assert (found.source, found.excerpt, found.width) == (Source(file="f", line=2, column=3), "  bee: 2", 3)


def test_a_token_of_several_lines_is_underlined_to_the_end_of_the_first():
    assert Text("f", "a: 'x\n  y'\n").diagnose(3 << MARK_SHIFT | 7, Code.SYNTAX, "m").width == 2


def test_of_a_long_line_little_is_shown_and_columns_stay_as_they_are__C31():
    secret = "s3cr3t" * 20
    before = f"aaa: {{password: {secret[:60]}, "
    found = Text("f", f"{before}kee: {secret}}}").diagnose(len(before) << MARK_SHIFT | 3, Code.SYNTAX, "m")
    assert found.excerpt is not None
    assert found.excerpt.index("kee") == len(before) == found.source.column - 1
    assert len("".join(found.excerpt.split("…"))) - len(found.excerpt.split("…")[0]) <= 40
    assert found.excerpt.count(" ") > 40


@pytest.mark.parametrize("column", range(0, 160, 7))
@pytest.mark.parametrize("indent", [0, 30])
def test_at_most_40_characters_are_shown_wherever_the_place_is__C31(column, indent):
    content = " " * indent + "s3cr3t" * 40
    found = Text("f", content).diagnose(column << MARK_SHIFT | 1, Code.SYNTAX, "m")
    assert found.excerpt is not None
    assert len(found.excerpt.replace("…", "").strip()) <= 40
    assert found.excerpt[column] == content[column]


def test_a_line_of_40_characters_is_shown_whole__C31():
    content = "  " + "a" * 40
    assert Text("f", content).diagnose(30 << MARK_SHIFT | 1, Code.SYNTAX, "m").excerpt == content


def test_far_to_the_right_nothing_is_shown():
    assert Text("f", "x" * 10**6).diagnose(10**6 << MARK_SHIFT, Code.SYNTAX, "m").excerpt is None
