"""The manifest: what each job should have done."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.value import SENSITIVE, Instant, JsonValue

FAIL_FAST = "--fail-fast"
"""The option that ends a run at the first job that has drifted or cannot be checked; other jobs may not be reached."""


class Field(StrEnum):
    """A text field of a job or sub-job that can be expected; the value is also its path in a plan."""

    STATUS = "status"
    JOB_TYPE = "job_type"
    ERROR_CODE = "error_code"
    FAIL_REASON = "fail_reason"


class Moment(StrEnum):
    """A time of a job or sub-job; the value is also its path in a plan."""

    BEGIN_TIME = "begin_time"
    END_TIME = "end_time"


class Span(StrEnum):
    """A length of time of a job or sub-job; the value is also its path in a plan."""

    DURATION = "duration"
    """From begin to end."""
    AGE = "age"
    """From the end to now."""


class Glob(Struct, frozen=True, kw_only=True):
    """A pattern for a whole value; `glob.py` defines its syntax."""

    pattern: str


Accepted: TypeAlias = str | Glob | None
"""One value that a field may have; None means absent, null or ""."""


class FieldExpectation(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """
    A text field must have one of the values in `accept`.

    `implied` marks an expectation that is not in the manifest but follows from a rule (a job without a status expects
    success); its `source` is None, here and below. `sensitive` marks values that no report may show.
    """

    field: Field
    accept: tuple[Accepted, ...]
    source: Source | None
    implied: bool = False
    sensitive: bool = False


class MomentExpectation(Struct, frozen=True, kw_only=True, tag=True):
    """A time must not be before `after` nor after `before`; None means no bound, and at least one bound is set."""

    moment: Moment
    after: Instant | None
    before: Instant | None
    source: Source


class SpanExpectation(Struct, frozen=True, kw_only=True, tag=True):
    """A length in seconds, both bounds inclusive; None means no bound, and at least one bound is set."""

    span: Span
    min: float | None
    max: float | None
    source: Source


Assertion: TypeAlias = FieldExpectation | MomentExpectation | SpanExpectation


class Match(StrEnum):
    """How the items of a sub-job expectation match the observed sub-jobs."""

    EXACT = "exact"
    """Each item matches a sub-job and each sub-job an item, in any order."""
    ORDERED = "ordered"
    """The same, in the order of the items."""
    CONTAINS = "contains"
    """Each item matches a sub-job; other sub-jobs are allowed."""
    NONE = "none"
    """No sub-job matches any item."""


class Count(Struct, frozen=True, kw_only=True):
    """How many, both bounds inclusive; a `max` of None means no upper bound."""

    min: int
    max: int | None


class Item(Struct, frozen=True, kw_only=True):
    """One expected sub-job, `count` times. If it expects a job_type, it pairs only with sub-jobs of that type."""

    fields: tuple[Assertion, ...]
    count: Count
    source: Source | None


class SubJobsExpectation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What must hold for the sub-jobs of a job.

    `each` must hold for every observed sub-job, and is false if there are none. `count` bounds their number, None if
    any number is allowed. `items` is None if only `each` or `count` is expected, and empty if there must be no sub-job.
    """

    match: Match
    items: tuple[Item, ...] | None
    each: tuple[Assertion, ...]
    count: Count | None
    source: Source | None
    implied: bool = False


class Settle(Struct, frozen=True, kw_only=True):
    """At least the last `reads` looks of the run must agree, spread over at least `over` seconds."""

    reads: int
    over: float
    source: Source


class Stuck(Struct, frozen=True, kw_only=True):
    """An unfinished job must not stay unchanged for `limit` seconds, as far as the looks of this run show."""

    limit: float
    source: Source


class Expectation(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """
    Everything that must hold for one job. `fields` has each field at most once, and always the status.

    `settle` and `stuck` are None if not expected.
    """

    fields: tuple[Assertion, ...]
    sub_jobs: SubJobsExpectation | None
    settle: Settle | None = None
    stuck: Stuck | None = None


class Absence(Struct, frozen=True, kw_only=True, tag=True):
    """The job must not exist."""

    source: Source


class Waiver(Struct, frozen=True, kw_only=True):
    """
    Drifts of a job that are known and accepted until the end of the day `expires`, UTC.

    `fields` are keys of `expect`, `after`, or `missing` for a job that does not exist. `sub_jobs` covers every path
    that begins with it.
    """

    fields: tuple[str, ...]
    reason: str
    expires: date
    source: Source


class MissingPolicy(StrEnum):
    """What it means that the API does not know the job."""

    DRIFT = "drift"
    """The job is gone, or never existed."""
    WAIT = "wait"
    """The job does not exist yet."""


class Provider(Struct, frozen=True, kw_only=True):
    """
    One project at one job API.

    `cloud` and `region` are keys into the API's host table. Both are None if the operator has to give the endpoint.
    """

    name: str
    api: JobApi
    cloud: str | None
    region: str | None
    project_id: str
    source: Source


class Order(Struct, frozen=True, kw_only=True):
    """A job must have begun only after the job with this address had succeeded."""

    address: str
    source: Source


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One remote asynchronous task and what it should have done.

    `timeout` limits how long the run waits for this job, in seconds; None means no own limit. `owner` is whom to
    contact and `runbook` an https URL of instructions if the job is not in sync; both are unchecked text.
    `parameters` are the values that the path of the API needs besides the ids. `after` is None if no order is expected.
    """

    address: str
    provider: Provider
    job_id: str
    labels: Mapping[str, str]
    expect: Expectation | Absence
    source: Source
    waivers: tuple[Waiver, ...] = ()
    timeout: float | None = None
    missing: MissingPolicy = MissingPolicy.DRIFT
    owner: str | None = None
    runbook: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    after: Order | None = None


class Assignment(Struct, frozen=True):
    """The value of a variable on the command line: `--var NAME=VALUE`."""

    name: str
    value: str


class VariableFile(Struct, frozen=True):
    """A file with values of variables on the command line: `--var-file PATH`; "-" is standard input."""

    path: str


Given: TypeAlias = Assignment | VariableFile
"""Values of variables on the command line; if several are given for one variable, the last one counts."""


class ManifestFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One of the manifests of a run. `file` is its path, and `name` its own `name`, None if it has none.

    `sha256` is the digest of its UTF-8 text in hexadecimal. `variables` maps the variables that it declares to their
    values, with SENSITIVE in place of sensitive ones.
    """

    file: str
    name: str | None
    sha256: str
    variables: Mapping[str, JsonValue] = field(default_factory=dict)


class Deal(StrEnum):
    """What is distributed to shards."""

    JOB = "job"
    PROVIDER = "provider"
    """All jobs of a provider are in one shard."""


class Shard(Struct, frozen=True, kw_only=True):
    """
    One shard of the selected jobs: number `index` of `total`, counted from 1.

    `positions` are the positions of its jobs among all selected jobs, from 0 and ascending. `selected` is the number of
    selected jobs, and `digest` the SHA-256 of all their addresses, which distinguishes shards of another selection.
    `run` names the run that the shards belong to, None if it has no name. `by` is what was distributed.
    """

    index: int
    total: int
    positions: tuple[int, ...]
    selected: int
    digest: str
    run: str | None = None
    by: Deal = Deal.JOB

    @property
    def rate_share(self) -> tuple[int, int]:
        """
        Which share of a provider's rate this shard may use: (index, total).

        A shard by provider has the whole rate, because no other shard sends requests to its providers.
        """
        return (1, 1) if self.by is Deal.PROVIDER else (self.index, self.total)


class Manifest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The declared jobs of all files, at least one, in the order of the files, each address once.

    `warnings` become errors with `--strict`. `shard` is None if `jobs` are all selected jobs. `declared` is the number
    of declared jobs, None if all of them were selected. `selection` holds the options that selected the jobs, quoted
    for a shell, and FAIL_FAST if it was given; it is empty if every job is to be checked.

    Only commands that send no requests accept variables without a value. `unset` names these variables, and
    `undecided` the addresses of the jobs whose expectations depend on them. `left_out` are the addresses of
    declarations whose job API depends on them, so that nothing is known of their jobs. `unknown` maps addresses to
    everything in the job that depends on them, as text, and `expanded` maps addresses to the variable that decides
    whether the job exists. `unused` maps each variable file to the number of its values that no variable uses.
    """

    files: tuple[ManifestFile, ...]
    providers: Mapping[str, Provider]
    jobs: tuple[Job, ...]
    warnings: tuple[Diagnostic, ...] = ()
    shard: Shard | None = None
    declared: int | None = None
    selection: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    expanded: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    unused: Mapping[str, int] = field(default_factory=dict)

    @property
    def hides_values(self) -> bool:
        """Whether some variables are sensitive: a file does not contain their values, so they cannot be compared."""
        return any(SENSITIVE in each.variables.values() for each in self.files)
