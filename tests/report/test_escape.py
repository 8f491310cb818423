"""No foreign character reaches a terminal or a CI runner as a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.report.escape import LONGEST, escape, quote


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢字 ✓", "plain ü 漢字 ✓"),
        ("\x1b[2J\x9b31m\x07\x00", r"\x1b[2J\x9b31m\x07\x00"),
        ("a\r\n\tb", r"a\r\n\tb"),
        ("\u202e\u2066\u200b\u2028\ufeff", r"\u202e\u2066\u200b\u2028\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
        ("a ##[add-mask]x ##vso[task.complete]", r"a \x23#[add-mask]x \x23#vso[task.complete]"),
        ("## heading", r"\x23# heading"),
        ("##teamcity[x] ##VSO[y]", r"\x23#teamcity[x] \x23#VSO[y]"),
        ("a\ufe0f\u3164\U000e0100", r"a\ufe0f\u3164\U000e0100"),
        ("a::b", "a::b"),
        (" ::error::x", r" \x3a:error::x"),
        ("\xad\u034f\uffff", r"\xad\u034f\uffff"),
        ("x" * LONGEST, "x" * LONGEST),
        ("\n" + "x" * (LONGEST - 1), r"\n" + "x" * (LONGEST - 1)),
        ("x" * (LONGEST + 1), "x" * LONGEST + "... (1 more character)"),
        ("x" * (LONGEST + 3), "x" * LONGEST + "... (3 more characters)"),
    ],
)
def test_e01_foreign_text_is_shown_and_not_obeyed(text, shown):
    assert escape(text) == shown


@given(st.text())
def test_e01_only_printable_characters_come_out_on_one_line(text):
    for shown in (escape(text), quote(text)):
        assert shown.isprintable()
        assert "##" not in shown


@given(st.text(alphabet='ab"\\', max_size=20))
def test_quoting_is_unambiguous(text):
    import ast

    assert ast.literal_eval(quote(text)) == text
