"""Names for jobs that have none yet."""

import re
from collections.abc import Collection, Iterator
from itertools import count
from typing import Final

_LONGEST: Final = 64
_SHORT_ID: Final = 8
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


def name_job(job_type: str | None, job_id: str, *, taken: Collection[str]) -> str:
    """
    Return a name for a job that nobody takes for another: its type and the beginning of its id, or as much as it needs.

    Args:
        job_type: None where the API gives none.
        job_id: as the language allows it.
        taken: the names that other jobs have, in lower case.
    """
    return next(name for name in _propose(job_type, job_id) if name.casefold() not in taken)


def _propose(job_type: str | None, job_id: str) -> Iterator[str]:
    head = _FOREIGN.sub("-", job_type or "").strip("-") or "job"
    if not re.match("[A-Za-z_]", head):
        head = f"job-{head}"
    for tail in (job_id[:_SHORT_ID], job_id):
        yield f"{head[: max(1, _LONGEST - len(tail) - 1)]}-{tail}"[:_LONGEST]
    for number in count(2):
        tail = f"{job_id[:_SHORT_ID]}-{number}"
        yield f"{head[: _LONGEST - len(tail) - 1]}-{tail}"
