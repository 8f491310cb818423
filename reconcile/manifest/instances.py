"""Makes the jobs of a declaration with `for_each`."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import (
    MAX_TOKENS,
    Array,
    Document,
    Mark,
    Node,
    Pending,
    Schema,
    Table,
    as_string,
    count_tokens,
    has_pending,
    shorten,
)
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.interpolation import FOR_EACH, Interpolator
from reconcile.manifest.language import find_job_errors
from reconcile.manifest.resolution import Entry

_MAX_INSTANCES: Final = 100_000
"""The limit of entries of a file; without it, many declarations with many entries each would multiply."""


class Instance(Struct, frozen=True):
    """A job to read: its address in the manifest, its content, and the mark of its declaration."""

    address: str
    table: Table
    mark: Mark


class Expander:
    """Makes the jobs of valid declarations, and reports their errors."""

    __slots__ = ("_diagnostics", "_document", "_interpolator", "_prefix", "_schema")

    def __init__(
        self, document: Document, interpolator: Interpolator, schema: Schema, diagnostics: Diagnostics, *, prefix: str
    ) -> None:
        self._document = document
        self._prefix = prefix
        self._interpolator = interpolator
        self._schema = schema
        self._diagnostics = diagnostics

    def refuse_too_many(self, table: Table) -> None:
        """
        Refuse the declarations under `jobs` if together they make more than a file may declare.

        Raises:
            DocumentError: they do; no job has been made yet.
        """
        jobs = tokens = 0
        for name, node, mark in self._document.entries(table):
            if not isinstance(node, Table) or FOR_EACH not in node or not self._diagnostics.is_valid("jobs", name):
                continue
            each = node[FOR_EACH]
            if not isinstance(each, Table | Array):
                continue
            jobs += len(each)
            if jobs > _MAX_INSTANCES:
                message = f"for_each creates more than {_MAX_INSTANCES} jobs"
                raise self._document.text.error(mark, Code.TOO_LARGE, message, "split it into several runs")
            tokens += len(each) * sum(count_tokens(node[key]) for key in _find_changing(node))
            if tokens > MAX_TOKENS:
                message = f"for_each creates more than {MAX_TOKENS} keys and values that differ from job to job"
                hint = "refer to the entry in fewer places, or split it into several runs"
                raise self._document.text.error(mark, Code.TOO_LARGE, message, hint)

    def expand(self, name: str, table: Table, mark: Mark) -> Iterator[Instance]:
        """Yield the job, or the jobs in the order of `for_each`."""
        address = f"{self._prefix}jobs.{name}"
        if FOR_EACH not in table:
            yield Instance(address, table, mark)
            return
        from json.encoder import encode_basestring

        # Leave the entries out: otherwise, each job would contain all of them.
        bare = Table({**table, FOR_EACH: Array()})
        bare.first = table.first
        changing = _find_changing(bare)
        for entry in self._read_entries(name, table):
            job = self._interpolator.fill_job(bare, entry, changing)
            # What the jobs share was checked with the declaration.
            own = Table({"job_id": job["job_id"], **{key: job[key] for key in changing}})
            errors = find_job_errors(self._document, self._schema, name, own)
            if not errors:
                key = "" if isinstance(table[FOR_EACH], Pending) else f"[{encode_basestring(entry.key)}]"
                yield Instance(address + key, job, mark)
                continue
            self._diagnostics.add_schema_errors(errors)
            if self._diagnostics.is_full:
                return

    def _read_entries(self, name: str, table: Table) -> Iterator[Entry]:
        node = table[FOR_EACH]
        if isinstance(node, Pending):
            # The number of jobs is unknown; read one of them, so that what they share is checked.
            yield Entry(Pending(f"${{each.key of {name}}}"), Pending(f"${{each.value of {name}}}"))
            return
        if not node:
            mark, message = self._document.key_mark(table, FOR_EACH), "no entries: there is nothing to check"
            self._diagnostics.add(
                mark,
                Code.NOTHING_TO_CHECK,
                message,
                "add an entry, or remove the job: without entries, nothing is checked",
            )
        if isinstance(node, Table):
            for key, value, mark in self._document.values(node):
                yield Entry(key, value, self._read_written(value, mark))
        elif isinstance(node, Array):
            yield from self._read_elements(node)

    def _read_written(self, value: Node, mark: Mark) -> str | None:
        """Return the text of a number or a boolean that is written in the file itself, None for other values."""
        is_here = isinstance(value, bool | int | float) and self._document.find_origin(mark) is None
        return self._document.text.read(mark) if is_here else None

    def _read_elements(self, nodes: Array) -> Iterator[Entry]:
        """Yield the strings of a list, which are keys and values; refuse equal ones, which would share an address."""
        seen: set[str] = set()
        for node, mark in self._document.elements(nodes):
            key = as_string(node)
            if key in seen:
                message = f"'{shorten(key)}' is listed twice in for_each"
                self._diagnostics.add(
                    mark, Code.DUPLICATE_INSTANCE, message, "list each entry once: it is the key of its job"
                )
            else:
                seen.add(key)
                yield Entry(key, node)


def _find_changing(table: Table) -> list[str]:
    """Return the keys of a declaration whose values differ from job to job."""
    return [key for key, value in table.items() if key != FOR_EACH and has_pending(value)]
