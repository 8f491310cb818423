"""Rows as a table of plain text."""

from collections.abc import Sequence

import tabulate

# If wcwidth happens to be installed, tabulate counts wide characters as two columns, and a plan would be other bytes.
tabulate.WIDE_CHARS_MODE = False


def draw_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    """Return the lines of a table, the same on every machine; none if there are no rows."""
    if not rows:
        return []
    # Numbers are never parsed: a job named 26e65 stays what it is.
    table = tabulate.tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    return [line.rstrip() for line in table.splitlines()]
