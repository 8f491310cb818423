"""Rows as a table of plain text."""

from collections.abc import Sequence

_HEADER_PADDING = 2
"""Columns by which each column is wider than its header, at least."""


def draw_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    """Return the lines of a table; none if there are no rows. Every character counts as one column."""
    if not rows:
        return []
    widths = [len(header) + _HEADER_PADDING for header in headers]
    for row in rows:
        widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
    lines = (headers, ["-" * width for width in widths], *rows)
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
