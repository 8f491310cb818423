"""A JSON object -> the job that it describes, field by field. Pure."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from reconcile.codes import Code
from reconcile.fetch.payload import DisbeliefError
from reconcile.model import JobApi, Observed, SubJob

Redact: TypeAlias = Callable[[str], str]

MAX_FOREIGN_TEXT = 200
MOST_SUB_JOBS = 1_000
"""Sub-jobs that are believed of one job; a real one has a handful, and each is judged, kept and told by itself."""

_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}


def read_job(
    api: JobApi, job_id: str, document: Mapping[str, object], *, request_id: str | None, redact: Redact
) -> Observed:
    """
    Read the answer to the question for this job; keys that the API does not document are ignored.

    Raises DisbeliefError if it is about another job, if a status is not one of the API's words exactly, if a field has
    another type than the API gives it, or if there are more than MOST_SUB_JOBS.
    """
    _check_identity(document.get("job_id"), job_id, redact)
    return Observed(
        status=_read_status(api, document, "", redact),
        job_id=job_id,
        job_type=_read_text(document, "job_type", "", redact),
        begin_time=_read_text(document, "begin_time", "", redact),
        end_time=_read_text(document, "end_time", "", redact),
        error_code=_read_text(document, "error_code", "", redact),
        fail_reason=_read_text(document, "fail_reason", "", redact),
        sub_jobs=_read_sub_jobs(api, document, redact),
        request_id=request_id,
    )


def cut_text(text: str) -> str:
    """Shorten a server's text for a message; redact it first, for half a secret is not found any more."""
    return text if len(text) <= MAX_FOREIGN_TEXT else f"{text[:MAX_FOREIGN_TEXT]}..."


def _check_identity(answered: object, asked: str, redact: Redact) -> None:
    if answered == asked:
        return
    if isinstance(answered, str):
        raise DisbeliefError(Code.OTHER_JOB, f'it is about job "{cut_text(redact(answered))}", not about "{asked}"')
    raise DisbeliefError(Code.OTHER_JOB, f'it does not say that it is about job "{asked}"')


def _read_sub_jobs(api: JobApi, document: Mapping[str, object], redact: Redact) -> tuple[SubJob, ...]:
    entries = document.get(api.sub_jobs) if api.sub_jobs is not None else None
    if entries is None or entries == "":
        return ()
    if not isinstance(entries, list):
        raise DisbeliefError(Code.MALFORMED_FIELD, f"its {api.sub_jobs} is {_name_kind(entries)}, not a list")
    if len(entries) > MOST_SUB_JOBS:
        reason = f"it lists {len(entries):,} sub-jobs, and more than {MOST_SUB_JOBS:,} are not believed of one job"
        raise DisbeliefError(Code.ANSWER_TOO_LARGE, reason)
    return tuple(_read_sub_job(api, entry, f"{api.sub_jobs}[{index}]", redact) for index, entry in enumerate(entries))


def _read_sub_job(api: JobApi, entry: object, place: str, redact: Redact) -> SubJob:
    if not isinstance(entry, dict):
        raise DisbeliefError(Code.MALFORMED_FIELD, f"its {place} is {_name_kind(entry)}, not an object")
    where = f"{place}."
    return SubJob(
        status=_read_status(api, entry, where, redact),
        job_id=_read_text(entry, "job_id", where, redact),
        job_type=_read_text(entry, "job_type", where, redact),
        begin_time=_read_text(entry, "begin_time", where, redact),
        end_time=_read_text(entry, "end_time", where, redact),
        error_code=_read_text(entry, "error_code", where, redact),
        fail_reason=_read_text(entry, "fail_reason", where, redact),
    )


def _read_status(api: JobApi, record: Mapping[str, object], where: str, redact: Redact) -> str:
    word = record.get("status")
    if not isinstance(word, str):
        raise DisbeliefError(Code.MALFORMED_FIELD, f"its {where}status is {_name_kind(word)}, not a string")
    if word not in api.statuses:
        known = ", ".join(sorted(api.statuses))
        raise DisbeliefError(
            Code.UNKNOWN_STATUS_WORD, f'its {where}status "{cut_text(redact(word))}" is unknown; known are {known}'
        )
    return word


def _read_text(record: Mapping[str, object], key: str, where: str, redact: Redact) -> str | None:
    value = record.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DisbeliefError(Code.MALFORMED_FIELD, f"its {where}{key} is {_name_kind(value)}, not a string")
    return redact(value)


def _name_kind(value: object) -> str:
    return _KINDS.get(type(value), "null or absent")
