"""The gate under test: which wrong answers a manifest lets through."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from reconcile.model.manifest import Job, Waiver
from reconcile.model.observation import Looks
from reconcile.model.recording import Exchange
from reconcile.model.value import JsonValue


class Baseline(StrEnum):
    """Where the observations to mutate come from."""

    MANIFEST = "manifest"
    """Generated, so that they satisfy the manifest."""
    RECORDING = "recording"
    LIVE = "live"


class Mutant(Struct, frozen=True, kw_only=True):
    """
    An answer that the job API could have given instead, different in one thing.

    `path` is the place of the change, as in a plan, or `answer` if it is no longer an answer about the job. `change`
    describes the change as a clause. `permitted` says that the manifest explicitly allows it: a status that it lists, a
    number in a range. `looks` are those that end with this answer, None if they are unchanged.
    """

    path: str
    change: str
    exchange: Exchange
    permitted: bool = False
    looks: Looks | None = None


class Survivor(Struct, frozen=True, kw_only=True):
    """
    A mutant that left the gate green although the manifest does not explicitly allow it.

    `killer` is what to add to the job's `expect` to turn the gate red, None if nothing there can. `waiver` is the one
    that covered the drift, None if there was none.
    """

    job: Job
    path: str
    change: str
    killer: Mapping[str, JsonValue] | None
    waiver: Waiver | None


class Proof(Struct, frozen=True, kw_only=True):
    """
    The result of running the gate against mutants, in the order of the manifest.

    `jobs` is the number of remote jobs. `killed`, `permitted` and the survivors add up to all mutants. `allowed` is the
    number of survivors that the operator accepts.
    """

    baseline: Baseline
    jobs: int
    killed: int
    permitted: int
    survivors: tuple[Survivor, ...]
    allowed: int

    @property
    def holds(self) -> bool:
        """Whether at least one mutant was killed and no more survived than allowed."""
        return self.killed > 0 and len(self.survivors) <= self.allowed
