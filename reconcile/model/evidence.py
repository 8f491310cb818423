"""What a saved plan keeps beside the plan, and the subject of a receipt."""

from collections.abc import Mapping

from msgspec import Struct, field

from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Observations, Timing
from reconcile.model.plan import ExitCode
from reconcile.model.value import Instant


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Everything that a plan is derived from. A saved plan contains it, so that anyone can derive the plan again.

    `observations` and `remarks` have one element per job of the manifest, in its order. `judged_at` is the time of
    judging and `since` that of the oldest judgement in it, both in UTC; they differ after a merge of shards. `errors`
    say why the run failed: before its jobs were judged, in which case there are no jobs, or after that. `tool` is the
    version of the program.

    `timings` has one element per job, or none if they are unknown, and `started_at` is when the run began, in UTC.
    `paths` maps each file, as the operator named it, to its path in the repository, for readers on other machines.
    `run_url` is the page of the CI run that made the plan, None outside of CI. `trace_parent` is the span that the run
    belongs to, in W3C `traceparent` format, None if there is none.
    """

    tool: str
    manifest: Manifest
    observations: Observations
    remarks: tuple[tuple[str, ...], ...]
    origins: Mapping[str, str]
    judged_at: Instant
    since: Instant
    strict: bool
    soft_fail: bool
    ended_by: ExitCode | None
    errors: tuple[Diagnostic, ...] = ()
    timings: tuple[Timing, ...] = ()
    started_at: Instant | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    run_url: str | None = None
    trace_parent: str | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """The artifact that a receipt certifies: a name, and the SHA-256 in hexadecimal."""

    name: str
    sha256: str
