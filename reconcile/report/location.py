"""Where a result is shown: a file of the repository, named as readers of a repository name it."""

from reconcile.model import Plan, Source
from reconcile.report.escape import escape
from reconcile.report.result import Result

_NOWHERE = "reconcile.yaml"
"""The file that stands for the manifest where none was read."""


def locate(result: Result, plan: Plan) -> Source:
    """
    Return the place of a result; what has none is told at the head of the first manifest.

    The file is relative, without `.` and `..`: these formats know no other, and their readers refuse a report over
    one bad path. A manifest outside of the directory of the run is therefore shown as if it were inside.
    """
    source = result.source or Source(file=_first_file(plan), line=1, column=1)
    parts = [part for part in escape(source.file).split("/") if part not in ("", ".", "..")]
    return Source(file="/".join(parts) or _NOWHERE, line=source.line, column=source.column)


def _first_file(plan: Plan) -> str:
    return plan.manifest.files[0].file if plan.manifest.files else _NOWHERE
