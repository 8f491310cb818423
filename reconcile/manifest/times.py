"""Reads expected times and durations."""

from datetime import UTC, datetime
from typing import Final

from reconcile.codes import Code
from reconcile.document import Document, Mark, Table, as_string, shorten
from reconcile.duration import parse_duration
from reconcile.instant import parse_rfc3339, parse_time, write_time
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.satisfiability import CENTURY
from reconcile.model.api import JobApi
from reconcile.model.manifest import Moment, MomentExpectation, Span, SpanExpectation

_EXAMPLE: Final = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


class TimeReader:
    """Reads bounds of times and durations, for one job API. A malformed bound is reported and read as None."""

    __slots__ = ("_diagnostics", "_document", "_format")

    def __init__(self, document: Document, api: JobApi, diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        self._format = api.time_format

    def read_moment(self, moment: Moment, table: Table, mark: Mark) -> MomentExpectation:
        """Return the expectation under the key at `mark`."""
        after, before = self._read_time(table, "after"), self._read_time(table, "before")
        if after is not None and before is not None and after > before:
            message = "'after' is not earlier than 'before', so no time can match"
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "swap 'after' and 'before'")
        return MomentExpectation(
            moment=moment, after=after, before=before, source=self._document.text.find_source(mark)
        )

    def read_span(self, span: Span, table: Table, mark: Mark) -> SpanExpectation:
        """Return the expectation under the key at `mark`."""
        least, most = self._read_bound(table, "min"), self._read_bound(table, "max")
        if least is not None and most is not None and least > most:
            message = f"'min' ({table['min']}) is longer than 'max' ({table['max']})"
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "swap 'min' and 'max'")
        if least is not None and least >= CENTURY:
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, "no job runs for a century", "lower 'min'")
        return SpanExpectation(span=span, min=least, max=most, source=self._document.text.find_source(mark))

    def _read_bound(self, table: Table, key: str) -> float | None:
        return read_duration(self._document, table, key, self._diagnostics) if key in table else None

    def _read_time(self, table: Table, key: str) -> datetime | None:
        if key not in table:
            return None
        written = as_string(table[key])
        try:
            return parse_rfc3339(written)
        except ValueError:
            pass
        try:
            return parse_time(written, self._format)
        except ValueError:
            message = f"'{shorten(written)}' is not a time"
            hint = (
                f"write it like {_EXAMPLE:%Y-%m-%dT%H:%M:%SZ}, or as the API does: {write_time(_EXAMPLE, self._format)}"
            )
            self._diagnostics.add(self._document.value_mark(table, key), Code.VALUE_NOT_ALLOWED, message, hint)
            return None


def read_duration(document: Document, table: Table, key: str, diagnostics: Diagnostics) -> float | None:
    """Return the duration under a key in seconds; report a malformed one and return None."""
    written = as_string(table[key])
    try:
        return parse_duration(written)
    except ValueError:
        message = f"'{shorten(written)}' is not a duration"
        hint = "write it like 90s, 1h30m or 7d: the units w, d, h, m, s and ms, in that order and each once"
        diagnostics.add(document.value_mark(table, key), Code.VALUE_NOT_ALLOWED, message, hint)
        return None
