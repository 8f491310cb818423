"""Finds jobs with the same cause, so that a report can describe it once."""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from reconcile.model import JobPlan, Observed
from reconcile.report.escape import escape

MOST_SEPARATE = 3
"""Up to this many jobs with one cause are shown separately; of a larger group, this many are named."""

_Item = TypeVar("_Item")

# Fetching reports how often and how long it tried, which differs from job to job.
_ATTEMPTS = r"\b[0-9]+ attempts?\b"
_SECONDS = r"(?:(?<= attempts over )|(?<= no success for ))[0-9]+(?= s\b)|\b[0-9]+(?= s before\b)"


def group_by_cause(items: Iterable[_Item], find_cause: Callable[[_Item], Hashable]) -> list[Sequence[_Item]]:
    """
    Group items that have the same cause, if there are more than `MOST_SEPARATE`; all others stay by themselves.

    Returns:
        Every item once. A group stands where its first item stood, and keeps the order of its items.
    """
    causes = [(find_cause(item), item) for item in items]
    groups: dict[Hashable, list[_Item]] = {}
    for cause, item in causes:
        groups.setdefault(cause, []).append(item)
    grouped: list[Sequence[_Item]] = []
    for cause, item in causes:
        group = groups[cause]
        if len(group) <= MOST_SEPARATE:
            grouped.append((item,))
        elif item is group[0]:
            grouped.append(group)
    return grouped


def list_error_codes(plan: JobPlan) -> Hashable:
    """Return the error codes of a job and its sub-jobs: with other codes, the same drift has another cause."""
    match plan.observation:
        case Observed(error_code=code, sub_jobs=sub_jobs):
            return code, frozenset(sub_job.error_code for sub_job in sub_jobs)
        case _:
            return None


def erase_circumstances(text: str, plan: JobPlan) -> str:
    """Remove the request id and the number of attempts from a message, so that causes can be compared."""
    own = plan.observation.request_id
    if own:
        text = text.replace(f"(request id {escape(own)})", "(request id ...)")
    return re.sub(_SECONDS, "...", re.sub(_ATTEMPTS, "... attempts", text))


def name_jobs(jobs: Sequence[JobPlan]) -> str:
    """Name the first of several jobs by their addresses, safe to show, and say how many more there are."""
    names = [escape(each.job.address) for each in jobs[:MOST_SEPARATE]]
    rest = len(jobs) - len(names)
    return f"{', '.join(names)} and {rest:,} more" if rest else ", ".join(names)
