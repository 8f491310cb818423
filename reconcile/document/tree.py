"""
The content of a file as plain values with their positions.

Mappings and lists are `dict` and `list`, so that JSON Schema validators accept them. The marks of all entries are in
one array of the document, those of one container next to each other.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document.scalar import Scalar
from reconcile.document.text import Mark, Text

Node: TypeAlias = "Scalar | Table | Array"

MAX_TOKENS: Final = 4_000_000
"""
The limit of keys, values and brackets in a file, and of those that references add to it.

A hundred thousand jobs of forty each reach it; a file of 32 MiB has room for more.
"""

_TOKEN: Final = 32
"""The characters of a string that count as one more token, because a long string may be referred to often."""

_INDEXED: Final = 32
"""A mapping with more keys than this gets an index when a mark is looked up."""


class Table(dict[str, Node]):
    """A mapping, in the order of the file; `first` is the index of its first mark: key, value, key, value."""

    __slots__ = ("first",)
    first: int


class Array(list[Node]):
    """A list; `first` is the index of its first mark."""

    __slots__ = ("first",)
    first: int


class Pending(str):
    """A string with references to unknown values: its own value may be anything that is valid there."""

    __slots__ = ()


class Sensitive(str):
    """A string that no report and no message may show."""

    __slots__ = ()


def has_pending(node: Node) -> bool:
    """Return whether a value, or anything in it, is pending."""
    if isinstance(node, Table | Array):
        parts = node.values() if isinstance(node, Table) else node
        return any(has_pending(part) for part in parts if type(part) is not str)
    return isinstance(node, Pending)


def as_table(node: Node) -> Table:
    """Return a node that the schema promises is a mapping; raise TypeError if it is not."""
    if isinstance(node, Table):
        return node
    raise TypeError(f"a mapping was promised, not {type(node).__name__}")


def as_array(node: Node) -> Array:
    """Return a node that the schema promises is a list; raise TypeError if it is not."""
    if isinstance(node, Array):
        return node
    raise TypeError(f"a list was promised, not {type(node).__name__}")


def as_string(node: Node) -> str:
    """Return a node that the schema promises is a string; raise TypeError if it is not."""
    if isinstance(node, str):
        return node
    raise TypeError(f"a string was promised, not {type(node).__name__}")


def as_integer(node: Node) -> int:
    """Return a node that the schema promises is an integer; raise TypeError if it is not."""
    if isinstance(node, int):
        return node
    raise TypeError(f"an integer was promised, not {type(node).__name__}")


def count_tokens(node: Node) -> int:
    """Count the keys, values and brackets of a value, itself included; a long string counts as several."""
    if isinstance(node, Table):
        return 2 + len(node) + sum(map(count_tokens, node.values()))
    if isinstance(node, Array):
        return 2 + sum(map(count_tokens, node))
    return 1 + len(node) // _TOKEN if isinstance(node, str) else 1


def count_characters(node: Node) -> int:
    """Count the characters of all strings in a value, without keys."""
    if isinstance(node, Table):
        return sum(map(count_characters, node.values()))
    if isinstance(node, Array):
        return sum(map(count_characters, node))
    return len(node) if isinstance(node, str) else 0


class Origin(Struct, frozen=True):
    """
    The origin of a value that was not written in its place, and whether messages must not show it.

    `written` is the text of a number or a boolean, None if unknown.
    """

    name: str
    sensitive: bool
    written: str | None = None

    def explain(self, message: str) -> str:
        """Add the origin of the value to a message; replace the message if the value is sensitive."""
        if self.sensitive:
            return f"the value of {self.name} is not allowed here; it is sensitive, so it is not shown"
        return f"{message} (the value of {self.name})"


class Document:
    """
    One file: its text, its tree, and the marks of everything in the tree.

    The tree can be replaced with one that has other values in the same places. `has_references` says whether anything
    in it may be pending.
    """

    __slots__ = ("_added", "_indices", "_marks", "_origins", "_root_mark", "has_references", "root", "text")

    def __init__(self, text: Text, root: Node, root_mark: Mark, marks: "array[int]") -> None:
        self.text = text
        self.root = root
        self.has_references = False
        self._root_mark = root_mark
        self._marks = marks
        self._added = 0
        self._origins: dict[Mark, Origin] = {}
        self._indices: dict[int, dict[str, int]] = {}

    def key_mark(self, table: Table, key: str) -> Mark:
        """Return the mark of a key."""
        return self._marks[table.first + 2 * self._find_index(table, key)]

    def value_mark(self, table: Table, key: str) -> Mark:
        """Return the mark of a key's value."""
        return self._marks[table.first + 2 * self._find_index(table, key) + 1]

    def entries(self, table: Table) -> Iterator[tuple[str, Node, Mark]]:
        """Yield each key of a mapping, its value, and the mark of the key."""
        end = table.first + 2 * len(table)
        return zip(table, table.values(), self._marks[table.first : end : 2], strict=True)

    def values(self, table: Table) -> Iterator[tuple[str, Node, Mark]]:
        """Yield each key of a mapping, its value, and the mark of the value."""
        end = table.first + 2 * len(table)
        return zip(table, table.values(), self._marks[table.first + 1 : end : 2], strict=True)

    def elements(self, nodes: Array) -> Iterator[tuple[Node, Mark]]:
        """Yield each element of a list and its mark."""
        return zip(nodes, self._marks[nodes.first : nodes.first + len(nodes)], strict=True)

    def element_mark(self, nodes: Array, number: int) -> Mark:
        """Return the mark of an element of a list."""
        return self._marks[nodes.first + number]

    def without(self, table: Table, keys: Collection[str]) -> Table:
        """Return a mapping of this document without some of its keys; the others keep their marks."""
        kept = Table({key: node for key, node in table.items() if key not in keys})
        kept.first = len(self._marks)
        self._marks.extend([mark for key in kept for mark in (self.key_mark(table, key), self.value_mark(table, key))])
        return kept

    def graft(self, node: Node, mark: Mark) -> Node:
        """
        Return a value from elsewhere as a part of this document, with `mark` as the mark of all its parts.

        Raises:
            DocumentError: together with all values that were added before, it exceeds MAX_TOKENS.
        """
        if isinstance(node, Table):
            self._count_added(2 + 2 * len(node), mark)
            table = Table({key: self.graft(value, mark) for key, value in node.items()})
            table.first = len(self._marks)
            self._marks.extend([mark] * (2 * len(node)))
            return table
        if isinstance(node, Array):
            self._count_added(2 + len(node), mark)
            nodes = Array([self.graft(value, mark) for value in node])
            nodes.first = len(self._marks)
            self._marks.extend([mark] * len(node))
            return nodes
        if isinstance(node, str):
            self.count_string(node, mark)
        return node

    def count_string(self, content: str, mark: Mark) -> None:
        """Count a string that references add at `mark`; raise DocumentError as `graft` does."""
        self._count_added(len(content) // _TOKEN, mark)

    def _count_added(self, tokens: int, mark: Mark) -> None:
        self._added += tokens
        if self._added > MAX_TOKENS:
            message = "the values that this file refers to are too large in total"
            raise self.text.error(mark, Code.TOO_LARGE, message, "refer only to what is needed")

    def set_origin(self, mark: Mark, origin: Origin) -> None:
        """Set the origin of the value at `mark`, which is not the value that was written there."""
        self._origins[mark] = origin

    def find_origin(self, mark: Mark) -> Origin | None:
        """Return the origin of the value at a mark, None if it was written there."""
        return self._origins.get(mark)

    def find_mark(self, path: Sequence[str | int], *, at_key: bool) -> Mark:
        """Return the mark of the value at a path from the root or, with `at_key`, of its key, if it has one."""
        node, mark = self.root, self._root_mark
        for step in path:
            if isinstance(node, Table) and isinstance(step, str):
                mark = self.key_mark(node, step) if at_key else self.value_mark(node, step)
                node = node[step]
            elif isinstance(node, Array) and isinstance(step, int):
                mark = self.element_mark(node, step)
                node = node[step]
        return mark

    def find_nearest(self, path: Sequence[str | int]) -> Mark:
        """Return the mark of the key at a path, or of the last existing key on the path."""
        node: Any = self.root
        found = 0
        for step in path:
            try:
                node = node[step]
            except (LookupError, TypeError):
                break
            found += 1
        return self.find_mark(path[:found], at_key=True)

    def _find_index(self, table: Table, key: str) -> int:
        """Return the index of an entry; tables with the same first mark have the same keys."""
        if len(table) <= _INDEXED:
            return list(table).index(key)
        indices = self._indices.get(table.first)
        if indices is None:
            indices = self._indices[table.first] = {each: number for number, each in enumerate(table)}
        return indices[key]
