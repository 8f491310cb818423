"""What the job API said about each job."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from reconcile.model.diagnostic import Problem


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
    def bare(cls, job_id: str | None, status: str) -> "Observed":
        """Make an observation that has at most an id and a status."""
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
