"""Reads the expectations of the fields that jobs and sub-jobs have in common."""

from collections.abc import Mapping
from typing import Final

from reconcile.codes import Code
from reconcile.document import (
    Array,
    Document,
    Mark,
    Node,
    Sensitive,
    Table,
    as_string,
    as_table,
    list_names,
    name_character,
)
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.satisfiability import find_impossible, find_tautology
from reconcile.manifest.times import TimeReader
from reconcile.model.api import JobApi, RecordWays
from reconcile.model.manifest import Accepted, Assertion, Field, FieldExpectation, Glob, Moment, Span

# Keyed by plain strings, because hashing the members of an enum runs Python code.
_FIELDS: Final[Mapping[str, Field]] = {field.value: field for field in Field}
_MOMENTS: Final[Mapping[str, Moment]] = {moment.value: moment for moment in Moment}
_SPANS: Final[Mapping[str, Span]] = {span.value: span for span in Span}
_JOB_TYPE: Final = Field.JOB_TYPE.value
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    Span.DURATION.value: (Moment.BEGIN_TIME.value, Moment.END_TIME.value),
    Span.AGE.value: (Moment.END_TIME.value,),
}
"""The times of a job that a span is computed from."""
_ORDER: Final = (*_FIELDS, *_MOMENTS, *_SPANS)


class FieldReader:
    """Reads the expectations of fields of a job or of its parts, for one job API."""

    __slots__ = ("_api_name", "_diagnostics", "_document", "_said", "_statuses", "_success", "_times")

    def __init__(
        self, document: Document, api: JobApi, diagnostics: Diagnostics, *, ways: RecordWays | None = None
    ) -> None:
        self._document = document
        roles = (ways or api.job).fields
        self._said = [name for name in _ORDER if all(role in roles for role in _NEEDED.get(name, (name,)))]
        self._api_name = api.name
        self._statuses = api.statuses
        self._success = api.success
        self._diagnostics = diagnostics
        self._times = TimeReader(document, api, diagnostics)

    def read(self, table: Table) -> tuple[Assertion, ...]:
        """Return the expectations of fields in a mapping, in order; refuse those that no record can meet."""
        fields = self.read_by_name(table)
        self.check(fields, table, table)
        return order_fields(fields)

    def read_by_name(self, table: Table) -> dict[str, Assertion]:
        """Return the expectations of fields in a mapping, by the name of the field."""
        if "status" in table:
            self._check_status(table)
        fields: dict[str, Assertion] = {}
        for key, node, mark in self._document.entries(table):
            if key in _FIELDS:
                fields[key] = self._read_field(table, key, mark)
            elif key in _MOMENTS:
                fields[key] = self._times.read_moment(_MOMENTS[key], as_table(node), mark)
            elif key in _SPANS:
                fields[key] = self._times.read_span(_SPANS[key], as_table(node), mark)
            if key in fields:
                self._check_role(key, mark)
                self._check_tautology(fields[key], mark)
        return fields

    def check(self, fields: Mapping[str, Assertion], *tables: Table) -> None:
        """Refuse expectations that no record can meet; each is in the first of the tables that has it."""
        found = find_impossible(fields, self._success)
        if found:
            name, message = found
            table = next(table for table in tables if name in table)
            said = any("status" in table for table in tables) or name in _MOMENTS
            hint = "change one of the two" if said else "set the expected 'status' as well: its default is success"
            self._diagnostics.add(self._document.key_mark(table, name), Code.IMPOSSIBLE_EXPECTATION, message, hint)

    def _read_field(self, table: Table, key: str, mark: Mark) -> FieldExpectation:
        accept, sensitive = _read_accepted(table[key])
        for each in accept:
            if not _is_plain(each, key):
                self._check_texts(table, key)
                break
        source = self._document.text.find_source(mark)
        return FieldExpectation(field=_FIELDS[key], accept=accept, source=source, sensitive=sensitive)

    def _check_texts(self, table: Table, key: str) -> None:
        node = table[key]
        if isinstance(node, Array):
            check_elements(self._document, node, key, self._diagnostics)
        else:
            check_text(self._document, node, self._document.value_mark(table, key), key, self._diagnostics)

    def _check_role(self, key: str, mark: Mark) -> None:
        """Refuse a field that the API does not have: its expectation could never fail, or never hold."""
        if key not in self._said:
            message = f"the API {self._api_name} has no {key} here"
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, f"it has {list_names(self._said)}")

    def _check_tautology(self, assertion: Assertion, mark: Mark) -> None:
        reason = find_tautology(assertion, self._statuses)
        if reason:
            self._diagnostics.add_vacuous(mark, reason)

    def _check_status(self, table: Table) -> None:
        node, known = table["status"], self._statuses
        if isinstance(node, Array):
            words = list(self._document.elements(node))
        else:
            words = [(node, self._document.value_mark(table, "status"))]
        for word, mark in words:
            if word not in known:
                message = f"the API {self._api_name} has no status '{word}'; known: {', '.join(known)}"
                hint = self._diagnostics.suggest(as_string(word), known)
                self._diagnostics.add(mark, Code.UNKNOWN_STATUS, message, hint)


def order_fields(fields: Mapping[str, Assertion]) -> tuple[Assertion, ...]:
    """Return expectations in one order, the status first."""
    return tuple([fields[name] for name in _ORDER if name in fields])


def _read_accepted(node: Node) -> tuple[tuple[Accepted, ...], bool]:
    """
    Return the accepted values without duplicates, and whether any of them is sensitive.

    "" means the same as null, as in an API's answer.
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


# --- Texts that look like others -------------------------------------------------------------------------------


def check_elements(document: Document, nodes: Array, key: str, diagnostics: Diagnostics) -> None:
    """Check each text in a list of expected values, as `check_text` does."""
    for node, mark in document.elements(nodes):
        check_text(document, node, mark, key, diagnostics)


def check_text(document: Document, node: Node, mark: Mark, key: str, diagnostics: Diagnostics) -> None:
    """Refuse whitespace around an expected text or glob, and warn of a job_type that is not ASCII."""
    if isinstance(node, Table):
        mark, node = document.value_mark(node, "glob"), node["glob"]
    if not isinstance(node, str) or _is_plain(node, key):
        return
    if node != node.strip():
        message = f"this {key} begins or ends with spaces or line breaks"
        hint = "remove them; in a text of several lines, use |- instead of |"
        diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, message, hint)
    elif not isinstance(node, Sensitive):
        foreign = next(character for character in node if not character.isascii())
        message = f"this {key} contains {name_character(foreign)}, but job types are ASCII"
        hint = "type it again: a letter that only looks the same never matches"
        diagnostics.warn(mark, Code.ENCODING, message, hint)
    else:
        diagnostics.warn(mark, Code.ENCODING, f"this {key} is not ASCII, but job types are", None)


def _is_plain(accepted: Accepted, key: str) -> bool:
    if accepted is None:
        return True
    content = accepted if isinstance(accepted, str) else accepted.pattern
    return content == content.strip() and (key != _JOB_TYPE or content.isascii())
