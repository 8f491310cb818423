"""What is known of a job API."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

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
