"""
Parses JSON (RFC 8259) into a document: strictly, with positions, and without recursion.

The decoder of the standard library reports no positions, uses the last of two equal keys, and accepts NaN.
"""

import re
from collections.abc import Callable
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

from reconcile.codes import Code
from reconcile.document.builder import TreeBuilder
from reconcile.document.text import MARK_SHIFT, Text
from reconcile.document.tree import MAX_TOKENS, Array, Document, Table
from reconcile.errors import DocumentError

# Written in C, documented only in its source, and used by other decoders with positions.
_scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = scanstring
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_WORD: Final = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9a-zA-Z.+-])|true\b|false\b|null\b"
)
_HINTS: Final = {
    "invalid \\escape": "write \\\\ for a backslash",
    "invalid \\uxxxx escape": "write 4 hexadecimal digits after \\u",
    "invalid control character": "write it as an escape, like \\n or \\t",
    "unterminated string starting": "close the quotes",
}
_NO_MORE: Final = "JSON has no comments, and no comma after the last entry"
_NON_FINITE: Final = re.compile(r"-?Infinity\b|NaN\b")


def parse_json(text: Text) -> Document:
    """Parse a JSON text; raise DocumentError at the first syntax error."""
    return _Scanner(text).scan()


class _Scanner:
    """Scans a text once; its methods take an offset and return the offset after what they read."""

    __slots__ = ("_content", "_text", "_tree")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._content = text.content
        self._tree = TreeBuilder(text)

    def scan(self) -> Document:
        at = self._value(self._skip(0))
        for _ in range(MAX_TOKENS):
            if not self._tree.depth:
                break
            at = self._member(self._skip(at))
        else:
            raise self._tree.refuse_rest(at)
        at = self._skip(at)
        if at < len(self._content):
            raise self._error(at, "there is text after the end of the JSON value", "remove it: a file is one value")
        return self._tree.finish()

    def _member(self, at: int) -> int:
        """Read the next entry of the open container, or its end."""
        container = self._tree.container
        closing = "}" if isinstance(container, Table) else "]"
        if self._content.startswith(closing, at):
            self._tree.close(at + 1)
            return at + 1
        if container:
            at = self._skip(self._expect(",", at, f"',' or '{closing}' is missing here"))
        if isinstance(container, Table):
            at = self._skip(self._key(at))
            at = self._skip(self._expect(":", at, "':' is missing after the key"))
        return self._value(at)

    def _key(self, at: int) -> int:
        if not self._content.startswith('"', at):
            raise self._error(at, "a key in double quotes is missing here", _NO_MORE)
        return self._string(at)

    def _value(self, at: int) -> int:
        first = self._content[at : at + 1]
        if first == "{" or first == "[":
            self._tree.open(Table() if first == "{" else Array(), at)
            return at + 1
        return self._string(at) if first == '"' else self._word(at)

    def _string(self, at: int) -> int:
        try:
            content, end = _scan_string(self._content, at + 1, True)
        except JSONDecodeError as error:
            place = at if error.msg.startswith("Unterminated") else error.pos
            message = error.msg.removesuffix(" at").lower()
            raise self._error(place, message, _HINTS.get(message)) from error
        self._tree.add(content, at << MARK_SHIFT | end - at, plain=False)
        return end

    def _word(self, at: int) -> int:
        found = _WORD.match(self._content, at)
        if found is None:
            raise self._no_value(at)
        self._tree.add(found[0], at << MARK_SHIFT | found.end() - at, plain=True)
        return found.end()

    def _no_value(self, at: int) -> DocumentError:
        found = _NON_FINITE.match(self._content, at)
        if found:
            mark = at << MARK_SHIFT | len(found[0])
            return self._text.error(mark, Code.NOT_A_NUMBER, f"{found[0]} is not a finite number")
        return self._error(at, "a value is missing here", _NO_MORE)

    def _expect(self, sign: str, at: int, message: str) -> int:
        if not self._content.startswith(sign, at):
            raise self._error(at, message)
        return at + 1

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._content, at)
        return found.end() if found else at

    def _error(self, at: int, message: str, hint: str | None = None) -> DocumentError:
        return self._text.error(min(at, len(self._content)) << MARK_SHIFT | 1, Code.SYNTAX, message, hint)
