"""The recorded exchanges of a run."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from reconcile.model.diagnostic import Source
from reconcile.model.observation import Looks, Unobserved
from reconcile.model.plan import ExitCode, Verdict


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
