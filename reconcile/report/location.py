"""Names files for readers on other machines: by the path in the repository."""

from msgspec.structs import replace

from reconcile.model.diagnostic import Source
from reconcile.model.plan import Plan
from reconcile.report.escape import escape
from reconcile.report.result import Result

_NOWHERE = "reconcile.yaml"
"""The name of the manifest if none was read."""


def name_file(file: str, plan: Plan) -> str:
    """Return the path of a file in the repository, or else the name that the operator used."""
    return plan.paths.get(file, file)


def name_place(source: Source, plan: Plan) -> Source:
    """Return a place that names its file by the path in the repository."""
    return replace(source, file=plan.paths[source.file]) if source.file in plan.paths else source


def locate(result: Result, plan: Plan) -> Source:
    """Return the place of a result, by default the first line of the first manifest."""
    return place_inside(result.source or Source(file=name_file(_first_file(plan), plan), line=1, column=1))


def place_inside(source: Source) -> Source:
    """
    Return a place with a relative path, without `.` and `..`.

    Some formats allow no other path, and their readers reject a whole report because of one bad path. So a file outside
    the repository is shown as if it were inside.
    """
    parts = [part for part in escape(source.file).split("/") if part not in ("", ".", "..")]
    return Source(file="/".join(parts) or _NOWHERE, line=source.line, column=source.column)


def _first_file(plan: Plan) -> str:
    return plan.manifest.files[0].file if plan.manifest.files else _NOWHERE
