"""Names that a reader would take for one another."""

from collections.abc import Callable

from reconcile.codes import Code
from reconcile.document import Document, Table
from reconcile.manifest.faults import Faults


def check_names(document: Document, table: Table, faults: Faults, *, fold: Callable[[str], str]) -> None:
    """Refuse each key of a mapping that `fold` cannot tell from one before it; they are ASCII by the schema."""
    first: dict[str, str] = {}
    for name, _, mark in document.entries(table):
        similar = first.setdefault(fold(name), name)
        if similar is not name:
            line = document.text.find_source(document.key_mark(table, similar)).line
            message = f"'{name}' is too much like '{similar}' on line {line}"
            faults.add(mark, Code.SIMILAR_NAMES, message, "choose names that no one takes for one another")
