"""When an observed job or sub-job ran."""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.model import JobApi, Record

# Every time is read for the list and for the timeline, and strptime is slow.
_read_time = lru_cache(maxsize=1 << 16)(read_time)


class Stretch(Struct, frozen=True, kw_only=True):
    """From begin to end, both in UTC; `end` is None for what has not ended, or does not say when."""

    begin: datetime
    end: datetime | None

    def measure(self, now: datetime) -> str:
        """Tell how long it was, or has been until now."""
        return format_duration(round(((self.end or max(now, self.begin)) - self.begin).total_seconds()))


def read_stretch(record: Record, api: JobApi) -> Stretch | None:
    """Read the times of a record; None if it has not begun, or says what makes no sense."""
    begin = _read_time(record.begin_time, api.time_format)
    end = _read_time(record.end_time, api.time_format)
    if begin is None or (record.end_time and end is None) or (end and end < begin):
        return None
    return Stretch(begin=begin, end=end)
