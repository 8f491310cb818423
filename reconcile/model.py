"""
Every frozen value that flows through the program, in the order of the flow.

    text -> Manifest -> Observations -> Plan -> report text -> exit code

Each stage takes and returns values of these types; the types themselves do nothing. Each word is defined once, at the
type of that name.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum, IntEnum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias

from msgspec import Meta, Struct, field

from reconcile import __version__
from reconcile.codes import Code

if TYPE_CHECKING:
    JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
else:
    JsonValue = Any  # msgspec reads saved plans by these annotations and does not support a recursive alias.

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A point in time with its offset: a time without one cannot be compared, so reading a saved plan rejects it."""

FAIL_FAST = "--fail-fast"
"""The option that ends a run at the first job that has drifted or cannot be checked; other jobs may not be reached."""

SENSITIVE = "(sensitive value)"
"""The placeholder for a value that must not be shown."""


# --- Places and diagnostics ------------------------------------------------------------------------------------


class Source(Struct, frozen=True, kw_only=True, array_like=True):
    """A place in a file that people write: line and column from 1, columns in characters."""

    file: str
    line: int
    column: int


class Diagnostic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One error or warning, written for the person who has to fix it.

    `hint` says what to do, as a sentence without a full stop. `excerpt` is the whole line that `source` points to, and
    `width` the number of characters to underline in it, at least 1.
    """

    code: Code
    message: str
    hint: str | None = None
    source: Source | None = None
    excerpt: str | None = None
    width: int = 1


class Problem(Struct, frozen=True, kw_only=True):
    """Why one job could not be observed: a complete sentence that says what, where and why."""

    code: Code
    message: str


# --- What is known of a job API --------------------------------------------------------------------------------

ROLES = ("status", "job_id", "job_type", "begin_time", "end_time", "error_code", "fail_reason")
"""The fields that both a job and a sub-job can have in an answer."""


class Outcome(StrEnum):
    """How a job with a terminal status ended."""

    SUCCESS = "success"
    FAILURE = "failure"


class Status(Struct, frozen=True, kw_only=True):
    """
    One status: waiting, running, success or failed.

    `then` holds every status that can follow, not only the next one. It is empty for a terminal status, and only a
    terminal status has an outcome.
    """

    word: str
    then: frozenset[str]
    outcome: Outcome | None

    @property
    def terminal(self) -> bool:
        return not self.then


class ErrorEnvelope(Struct, frozen=True, kw_only=True):
    """One documented shape of an error body: the JSON paths (tuples of keys) of its parts."""

    name: str
    code: tuple[str, ...]
    message: tuple[str, ...]
    request_id: tuple[str, ...] | None


class Cloud(Struct, frozen=True, kw_only=True):
    """
    A cloud that runs the API. `hosts` maps each region to the host of the API's endpoint (https, port 443).

    `iam_hosts` maps each region to the identity hosts whose tokens are valid there, the nearest first.
    """

    name: str
    hosts: Mapping[str, str]
    iam_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class RecordWays(Struct, frozen=True, kw_only=True):
    """
    Where an answer has the fields of a job or a sub-job.

    `fields` maps each role that the API has to a way: the keys from the record to the value, outermost first. `shown`
    maps labels to the ways of values that reports show but nothing judges. `end_time_moves` says that the end time is
    the time of the latest change: until the job has ended, it is no end.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {role: (role,) for role in ROLES})
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    end_time_moves: bool = False


class JobWays(RecordWays, frozen=True, kw_only=True):
    """
    Where the body of an answer has the job: at the keys `at`, outermost first.

    With `among`, there is a list of jobs, and the job is the element with the requested id. `count` is the way to the
    number of jobs in that list, empty if the API does not give it.
    """

    at: tuple[str, ...] = ()
    among: bool = False
    count: tuple[str, ...] = ()


class PartWays(RecordWays, frozen=True, kw_only=True):
    """Where a job lists its sub-jobs; with `nested`, each sub-job lists its own at the same keys."""

    at: tuple[str, ...] = ("sub_jobs",)
    nested: bool = False


class ErrorSign(Struct, frozen=True, kw_only=True):
    """An error answer, recognized by its HTTP status, its envelope and its error codes; None means any code."""

    status_code: int
    envelope: str
    codes: frozenset[str] | None = None


class JobApi(Struct, frozen=True, kw_only=True, eq=False):
    """
    One job API, read from `reconcile/apis/<name>.json` or from the operator's own file.

    `path` is a template with `{project_id}`, `{job_id}` and `parameters`, whose values each job has; `paths` holds the
    templates of clouds that differ. `headers` are sent unchanged, and `token_header` carries the credential. `words`
    maps the API's status words to ours, and `statuses` says which of ours can follow which. `parts` is None if jobs
    have no sub-jobs. `time_format` is a format of `instant.py`; a time in another format is refused, unless
    `times_as_text`.

    A job is missing if an answer matches `missing` and its code starts with none of the `gateway_codes`, or if the list
    is empty and `missing_if_empty` is set. An answer in `doubtful` may mean the same; it is an error that says so.
    `job_types` are those that at least one source page lists, and `error_codes` maps each known code to its meaning;
    both sets are open. `retention` is a clause for messages about a missing job. `purpose` says what the jobs do, "" if
    unknown. `ignored` holds ways from the body, through lists, to keys that resemble described ones but mean something
    else.

    `sha256` is the digest of the operator's file in hexadecimal, None for an API that ships with the program.
    """

    name: str
    title: str
    path: str
    headers: Mapping[str, str]
    token_header: str
    request_id_header: str
    statuses: Mapping[str, Status]
    time_format: str
    envelopes: tuple[ErrorEnvelope, ...]
    gateway_codes: tuple[str, ...]
    retention: str
    job_types: tuple[str, ...]
    clouds: Mapping[str, Cloud]
    words: Mapping[str, str]
    times_as_text: bool = False
    missing: tuple[ErrorSign, ...] = ()
    missing_if_empty: bool = False
    doubtful: tuple[ErrorSign, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    job: JobWays = field(default_factory=JobWays)
    parts: PartWays | None = field(default_factory=PartWays)
    error_codes: Mapping[str, str] = field(default_factory=dict)
    purpose: str = ""
    requests_per_minute: int | None = None
    ignored: tuple[tuple[str, ...], ...] = ()
    sha256: str | None = None

    @property
    def reference(self) -> str:
        """The name, and the digest of the operator's file if there is one: both identify the rules that judge."""
        return self.name if self.sha256 is None else f"{self.name}@sha256:{self.sha256}"

    @property
    def success(self) -> str:
        """The status of a job that succeeded."""
        return self._word_for(Outcome.SUCCESS)

    @property
    def failure(self) -> str:
        """The status of a job that failed."""
        return self._word_for(Outcome.FAILURE)

    @property
    def sub_jobs(self) -> str | None:
        """The keys from a job to its sub-jobs, joined by dots; None if jobs have no sub-jobs."""
        return ".".join(self.parts.at) if self.parts is not None else None

    @property
    def can_be_missing(self) -> bool:
        """Whether any answer of this API means that the job does not exist."""
        return bool(self.missing) or self.missing_if_empty

    def _word_for(self, outcome: Outcome) -> str:
        return next(s.word for s in self.statuses.values() if s.outcome is outcome)


# --- The manifest ----------------------------------------------------------------------------------------------


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


# --- Observations ----------------------------------------------------------------------------------------------


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What the API reports about a job or a sub-job. None means absent, null or ""; times are the API's own text.

    `status_word` is the API's own word, None if it equals `status`. `shown` maps labels to values for reports alone.
    """

    status: str
    job_id: str | None
    job_type: str | None
    begin_time: str | None
    end_time: str | None
    error_code: str | None
    fail_reason: str | None
    status_word: str | None = None
    shown: Mapping[str, str] = field(default_factory=dict)


class SubJob(Record, frozen=True, kw_only=True):
    """A sub-job, as the answer for its job lists it; those of the job itself have depth 1, their own sub-jobs 2."""

    depth: int = 1


class Heading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sub-job with sub-jobs but no status, which is not judged; `before` is the index of the next sub-job."""

    before: int
    job_id: str | None
    job_type: str | None
    shown: Mapping[str, str] = field(default_factory=dict)
    depth: int = 1


class Looks(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    How the looks of one run at a job compare. A look is one successful fetch; the last one is the observation.

    The last `alike` looks agree in everything that is judged, and `span` is the seconds between the first and the last
    of them. `idle` is the longest time, in seconds, during which the job had not ended and neither its status nor its
    sub-jobs changed. Both times count from the answer of one look to the request of a later one, so that they are never
    too long.
    """

    alike: int = 1
    span: float = 0.0
    idle: float = 0.0


class Observed(Record, frozen=True, kw_only=True, tag=True):
    """
    A job as the API returned it, with a verified id and a known status; sub-jobs in the order of the answer.

    `looks` compares this look with earlier ones of the same run, None if there was no other.
    """

    sub_jobs: tuple[SubJob, ...]
    request_id: str | None
    headings: tuple[Heading, ...] = ()
    looks: Looks | None = None

    @classmethod
    def bare(cls, job_id: str, status: str) -> "Observed":
        """Make an observation that has only an id and a status."""
        return cls(
            status=status,
            job_id=job_id,
            job_type=None,
            begin_time=None,
            end_time=None,
            error_code=None,
            fail_reason=None,
            sub_jobs=(),
            request_id=None,
        )


class Missing(Struct, frozen=True, kw_only=True, tag=True):
    """The API itself reports that it has no such job; `code` and `message` are from its answer."""

    code: str | None
    message: str | None
    request_id: str | None


class Unobserved(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Nothing is known about the job; `problem` says why."""

    problem: Problem
    request_id: str | None = None


Observation: TypeAlias = Observed | Missing | Unobserved

if TYPE_CHECKING:
    Observations: TypeAlias = Sequence[Observation]
else:
    Observations = tuple[Observation, ...]  # A saved plan is decoded into this type; a run may use another sequence.


class Timing(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """
    How long it took to fetch one remote job, which several jobs of the manifest may share.

    `attempts` is the number of requests, and `polls` the number of looks after the job was first seen. `started` is the
    seconds from the start of the run to the first request, `elapsed` those from there to the last answer, both to the
    millisecond; 0 if nothing was sent. `resumed` says that nothing was sent because the answer was in the recording
    that the run resumes.
    """

    attempts: int = 0
    polls: int = 0
    started: float = 0.0
    elapsed: float = 0.0
    resumed: bool = False


class Fetched(Struct, frozen=True, kw_only=True):
    """
    The result of fetching one job.

    `attempts`, `polls`, `started`, `elapsed` and `resumed` are those of `Timing`. `waited` is the seconds from
    when the job was first seen to the end of waiting for it, `age` those from the observation to that end. `cached` is
    the age of the answer in a cache in seconds, None unless that is long. `notes` say what is remarkable but no error.
    """

    observation: Observation
    attempts: int = 0
    polls: int = 0
    started: float = 0.0
    elapsed: float = 0.0
    waited: float = 0.0
    age: float = 0.0
    cached: int | None = None
    notes: tuple[str, ...] = ()
    resumed: bool = False

    @property
    def timing(self) -> Timing:
        """The part that reports show."""
        return Timing(
            attempts=self.attempts,
            polls=self.polls,
            started=self.started,
            elapsed=self.elapsed,
            resumed=self.resumed,
        )


# --- Recordings ------------------------------------------------------------------------------------------------


class Exchange(Struct, frozen=True, kw_only=True):
    """
    One request for a job and its answer, without secrets; times in UTC.

    `status_code` is None if there was no answer; `failure` then says why. `headers` holds the relevant ones, names in
    lower case. `body` is complete if it is evidence, and may be cut otherwise.
    """

    sent_at: datetime
    ended_at: datetime
    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """
    The one expectation or error that decides the verdict of a run: the first of the worst.

    `address` is the address of its job, or `run`. `path` is its place in the plan, or names the error. `reason`
    says in one line what is wrong, escaped for a terminal. `source` is None if unknown.
    """

    address: str
    path: str
    reason: str
    source: Source | None = None


class RecordedJob(Struct, frozen=True, kw_only=True):
    """
    All exchanges of a run about one remote job, in order, and their result.

    `request` is method and target. `evidence` is the index of the exchange whose answer shows the job. Exactly one of
    `evidence` and `unobserved` is None: the latter says why no answer shows the job. `looks` is that of the
    observation, and the other fields are those of `Fetched`.
    """

    request: str
    exchanges: tuple[Exchange, ...]
    evidence: int | None
    unobserved: Unobserved | None
    polls: int
    waited: float
    age: float
    notes: tuple[str, ...]
    attempts: int = 0
    started: float = 0.0
    elapsed: float = 0.0
    resumed: bool = False
    looks: Looks | None = None


class RecordedRun(Struct, frozen=True, kw_only=True):
    """
    Which run a recording belongs to, so that no other run resumes it.

    `name` is shared by all runs that may resume each other, None if the run has no name. `files` maps each manifest to
    its SHA-256. `variables` is the SHA-256 of the values of all variables that are not sensitive, and `jobs` that of
    the selected jobs and the options that selected them.
    """

    name: str | None
    files: Mapping[str, str]
    variables: str
    jobs: str


class RecordedProvider(Struct, frozen=True, kw_only=True):
    """
    A provider of a recorded run. `endpoint` is scheme, host and port.

    `api_sha256` is the digest of the operator's file that describes the API, None for an API that ships with the
    program.
    """

    api: str
    cloud: str | None
    region: str | None
    project_id: str
    endpoint: str
    api_sha256: str | None = None


class Recording(Struct, frozen=True, kw_only=True):
    """
    All requests and answers of a run; times in UTC.

    `begun_at` is when the manifests were read, `judged_at` when the jobs were judged. `complete` is that of the plan,
    and `ended_by` the exit code of the signal that ended the run early, None if none did. `verdict` is the verdict of
    the run, and `decided_by` what decided it, None if the run is in sync. `jobs` is keyed by provider and job id, in
    the order of the manifest. `version` is the version of the program. `run` is None in recordings of versions that
    could not resume.
    """

    version: str
    begun_at: datetime
    judged_at: datetime
    complete: bool
    ended_by: "ExitCode | None"
    verdict: "Verdict"
    decided_by: Decision | None
    providers: Mapping[str, RecordedProvider]
    jobs: Mapping[tuple[str, str], RecordedJob]
    run: RecordedRun | None = None


# --- The plan --------------------------------------------------------------------------------------------------


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
    judged, in UTC. `manifests` are the paths of its manifests in their repository, and `unchecked` the addresses of
    jobs that could not be checked.
    """

    file: str
    made_by: str
    judged_at: Instant
    manifests: tuple[str, ...]
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


# --- The saved plan --------------------------------------------------------------------------------------------


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


# --- The gate under test ---------------------------------------------------------------------------------------


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


# --- The backtest ----------------------------------------------------------------------------------------------


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


# --- A changed manifest ----------------------------------------------------------------------------------------


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
