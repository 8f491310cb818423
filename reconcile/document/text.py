"""The text of a file that people write, and the places in it."""

import re
from array import array
from bisect import bisect_right
from hashlib import sha256
from typing import Final, TypeAlias

from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model import Diagnostic, Source

Mark: TypeAlias = int
"""A stretch of a text in one integer, for there are millions of them: `start << MARK_SHIFT | length`."""

MARK_SHIFT: Final = 32
LENGTH: Final = (1 << MARK_SHIFT) - 1

_SHOWN: Final = 40
"""As many characters of a file's content are shown at most: an error must not copy a secret into a CI log."""

_LEAD: Final = 16
"""Of a line with more content than is shown, so many characters before a place are shown."""
_WIDEST: Final = 160
"""Places in columns beyond this one are shown without their line."""

_LINE_END: Final = re.compile("\n")


def shorten(content: str) -> str:
    """Cut content of a file to what a message may show of it."""
    return content if len(content) <= _SHOWN else content[: _SHOWN - 1] + "…"


class Text:
    """
    The content of one file, decoded, without the byte order mark that stood before it if there was one.

    Offsets count characters from 0; lines and columns are only worked out when someone asks.
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
        """Return line and column of where a mark begins, which may be the end of the text."""
        return self._locate(mark >> MARK_SHIFT)

    def find_end(self, mark: Mark) -> Source:
        """Return line and column of the last character of a mark."""
        return self._locate((mark >> MARK_SHIFT) + max(0, (mark & LENGTH) - 1))

    def _locate(self, offset: int) -> Source:
        starts = self._starts()
        line = bisect_right(starts, offset)
        return Source(file=self.file, line=line, column=offset - starts[line - 1] + 1)

    def read(self, mark: Mark) -> str:
        """Return what stands at a mark, exactly as it was written."""
        start = mark >> MARK_SHIFT
        return self.content[start : start + (mark & LENGTH)]

    def diagnose(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> Diagnostic:
        """Say that something is wrong with what stands at `mark`."""
        source = self.find_source(mark)
        excerpt = self._excerpt(source)
        width = max(1, min(mark & LENGTH, len(excerpt or "") - source.column + 1))
        return Diagnostic(code=code, message=message, hint=hint, source=source, excerpt=excerpt, width=width)

    def error(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> DocumentError:
        """Make the error of a text that cannot be read any further than `mark`."""
        return DocumentError([self.diagnose(mark, code, message, hint)])

    def _starts(self) -> "array[int]":
        if self._line_starts is None:
            self._line_starts = array("L", [0])
            self._line_starts.extend(match.end() for match in _LINE_END.finditer(self.content))
        return self._line_starts

    def _excerpt(self, source: Source) -> str | None:
        """
        Return the line of a place, cut behind it, and mostly blank before it where much stands there.

        Columns stay as they are; None is a place so far to the right that there is nothing sensible to show.
        """
        if source.column > _WIDEST:
            return None
        starts = self._starts()
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
        room = _SHOWN - min(_LEAD, len(before.strip()))
        return before + (behind[:room].rstrip() + "…" if cut or len(behind) > room else behind)
