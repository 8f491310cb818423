"""What a changed manifest lets through."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from reconcile.model.manifest import Job
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import ExitCode, Finding, Verdict
from reconcile.model.recording import Exchange


class Relation(StrEnum):
    """What a job of the new manifest lets through, compared with the old one."""

    EQUAL = "equal"
    STRONGER = "stronger"
    """Less."""
    WEAKER = "weaker"
    """More."""
    DIFFERENT = "different"
    """Each lets through what the other one stops."""
    UNDECIDED = "undecided"


class JudgedAnswer(Struct, frozen=True, kw_only=True):
    """
    An answer of the job API, and the verdict of both manifests.

    `exchange` is the answer without sensitive values, `observation` what it says, and `after` the seconds since the
    first answer. `about` is the old address of the job that it is about, None if that is the reviewed one. A verdict is
    None if the manifest has no job that asks for it.
    """

    exchange: Exchange
    observation: Observed | Missing
    old: Verdict | None
    new: Verdict | None
    after: float = 0.0
    about: str | None = None


class Witness(Struct, frozen=True, kw_only=True):
    """
    Answers that the old manifest stops and the new one lets through, mostly one: about one remote job and, if an order
    is broken, about the one that it must come after.

    `judged_at` is the time of judging the first one. `findings` are why the old manifest stops them.
    """

    judged_at: datetime
    answers: tuple[JudgedAnswer, ...]
    findings: tuple[Finding, ...]


class JobReview(Struct, frozen=True, kw_only=True):
    """
    One job of two manifests. `old` or `new` is None if only the other one has it.

    `reason` says what else is to know of it, as a clause; of what is undecided, why. A job that is weaker or different
    has a witness. `allowed_by` are the operator's globs that match its address.
    """

    address: str
    relation: Relation
    old: Job | None
    new: Job | None
    reason: str | None = None
    witness: Witness | None = None
    allowed_by: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the operator accepts it."""
        return bool(self.allowed_by)


class Review(Struct, frozen=True, kw_only=True):
    """
    What a change of a manifest lets through: its jobs in the order of the old manifest, then those that were added.

    `old` and `new` are the names of the files, `allowed` the globs of addresses that the operator gave. `paths` maps
    new files to their paths in the repository, where they have other names; `reviewed_at` is in UTC.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    jobs: tuple[JobReview, ...]
    reviewed_at: datetime
    allowed: tuple[str, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)

    def count(self, relation: Relation) -> int:
        """Return how many jobs have a relation."""
        return sum(job.relation is relation for job in self.jobs)

    @property
    def failure(self) -> ExitCode | None:
        """
        None if nothing that is not allowed is weaker or undecided, drift if a job is weaker; an error if one is
        undecided, or there is none.
        """
        found = {job.relation for job in self.jobs if not job.allowed}
        if not self.jobs or Relation.UNDECIDED in found:
            return ExitCode.ERROR
        return ExitCode.DRIFT if found & {Relation.WEAKER, Relation.DIFFERENT} else None
