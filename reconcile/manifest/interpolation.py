"""Replaces the references in a manifest with their values."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec import Struct

from reconcile.document import Array, Document, Mark, Node, Pending, Table
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.references import OPENING
from reconcile.manifest.resolution import Entry, Resolver
from reconcile.manifest.variables import Variable

FOR_EACH: Final = "for_each"
_DEFAULT: Final = "default"

_NAMES: Final = frozenset({"labels", "providers", "jobs"})
"""Keys of mappings whose keys are names that people choose; elsewhere, `x-` begins a note that is not read."""

_CONCEALABLE: Final = frozenset({"job_type", "error_code", "fail_reason"})
"""Keys of values that a report can leave out."""

_UNKNOWN_ENTRY: Final = Entry(Pending(""), Pending(""))


class _Place(Struct, frozen=True):
    """The place of a value: among names that people choose, or where a report can leave it out."""

    among_names: bool = False
    concealable: bool = False

    def step(self, key: str, value: Node) -> "_Place":
        """Return the place of the value under a key."""
        if self.among_names:
            return _NOWHERE
        if key in _CONCEALABLE or (key == "sub_jobs" and isinstance(value, Array)):
            return _CONCEALED
        return _AMONG_NAMES if key in _NAMES else self


_NOWHERE: Final = _Place()
_AMONG_NAMES: Final = _Place(among_names=True)
_CONCEALED: Final = _Place(concealable=True)


class Interpolator:
    """
    Replaces references with values. Parts of a tree without references stay the same objects.

    If variables are None, references are not allowed; an empty mapping means that no variable is declared.

    References to an entry of `for_each` stay pending at first, and are replaced for each entry later.
    """

    __slots__ = ("_diagnostics", "_document", "_resolver")

    def __init__(self, document: Document, variables: Mapping[str, Variable] | None, diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        self._resolver = Resolver(document, variables, diagnostics)

    @property
    def used(self) -> frozenset[str]:
        """The variables that are referred to."""
        return frozenset(self._resolver.used)

    def fill_defaults(self) -> Node:
        """Return the root of the document with references in the defaults of its variables replaced."""
        root = self._document.root
        table = root.get("variables") if isinstance(root, Table) else None
        if not isinstance(root, Table) or not isinstance(table, Table):
            return root
        filled = self._replace_values(table, self._fill_variables(table))
        return self._replace_values(root, iter([("variables", filled)]))

    def fill_root(self) -> Node:
        """Return the root of the document with references replaced in the sections that may have them."""
        root = self._document.root
        return self._replace_values(root, self._fill_sections(root)) if isinstance(root, Table) else root

    def fill_job(self, table: Table, entry: Entry, keys: Collection[str]) -> Table:
        """Return a job for an entry of its `for_each`, with references replaced under these keys only."""
        filled = Table(table)
        filled.first = table.first
        for key in keys:
            mark = self._document.value_mark(table, key)
            filled[key] = self._fill(table[key], mark, entry, _NOWHERE.step(key, table[key]))
        return filled

    def _fill_variables(self, table: Table) -> Iterator[tuple[str, Node]]:
        for name, variable in table.items():
            if isinstance(variable, Table) and _DEFAULT in variable:
                before = self._resolver.unknown
                mark = self._document.value_mark(variable, _DEFAULT)
                filled = self._fill(variable[_DEFAULT], mark, None, _AMONG_NAMES)
                if self._resolver.unknown > before:
                    self._diagnostics.invalidate(("variables", name))
                yield name, self._replace_values(variable, iter([(_DEFAULT, filled)]))

    def _fill_sections(self, root: Table) -> Iterator[tuple[str, Node]]:
        for section, node, mark in self._document.values(root):
            if section in ("name", "defaults"):
                yield section, self._fill_entry((section,), node, mark)
            elif section in ("providers", "jobs") and isinstance(node, Table):
                yield section, self._replace_values(node, self._fill_entries(section, node))

    def _fill_entries(self, section: str, table: Table) -> Iterator[tuple[str, Node]]:
        for name, node, mark in self._document.values(table):
            if isinstance(node, Table):
                yield name, self._fill_entry((section, name), node, mark)

    def _fill_entry(self, path: tuple[str, ...], node: Node, mark: Mark) -> Node:
        """Replace references in a part of the manifest that is valid as a whole or not at all."""
        before = self._resolver.unknown
        filled: Node
        if isinstance(node, Table) and FOR_EACH in node:
            each = self._fill(node[FOR_EACH], self._document.value_mark(node, FOR_EACH), None, _NOWHERE)
            keys = [key for key in node if key != FOR_EACH and not key.startswith("x-")]
            filled = self.fill_job(node, _UNKNOWN_ENTRY, keys)
            if each is not node[FOR_EACH]:
                filled = self._replace_values(filled, iter([(FOR_EACH, each)]))
        else:
            filled = self._fill(node, mark, None, _NOWHERE)
        if self._resolver.unknown > before:
            self._diagnostics.invalidate(path)
        return filled

    def _fill(self, node: Node, mark: Mark, entry: Entry | None, place: _Place) -> Node:
        if isinstance(node, str):
            due = OPENING in node if entry is None or entry is _UNKNOWN_ENTRY else isinstance(node, Pending)
            return self._resolver.resolve(node, mark, entry, concealable=place.concealable) if due else node
        if isinstance(node, Table):
            return self._replace_values(node, self._fill_values(node, entry, place))
        if isinstance(node, Array):
            return self._fill_array(node, entry, place)
        return node

    def _fill_values(self, table: Table, entry: Entry | None, place: _Place) -> Iterator[tuple[str, Node]]:
        for key, value, mark in self._document.values(table):
            if place.among_names or not key.startswith("x-"):
                yield key, self._fill(value, mark, entry, place.step(key, value))

    def _fill_array(self, nodes: Array, entry: Entry | None, place: _Place) -> Array:
        filled = Array([self._fill(node, mark, entry, place) for node, mark in self._document.elements(nodes)])
        if all(new is old for new, old in zip(filled, nodes, strict=True)):
            return nodes
        filled.first = nodes.first
        return filled

    def _replace_values(self, table: Table, values: Iterator[tuple[str, Node]]) -> Table:
        changed = {key: value for key, value in values if value is not table[key]}
        if not changed:
            return table
        filled = Table({**table, **changed})
        filled.first = table.first
        return filled
