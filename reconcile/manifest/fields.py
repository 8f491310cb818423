"""What is expected of the fields that a job and a sub-job have alike."""

from collections.abc import Mapping
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Node, Table, as_string, suggest
from reconcile.manifest.faults import Faults
from reconcile.model import Field, FieldExpectation, JobApi

# Keyed by plain strings, for an enum's members hash in Python.
_FIELDS: Final[Mapping[str, Field]] = {field.value: field for field in Field}


class FieldReader:
    """Reads expectations of fields, for one job API."""

    __slots__ = ("_api", "_document", "_faults")

    def __init__(self, document: Document, api: JobApi, faults: Faults) -> None:
        self._document = document
        self._api = api
        self._faults = faults

    def read(self, table: Table) -> tuple[FieldExpectation, ...]:
        """Return what the fields among the keys of a mapping must be, in the order of `Field`."""
        return order_fields(self.read_by_name(table))

    def read_by_name(self, table: Table) -> dict[str, FieldExpectation]:
        """Return what the fields among the keys of a mapping must be, by the field's name."""
        if "status" in table:
            self._check_status(table)
        return {
            key: FieldExpectation(
                field=_FIELDS[key], accept=_read_accepted(node), source=self._document.text.find_source(mark)
            )
            for key, node, mark in self._document.entries(table)
            if key in _FIELDS
        }

    def _check_status(self, table: Table) -> None:
        node, known = table["status"], self._api.statuses
        if isinstance(node, Array):
            words = list(self._document.elements(node))
        else:
            words = [(node, self._document.value_mark(table, "status"))]
        for word, mark in words:
            if word not in known:
                message = f"the API {self._api.name} has no status '{word}'; known: {', '.join(known)}"
                self._faults.add(mark, Code.UNKNOWN_STATUS, message, suggest(as_string(word), known))


def order_fields(fields: Mapping[str, FieldExpectation]) -> tuple[FieldExpectation, ...]:
    """Return expectations in the order of `Field`, the status first."""
    return tuple([fields[name] for name in _FIELDS if name in fields])


def _read_accepted(node: Node) -> tuple[str | None, ...]:
    """Return what is accepted, each once; "" is what null is, as in an API's answer."""
    if isinstance(node, Array):
        return tuple(dict.fromkeys(accepted for each in node for accepted in _read_accepted(each)))
    return (as_string(node) or None,) if node is not None else (None,)
