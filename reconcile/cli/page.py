"""Renders a page of the documentation for a terminal."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from reconcile.report.table import draw_table

_TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
_BORDER = re.compile(r"(?<!\\)\|")
_GAP = 2
"""Columns between two cells."""


def fit_tables(text: str, width: int) -> str:
    """
    Draw the tables of a Markdown text so that each fits into `width` columns; everything else stays the same.

    Words are not broken: if the longest words of a row do not fit next to each other, each row becomes a list.
    """
    return _TABLE.sub(lambda table: "".join(f"{line}\n" for line in _draw(table[0].splitlines(), width)), text)


def _draw(lines: Sequence[str], width: int) -> Sequence[str]:
    heads, _, *rows = (_split(line) for line in lines)
    widths = _choose_widths([heads, *rows], width)
    if widths is None:
        return list(_list_rows(heads, rows, width))
    return draw_table([["\n".join(_wrap(*cell)) for cell in zip(row, widths, strict=True)] for row in rows], heads)


def _split(line: str) -> list[str]:
    """Return the cells of a row, in which `\\|` is not a border."""
    return [cell.strip().replace("\\|", "|") for cell in _BORDER.split(line)[1:-1]]


def _choose_widths(rows: Sequence[Sequence[str]], width: int) -> Sequence[int] | None:
    """Choose the width of each column, and shorten the widest; None if the longest words do not fit."""
    columns = list(zip(*rows, strict=True))
    least = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    least = [max(longest, len(column[0])) for longest, column in zip(least, columns, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        wide = [at for at, (has, needs) in enumerate(zip(widths, least, strict=True)) if has > needs]
        if not wide:
            return None
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _list_rows(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    for first, *others in rows:
        yield first
        for head, cell in zip(heads[1:], others, strict=True):
            if cell:
                yield from _wrap(f"  {head}: {cell}", width, indent="    ")


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
