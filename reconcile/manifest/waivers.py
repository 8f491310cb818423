"""Reads the waivers of a job."""

from datetime import date, timedelta
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Table, as_array, as_string, as_table, has_pending, shorten
from reconcile.judge import name_of
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.model.manifest import Absence, Expectation, Waiver

_LONGEST: Final = timedelta(days=90)


def read_waivers(
    document: Document,
    nodes: Array,
    expect: Expectation | Absence | None,
    diagnostics: Diagnostics,
    *,
    today: date,
    judged: date,
) -> tuple[Waiver, ...]:
    """
    Return the waivers of a job. A waiver that lasts too long is an error; one that has expired or covers everything is
    a warning.

    Args:
        document: the manifest.
        nodes: the waivers.
        expect: the expectations of the job, None if unknown.
        diagnostics: collects the errors and warnings.
        today: the day of reading, in UTC, from which the longest waiver counts.
        judged: the day of judging, in UTC: that of the recording in a replay.
    """
    waivers = []
    for node, mark in document.elements(nodes):
        if has_pending(node):
            continue
        table = as_table(node)
        expires = _read_expiry(document, table, diagnostics, today=today)
        if expires is None:
            continue
        if expires < judged:
            message = f"this waiver expired on {expires}: what it covered is drift again"
            diagnostics.warn(mark, Code.WAIVER_EXPIRED, message, "remove it, or renew it with a new reason")
        fields = tuple([as_string(field) for field in as_array(table["fields"])])
        if expires >= judged and expect is not None and _name_asserted(expect) <= set(fields):
            message = "this waiver covers every expectation of its job, so nothing is proven"
            diagnostics.warn(mark, Code.WAIVER_COVERS_ALL, message, "waive only what differs, or remove the job")
        source = document.text.find_source(mark)
        waivers.append(Waiver(fields=fields, reason=as_string(table["reason"]), expires=expires, source=source))
    return tuple(waivers)


def _name_asserted(expect: Expectation | Absence) -> set[str]:
    """Return the names of all expectations of a job, as a waiver writes them."""
    if isinstance(expect, Absence):
        return {"absent"}
    return {*map(name_of, expect.fields), *(["sub_jobs"] if expect.sub_jobs else [])}


def _read_expiry(document: Document, table: Table, diagnostics: Diagnostics, *, today: date) -> date | None:
    written, mark = as_string(table["expires"]), document.value_mark(table, "expires")
    try:
        expires = date.fromisoformat(written)
    except ValueError:
        message, hint = f"'{shorten(written)}' is not a date", f"write a date like {today + _LONGEST}"
        diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, message, hint)
        return None
    if expires - today > _LONGEST:
        message = f"a waiver lasts at most {_LONGEST.days} days, and this one lasts {(expires - today).days}"
        diagnostics.add(mark, Code.WAIVER_TOO_LONG, message, f"the latest possible date is {today + _LONGEST}")
        return None
    return expires
