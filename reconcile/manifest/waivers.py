"""Drifts of a job that are accepted for a while."""

from datetime import date, timedelta
from typing import Final

from reconcile.codes import Code
from reconcile.document import Array, Document, Table, as_array, as_string, as_table, has_pending, shorten
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.model import Absence, Expectation, Waiver

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
    Return the waivers of a job. One that lasts too long is an error; one that has expired or covers all, a warning.

    Args:
        document: what the waivers are part of.
        nodes: the waivers.
        expect: what is expected of the job, None if that is not known.
        diagnostics: where to report.
        today: the day of reading, in UTC, from which the longest waiver counts.
        judged: the day as of which the jobs are judged, in UTC: that of the recording where one is replayed.
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
    """Return what a waiver calls everything that is expected of a job."""
    # Imported late, because most manifests have no waivers.
    from reconcile.judge.assertion import name_of

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
