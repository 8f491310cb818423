"""Rows as a table of plain text. Pure."""

from collections.abc import Sequence

import tabulate

# Otherwise, wide characters would count as two columns wherever the package wcwidth happens to be installed, and the
# same plan would give other bytes.
tabulate.WIDE_CHARS_MODE = False


def draw_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    """Return the lines of a table, the same on every machine; empty without rows."""
    if not rows:
        return []
    # Numbers are never parsed: a job named 26e65 must stay unchanged.
    table = tabulate.tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    return [line.rstrip() for line in table.splitlines()]
