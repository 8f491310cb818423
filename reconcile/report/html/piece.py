"""What a job and its sub-jobs were doing, from when to when."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from reconcile.model import JobApi, Outcome, Record, Status
from reconcile.report.run_time import Stretch, read_stretch


class Piece(Struct, frozen=True, kw_only=True):
    """A part of a life: `kind` is waiting, running, success or failure; `lane` counts the records."""

    kind: str
    begin: datetime
    end: datetime
    lane: int


def cut_pieces(records: Sequence[Record], api: JobApi, now: datetime) -> Iterator[Piece]:
    """
    Cut the lives of a job and of its sub-jobs into what was waiting, from the begin of the job, and what was work.

    Args:
        records: the job's own, and those of its sub-jobs.
        now: what has not ended has lasted until now.
    """
    whole = read_stretch(records[0], api) if records else None
    since = whole.begin if whole else None
    for lane, record in enumerate(records):
        status = api.statuses.get(record.status)
        if status is None:  # it is sensitive, and a bar would tell it
            continue
        stretch = read_stretch(record, api)
        if since is not None and stretch is None and record.begin_time is None and not status.terminal:
            yield Piece(kind="waiting", begin=since, end=max(since, now), lane=lane)
        if since is not None and stretch is not None and since < stretch.begin:
            yield Piece(kind="waiting", begin=since, end=stretch.begin, lane=lane)
        if stretch is not None:
            end = _find_end(stretch, now, terminal=status.terminal)
            yield Piece(kind=_name_kind(status, api), begin=stretch.begin, end=end, lane=lane)


def _name_kind(status: Status, api: JobApi) -> str:
    """Name what a record with this status is doing; it is still waiting if what it can become is not only an end."""
    if status.terminal:
        return "success" if status.outcome is Outcome.SUCCESS else "failure"
    return "waiting" if any(not api.statuses[word].terminal for word in status.then) else "running"


def _find_end(stretch: Stretch, now: datetime, *, terminal: bool) -> datetime:
    """Return where a bar ends; what is over and does not say since when is a point."""
    if stretch.end is not None:
        return stretch.end
    return stretch.begin if terminal else max(stretch.begin, now)
