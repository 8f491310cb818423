"""How much of what servers say one run keeps."""

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.answer import Attempt
from reconcile.fetch.errand import Errand
from reconcile.model import Observed, Problem, Unobserved

CAPACITY = 8 * 1024 * 1024
SHARE = 128 * 1024
"""Bytes that each job adds to the capacity; a job with five sub-jobs takes a tenth of that."""

_BYTES_OF_CHARACTER = 4
_BYTES_OF_SUB_JOB = 1024
"""What is found of a sub-job, and what is told of it, however little it says."""


class Room:
    """
    The memory that observations may take until the run is over, in bytes, estimated from above.

    It is one for all hosts. Who finds no room any more is not believed, for a part of an answer is no proof.
    """

    __slots__ = ("_free", "_jobs")

    def __init__(self, jobs: int) -> None:
        """Make room for so many jobs."""
        self._jobs = jobs
        self._free = CAPACITY + SHARE * jobs

    def admit(self, errand: Errand, attempt: Attempt, size: int) -> Attempt:
        """
        Keep what was observed in place of what this errand has kept before, or say why not.

        Args:
            errand: each of its jobs is told by itself.
            attempt: what the answer came to.
            size: bytes of the answer's body.
        """
        observation = attempt.observation
        if isinstance(observation, Unobserved):
            return attempt
        sub_jobs = len(observation.sub_jobs) if isinstance(observation, Observed) else 0
        weight = (sub_jobs * _BYTES_OF_SUB_JOB + size * _BYTES_OF_CHARACTER) * len(errand.indexes)
        left = self._free + errand.weight - weight
        if left < 0:
            return replace(attempt, observation=self._refuse(observation.request_id))
        self._free, errand.weight = left, weight
        return attempt

    def _refuse(self, request_id: str | None) -> Unobserved:
        message = (
            f"what the answers to a run of {self._jobs:,} jobs say is too much to keep: more than "
            f"{CAPACITY // 1024**2} MiB, and {SHARE // 1024} KiB for each job"
        )
        problem = Problem(code=Code.ANSWER_TOO_LARGE, message=message)
        return Unobserved(problem=problem, request_id=request_id)
