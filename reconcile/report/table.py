"""Rows as a table of plain text. Pure."""

from collections.abc import Sequence

from reconcile.lean import standing_in

# tabulate reads its own version out of its metadata, and knows tables of HTML and of dataclasses, which none here is:
# what it imports for that takes a tenth of the time of a run with one job. Where the package wcwidth happens to be
# installed, it would take wide characters for two columns, and the same plan would be other bytes.
with (
    standing_in("importlib.metadata", version=str, PackageNotFoundError=ImportError),
    standing_in("html", escape=str),
    standing_in("dataclasses", is_dataclass=lambda row: False),
    standing_in("wcwidth", wcswidth=len),
):
    import tabulate

tabulate.WIDE_CHARS_MODE = False


def draw_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    """Return the lines of a table, the same on every machine; none where there are no rows."""
    if not rows:
        return []
    # Numbers are never parsed: a job named 26e65 stays what it is.
    table = tabulate.tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    return [line.rstrip() for line in table.splitlines()]
