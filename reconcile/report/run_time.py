"""When an observed job or sub-job ran."""

from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from reconcile.duration import format_duration
from reconcile.instant import read_time
from reconcile.model.api import JobApi
from reconcile.model.observation import Record

# A page shows every time in several places, and reading one is slow.
_read_time = lru_cache(maxsize=1 << 16)(read_time)


class RunTime(Struct, frozen=True, kw_only=True, gc=False):
    """From begin to end, both in UTC; `end` is None if the record has not ended, or does not say when."""

    begin: datetime
    end: datetime | None

    def format_length(self, now: datetime) -> str:
        """Write how long the job took, or has taken until now."""
        return format_duration(round(((self.end or max(now, self.begin)) - self.begin).total_seconds()))


def read_run_time(record: Record, api: JobApi) -> RunTime | None:
    """Read the times of a record; None if it has not begun, or if its times make no sense."""
    begin = _read_time(record.begin_time, api.time_format)
    end = _read_time(record.end_time, api.time_format)
    if begin is None or (record.end_time and end is None) or (end and end < begin):
        return None
    return RunTime(begin=begin, end=end)
