"""A terminal shows the tables of a page so that they fit, without losing a word."""

import re

import pytest

from reconcile.cli.page import fit_tables
from reconcile.shipped import shipped_folder

PAGES = sorted(shipped_folder("explanations").glob("*.md"))
TABLE = """
Before.

| symptom | what to do |
|---|---|
| it is red in CI | `a \\| b`, then call the one who wrote it |
| | nothing |

After.
"""


def test_a_table_is_wrapped_to_the_width():
    assert fit_tables(TABLE, 30) == (
        "\nBefore.\n\n"
        "symptom       what to do\n"
        "------------  -------------\n"
        "it is red in  `a | b`, then\n"
        "CI            call the one\n"
        "              who wrote it\n"
        "              nothing\n"
        "\nAfter.\n"
    )


def test_where_words_do_not_fit_beside_each_other_rows_are_lists():
    table = "| a | first | second |\n|---|---|---|\n| name | `LONG_VARIABLE_1` | `LONG_VARIABLE_2` |\n"
    assert fit_tables(table, 30) == "name\n  first: `LONG_VARIABLE_1`\n  second: `LONG_VARIABLE_2`\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_page_loses_a_word(width):
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shown = fit_tables(text, width)
        assert not re.search(r"^\|", shown, re.MULTILINE)
        cells = re.findall(r"[^|\\]+", "".join(re.findall(r"^\|(?!-).*\|$", text, re.MULTILINE)))
        assert [word for cell in cells for word in cell.split() if word not in shown] == []
        if not cells:
            assert shown == text
