"""Reads the expectations of how the looks of a run compare: `settle` and `stuck`."""

from reconcile.codes import Code
from reconcile.document import Document, Mark, Table, as_integer, as_table
from reconcile.duration import format_duration
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.times import read_duration
from reconcile.model.api import JobApi
from reconcile.model.manifest import Absence, Expectation, FieldExpectation, Settle, Stuck


class SteadinessReader:
    """Reads `settle` and `stuck` for one job API. A malformed value is reported and read as None."""

    __slots__ = ("_api", "_diagnostics", "_document")

    def __init__(self, document: Document, api: JobApi, diagnostics: Diagnostics) -> None:
        self._document = document
        self._api = api
        self._diagnostics = diagnostics

    def read_settle(self, expect: Table) -> Settle | None:
        """Return the expectation under `settle`."""
        table = as_table(expect["settle"])
        over = self._read_length(table, "over", "write it like 30s")
        source = self._document.text.find_source(self._document.key_mark(expect, "settle"))
        return None if over is None else Settle(reads=as_integer(table["reads"]), over=over, source=source)

    def read_stuck(self, expect: Table) -> Stuck | None:
        """Return the expectation under `stuck`."""
        limit = self._read_length(expect, "stuck", "write it like 10m")
        source = self._document.text.find_source(self._document.key_mark(expect, "stuck"))
        return None if limit is None else Stuck(limit=limit, source=source)

    def check_end(self, status: FieldExpectation, *tables: Table) -> None:
        """Refuse `stuck` for a job that must not end, because only its end proves that it is not stuck."""
        words = [each for each in self._api.statuses.values() if each.word in status.accept]
        if words and not any(each.terminal for each in words) and len(words) == len(status.accept):
            table = next(table for table in tables if "stuck" in table)
            message = f"a job that must be {' or '.join(each.word for each in words)} may get stuck at any time"
            hint = "remove 'stuck', or expect a status in which the job has ended"
            self._diagnostics.add(self._document.key_mark(table, "stuck"), Code.IMPOSSIBLE_EXPECTATION, message, hint)

    def _read_length(self, table: Table, key: str, hint: str) -> float | None:
        length = read_duration(self._document, table, key, self._diagnostics)
        if length == 0:
            mark = self._document.value_mark(table, key)
            self._diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, f"'{key}' must be longer than 0", hint)
            return None
        return length


def check_timeout(expect: Expectation | Absence, timeout: float, mark: Mark, diagnostics: Diagnostics) -> None:
    """Refuse a timeout that ends before a job can settle or be stuck; `mark` is at the timeout."""
    if isinstance(expect, Absence):
        return
    settle, stuck = expect.settle, expect.stuck
    if settle is not None and settle.over >= timeout:
        what, other = f"settle needs reads over {format_duration(settle.over)}", "the 'over' of 'settle'"
    elif stuck is not None and stuck.limit >= timeout:
        what, other = f"it takes {format_duration(stuck.limit)} to see that the job is stuck", "'stuck'"
    else:
        return
    message = f"{what}, but the waiting ends at the timeout of {format_duration(timeout)}"
    diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, f"raise 'timeout', or lower {other}")
