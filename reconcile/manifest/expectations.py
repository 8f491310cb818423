"""Reads the expectations of a job: its own, the defaults, and what both imply."""

from typing import Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Document, Node, Pending, Table, as_table, has_pending
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.fields import FieldReader, order_fields
from reconcile.manifest.steadiness import SteadinessReader
from reconcile.manifest.sub_jobs import SubJobsReader, imply_no_failure
from reconcile.model.api import JobApi
from reconcile.model.manifest import (
    Absence,
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Settle,
    Stuck,
    SubJobsExpectation,
)

_STATUS: Final = Field.STATUS.value
_ABSENT: Final = "absent"


class _Expect(Struct, frozen=True):
    """
    One `expect` mapping: its fields by name, and the other keys, None if it does not have them.

    `is_known` is False if parts are left out because they depend on a variable without a value.
    """

    table: Table
    fields: dict[str, Assertion]
    sub_jobs: SubJobsExpectation | None = None
    settle: Settle | None = None
    stuck: Stuck | None = None
    is_known: bool = True


_NOTHING: Final = _Expect(Table(), {})


class ExpectationReader:
    """Reads the expectations of jobs at one job API, merged with the same defaults."""

    __slots__ = (
        "_api",
        "_defaults",
        "_diagnostics",
        "_document",
        "_fields",
        "_implied_status",
        "_implied_sub_jobs",
        "_steadiness",
        "_sub_jobs",
        "_success",
    )

    def __init__(self, document: Document, api: JobApi, defaults: Node, diagnostics: Diagnostics) -> None:
        self._document = document
        self._api = api
        self._success = (api.success,)
        # Jobs share the implied expectations, so that these are in memory once.
        self._implied_status = FieldExpectation(field=Field.STATUS, accept=self._success, source=None, implied=True)
        self._implied_sub_jobs = imply_no_failure(api) if api.sub_jobs is not None else None
        self._diagnostics = diagnostics
        self._fields = FieldReader(document, api, diagnostics)
        self._sub_jobs = SubJobsReader(document, api, diagnostics)
        self._steadiness = SteadinessReader(document, api, diagnostics)
        self._defaults = self._read_mapping(defaults)
        if _ABSENT in self._defaults.table:
            mark = document.key_mark(self._defaults.table, _ABSENT)
            diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, "'absent' cannot be a default", "set it on the job")

    def read(self, node: Node) -> Expectation | Absence:
        """
        Return everything that must hold for a job; `node` is its own `expect`, None if it has none.

        What depends on a variable without a value is left out, and is not checked for contradictions.
        """
        own = self._read_mapping(node)
        if _ABSENT in own.table:
            return self._read_absence(own.table)
        fields = {**self._defaults.fields, **own.fields} if own.fields else self._defaults.fields
        status = fields.get(_STATUS)
        if not isinstance(status, FieldExpectation):
            status = self._implied_status
            fields = {_STATUS: status, **fields}
        if len(fields) > 1 and own.is_known and self._defaults.is_known:
            self._fields.check(fields, own.table, self._defaults.table)
        sub_jobs = own.sub_jobs or self._defaults.sub_jobs
        if sub_jobs is None and status.accept == self._success:
            sub_jobs = self._implied_sub_jobs
        settle, stuck = own.settle or self._defaults.settle, own.stuck or self._defaults.stuck
        if stuck is not None:
            self._steadiness.check_end(status, own.table, self._defaults.table)
        return Expectation(fields=order_fields(fields), sub_jobs=sub_jobs, settle=settle, stuck=stuck)

    def _read_absence(self, table: Table) -> Absence:
        for key, _, mark in self._document.entries(table):
            if key != _ABSENT and not key.startswith("x-"):
                message = f"'{key}' cannot be expected of a job that must not exist"
                self._diagnostics.add(
                    mark, Code.IMPOSSIBLE_EXPECTATION, message, "remove one of them: 'absent' stands alone"
                )
        mark = self._document.key_mark(table, _ABSENT)
        if not self._api.can_be_missing:
            message = f"the API {self._api.name} never reports that a job does not exist"
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "expect a status instead")
        return Absence(source=self._document.text.find_source(mark))

    def _read_mapping(self, node: Node) -> _Expect:
        if node is None:
            return _NOTHING
        if isinstance(node, Pending):
            return _Expect(Table(), {}, is_known=False)
        table = as_table(node)
        unknown = self._document.has_references and {key for key, value in table.items() if has_pending(value)}
        if unknown:
            table = self._document.without(table, unknown)
        sub_jobs = None
        if "sub_jobs" in table:
            sub_jobs = self._sub_jobs.read(table["sub_jobs"], self._document.key_mark(table, "sub_jobs"))
        return _Expect(
            table,
            self._fields.read_by_name(table),
            sub_jobs,
            settle=self._steadiness.read_settle(table) if "settle" in table else None,
            stuck=self._steadiness.read_stuck(table) if "stuck" in table else None,
            is_known=not unknown,
        )
