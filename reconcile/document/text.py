"""The text of a file that people write, places in it, and characters that a reviewer cannot see."""

import re
from array import array
from bisect import bisect_right
from hashlib import sha256
from typing import Final, TypeAlias

from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.diagnostic import Diagnostic, Source

Mark: TypeAlias = int
"""A range of a text in one integer, because there are millions of them: `start << MARK_SHIFT | length`."""

MARK_SHIFT: Final = 32
LENGTH: Final = (1 << MARK_SHIFT) - 1

_SHOWN: Final = 40
"""The most characters of a file that an error shows, so that no secret gets into a CI log."""

_LEAD: Final = 16
"""The characters before a place that are shown of a long line."""
_WIDEST: Final = 1000
"""The last column that is reported with its line."""

_LINE_END: Final = re.compile("\n")


def shorten(content: str) -> str:
    """Cut content of a file to the length that a message may show."""
    return content if len(content) <= _SHOWN else content[: _SHOWN - 1] + "…"


class Text:
    """
    The decoded content of one file, without a byte order mark.

    Offsets count characters from 0. Lines and columns are computed on demand.
    """

    __slots__ = ("_line_starts", "byte_order_mark", "content", "file")

    def __init__(self, file: str, content: str, *, byte_order_mark: bool = False) -> None:
        self.file = file
        self.content = content
        self.byte_order_mark = byte_order_mark
        self._line_starts: array[int] | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the text in UTF-8, in hexadecimal."""
        return sha256(self.content.encode()).hexdigest()

    def find_source(self, mark: Mark) -> Source:
        """Return the line and column where a mark begins, which may be the end of the text."""
        offset = mark >> MARK_SHIFT
        starts = self._line_starts or self._find_line_starts()
        line = bisect_right(starts, offset)
        return Source(file=self.file, line=line, column=offset - starts[line - 1] + 1)

    def find_end(self, mark: Mark) -> Source:
        """Return the line and column of the last character of a mark."""
        return self.find_source(mark + (max(0, (mark & LENGTH) - 1) << MARK_SHIFT))

    def read(self, mark: Mark) -> str:
        """Return the text of a mark, exactly as it was written."""
        start = mark >> MARK_SHIFT
        return self.content[start : start + (mark & LENGTH)]

    def diagnose(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> Diagnostic:
        """Make a diagnostic at `mark`."""
        source = self.find_source(mark)
        excerpt = self._excerpt(source)
        width = max(1, min(mark & LENGTH, len(excerpt or "") - source.column + 1))
        return Diagnostic(code=code, message=message, hint=hint, source=source, excerpt=excerpt, width=width)

    def error(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> DocumentError:
        """Make the error for a text that cannot be read past `mark`."""
        return DocumentError([self.diagnose(mark, code, message, hint)])

    def _find_line_starts(self) -> "array[int]":
        self._line_starts = array("I", [0])
        self._line_starts.extend(match.end() for match in _LINE_END.finditer(self.content))
        return self._line_starts

    def _excerpt(self, source: Source) -> str | None:
        """
        Return the line of a place; a long line is cut after the place and mostly blanked before it.

        Columns stay the same. None means that the place is too far to the right to show.
        """
        if source.column > _WIDEST:
            return None
        starts = self._line_starts or self._find_line_starts()
        begin = starts[source.line - 1]
        end = starts[source.line] - 1 if source.line < len(starts) else len(self.content)
        at = begin + source.column - 1
        before = self.content[begin:at]
        behind = self.content[at : min(end, at + _SHOWN + 1)].rstrip("\r")
        cut = end - at > _SHOWN + 1
        if not cut and len((before + behind).strip()) <= _SHOWN:
            return before + behind
        if len(before.strip()) > _LEAD:
            before = "…".rjust(len(before) - _LEAD) + before[-_LEAD:]
        left = _SHOWN - min(_LEAD, len(before.strip()))
        return before + (behind[:left].rstrip() + "…" if cut or len(behind) > left else behind)


# --- Hidden characters -----------------------------------------------------------------------------------------

_HIDDEN: Final = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f"
    "\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""
Controls, invisible and direction-changing characters: Unicode's categories Cc (except tab and line ends), Cf, Cs, Zl
and Zp, its property Default_Ignorable_Code_Point (fillers and variation selectors, which are letters and marks by
category), and the blank of Braille. Spelled out, because asking `unicodedata` about every character would be slow.
Trojan Source, CVE-2021-42574.
"""

_LONE_RETURN: Final = "\r(?!\n)"
_VISIBLE: Final = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
"""The ASCII characters that are not hidden."""


def escape_hidden(text: str) -> str:
    """Replace the hidden characters of a JSON text, except line ends, with escapes."""
    import json

    return re.sub(_HIDDEN, lambda found: json.dumps(found[0])[1:-1], text)


def find_hidden(content: str) -> int | None:
    """Return the offset of the first hidden character; a carriage return counts unless a line feed follows."""
    if content.isascii() and (content.isprintable() or not content.encode().translate(None, _VISIBLE)):
        found = None
    else:
        found = re.search(_HIDDEN, content)
    if found is None and "\r" in content:
        found = re.search(_LONE_RETURN, content)
    return found.start() if found else None


def name_character(character: str) -> str:
    """Describe a character by its escape and its Unicode name."""
    import unicodedata

    escape = character.encode("unicode_escape").decode("ascii")
    name = unicodedata.name(character, "")
    return f"'{escape}' ({name})" if name else f"'{escape}'"
