"""
What a file says, as plain values that remember where they were written.

The values are `dict` and `list` to whoever looks, so that a JSON Schema validator can check them as they are. The
marks of all their entries stand in one array of the document, those of one container side by side.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document.scalar import Scalar
from reconcile.document.text import MARK_SHIFT, Mark, Text

Node: TypeAlias = "Scalar | Table | Array"

MAX_TOKENS: Final = 4_000_000
"""
Keys, values and brackets that a file may hold, and again that references may bring into it.

A file of 32 MiB has room for more; a hundred thousand jobs of forty each have as many.
"""

_TOKEN: Final = 32
"""So many characters of a string count as one more token, for a long one may be referred to often."""

_INDEXED: Final = 32
"""A mapping with more keys than this gets an index of them when someone asks where one stands."""


class Table(dict[str, Node]):
    """A mapping, in the order of the file; `first` is the index of its first mark: key, value, key, value."""

    __slots__ = ("first",)
    first: int


class Array(list[Node]):
    """A list; `first` is the index of its first mark."""

    __slots__ = ("first",)
    first: int


class Pending(str):
    """A string that stands for a value which is not known as yet: whatever a schema asks of it, it may turn out so."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Pending({super().__repr__()})"


class Sensitive(str):
    """A string that no report and no message may show."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Tell it apart from a string of the same content; for outlines, never for a reader."""
        return f"Sensitive({super().__repr__()})"


def as_table(node: Node) -> Table:
    """Return a node that a schema has shown to be a mapping; raise TypeError where the schema was wrong."""
    if isinstance(node, Table):
        return node
    raise TypeError(f"a mapping was promised, not {type(node).__name__}")


def as_array(node: Node) -> Array:
    """Return a node that a schema has shown to be a list; raise TypeError where the schema was wrong."""
    if isinstance(node, Array):
        return node
    raise TypeError(f"a list was promised, not {type(node).__name__}")


def as_string(node: Node) -> str:
    """Return a node that a schema has shown to be a string; raise TypeError where the schema was wrong."""
    if isinstance(node, str):
        return node
    raise TypeError(f"a string was promised, not {type(node).__name__}")


def count_tokens(node: Node) -> int:
    """Return how many keys, values and brackets a value is made of, itself included; a long string is several."""
    if isinstance(node, Table):
        return 2 + len(node) + sum(map(count_tokens, node.values()))
    if isinstance(node, Array):
        return 2 + sum(map(count_tokens, node))
    return 1 + len(node) // _TOKEN if isinstance(node, str) else 1


class Origin(Struct, frozen=True):
    """Where a value comes from that was not written where it stands, and whether a message may show it."""

    name: str
    sensitive: bool


class Document:
    """
    One file: its text, its tree, and where everything in the tree was written.

    The tree can be replaced by one in which other values stand in the same places.
    """

    __slots__ = ("_indices", "_marks", "_origins", "_referred", "_root_mark", "root", "text")

    def __init__(self, text: Text, root: Node, root_mark: Mark, marks: "array[int]") -> None:
        self.text = text
        self.root = root
        self._root_mark = root_mark
        self._marks = marks
        self._referred = 0
        self._origins: dict[Mark, Origin] = {}
        self._indices: dict[int, dict[str, int]] = {}

    def move(self, text: Text, pieces: Sequence[tuple[int, int]]) -> None:
        """
        Let all that was read stand where it does in a text that says more.

        A block whose end was left out is as long as what was read of it.

        Args:
            text: the whole text.
            pieces: where that begins and ends in it which was read, in order.
        """
        lengths = [end - start for start, end in pieces]
        starts = [0, *accumulate(lengths[:-1])]
        shifts = [whole - short << MARK_SHIFT for (whole, _), short in zip(pieces, starts, strict=True)]

        def move(mark: Mark) -> Mark:
            return mark + shifts[bisect_right(starts, mark >> MARK_SHIFT) - 1]

        self.text = text
        self._root_mark = move(self._root_mark)
        self._marks = array("Q", map(move, self._marks))

    def key_mark(self, table: Table, key: str) -> Mark:
        """Return the mark of a key."""
        return self._marks[table.first + 2 * self._find_index(table, key)]

    def value_mark(self, table: Table, key: str) -> Mark:
        """Return the mark of a key's value."""
        return self._marks[table.first + 2 * self._find_index(table, key) + 1]

    def entries(self, table: Table) -> Iterator[tuple[str, Node, Mark]]:
        """Walk a mapping: key, value, and the key's mark."""
        end = table.first + 2 * len(table)
        for (key, value), mark in zip(table.items(), self._marks[table.first : end : 2], strict=True):
            yield key, value, mark

    def values(self, table: Table) -> Iterator[tuple[str, Node, Mark]]:
        """Walk a mapping: key, value, and the value's mark."""
        end = table.first + 2 * len(table)
        for (key, value), mark in zip(table.items(), self._marks[table.first + 1 : end : 2], strict=True):
            yield key, value, mark

    def elements(self, nodes: Array) -> Iterator[tuple[Node, Mark]]:
        """Walk a list: value and its mark."""
        return zip(nodes, self._marks[nodes.first : nodes.first + len(nodes)], strict=True)

    def element_mark(self, nodes: Array, number: int) -> Mark:
        """Return the mark of an element of a list."""
        return self._marks[nodes.first + number]

    def graft(self, node: Node, mark: Mark) -> Node:
        """
        Return a value that comes from elsewhere as a part of this document, where all of it stands at `mark`.

        Raises:
            DocumentError: with all that came before it, it is too much.
        """
        if isinstance(node, Table):
            self.count_referred(2 + 2 * len(node), mark)
            table = Table({key: self.graft(value, mark) for key, value in node.items()})
            table.first = len(self._marks)
            self._marks.extend([mark] * (2 * len(node)))
            return table
        if isinstance(node, Array):
            self.count_referred(2 + len(node), mark)
            nodes = Array([self.graft(value, mark) for value in node])
            nodes.first = len(self._marks)
            self._marks.extend([mark] * len(node))
            return nodes
        if isinstance(node, str):
            self.count_text(node, mark)
        return node

    def count_text(self, content: str, mark: Mark) -> None:
        """Count a string that references bring to `mark`, as `count_referred` does."""
        if len(content) >= _TOKEN:
            self.count_referred(len(content) // _TOKEN, mark)

    def count_referred(self, tokens: int, mark: Mark | None = None) -> None:
        """
        Count what references bring into this document, at `mark` or all over.

        Raises:
            DocumentError: with all that came before it, it is more than a file may hold.
        """
        self._referred += tokens
        if self._referred > MAX_TOKENS:
            message = "the values that this file refers to are too large, taken together"
            at = self._root_mark if mark is None else mark
            raise self.text.error(at, Code.TOO_LARGE, message, "refer to what is needed alone")

    def set_origin(self, mark: Mark, origin: Origin) -> None:
        """Remember where the value at `mark` comes from, if it is not the one that was written there."""
        self._origins[mark] = origin

    def find_origin(self, mark: Mark) -> Origin | None:
        """Return what `set_origin` was told of a mark."""
        return self._origins.get(mark)

    def find_mark(self, path: Sequence[str | int], *, at_key: bool) -> Mark:
        """Return the mark of the value at a path from the root or, where it has one, of its key."""
        node, mark = self.root, self._root_mark
        for step in path:
            if isinstance(node, Table) and isinstance(step, str):
                mark = self.key_mark(node, step) if at_key else self.value_mark(node, step)
                node = node[step]
            elif isinstance(node, Array) and isinstance(step, int):
                mark = self.element_mark(node, step)
                node = node[step]
        return mark

    def _find_index(self, table: Table, key: str) -> int:
        """Find an entry's number; tables with the same first mark have the same keys."""
        if len(table) <= _INDEXED:
            return list(table).index(key)
        indices = self._indices.get(table.first)
        if indices is None:
            indices = self._indices[table.first] = {each: number for number, each in enumerate(table)}
        return indices[key]
