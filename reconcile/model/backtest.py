"""How a manifest would have judged past runs."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from reconcile.model.plan import ExitCode
from reconcile.model.recording import Decision


class Effect(StrEnum):
    """What a gate does to a deployment."""

    PASSED = "passed"
    BLOCKED = "blocked"
    """By a drift."""
    UNDECIDED = "undecided"
    """It could not be checked, or jobs were unfinished."""


class BacktestRun(Struct, frozen=True, kw_only=True):
    """
    One recording, judged by the manifest of a backtest.

    `judged_at` is when its run was judged, in UTC, and `recorded` what the gate did then; both are None if the
    recording cannot be read or does not say. `exit_code` is that of a replay. `decided_by` is what decides it, None if
    it passes. If a recording passes now but was blocked then, `decided_by` is the expectation that blocked it, None if
    the recording does not say, and `changed` says in one line what became of it. `incident` is None if unknown.
    """

    name: str
    judged_at: datetime | None
    recorded: Effect | None
    effect: Effect
    exit_code: ExitCode
    decided_by: Decision | None
    changed: str | None = None
    incident: bool | None = None

    @property
    def is_flip(self) -> bool:
        """Whether the gate now does something else than it did then."""
        return self.recorded is not None and self.recorded is not self.effect


class Confusion(Struct, frozen=True, kw_only=True):
    """
    How many recordings with and without an incident were blocked, passed and undecided.

    An undecided incident counts as missed: the gate gave no reason to stop the deployment.
    """

    blocked_incidents: int
    passed_incidents: int
    undecided_incidents: int
    blocked_others: int
    passed_others: int
    undecided_others: int

    @property
    def precision(self) -> float | None:
        """The share of incidents among the blocked recordings; None if none was blocked."""
        return _divide(self.blocked_incidents, self.blocked_incidents + self.blocked_others)

    @property
    def recall(self) -> float | None:
        """The share of incidents that were blocked; None if there was no incident."""
        return _divide(
            self.blocked_incidents, self.blocked_incidents + self.passed_incidents + self.undecided_incidents
        )


def _divide(part: int, whole: int) -> float | None:
    return part / whole if whole else None
