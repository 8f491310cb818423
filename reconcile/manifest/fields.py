"""What is expected of the texts and times that a job and a sub-job have alike."""

from collections.abc import Mapping
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Mark, Node, Sensitive, Table, as_string, as_table
from reconcile.manifest.faults import Faults
from reconcile.manifest.impossible import find_impossible
from reconcile.manifest.tautologies import find_tautology
from reconcile.manifest.texts import check_texts
from reconcile.manifest.times import TimeReader
from reconcile.model import Accepted, Assertion, Field, FieldExpectation, Glob, JobApi, Moment, Span

# Keyed by plain strings, for an enum's members hash in Python.
_FIELDS: Final[Mapping[str, Field]] = {field.value: field for field in Field}
_MOMENTS: Final[Mapping[str, Moment]] = {moment.value: moment for moment in Moment}
_SPANS: Final[Mapping[str, Span]] = {span.value: span for span in Span}
_ORDER: Final = (*_FIELDS, *_MOMENTS, *_SPANS)


class FieldReader:
    """Reads expectations of fields, for one job API."""

    __slots__ = ("_api", "_document", "_faults", "_times")

    def __init__(self, document: Document, api: JobApi, faults: Faults) -> None:
        self._document = document
        self._api = api
        self._faults = faults
        self._times = TimeReader(document, api, faults)

    def read(self, table: Table) -> tuple[Assertion, ...]:
        """Return what the fields among the keys of a mapping must be, in order, and refuse what no record can be."""
        fields = self.read_by_name(table)
        self.check(fields, table, table)
        return order_fields(fields)

    def read_by_name(self, table: Table) -> dict[str, Assertion]:
        """Return what the fields among the keys of a mapping must be, by the field's name."""
        if "status" in table:
            self._check_status(table)
        fields: dict[str, Assertion] = {}
        for key, node, mark in self._document.entries(table):
            if key in _FIELDS:
                check_texts(self._document, table, key, self._faults)
                accept, sensitive = _read_accepted(node)
                source = self._document.text.find_source(mark)
                fields[key] = FieldExpectation(field=_FIELDS[key], accept=accept, source=source, sensitive=sensitive)
            elif key in _MOMENTS:
                fields[key] = self._times.read_moment(_MOMENTS[key], as_table(node), mark)
            elif key in _SPANS:
                fields[key] = self._times.read_span(_SPANS[key], as_table(node), mark)
            if key in fields:
                self._check_tautology(fields[key], mark)
        return fields

    def check(self, fields: Mapping[str, Assertion], *tables: Table) -> None:
        """Refuse expectations of one record that no record can meet; they stand in the first table that has them."""
        found = find_impossible(fields, self._api.success)
        if found:
            name, message = found
            table = next(table for table in tables if name in table)
            said = any("status" in table for table in tables) or name in _MOMENTS
            hint = "change one of the two" if said else "say what 'status' is expected, for unsaid it is success"
            self._faults.add(self._document.key_mark(table, name), Code.IMPOSSIBLE_EXPECTATION, message, hint)

    def _check_tautology(self, assertion: Assertion, mark: Mark) -> None:
        reason = find_tautology(assertion, self._api.statuses)
        if reason:
            self._faults.add_vacuous(mark, reason)

    def _check_status(self, table: Table) -> None:
        node, known = table["status"], self._api.statuses
        if isinstance(node, Array):
            words = list(self._document.elements(node))
        else:
            words = [(node, self._document.value_mark(table, "status"))]
        for word, mark in words:
            if word not in known:
                message = f"the API {self._api.name} has no status '{word}'; known: {', '.join(known)}"
                self._faults.add(mark, Code.UNKNOWN_STATUS, message, self._faults.suggest(as_string(word), known))


def order_fields(fields: Mapping[str, Assertion]) -> tuple[Assertion, ...]:
    """Return expectations in one order, the status first."""
    return tuple([fields[name] for name in _ORDER if name in fields])


def _read_accepted(node: Node) -> tuple[tuple[Accepted, ...], bool]:
    """
    Return what is accepted, each once, and whether any of it is sensitive.

    "" is what null is, as in an API's answer.
    """
    if type(node) is str:
        return (node or None,), False
    if isinstance(node, Array):
        read = [_read_accepted(each) for each in node]
        accept = dict.fromkeys(accepted for each, _ in read for accepted in each)
        return tuple(accept), any(sensitive for _, sensitive in read)
    if isinstance(node, Table):
        pattern = node["glob"]
        return (Glob(pattern=str(as_string(pattern))),), isinstance(pattern, Sensitive)
    return (str(as_string(node)) or None if node is not None else None,), isinstance(node, Sensitive)
