"""What a parser meets, put together to a document, and refused where no format may hold it."""

from array import array
from typing import Final

from reconcile.codes import Code
from reconcile.document.characters import find_hidden, name_character
from reconcile.document.scalar import NumberError, Scalar, resolve_plain
from reconcile.document.text import LENGTH, MARK_SHIFT, Mark, Text, shorten
from reconcile.document.tree import MAX_TOKENS, Array, Document, Node, Table
from reconcile.errors import DocumentError

_SPLIT: Final = "split it into several files"
_MAX_DEPTH: Final = 32
MAX_ENTRIES: Final = 100_000
MAX_SCALAR: Final = 64 * 1024
_REPEATED: Final = 16
"""A plain scalar up to this length may be a word of a language, and stand in a file a hundred thousand times."""


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
            raise self.refuse_depth(start)
        self._put(container, start << MARK_SHIFT)
        self._stack.append((self.container, self._pending))
        self.container, self._pending = container, []

    def close(self, end: int) -> None:
        """End the innermost mapping or list."""
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

    def refuse_size(self, message: str, hint: str, at: int) -> DocumentError:
        """Make the error of a text that has too much of something at an offset."""
        return self._text.error(at << MARK_SHIFT | 1, Code.TOO_LARGE, message, hint)

    def refuse_depth(self, at: int) -> DocumentError:
        """Make the error of a text that is nested too deeply at an offset."""
        message = f"this is nested more than {_MAX_DEPTH} levels deep"
        return self.refuse_size(message, "look for a bracket that is not meant, or is never closed", at)

    def refuse_rest(self, at: int) -> DocumentError:
        """Make the error of a text that goes on at an offset after MAX_TOKENS."""
        return self.refuse_size(f"there are more than {MAX_TOKENS} keys, values and brackets before this", _SPLIT, at)

    def finish(self) -> Document:
        """Return the document; its root is None where the file says nothing."""
        self.container.first = len(self._marks)
        self._marks.extend(self._pending)
        root = next(iter(self.container), None)
        return Document(self._text, root, self._pending[0] if self._pending else 0, self._marks)

    def _put(self, value: Node, mark: Mark) -> None:
        container = self.container
        if self._key is not None:
            container[self._key] = value  # type: ignore[call-overload]
            self._key = None
        elif len(container) >= MAX_ENTRIES:
            raise self._refuse_entry(mark)
        elif isinstance(container, Array):
            container.append(value)
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
        if mark & LENGTH > MAX_SCALAR:
            message = f"this scalar is longer than {MAX_SCALAR} characters"
            raise self.refuse_size(message, "shorten it", mark >> MARK_SHIFT)
        if not (content.isascii() and content.isprintable()):
            self._refuse_hidden(content, mark, find_hidden(content))

    def _check_key(self, key: Node, mark: Mark) -> str:
        if not isinstance(key, str):
            written = shorten(self._text.read(mark))
            message = "a key is a string, and this one is read as another type"
            raise self._text.error(mark, Code.QUOTE_IT, message, f'quote it: "{written}"')
        if key in self.container:
            self._refuse_duplicate(key, mark)
        if not (key.isascii() and key.isprintable()):
            self._refuse_hidden(key, mark, find_hidden(key.replace("\n", "\0").replace("\t", "\0")))
        return key

    def _refuse_entry(self, mark: Mark) -> DocumentError:
        kind = "list" if isinstance(self.container, Array) else "mapping"
        return self.refuse_size(f"this {kind} has more than {MAX_ENTRIES} entries", _SPLIT, mark >> MARK_SHIFT)

    def _refuse_hidden(self, content: str, mark: Mark, at: int | None) -> None:
        if at is not None:
            message = f"this holds the hidden character {name_character(content[at])}"
            hint = "a key is one line of visible characters; a value may hold line feeds and tabs as well"
            raise self._text.error(mark, Code.ENCODING, message, hint)

    def _refuse_duplicate(self, key: str, mark: Mark) -> None:
        first = self._text.find_source(self._pending[2 * list(self.container).index(key)])
        message = f"the key '{shorten(key)}' stands here a second time; the first is at {first.line}:{first.column}"
        raise self._text.error(mark, Code.DUPLICATE_KEY, message, "remove one of them")
