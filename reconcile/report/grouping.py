"""Causes that repeat from job to job, so that they can be said once."""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from reconcile.model import JobPlan, Observed
from reconcile.report.escape import escape

MOST_APART = 3
"""Up to so many that are alike are told one by one; of more, so many are named."""

_Item = TypeVar("_Item")

# How fetching says how often and how long it tried, which is of one job or moment alone.
_ATTEMPTS = r"\b[0-9]+ attempts?\b"
_SECONDS = r"(?:(?<= attempts over )|(?<= no success for ))[0-9]+(?= s\b)|\b[0-9]+(?= s before\b)"


def gather_alike(items: Iterable[_Item], likeness: Callable[[_Item], Hashable]) -> list[Sequence[_Item]]:
    """
    Put together what is alike, where it is more than `MOST_APART`; all else stays by itself.

    Returns:
        Every item once. A group stands where its first item stood, and keeps the order of its items.
    """
    listed = [(likeness(item), item) for item in items]
    alike: dict[Hashable, list[_Item]] = {}
    for key, item in listed:
        alike.setdefault(key, []).append(item)
    gathered: list[Sequence[_Item]] = []
    told: set[Hashable] = set()
    for key, item in listed:
        if len(alike[key]) <= MOST_APART:
            gathered.append((item,))
        elif key not in told:
            told.add(key)
            gathered.append(alike[key])
    return gathered


def find_codes(plan: JobPlan) -> Hashable:
    """Return the error codes of a job and its sub-jobs: with other codes, the same drift has another cause."""
    match plan.observation:
        case Observed(error_code=code, sub_jobs=sub_jobs):
            return code, frozenset(sub_job.error_code for sub_job in sub_jobs)
        case _:
            return None


def erase_circumstances(text: str, plan: JobPlan) -> str:
    """Leave out of a harmless text its request id and how often was asked, so that causes can be compared."""
    own = plan.observation.request_id
    if own:
        text = text.replace(f"(request id {escape(own)})", "(request id ...)")
    return re.sub(_SECONDS, "...", re.sub(_ATTEMPTS, "... attempts", text))


def name_jobs(jobs: Sequence[JobPlan]) -> str:
    """Name the first of several jobs by their addresses, harmless, and say how many more there are."""
    names = [escape(each.job.address) for each in jobs[:MOST_APART]]
    rest = len(jobs) - len(names)
    return f"{', '.join(names)} and {rest:,} more" if rest else ", ".join(names)
