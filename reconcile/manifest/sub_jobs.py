"""Reads the expectations of the sub-jobs of a job."""

from collections.abc import Sequence
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Mark, Node, Sensitive, Table, as_array, as_integer, as_string, as_table
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.fields import FieldReader, check_elements
from reconcile.manifest.satisfiability import (
    MOST_COMPARED,
    are_disjoint,
    count_compared,
    find_impossible_number,
    find_open_items,
    is_any_number,
)
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Assertion, Count, Field, FieldExpectation, Item, Match, SubJobsExpectation

_ONE: Final = Count(min=1, max=1)
_SOME: Final = Count(min=1, max=None)


def imply_no_failure(api: JobApi) -> SubJobsExpectation:
    """Return the expectation that success implies if `sub_jobs` is not given: no sub-job has failed."""
    failed = FieldExpectation(field=Field.STATUS, accept=(api.failure,), source=None, implied=True)
    item = Item(fields=(failed,), count=_SOME, source=None)
    return SubJobsExpectation(match=Match.NONE, items=(item,), each=(), count=None, source=None, implied=True)


class SubJobsReader:
    """Reads `sub_jobs` in both forms, for one job API."""

    __slots__ = ("_api", "_compared", "_diagnostics", "_document", "_fields", "_success")

    def __init__(self, document: Document, api: JobApi, diagnostics: Diagnostics) -> None:
        self._document = document
        self._api = api
        self._success = api.success
        self._diagnostics = diagnostics
        self._fields = FieldReader(document, api, diagnostics, ways=api.parts)
        self._compared = 0

    def read(self, node: Node, mark: Mark) -> SubJobsExpectation:
        """Return the expectation under the key at `mark`."""
        if self._api.sub_jobs is None:
            message = f"jobs of the API {self._api.name} have no sub-jobs"
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "remove it")
        source = self._document.text.find_source(mark)
        return self._read_types(node, source) if isinstance(node, Array) else self._read_long(as_table(node), source)

    def _read_types(self, nodes: Array, source: Source) -> SubJobsExpectation:
        """Read the short form: a list of types, each for one sub-job that has succeeded."""
        check_elements(self._document, nodes, Field.JOB_TYPE.value, self._diagnostics)
        items = tuple([self._read_type(node, mark) for node, mark in self._document.elements(nodes)])
        return SubJobsExpectation(match=Match.EXACT, items=items, each=(), count=None, source=source)

    def _read_type(self, node: Node, mark: Mark) -> Item:
        source = self._document.text.find_source(mark)
        job_type, sensitive = str(as_string(node)), isinstance(node, Sensitive)
        fields = (
            FieldExpectation(field=Field.STATUS, accept=(self._success,), source=source),
            FieldExpectation(field=Field.JOB_TYPE, accept=(job_type,), source=source, sensitive=sensitive),
        )
        return Item(fields=fields, count=_ONE, source=source)

    def _read_long(self, table: Table, source: Source) -> SubJobsExpectation:
        match = Match(as_string(table.get("match", Match.EXACT)))
        items = self._read_items(as_array(table["items"]), match) if "items" in table else None
        each = self._fields.read(as_table(table["each"])) if "each" in table else ()
        count = self._read_count(table) if "count" in table else None
        self._check_vacuous(table, match, items, count)
        reason = find_impossible_number(match, items, each, count)
        if reason:
            mark = self._document.key_mark(table, next(key for key in ("count", "each", "items") if key in table))
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, reason, "change one of the two")
        if "items" in table and "each" in table and match is not Match.NONE:
            self._check_each(as_array(table["items"]), items or (), each)
        return SubJobsExpectation(match=match, items=items, each=each, count=count, source=source)

    def _check_vacuous(self, table: Table, match: Match, items: Sequence[Item] | None, count: Count | None) -> None:
        if items == () and match in (Match.CONTAINS, Match.NONE):
            self._diagnostics.add_vacuous(self._document.key_mark(table, "items"), "there are no items to look for")
        if count is not None and is_any_number(count):
            self._diagnostics.add_vacuous(self._document.key_mark(table, "count"), "it accepts any number of sub-jobs")
        for number, reason in find_open_items(match, items or (), self._api.statuses):
            item = as_table(as_array(table["items"])[number])
            self._diagnostics.add_vacuous(self._document.key_mark(item, "count"), reason)

    def _check_each(self, nodes: Array, items: Sequence[Item], each: Sequence[Assertion]) -> None:
        """Refuse each required item that contradicts `each`."""
        wanted = {expected.field: expected for expected in each if isinstance(expected, FieldExpectation)}
        for item, (_, mark) in zip(items, self._document.elements(nodes), strict=False):
            for field in item.fields:
                if not isinstance(field, FieldExpectation) or item.count.min == 0 or field.field not in wanted:
                    continue
                self._count_compared(field, wanted[field.field], mark)
                if are_disjoint(field, wanted[field.field]):
                    message = f"'each' does not accept this item's {field.field.value}"
                    self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "change one of the two")

    def _count_compared(self, one: FieldExpectation, other: FieldExpectation, mark: Mark) -> None:
        """Refuse too many comparisons of globs with texts, before they are made."""
        self._compared += count_compared(one, other)
        if self._compared > MOST_COMPARED:
            message = "'each' and 'items' have too many patterns and too much text to compare"
            hint = "list fewer values, or put the expectations into the items alone"
            raise self._document.text.error(mark, Code.TOO_LARGE, message, hint)

    def _read_items(self, nodes: Array, match: Match) -> tuple[Item, ...]:
        return tuple([self._read_item(as_table(node), mark, match) for node, mark in self._document.elements(nodes)])

    def _read_item(self, table: Table, mark: Mark, match: Match) -> Item:
        count = _ONE if match in (Match.EXACT, Match.ORDERED) else _SOME
        if "count" in table:
            count = self._read_count(table)
            if match is Match.NONE:
                message = "'count' has no effect with 'match: none'"
                self._diagnostics.add(
                    self._document.key_mark(table, "count"), Code.VALUE_NOT_ALLOWED, message, "remove it"
                )
        return Item(fields=self._fields.read(table), count=count, source=self._document.text.find_source(mark))

    def _read_count(self, parent: Table) -> Count:
        table = as_table(parent["count"])
        least, most = as_integer(table.get("min", 0)), table.get("max")
        count = Count(min=least, max=None if most is None else as_integer(most))
        if count.max is not None and count.min > count.max:
            message = f"'min' ({count.min}) is greater than 'max' ({count.max})"
            mark = self._document.key_mark(parent, "count")
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "swap 'min' and 'max'")
        return count
