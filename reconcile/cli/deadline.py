"""When a run has to be over, whatever it spends its time on."""

from collections.abc import Callable

from msgspec import Struct


class Deadline(Struct, frozen=True, kw_only=True):
    """The `limit` in seconds that a run has in all, from `begin` on by the `timer`, whose seconds only go forward."""

    limit: float
    begin: float
    timer: Callable[[], float]

    @property
    def spent(self) -> float:
        """The seconds that are over already."""
        return self.timer() - self.begin

    @property
    def left(self) -> float:
        """The seconds that are left, none at least."""
        return max(0.0, self.limit - self.spent)


def set_deadline(limit: float, timer: Callable[[], float]) -> Deadline:
    """Let the time of a run begin now."""
    return Deadline(limit=limit, begin=timer(), timer=timer)
