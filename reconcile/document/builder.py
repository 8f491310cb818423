"""Builds a document from the output of a parser, and refuses what no format may contain."""

from array import array
from typing import Final

from reconcile.codes import Code
from reconcile.document.scalar import NumberError, Scalar, resolve_plain
from reconcile.document.text import LENGTH, MARK_SHIFT, Mark, Text, find_hidden, name_character, shorten
from reconcile.document.tree import MAX_TOKENS, Array, Document, Node, Table
from reconcile.errors import DocumentError

_SPLIT: Final = "split it into several files"
_MAX_DEPTH: Final = 32
MAX_ENTRIES: Final = 100_000
MAX_SCALAR: Final = 64 * 1024
_MERGE: Final = "<<"
_MOST_RESOLVED: Final = 4096
"""The most plain scalars whose meaning is cached: the words of a language recur all over a file."""


class TreeBuilder:
    """
    Builds a document from the output of a parser, in the order of the file.

    The position of a scalar decides whether it is a key.
    """

    __slots__ = ("_key", "_marks", "_resolved", "_stack", "_text", "_unstored", "container")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._marks: array[int] = array("Q")
        self._stack: list[tuple[Table | Array, list[Mark]]] = []
        self._key: str | None = None
        self._resolved: dict[str, Scalar] = {}
        # The outermost list contains only the root.
        self.container: Table | Array = Array()
        self._unstored: list[Mark] = []

    @property
    def depth(self) -> int:
        """The number of open containers."""
        return len(self._stack)

    def open(self, container: Table | Array, start: int) -> None:
        """Open a mapping or a list."""
        mark, parent = start << MARK_SHIFT, self.container
        if len(self._stack) >= _MAX_DEPTH:
            raise self.refuse_depth(start)
        if self._key is not None:
            parent[self._key] = container  # type: ignore[call-overload]
            self._key = None
        elif type(parent) is Table:
            message = "a key that is a mapping or a list is not allowed"
            hint = "a key is a string"
            if self._text.content.startswith("{{", start - 1):
                hint = "this looks like a template that was not rendered; render it first"
            raise self._text.error(mark | 1, Code.YAML_FEATURE, message, hint)
        else:
            self._append(container, mark)
        self._unstored.append(mark)
        self._stack.append((parent, self._unstored))
        self.container, self._unstored = container, []

    def close(self, end: int) -> None:
        """Close the innermost mapping or list."""
        self.container.first = len(self._marks)
        self._marks.extend(self._unstored)
        self.container, self._unstored = self._stack.pop()
        self._unstored[-1] |= end - (self._unstored[-1] >> MARK_SHIFT)

    def add(self, content: str, mark: Mark, *, plain: bool) -> None:
        """Add a key or a value; a plain scalar, without quotes, may be something other than a string."""
        value: Scalar = content
        if not plain:
            self._check_scalar(content, mark)
        elif content in self._resolved:
            value = self._resolved[content]
        else:
            value = self._resolve(content, mark)
        if self._key is not None:
            self.container[self._key] = value  # type: ignore[call-overload]
            self._key = None
        elif type(self.container) is Table:
            self._key = self._check_key(value, mark)
        else:
            self._append(value, mark)
        self._unstored.append(mark)

    def refuse_size(self, message: str, hint: str, at: int) -> DocumentError:
        """Make the error for a text that exceeds a limit at an offset."""
        return self._text.error(at << MARK_SHIFT | 1, Code.TOO_LARGE, message, hint)

    def refuse_depth(self, at: int) -> DocumentError:
        """Make the error for a text that is nested too deeply at an offset."""
        message = f"this is nested more than {_MAX_DEPTH} levels deep"
        return self.refuse_size(message, "look for a stray or unclosed bracket", at)

    def refuse_rest(self, at: int) -> DocumentError:
        """Make the error for a text that exceeds MAX_TOKENS at an offset."""
        return self.refuse_size(f"there are more than {MAX_TOKENS} keys, values and brackets before this", _SPLIT, at)

    def finish(self) -> Document:
        """Return the document; its root is None if the file is empty."""
        self.container.first = len(self._marks)
        self._marks.extend(self._unstored)
        root = next(iter(self.container), None)
        return Document(self._text, root, self._unstored[0] if self._unstored else 0, self._marks)

    def _resolve(self, content: str, mark: Mark) -> Scalar:
        self._check_scalar(content, mark)
        if content == _MERGE and self._key is None and type(self.container) is Table:
            hint = "write the entries out, or make them defaults"
            raise self._text.error(mark, Code.YAML_FEATURE, "the merge key '<<' is not allowed", hint)
        try:
            value = resolve_plain(content)
        except NumberError as error:
            hint = "put it in quotes if it is not meant as a number"
            raise self._text.error(mark, Code.NOT_A_NUMBER, str(error), hint) from error
        if len(self._resolved) < _MOST_RESOLVED and content != _MERGE:
            self._resolved[content] = value
        return value

    def _check_scalar(self, content: str, mark: Mark) -> None:
        if mark & LENGTH > MAX_SCALAR:
            message = f"this scalar is longer than {MAX_SCALAR} characters"
            raise self.refuse_size(message, "shorten it", mark >> MARK_SHIFT)
        if not (content.isascii() and content.isprintable()):
            self._refuse_hidden(content, mark, find_hidden(content))

    def _append(self, value: Node, mark: Mark) -> None:
        if len(self.container) >= MAX_ENTRIES:
            raise self._refuse_entry("list", mark)
        self.container.append(value)  # type: ignore[union-attr]

    def _check_key(self, key: Scalar, mark: Mark) -> str:
        if len(self.container) >= MAX_ENTRIES:
            raise self._refuse_entry("mapping", mark)
        if not isinstance(key, str):
            written = shorten(self._text.read(mark))
            message = "a key must be a string, and this one is read as another type"
            raise self._text.error(mark, Code.QUOTE_IT, message, f'quote it: "{written}"')
        if key in self.container:
            self._refuse_duplicate(key, mark)
        if not (key.isascii() and key.isprintable()):
            self._refuse_hidden(key, mark, find_hidden(key.replace("\n", "\0").replace("\t", "\0")))
        return key

    def _refuse_entry(self, kind: str, mark: Mark) -> DocumentError:
        return self.refuse_size(f"this {kind} has more than {MAX_ENTRIES} entries", _SPLIT, mark >> MARK_SHIFT)

    def _refuse_hidden(self, content: str, mark: Mark, at: int | None) -> None:
        if at is not None:
            message = f"this contains the hidden character {name_character(content[at])}"
            hint = "a key is one line of visible characters; a value may hold line feeds and tabs as well"
            raise self._text.error(mark, Code.ENCODING, message, hint)

    def _refuse_duplicate(self, key: str, mark: Mark) -> None:
        first = self._text.find_source(self._unstored[2 * list(self.container).index(key)])
        message = f"the key '{shorten(key)}' is defined twice, first at {first.line}:{first.column}"
        raise self._text.error(mark, Code.DUPLICATE_KEY, message, "remove one of them")
