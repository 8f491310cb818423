"""
What a job says in the texts that an expectation can name, without all that tells it from other jobs.

Judged in place of its record, it can say nothing else: what is found so is true of every job that says the same.
"""

from typing import Never, TypeAlias

from msgspec import Struct

from reconcile.model import Observed, Record


class MoreThanTextsError(Exception):
    """Judging needs more than texts: an id, or a time."""


class Texts(Struct, frozen=True):
    """The texts of a job or sub-job, by the names that a record has for them; what else a record has is refused."""

    status: str
    job_type: str | None
    error_code: str | None
    fail_reason: str | None

    def __getattr__(self, name: str) -> Never:
        raise MoreThanTextsError(name)


class JobTexts(Texts, frozen=True):
    """The texts of a job and of its sub-jobs, in the order of the answer."""

    sub_jobs: tuple[Texts, ...]


Said: TypeAlias = Record | Texts
"""What a job or a sub-job says: everything, or in its texts alone."""


def read_texts(observed: Observed) -> JobTexts:
    """Return the texts of a job."""
    return JobTexts(
        observed.status,
        observed.job_type,
        observed.error_code,
        observed.fail_reason,
        tuple([Texts(part.status, part.job_type, part.error_code, part.fail_reason) for part in observed.sub_jobs]),
    )
