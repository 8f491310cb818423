"""Where a result is shown: a file of the repository, by the path that readers of the repository know."""

from reconcile.model import Plan, Source
from reconcile.report.escape import escape
from reconcile.report.result import Result

_NOWHERE = "reconcile.yaml"
"""The name of the manifest where none was read."""


def locate(result: Result, plan: Plan) -> Source:
    """
    Return the place of a result: the first line of the first manifest if it has none.

    The path is relative, without `.` and `..`: these formats allow no other, and their readers refuse a whole report
    for one bad path. A manifest outside the working directory is therefore shown as if it were inside.
    """
    source = result.source or Source(file=_first_file(plan), line=1, column=1)
    parts = [part for part in escape(source.file).split("/") if part not in ("", ".", "..")]
    return Source(file="/".join(parts) or _NOWHERE, line=source.line, column=source.column)


def _first_file(plan: Plan) -> str:
    return plan.manifest.files[0].file if plan.manifest.files else _NOWHERE
