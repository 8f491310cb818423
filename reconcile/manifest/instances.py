"""The jobs that one declaration with `for_each` makes."""

from collections.abc import Callable, Hashable, Iterator, Sequence
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
    Table,
    as_string,
    count_tokens,
    shorten,
)
from reconcile.manifest.faults import Faults
from reconcile.manifest.interpolation import FOR_EACH, Interpolator
from reconcile.manifest.language import find_faults_of_job, is_id, outline_job
from reconcile.manifest.references import is_of_entry, parse_references
from reconcile.manifest.resolution import Entry

_MAX_INSTANCES: Final = 100_000
"""As many as there can be entries in a file: many jobs, each for many entries, would be their product."""


class Instance(Struct, frozen=True):
    """
    A job as it is to be read: its address in the manifest, what it says, and the mark of its declaration.

    With a `job_id` it is the job that its declaration made before, but for that and the address; `table` is that job's.
    """

    address: str
    table: Table
    mark: Mark
    job_id: str | None = None


class Expander:
    """Makes the jobs of declarations that are well-formed; what is wrong with one of them is told."""

    __slots__ = ("_document", "_faults", "_interpolator", "_prefix")

    def __init__(self, document: Document, interpolator: Interpolator, faults: Faults, *, prefix: str) -> None:
        self._document = document
        self._prefix = prefix
        self._interpolator = interpolator
        self._faults = faults

    def refuse_too_many(self, table: Table) -> None:
        """
        Refuse the declarations of `jobs` if what they make, taken together, is more than a file may declare.

        Raises:
            DocumentError: it is; no job has been made as yet.
        """
        jobs = tokens = 0
        for name, node, mark in self._document.entries(table):
            each = node.get(FOR_EACH) if isinstance(node, Table) and self._faults.trusts("jobs", name) else None
            if not isinstance(node, Table) or not isinstance(each, Table | Array):
                continue
            jobs += len(each)
            if jobs > _MAX_INSTANCES:
                message = f"for_each makes more than {_MAX_INSTANCES} jobs of this manifest"
                raise self._document.text.error(mark, Code.TOO_LARGE, message, "split it into several runs")
            tokens += len(each) * sum(count_tokens(node[key]) for key in _find_changing(node))
            if tokens > MAX_TOKENS:
                message = f"for_each makes more than {MAX_TOKENS} keys and values that differ from job to job"
                hint = "refer to the entry in fewer places, or split it into several runs"
                raise self._document.text.error(mark, Code.TOO_LARGE, message, hint)

    def expand(self, name: str, table: Table, mark: Mark) -> Iterator[Instance]:
        """Yield the job, or the jobs in the order of `for_each`."""
        address = f"{self._prefix}jobs.{name}"
        if FOR_EACH not in table:
            yield Instance(address, table, mark)
            return
        from json.encoder import encode_basestring

        # The entries stand in none of the jobs: each would be as large as all of them.
        bare = Table({**table, FOR_EACH: Array()})
        bare.first = table.first
        changing = _find_changing(bare)
        checked: dict[Hashable, bool] = {}
        job: Table | None = None
        write_id, id_mark = _compile_id(bare, changing), self._document.value_mark(bare, "job_id")
        for entry in self._read_entries(table):
            made = f"{address}[{encode_basestring(entry.key)}]"
            job_id = write_id(entry) if job is not None else None
            if job is not None and job_id is not None:
                self._document.count_text(job_id, id_mark)
                yield Instance(made, job, mark, job_id)
                continue
            filled = self._interpolator.fill_job(bare, entry, changing)
            # What its jobs have in common was checked where it is declared.
            own = Table({"job_id": filled["job_id"], **{key: filled[key] for key in changing}})
            outline = outline_job(name, own)
            if outline not in checked:
                checked[outline] = self._is_valid(name, own)
            if checked[outline]:
                job = filled
                yield Instance(made, job, mark)

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
        if len(set(map(as_string, nodes))) == len(nodes):
            yield from [Entry(as_string(node), node) for node in nodes]
            return
        seen: set[str] = set()
        for node, mark in self._document.elements(nodes):
            key = as_string(node)
            if key in seen:
                message = f"'{shorten(key)}' stands in for_each a second time"
                self._faults.add(mark, Code.DUPLICATE_INSTANCE, message, "an entry is the key of a job: name each once")
            else:
                seen.add(key)
                yield Entry(key, node)


def _find_changing(table: Table) -> list[str]:
    """Return the keys of a declaration under which its jobs differ from each other."""
    return [key for key, value in table.items() if key != FOR_EACH and _is_pending(value)]


def _compile_id(table: Table, changing: Sequence[str]) -> Callable[[Entry], str | None]:
    """
    Return what writes the id of the job for an entry, where that is all in which the jobs of a declaration differ.

    None is an id that is not well-formed, or that follows from more than strings: the job has to be read.
    """
    node = table["job_id"]
    parts = parse_references(node) if isinstance(node, Pending) and list(changing) == ["job_id"] else ()
    words = [part for part in parts if isinstance(part, str) or is_of_entry(part)]
    if not words or len(words) < len(parts):
        return lambda _: None

    def write_id(entry: Entry) -> str | None:
        job_id = ""
        for word in words:
            node = word if isinstance(word, str) else entry.find(word)
            if type(node) is not str:
                return None
            job_id += node
        return job_id if is_id(job_id) else None

    return write_id


def _is_pending(node: Node) -> bool:
    """Tell whether a value, or anything in it, is known for an entry of `for_each` alone."""
    if isinstance(node, Table):
        return any(map(_is_pending, node.values()))
    if isinstance(node, Array):
        return any(map(_is_pending, node))
    return isinstance(node, Pending)
