"""The plan: what was found about each job, and the verdict."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct, field

from reconcile import __version__
from reconcile.model.diagnostic import Diagnostic, Problem, Source
from reconcile.model.manifest import Job, Manifest, Waiver
from reconcile.model.observation import Observation, Timing
from reconcile.model.value import Instant, JsonValue


class Truth(Enum):
    """Whether an assertion holds for an observation and for every observation that can follow."""

    HOLDS = "holds"
    CAN_HOLD = "can still come to hold"
    CANNOT_HOLD = "cannot hold any more"
    UNDECIDABLE = "cannot be judged"
    """The answer makes no sense; the finding's `actual` says why."""


class Kind(StrEnum):
    """How the expected and the observed value differ."""

    CHANGED = "changed"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


class DriftState(StrEnum):
    """Whether an earlier plan has the same drift: the same address, path and observed value."""

    NEW = "new"
    PERSISTING = "persisting"


# A run makes more of these than of anything else, and none is part of a cycle, so the garbage collector can skip them.
class Finding(Struct, frozen=True, kw_only=True, gc=False):
    """
    One judged assertion. A finding that cannot hold any more is a drift, waived if it has a `waiver`.

    `path` is the assertion's place in the plan (`status`, `sub_jobs[0].status`, `sub_jobs[+1]`), and `label` the type
    of the sub-job. `expected` and `actual` are what a report shows: scalars, lists, mappings. `source` is None if the
    assertion is implied, because it is not in the manifest. `ignored` is a waiver that would cover the drift but has
    expired or is ignored by `--strict`. In a finding about a status, `status_word` is that of the record. `state`
    compares a drift with an earlier plan, None if there is none.
    """

    path: str
    truth: Truth
    kind: Kind
    expected: JsonValue
    actual: JsonValue
    source: Source | None
    label: str | None = None
    implied: bool = False
    waiver: Waiver | None = None
    ignored: Waiver | None = None
    status_word: str | None = None
    state: DriftState | None = None


class Verdict(StrEnum):
    """The verdict of a job or of a run."""

    IN_SYNC = "in_sync"
    DRIFT = "drift"
    PENDING = "pending"
    WAIVED = "waived"
    """Only for a job: all its drifts are waived."""
    ERROR = "error"


class ExitCode(IntEnum):
    """The exit code of the process: a signal beats an error beats drift beats pending beats in sync."""

    IN_SYNC = 0
    ERROR = 1
    DRIFT = 2
    PENDING = 3
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Details(Protocol):
    """The part of a job's plan that can be large; it may be read from disk on each access."""

    @property
    def observation(self) -> Observation: ...

    @property
    def findings(self) -> tuple[Finding, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


class JobDetails(Struct, frozen=True, kw_only=True, gc=False):
    """Details in memory; `findings` is empty unless the job was observed or missing."""

    observation: Observation
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


Keep: TypeAlias = Callable[[JobDetails], Details]
"""Stores the details of a job and returns a handle that reads them back."""


class JobPlan(Struct, frozen=True, kw_only=True, gc=False):
    """One job with its observation and findings; `problems` say why it could not be decided."""

    job: Job
    verdict: Verdict
    problems: tuple[Problem, ...]
    details: Details
    timing: Timing = Timing()

    @property
    def observation(self) -> Observation:
        return self.details.observation

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.details.findings

    @property
    def notes(self) -> tuple[str, ...]:
        return self.details.notes


class Summary(Struct, frozen=True, kw_only=True):
    """How many jobs of a plan have each verdict; they add up to `selected`."""

    selected: int
    in_sync: int
    drift: int
    pending: int
    waived: int
    error: int


class EarlierDrift(Struct, frozen=True, kw_only=True):
    """A drift of an earlier plan: the address of its job, its path, and the observed value."""

    address: str
    path: str
    actual: JsonValue


class EarlierPlan(Struct, frozen=True, kw_only=True):
    """
    An earlier plan to compare with: all its drifts, in its order.

    `file` is its name in messages, `made_by` the version of the program that made it, and `judged_at` when it was
    judged, in UTC. `manifests` are the paths of its manifests in their repository, `names` the names of those that have
    one, `addresses` those of all its jobs, and `unchecked` those of jobs that could not be checked.
    """

    file: str
    made_by: str
    judged_at: Instant
    manifests: tuple[str, ...]
    names: frozenset[str]
    addresses: frozenset[str]
    drifts: tuple[EarlierDrift, ...]
    unchecked: frozenset[str]


class Comparison(Struct, frozen=True, kw_only=True):
    """
    How the drifts of a plan compare with those of an earlier one.

    `new` and `persisting` add up to the drifts of this plan. `persisting`, `fixed` and `undecided` add up to those of
    the earlier plan. `undecided` holds drifts whose job is not decided now or whose expectation is gone. `unchecked` is
    the number of new drifts of jobs that the earlier plan could not check. `began_with` is the address of the job that
    failed first among several with new drifts, None if unknown.
    """

    earlier: EarlierPlan
    new: int
    persisting: int
    fixed: tuple[EarlierDrift, ...]
    undecided: tuple[EarlierDrift, ...]
    unchecked: int
    began_with: str | None


class Plan(Struct, frozen=True, kw_only=True):
    """
    All selected jobs with their findings, in manifest order, and the verdict of the run.

    `errors` are those of the run itself, in addition to those of the jobs; `warnings` are those of the manifest and its
    waivers. `complete` is False if the run ended before every selected job was fetched. `soft_fail` says that the
    operator wants exit code 0 instead of that of drift or pending. `origins` maps each provider to the scheme, host and
    port of its requests. `started_at` is when the run began, None if unknown, and `judged_at` the time of judging, both
    in UTC. `tool` is the version of the program. `paths`, `run_url` and `trace_parent` are those of `Evidence`.
    `comparison` compares with an earlier plan, None without one; it is not derived from evidence.
    """

    manifest: Manifest
    judged_at: datetime
    origins: Mapping[str, str]
    jobs: tuple[JobPlan, ...]
    summary: Summary
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]
    complete: bool
    soft_fail: bool
    verdict: Verdict
    exit_code: ExitCode
    tool: str = __version__
    started_at: datetime | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    run_url: str | None = None
    comparison: Comparison | None = None
    trace_parent: str | None = None
