"""How many bytes the answers of one run may take, in memory or in a temporary file."""

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt
from reconcile.fetch.job_fetch import JobFetch
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Observed, Unobserved

CAPACITY = 8 * 1024 * 1024
SHARE = 128 * 1024
"""Bytes that each job adds to the capacity; a job with five sub-jobs takes a twentieth of that."""

_BYTES_OF_CHARACTER = 2
"""One byte in the observation, and one in the findings."""
_LARGE = 64 * 1024
"""Bytes of an answer above which it is large; a real one with a hundred sub-jobs has half of that."""
_BYTES_OF_LARGE_CHARACTER = 6
"""A report holds several copies of a long text while it is written."""
_BYTES_OF_SUB_JOB = 400
"""The least bytes that the findings about a sub-job take."""


class AnswerMemory:
    """
    The memory that the observations of a run may take, in bytes, estimated from above; all hosts share it.

    An answer that does not fit is refused as a whole, because a part of an answer proves nothing.
    """

    __slots__ = ("_free", "_jobs")

    def __init__(self, jobs: int) -> None:
        """`jobs` is the number of jobs of the run."""
        self._jobs = jobs
        self._free = CAPACITY + SHARE * jobs

    def admit(self, job: JobFetch, attempt: Attempt, size: int) -> Attempt:
        """
        Replace the job's last observation by that of `attempt`, or return why it is refused.

        Args:
            job: the remote job, whose manifest jobs are each reported.
            attempt: the outcome of the answer.
            size: bytes of the answer's body.
        """
        observation = attempt.observation
        if isinstance(observation, Unobserved):
            return attempt
        sub_jobs = len(observation.sub_jobs) if isinstance(observation, Observed) else 0
        each = _BYTES_OF_CHARACTER if size <= _LARGE else _BYTES_OF_LARGE_CHARACTER
        taken = (sub_jobs * _BYTES_OF_SUB_JOB + size * each) * len(job.indexes)
        left = self._free + job.size - taken
        if left < 0:
            return replace(attempt, observation=self._refuse(observation.request_id))
        self._free, job.size = left, taken
        return attempt

    def _refuse(self, request_id: str | None) -> Unobserved:
        message = (
            f"the answers to this run of {self._jobs:,} jobs are too large to keep: more than "
            f"{CAPACITY // 1024**2} MiB, and {SHARE // 1024} KiB for each job"
        )
        problem = Problem(code=Code.ANSWER_TOO_LARGE, message=message)
        return Unobserved(problem=problem, request_id=request_id)
