"""How the looks of one run at one job compare. Only a few numbers are kept, however many looks there are."""

from msgspec import Struct

from reconcile.model.api import ROLES
from reconcile.model.observation import Looks, Missing, Observed, Record


class LookHistory(Struct, kw_only=True, eq=False):
    """
    The looks at one remote job so far.

    A look shows the state at some time between its request and its answer, or earlier if a cache answered. So the time
    between two looks counts from the answer of the first to the request of the second, less the age of the second
    answer. An answer that may be older than the previous one does not count as another look.
    """

    alike: int = 0
    alike_since: float = 0.0
    span: float = 0.0
    unchanged_since: float = 0.0
    last: float = 0.0
    """When the last look that counts was answered."""
    idle: float = 0.0
    ended: bool = False
    """Whether the job had ended at the last look."""
    flaps: int = 0
    """How often a look differed although the job had ended."""

    def add(
        self,
        before: Observed | Missing | None,
        seen: Observed | Missing,
        *,
        asked: float,
        answered: float,
        age: int | None,
        ended: bool,
    ) -> Looks | None:
        """
        Add a look.

        Args:
            before: the observation of the previous look, None if this is the first.
            seen: the observation.
            asked: when it was requested.
            answered: when the answer came.
            age: the age of the answer in a cache in seconds, rounded down; None if it came from none.
            ended: whether the job has ended.

        Returns:
            How the looks compare, None if this is the only one.
        """
        earliest = asked if age is None else asked - age - 1
        if before is None or not _agree(before, seen):
            self.flaps += self.ended
            self.alike, self.alike_since, self.span, self.last = 1, answered, 0.0, answered
        elif earliest >= self.last:
            self.alike, self.span, self.last = self.alike + 1, earliest - self.alike_since, answered
        if before is None or not _is_unchanged(before, seen):
            self.unchanged_since = answered
        elif not ended:
            self.idle = max(self.idle, earliest - self.unchanged_since)
        self.ended = ended
        if before is None:
            return None
        return Looks(alike=self.alike, span=_round(self.span), idle=_round(self.idle))


def _round(seconds: float) -> float:
    """Round down to milliseconds, which a saved plan shows."""
    return int(seconds * 1000) / 1000


def _agree(one: Observed | Missing, other: Observed | Missing) -> bool:
    """Return whether two looks agree in everything that is judged."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return type(one) is type(other)
    return (
        _list_judged(one) == _list_judged(other)
        and len(one.sub_jobs) == len(other.sub_jobs)
        and all(_list_judged(a) == _list_judged(b) for a, b in zip(one.sub_jobs, other.sub_jobs, strict=True))
    )


def _list_judged(record: Record) -> list[str | None]:
    return [getattr(record, role) for role in ROLES]


def _is_unchanged(one: Observed | Missing, other: Observed | Missing) -> bool:
    """Return whether status and sub-jobs are the same, including the values that only reports show."""
    if isinstance(one, Missing) or isinstance(other, Missing):
        return False
    return (one.status, one.status_word, one.sub_jobs) == (other.status, other.status_word, other.sub_jobs)
