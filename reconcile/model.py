"""
Every frozen value that flows through the program, in the order of the flow.

    text -> Manifest -> Observations -> Plan -> report text -> exit code

A stage takes values from here and returns values from here; nothing here does anything. What the words mean is
said once, at the type of that name.
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
    JsonValue = Any  # Whoever reads a saved plan by these annotations cannot follow one that refers to itself.

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A point in time; whoever reads a saved plan takes none without its offset, which cannot be compared with others."""

FAIL_FAST = "--fail-fast"
"""The option that ends a run with the first job that is drift or an error, so that others may not be reached."""

SENSITIVE = "(sensitive value)"
"""What stands in place of a value that nobody may be shown."""


# --- Places and diagnostics ------------------------------------------------------------------------------------


class Source(Struct, frozen=True, kw_only=True, array_like=True):
    """A place in a file that people write; line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int


class Diagnostic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One thing that is wrong, written for the person who has to fix it.

    `hint` says what to do, as a sentence without a full stop. `excerpt` is the whole source line that `source`
    points into, and `width` the number of characters to underline there, at least 1.
    """

    code: Code
    message: str
    hint: str | None = None
    source: Source | None = None
    excerpt: str | None = None
    width: int = 1


class Problem(Struct, frozen=True, kw_only=True):
    """Why one job could not be observed: a complete sentence that names what, where, why."""

    code: Code
    message: str


# --- What is known of a job API --------------------------------------------------------------------------------

ROLES = ("status", "job_id", "job_type", "begin_time", "end_time", "error_code", "fail_reason")
"""What an answer can say of a job and of a part alike."""


class Outcome(StrEnum):
    """What a terminal status word says of the job."""

    SUCCESS = "success"
    FAILURE = "failure"


class Status(Struct, frozen=True, kw_only=True):
    """
    One status word: waiting, running, success or failed.

    `then` holds every word that a job with this one can have later, not only the next; it is empty for a
    terminal word, and only a terminal word has an outcome.
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
    A cloud that runs the API: region name -> host name of the API's endpoint (https, port 443).

    `iam_hosts` holds, per region, the hosts of the identity service whose tokens are good there, the nearest first.
    """

    name: str
    hosts: Mapping[str, str]
    iam_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class RecordWays(Struct, frozen=True, kw_only=True):
    """
    Where an answer says what of a job or of a part.

    `fields` holds a way for each role that the API has: the keys from the record to the value, outermost first. `shown`
    holds the same for values that reports show and nothing judges, by label. `end_time_moves` says that the end time
    is that of the latest change, and no end before the job has ended.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {role: (role,) for role in ROLES})
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    end_time_moves: bool = False


class JobWays(RecordWays, frozen=True, kw_only=True):
    """
    Where the body of an answer has the job: at the end of the keys `at`.

    With `among` there is a list, and the job is its element with the id that was asked for; `count` leads to the number
    of jobs that the list should have, if the API says it.
    """

    at: tuple[str, ...] = ()
    among: bool = False
    count: tuple[str, ...] = ()


class PartWays(RecordWays, frozen=True, kw_only=True):
    """Where a job lists its parts; with `nested`, each part lists its own parts at the same place."""

    at: tuple[str, ...] = ("sub_jobs",)
    nested: bool = False


class ErrorSign(Struct, frozen=True, kw_only=True):
    """An error answer by its status code, its envelope and its error codes; None is any code."""

    status_code: int
    envelope: str
    codes: frozenset[str] | None = None


class JobApi(Struct, frozen=True, kw_only=True, eq=False):
    """
    What is known of one job API, read from `reconcile/apis/<name>.json` or from a file of the operator.

    `path` is a template of `{project_id}`, `{job_id}` and `parameters`, which each job brings; `paths` has those of
    clouds with another one. `headers` are sent as they are, `token_header` with the credential. `words` turns the API's
    status words into those of this program, whose order `statuses` knows. `parts` is None where jobs have none.
    `time_format` is a form of `instant.py`, and a time of any other is refused unless `times_as_text`.

    A job is missing only by an answer in `missing` without a code that starts with one of `gateway_codes`, or by an
    empty list where `missing_if_empty`; what is in `doubtful` may mean the same and is only told. `job_types` are those
    that at least one source page lists, and `error_codes` holds what each known code means; both sets are open.
    `retention` is a clause for messages about a missing job. `purpose` says what jobs are about, "" if nothing does.
    `ignored` are ways from the body, through lists, to keys that look like described ones and mean something else.

    `sha256` is the digest of the file of an operator that describes it, in hexadecimal, None for one that ships.
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
        """Its name and, if an operator described it, the digest of the description: which rules judged."""
        return self.name if self.sha256 is None else f"{self.name}@sha256:{self.sha256}"

    @property
    def success(self) -> str:
        """The word for a job that did what it was asked to do."""
        return self._word_for(Outcome.SUCCESS)

    @property
    def failure(self) -> str:
        """The word for a job that did not."""
        return self._word_for(Outcome.FAILURE)

    @property
    def sub_jobs(self) -> str | None:
        """The place of the parts in a job, as a text; None where jobs have none."""
        return ".".join(self.parts.at) if self.parts is not None else None

    @property
    def can_be_missing(self) -> bool:
        """Whether any answer says that there is no such job."""
        return bool(self.missing) or self.missing_if_empty

    def _word_for(self, outcome: Outcome) -> str:
        return next(s.word for s in self.statuses.values() if s.outcome is outcome)


# --- The manifest ----------------------------------------------------------------------------------------------


class Field(StrEnum):
    """A text of a job or sub-job that an expectation can name; the value is also its path in a plan."""

    STATUS = "status"
    JOB_TYPE = "job_type"
    ERROR_CODE = "error_code"
    FAIL_REASON = "fail_reason"


class Moment(StrEnum):
    """A time of a job or sub-job; the value is also its path in a plan."""

    BEGIN_TIME = "begin_time"
    END_TIME = "end_time"


class Span(StrEnum):
    """A length of time that a job or sub-job has; the value is also its path in a plan."""

    DURATION = "duration"
    """From begin to end."""
    AGE = "age"
    """From the end to now."""


class Glob(Struct, frozen=True, kw_only=True):
    """A pattern for a whole value; what it means stands in `glob.py`."""

    pattern: str


Accepted: TypeAlias = str | Glob | None
"""One value that a field may have; None stands for absent, null and "" alike."""


class FieldExpectation(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """
    What one text must be: any of `accept`.

    `implied` marks what the manifest does not say but the design does (a job with no status expects success); it
    stands nowhere, and its `source` is None, here and below. `sensitive` marks what no report may show.
    """

    field: Field
    accept: tuple[Accepted, ...]
    source: Source | None
    implied: bool = False
    sensitive: bool = False


class MomentExpectation(Struct, frozen=True, kw_only=True, tag=True):
    """When it must have been: not before `after`, not after `before`; None is no bound, and one at least is given."""

    moment: Moment
    after: Instant | None
    before: Instant | None
    source: Source


class SpanExpectation(Struct, frozen=True, kw_only=True, tag=True):
    """How long it must be: seconds, both bounds inclusive; None is no bound, and one at least is given."""

    span: Span
    min: float | None
    max: float | None
    source: Source


Assertion: TypeAlias = FieldExpectation | MomentExpectation | SpanExpectation


class Match(StrEnum):
    """How the items of a sub-job expectation meet the observed sub-jobs."""

    EXACT = "exact"
    """Each item has its sub-job and each sub-job its item, in any order."""
    ORDERED = "ordered"
    """The same, in the order of the items."""
    CONTAINS = "contains"
    """Each item has its sub-job; other sub-jobs are welcome."""
    NONE = "none"
    """No sub-job is what any item describes."""


class Count(Struct, frozen=True, kw_only=True):
    """How many, both bounds inclusive; `max` None is no upper bound."""

    min: int
    max: int | None


class Item(Struct, frozen=True, kw_only=True):
    """One expected sub-job, `count` times. An expectation of its job_type, if there is one, is its identity."""

    fields: tuple[Assertion, ...]
    count: Count
    source: Source | None


class SubJobsExpectation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What must hold for the sub-jobs of a job.

    `each` holds for every observed sub-job and is false where there are none. `count` bounds how many there are;
    None is no demand. `items` is None where only `each` or `count` are demanded, and empty where no sub-job may be.
    """

    match: Match
    items: tuple[Item, ...] | None
    each: tuple[Assertion, ...]
    count: Count | None
    source: Source | None
    implied: bool = False


class Settle(Struct, frozen=True, kw_only=True):
    """The last looks of the run agree: at least `reads` of them, spread over at least `over` seconds."""

    reads: int
    over: float
    source: Source


class Stuck(Struct, frozen=True, kw_only=True):
    """A job that has not ended must not stay as it is for `limit` seconds, as far as the looks of the run show it."""

    limit: float
    source: Source


class Expectation(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """
    Everything that must hold for one job; `fields` holds at least a status and each field once.

    `settle` and `stuck` are None where nothing is expected of how the looks of a run compare.
    """

    fields: tuple[Assertion, ...]
    sub_jobs: SubJobsExpectation | None
    settle: Settle | None = None
    stuck: Stuck | None = None


class Absence(Struct, frozen=True, kw_only=True, tag=True):
    """There must be no such job."""

    source: Source


class Waiver(Struct, frozen=True, kw_only=True):
    """
    Drifts of a job that are known and accepted until the end of the day `expires`, UTC.

    `fields` are what `expect` calls them, with `missing` for a job that is not there: `sub_jobs` covers every path
    that begins so.
    """

    fields: tuple[str, ...]
    reason: str
    expires: date
    source: Source


class MissingPolicy(StrEnum):
    """What it means that the API does not know the job."""

    DRIFT = "drift"
    """It is gone, or was never there."""
    WAIT = "wait"
    """It is not there yet."""


class Provider(Struct, frozen=True, kw_only=True):
    """
    One project at one job API. `cloud` and `region` are keys into the API's host table, both None where only the
    operator's endpoint can say where the API is.
    """

    name: str
    api: JobApi
    cloud: str | None
    region: str | None
    project_id: str
    source: Source


class Order(Struct, frozen=True, kw_only=True):
    """A job began only when the one of this address had ended in success."""

    address: str
    source: Source


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One remote asynchronous task and what it should have done.

    `timeout` caps how long the run waits for this job, in seconds; None is as long as for any other. `owner` is who
    to tell and `runbook` an https URL of what to do when the job is not in sync; both are texts that somebody wrote.
    `parameters` are what the path of the API needs beside the ids. `after` is None where no order is expected.
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
    """A value by name, as an operator gives it on the command line: `--var NAME=VALUE`."""

    name: str
    value: str


class VariableFile(Struct, frozen=True):
    """A file with values of variables, as an operator names it on the command line; "-" is standard input."""

    path: str


Given: TypeAlias = Assignment | VariableFile
"""What an operator gives for variables; of several for one variable, the last counts."""


class ManifestFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One of the files that a run is about, by its path and by the name that it gives itself.

    `sha256` is the digest of its text in UTF-8, in hexadecimal. `variables` are those that it declares with the values
    that they had, SENSITIVE in place of what is sensitive.
    """

    file: str
    name: str | None
    sha256: str
    variables: Mapping[str, JsonValue] = field(default_factory=dict)


class Deal(StrEnum):
    """What is dealt out to shards."""

    JOB = "job"
    PROVIDER = "provider"
    """All jobs of a provider are in one shard."""


class Shard(Struct, frozen=True, kw_only=True):
    """
    The part of the selected jobs that one of several runs is about: the `index`-th of `total`, counted from 1.

    `positions` are those of its jobs among all selected ones, from 0 and ascending; `selected` is how many these are,
    and `digest` the SHA-256 of all their addresses, so that shards of another selection are told apart. `run` names the
    run that all shards are of, None where nobody named it. `by` is what was dealt out.
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
        """Which part, of how many, it has of the rate that a provider allows: no other shard asks its providers."""
        return (1, 1) if self.by is Deal.PROVIDER else (self.index, self.total)


class Manifest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The declared jobs of all files, at least one, in the order of the files, each address once.

    `warnings` are what is not wrong, but not right either: `--strict` makes errors of them. `shard` is None where the
    jobs are all that were selected, and `declared` is how many there were to select from, None where all of them were.
    `selection` are the options that selected them, as a shell takes them, and FAIL_FAST if it was given; none where
    all were selected to be checked. `unset` are variables whose values are given later, and `undecided` the addresses
    of jobs whose expectations depend on these; only commands that ask no job API have any. `unknown` has, by address,
    all that depends on these in a job, as text, and `expanded` names the variable that decides whether there is a job.
    `left_out` are the addresses of declarations whose job API depends on these, so that nothing is known of their jobs.
    `unused` counts, for each file of variables, the values no variable takes.
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
        """Whether some of its variables are sensitive, so that nobody can compare their values with those of a file."""
        return any(SENSITIVE in each.variables.values() for each in self.files)


# --- Observations ----------------------------------------------------------------------------------------------


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What the API tells of a job and of a sub-job alike; None is absent, null or ""; times are the API's own text.

    `status_word` is the API's own word, None where it is `status` itself. `shown` are values for reports, by label.
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
    """A part of a job, as listed in the job's own answer; a part of the job itself has depth 1, its own parts 2."""

    depth: int = 1


class Heading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part with parts and no status of its own, which nothing judges; `before` is the index of the next sub-job."""

    before: int
    job_id: str | None
    job_type: str | None
    shown: Mapping[str, str] = field(default_factory=dict)
    depth: int = 1


class Looks(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """
    How the looks of one run at a job compare, up to the last one, which is the observation.

    The last `alike` looks agree in everything that is judged, and `span` is the seconds between the first and the last
    of them. `idle` is the longest time, in seconds, during which the job had not ended and neither its status nor its
    sub-jobs changed. Both times are counted from when an answer came to when a later one was asked for, so that they
    are never too long.
    """

    alike: int = 1
    span: float = 0.0
    idle: float = 0.0


class Observed(Record, frozen=True, kw_only=True, tag=True):
    """
    A job as the API answered, its identity checked and its status known; sub-jobs in the order of the answer.

    `looks` compares this look with those before it in the same run, None if there was no other.
    """

    sub_jobs: tuple[SubJob, ...]
    request_id: str | None
    headings: tuple[Heading, ...] = ()
    looks: Looks | None = None

    @classmethod
    def bare(cls, job_id: str, status: str) -> "Observed":
        """Make up an answer that has nothing but an id and a status."""
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
    """The API itself says that it has no such job; `code` and `message` are its own."""

    code: str | None
    message: str | None
    request_id: str | None


class Unobserved(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Nothing is known of the job, and why."""

    problem: Problem
    request_id: str | None = None


Observation: TypeAlias = Observed | Missing | Unobserved

if TYPE_CHECKING:
    Observations: TypeAlias = Sequence[Observation]
else:
    Observations = tuple[Observation, ...]  # What a saved plan is read as; a run may hold them in another sequence.


class Timing(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """
    How long it took to fetch one remote job, which may stand in the manifest more than once.

    `attempts` counts the requests that were sent for it, and `polls` how often it was looked at again after it was
    first seen. `started` is the seconds from the begin of the run to the first request, `elapsed` those from there to
    the last answer, both to the millisecond; 0 where nothing was sent. `resumed` says that nothing was sent because the
    answer is in the recording that the run resumes.
    """

    attempts: int = 0
    polls: int = 0
    started: float = 0.0
    elapsed: float = 0.0
    resumed: bool = False


class Fetched(Struct, frozen=True, kw_only=True):
    """
    What came of fetching one job.

    `attempts`, `polls`, `started`, `elapsed` and `resumed` are those of `Timing`. `waited` is the seconds from when it
    was first seen to the end of its waiting, `age` those from the observation to that end. `cached` is the seconds that
    a cache had held the answer, None unless that is long. `notes` say what is remarkable without being wrong.
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
        """The part of it that reports show."""
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
    One request for a job and what came of it, without secrets; times in UTC.

    `status_code` is None where no answer came, and then `failure` says why. `headers` are those that matter, names in
    lower case; `body` is whole, but cut where it is long and no evidence.
    """

    sent_at: datetime
    ended_at: datetime
    status_code: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """
    The one expectation, or the one error, that decides the verdict of a run: of the worst, the first.

    `address` is that of its job, or `run`, `path` its place in the plan or the rule of the error, and `reason` says in
    one line what is wrong, safe on a terminal. `source` is None where it is not known.
    """

    address: str
    path: str
    reason: str
    source: Source | None = None


class RecordedJob(Struct, frozen=True, kw_only=True):
    """
    What a run exchanged about one remote job, in order, and what came of it.

    `request` is method and target. `evidence` is the index of the exchange whose answer shows the job; where it is
    None, `unobserved` says why none does, and where it is not, `unobserved` is None. `looks` is that of the
    observation, and the rest that of `Fetched`.
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
    Which run a recording is of, so that no other one resumes it.

    `name` is that of all runs that may resume each other, None where nobody named it. `files` are the SHA-256 of each
    manifest, `variables` that of the values of all variables that are not sensitive, and `jobs` that of the selected
    jobs and the options that selected them.
    """

    name: str | None
    files: Mapping[str, str]
    variables: str
    jobs: str


class RecordedProvider(Struct, frozen=True, kw_only=True):
    """
    Whom a run asked: a provider by the names of its parts, and its endpoint as scheme, host and port.

    `api_sha256` is the digest of the file that describes the API, None for one that ships.
    """

    api: str
    cloud: str | None
    region: str | None
    project_id: str
    endpoint: str
    api_sha256: str | None = None


class Recording(Struct, frozen=True, kw_only=True):
    """
    All that a run asked and was answered; times in UTC.

    `begun_at` is when its manifests were read, `judged_at` when its jobs were judged. `complete` is that of its plan,
    and `ended_by` the exit code of the signal that ended the run before its time, None if none did. `verdict` is that
    of the run and `decided_by` what decided it, None where it is in sync. `jobs` are by provider and job id, in the
    order of the manifest; `version` is that of the program. `run` is None in recordings of versions that could not be
    resumed.
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
    """What an observation says of an assertion, now and for all observations that can follow."""

    HOLDS = "holds"
    CAN_HOLD = "can still come to hold"
    CANNOT_HOLD = "cannot hold any more"
    UNDECIDABLE = "cannot be judged"
    """What was answered makes no sense; the finding's `actual` says why."""


class Kind(StrEnum):
    """How an expectation and what was observed differ."""

    CHANGED = "changed"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


class DriftState(StrEnum):
    """What an earlier plan says of a drift: the same address and path, and the same was observed."""

    NEW = "new"
    PERSISTING = "persisting"


# Of these, a run makes more than of anything else, and they are in no cycle: the garbage collector need not visit them.
class Finding(Struct, frozen=True, kw_only=True, gc=False):
    """
    One assertion, judged. A finding that cannot hold any more is a drift, waived if there is a `waiver` for it.

    `path` is the assertion's place in the plan (`status`, `sub_jobs[0].status`, `sub_jobs[+1]`), `label` the type
    of the sub-job it is about, `expected` and `actual` what a report shows: scalars, lists, mappings. `source` is None
    where the assertion is implied, for it stands nowhere but in its job. `ignored` is a waiver that would cover the
    drift, but has expired or does not count under `--strict`. `status_word` is that of the record, of a finding about
    its status. `state` is what an earlier plan says of a drift, None where the plan is compared with none.
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
    """What is decided of a job or of a run."""

    IN_SYNC = "in_sync"
    DRIFT = "drift"
    PENDING = "pending"
    WAIVED = "waived"
    """Of a job alone: all its drifts are waived."""
    ERROR = "error"


class ExitCode(IntEnum):
    """What the process says; a signal beats an error beats drift beats pending beats in sync."""

    IN_SYNC = 0
    ERROR = 1
    DRIFT = 2
    PENDING = 3
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Details(Protocol):
    """The part of a job's plan that can be large: it may be read from elsewhere each time that it is asked for."""

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
"""Takes the details of a job, and returns what has the same when it is asked."""


class JobPlan(Struct, frozen=True, kw_only=True, gc=False):
    """One job with its observation and what was found; `problems` say why it could not be decided."""

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
    """A drift of an earlier plan: the address of its job, its path, and what was observed."""

    address: str
    path: str
    actual: JsonValue


class EarlierPlan(Struct, frozen=True, kw_only=True):
    """
    What a plan is compared with: all drifts of an earlier one, in its order.

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
    the earlier plan: `undecided` are those of jobs that are not decided now, or of what this plan does not expect.
    `unchecked` counts the new drifts of jobs that the earlier plan could not check. `began_with` is the address of the
    job that failed first among several with new drifts, None where that is not known.
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
    All selected jobs with what was found, in manifest order, and the verdict of the run.

    `errors` are those of the run itself, beside the jobs' own; `warnings` are those of the manifest and of its
    waivers. `complete` is False when the run ended before every selected job was fetched. `soft_fail` says that the
    operator asked for exit code 0 where it would be drift or pending. `origins` says where each provider was asked:
    name -> scheme, host and port. `started_at` is when the run began, None where that is not known, and `judged_at` the
    time of judging, both in UTC. `tool` is the version of the program. `paths`, `run_url` and `trace_parent` are those
    of `Evidence`. `comparison` is that with an earlier plan, None without one; it follows from no evidence.
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
    Everything that a plan follows from; a saved plan keeps it, so that anyone can let the plan follow once more.

    Observations and `remarks` are one for each job of the manifest, in its order. `judged_at` is the time of judging
    and `since` that of the oldest judgement in it, both in UTC: they differ where shards were merged. `errors` are
    why the run failed, before its jobs were judged, which are missing then, or after that. `tool` is the version of the
    program.

    `timings` are one for each job, or none if nothing is known of them, and `started_at` is when the run began, in UTC.
    `paths` maps each file, as the operator named it, to its path in the repository, for readers who are elsewhere.
    `run_url` is the page of the CI run that made the plan, None outside of CI. `trace_parent` is the span that the run
    is a part of, in the form of the W3C's `traceparent`, None if there is none.
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
    """What a receipt is about: an artifact by a name and by its SHA-256 in hexadecimal."""

    name: str
    sha256: str


# --- The gate under test ---------------------------------------------------------------------------------------


class Baseline(StrEnum):
    """Where the observations come from that are mutated."""

    MANIFEST = "manifest"
    """They were made up, so that they satisfy the manifest."""
    RECORDING = "recording"
    LIVE = "live"


class Mutant(Struct, frozen=True, kw_only=True):
    """
    What a job API could have answered instead of what it did, different in one thing.

    `path` is where, as in a plan, and `answer` where it is no answer about the job; `change` is how, as a clause.
    `permitted` says that the manifest lets it pass in so many words: a status that it lists, a number in a range.
    `looks` are those that end with it, None if they are as before.
    """

    path: str
    change: str
    exchange: Exchange
    permitted: bool = False
    looks: Looks | None = None


class Survivor(Struct, frozen=True, kw_only=True):
    """
    A mutant that left the gate green although the manifest does not say that it may.

    `killer` is what to add to the job's `expect` so that it turns the gate red, None if nothing that can be written
    there does. `waiver` is the one that hid the drift, if one did.
    """

    job: Job
    path: str
    change: str
    killer: Mapping[str, JsonValue] | None
    waiver: Waiver | None


class Proof(Struct, frozen=True, kw_only=True):
    """
    How a gate fared against mutants, in the order of the manifest.

    `jobs` counts remote jobs. `killed`, `permitted` and the survivors add up to all mutants; `allowed` is the number
    of survivors that the operator puts up with.
    """

    baseline: Baseline
    jobs: int
    killed: int
    permitted: int
    survivors: tuple[Survivor, ...]
    allowed: int

    @property
    def holds(self) -> bool:
        """Whether something was tried, and no more survived than is allowed."""
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

    `judged_at` is when its run was judged, in UTC, and `recorded` what the gate did then; None where the recording
    cannot be read or does not say. `exit_code` is that of a replay. `decided_by` is what decides it, None where it
    passes. `changed` says in one line what became of the expectation that had blocked a recording that passes now;
    `decided_by` is that expectation then, None where the recording does not say. `incident` is None where nobody says.
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
        """Whether the gate does something else now."""
        return self.recorded is not None and self.recorded is not self.effect


class Confusion(Struct, frozen=True, kw_only=True):
    """
    How many recordings with and without an incident were blocked, passed and undecided.

    What is undecided counts as missed: the gate did not say why the deployment must not go on.
    """

    blocked_incidents: int
    passed_incidents: int
    undecided_incidents: int
    blocked_others: int
    passed_others: int
    undecided_others: int

    @property
    def precision(self) -> float | None:
        """The share of incidents in what was blocked; None where nothing was."""
        return _divide(self.blocked_incidents, self.blocked_incidents + self.blocked_others)

    @property
    def recall(self) -> float | None:
        """The share of the incidents that was blocked; None where there was no incident."""
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
    first answer. A verdict is None if the manifest has no job that asks for it.
    """

    exchange: Exchange
    observation: Observed | Missing
    old: Verdict | None
    new: Verdict | None
    after: float = 0.0


class Witness(Struct, frozen=True, kw_only=True):
    """
    Answers about one remote job that the old manifest stops and the new one lets through, mostly one.

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
