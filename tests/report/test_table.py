"""Columns stand below each other, and the same rows are the same bytes on every machine."""

from reconcile.report.table import draw_table


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [["日本語", "a"], ["26e65", "b"], ["a-longer-name", ""]]
    assert draw_table(rows, ["Job", "Verdict"]) == [
        "Job            Verdict",
        "-------------  ---------",
        "日本語            a",
        "26e65          b",
        "a-longer-name",
    ]


def test_a_table_without_rows_has_no_header():
    assert draw_table([], ["Job"]) == []
