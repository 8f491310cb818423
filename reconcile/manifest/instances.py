"""The jobs that one declaration with `for_each` makes."""

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Mark, Pending, Table, as_string, shorten
from reconcile.manifest.faults import Faults
from reconcile.manifest.interpolation import FOR_EACH, Interpolator
from reconcile.manifest.language import find_faults_of_job, outline_job
from reconcile.manifest.resolution import Entry

_MAX_INSTANCES: Final = 100_000
"""As many as there can be entries in a file: many jobs, each for many entries, would be their product."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A job as it is to be read: its address in the manifest, what it says, and the mark of its declaration."""

    address: str
    table: Table
    mark: Mark


class Expander:
    """Makes the jobs of declarations that are well-formed; what is wrong with one of them is told."""

    __slots__ = ("_document", "_expanded", "_faults", "_interpolator", "_prefix")

    def __init__(self, document: Document, interpolator: Interpolator, faults: Faults, *, prefix: str) -> None:
        self._document = document
        self._prefix = prefix
        self._interpolator = interpolator
        self._faults = faults
        self._expanded = 0

    def expand(self, name: str, table: Table, mark: Mark) -> Iterator[Instance]:
        """Yield the job, or the jobs in the order of `for_each`."""
        address = f"{self._prefix}jobs.{name}"
        if FOR_EACH not in table:
            yield Instance(address, table, mark)
            return
        # The entries stand in none of the jobs: each would be as large as all of them.
        bare = Table({**table, FOR_EACH: Array()})
        bare.first = table.first
        checked: dict[Hashable, bool] = {}
        for entry in self._read_entries(table):
            self._count(mark)
            job = self._interpolator.fill_job(bare, entry)
            outline = outline_job(name, job)
            if outline not in checked:
                checked[outline] = self._is_valid(name, job)
            if checked[outline]:
                yield Instance(f"{address}[{json.dumps(entry.key, ensure_ascii=False)}]", job, mark)

    def _count(self, mark: Mark) -> None:
        self._expanded += 1
        if self._expanded > _MAX_INSTANCES:
            message = f"for_each makes more than {_MAX_INSTANCES} jobs of this manifest"
            raise self._document.text.error(mark, Code.TOO_LARGE, message, "split it into several runs")

    def _is_valid(self, name: str, job: Table) -> bool:
        found = find_faults_of_job(self._document, name, job)
        self._faults.add_all(found)
        return not found

    def _read_entries(self, table: Table) -> Iterator[Entry]:
        node = table[FOR_EACH]
        if isinstance(node, Pending):
            return
        if not node:
            mark, message = self._document.key_mark(table, FOR_EACH), "no entries: there is nothing to check"
            self._faults.add(mark, Code.NOTHING_TO_CHECK, message, "a job that is made for no entry proves nothing")
        if isinstance(node, Table):
            for key, value in node.items():
                yield Entry(key, value)
        elif isinstance(node, Array):
            yield from self._read_elements(node)

    def _read_elements(self, nodes: Array) -> Iterator[Entry]:
        """A list's strings are keys and values; two that are equal would be one address."""
        seen: set[str] = set()
        for node, mark in self._document.elements(nodes):
            key = as_string(node)
            if key in seen:
                message = f"'{shorten(key)}' stands in for_each a second time"
                self._faults.add(mark, Code.DUPLICATE_INSTANCE, message, "an entry is the key of a job: name each once")
            else:
                seen.add(key)
                yield Entry(key, node)
