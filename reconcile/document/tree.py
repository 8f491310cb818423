"""
What a file says, as plain values that remember where they were written.

The values are `dict` and `list` to whoever looks, so that a JSON Schema validator can check them as they are. The
marks of all their entries stand in one array of the document, those of one container side by side.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from reconcile.codes import Code
from reconcile.document.characters import find_hidden, name_character
from reconcile.document.scalar import NumberError, Scalar, resolve_plain
from reconcile.document.text import LENGTH, MARK_SHIFT, Mark, Text, shorten
from reconcile.errors import DocumentError

Node: TypeAlias = "Scalar | Table | Array"

MAX_TOKENS: Final = 4_000_000
"""A file of 32 MiB has room for more; a hundred thousand jobs have half as many."""

_MAX_DEPTH: Final = 32
_MAX_ELEMENTS: Final = 100_000
_MAX_SCALAR: Final = 64 * 1024
_REPEATED: Final = 16
"""A plain scalar up to this length may be a word of a language, and stand in a file a hundred thousand times."""
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


class Document:
    """One file: its text, its tree, and where everything in the tree was written."""

    __slots__ = ("_indexed", "_indices", "_marks", "_root_mark", "root", "text")

    def __init__(self, text: Text, root: Node, root_mark: Mark, marks: "array[int]") -> None:
        self.text = text
        self.root = root
        self._root_mark = root_mark
        self._marks = marks
        self._indexed: Table | None = None
        self._indices: dict[str, int] = {}

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

    def elements(self, nodes: Array) -> Iterator[tuple[Node, Mark]]:
        """Walk a list: value and its mark."""
        return zip(nodes, self._marks[nodes.first : nodes.first + len(nodes)], strict=True)

    def element_mark(self, nodes: Array, number: int) -> Mark:
        """Return the mark of an element of a list."""
        return self._marks[nodes.first + number]

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
        """Find an entry's number; one large mapping, the one asked about last, has an index."""
        if len(table) <= _INDEXED:
            return list(table).index(key)
        if self._indexed is not table:
            self._indexed, self._indices = table, {each: number for number, each in enumerate(table)}
        return self._indices[key]


class TreeBuilder:
    """
    Builds a document from what a parser meets, in the order of the file, and refuses what no format may hold.

    Whether a scalar is a key follows from where it stands.
    """

    __slots__ = ("_key", "_marks", "_pending", "_plain", "_stack", "_text", "container")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._marks: array[int] = array("Q")
        self._stack: list[tuple[Table | Array, list[Mark]]] = []
        self._key: str | None = None
        self._plain: dict[str, Scalar] = {}
        # The outermost list holds nothing but the root.
        self.container: Table | Array = Array()
        self._pending: list[Mark] = []

    @property
    def depth(self) -> int:
        """How many containers are open."""
        return len(self._stack)

    @property
    def wants_key(self) -> bool:
        """Whether what comes next is the key of a mapping."""
        return self._key is None and type(self.container) is Table

    def open(self, container: Table | Array, start: int) -> None:
        """Begin a mapping or a list."""
        if len(self._stack) >= _MAX_DEPTH:
            raise self.refuse_size(f"this is nested more than {_MAX_DEPTH} levels deep", start)
        self._put(container, start << MARK_SHIFT)
        self._stack.append((self.container, self._pending))
        self.container, self._pending = container, []

    def close(self, end: int) -> None:
        """End the innermost mapping or list."""
        if len(self.container) > _MAX_ELEMENTS and isinstance(self.container, Array):
            raise self.refuse_size(f"this list is longer than {_MAX_ELEMENTS} elements", end - 1)
        self.container.first = len(self._marks)
        self._marks.extend(self._pending)
        self.container, self._pending = self._stack.pop()
        self._pending[-1] |= end - (self._pending[-1] >> MARK_SHIFT)

    def add_plain(self, content: str, start: int, end: int) -> None:
        """Add a scalar without quotes, which may mean something else than a string."""
        mark = start << MARK_SHIFT | end - start
        plain = self._plain
        self._put(plain[content] if content in plain else self._resolve(content, mark), mark)

    def add_quoted(self, content: str, start: int, end: int) -> None:
        """Add a string."""
        mark = start << MARK_SHIFT | end - start
        self._check_scalar(content, mark)
        self._put(content, mark)

    def refuse_size(self, message: str, at: int) -> DocumentError:
        """Make the error of a text that has too much of something at an offset."""
        return self._text.error(at << MARK_SHIFT | 1, Code.TOO_LARGE, message)

    def refuse_rest(self, at: int) -> DocumentError:
        """Make the error of a text that goes on at an offset after MAX_TOKENS."""
        return self.refuse_size(f"there are more than {MAX_TOKENS} keys, values and brackets before this", at)

    def finish(self) -> Document:
        """Return the document; its root is None where the file says nothing."""
        self.container.first = len(self._marks)
        self._marks.extend(self._pending)
        root = next(iter(self.container), None)
        return Document(self._text, root, self._pending[0] if self._pending else 0, self._marks)

    def _put(self, value: Node, mark: Mark) -> None:
        container = self.container
        if isinstance(container, Array):
            container.append(value)
        elif self._key is not None:
            container[self._key] = value
            self._key = None
        else:
            self._key = self._check_key(value, mark)
        self._pending.append(mark)

    def _resolve(self, content: str, mark: Mark) -> Scalar:
        self._check_scalar(content, mark)
        try:
            value = resolve_plain(content)
        except NumberError as error:
            hint = "put it in quotes if it is not meant as a number"
            raise self._text.error(mark, Code.NOT_A_NUMBER, str(error), hint) from error
        if len(content) <= _REPEATED:
            self._plain[content] = value
        return value

    def _check_scalar(self, content: str, mark: Mark) -> None:
        if mark & LENGTH > _MAX_SCALAR:
            raise self.refuse_size(f"this scalar is longer than {_MAX_SCALAR} characters", mark >> MARK_SHIFT)
        if not content.isprintable():
            self._refuse_hidden(content, mark, find_hidden(content))

    def _check_key(self, key: Node, mark: Mark) -> str:
        if not isinstance(key, str):
            written = shorten(self._text.read(mark))
            message = "a key is a string, and this one is read as another type"
            raise self._text.error(mark, Code.QUOTE_IT, message, f'quote it: "{written}"')
        if key in self.container:
            self._refuse_duplicate(key, mark)
        if not key.isprintable():
            self._refuse_hidden(key, mark, find_hidden(key.replace("\n", "\0").replace("\t", "\0")))
        return key

    def _refuse_hidden(self, content: str, mark: Mark, at: int | None) -> None:
        if at is not None:
            message = f"this holds the hidden character {name_character(content[at])}"
            hint = "a key is one line of visible characters; a value may hold line feeds and tabs as well"
            raise self._text.error(mark, Code.ENCODING, message, hint)

    def _refuse_duplicate(self, key: str, mark: Mark) -> None:
        first = self._text.find_source(self._pending[2 * list(self.container).index(key)])
        message = f"the key '{shorten(key)}' stands here a second time; the first is at {first.line}:{first.column}"
        raise self._text.error(mark, Code.DUPLICATE_KEY, message, "remove one of them")
