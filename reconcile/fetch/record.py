"""A JSON object -> the job that it describes, field by field. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from reconcile.codes import Code
from reconcile.fetch.payload import DisbeliefError
from reconcile.model import JobApi, Observed, SubJob

Redact: TypeAlias = Callable[[str], str]

MAX_FOREIGN_TEXT = 200
MOST_SUB_JOBS = 1_000
"""Sub-jobs that are believed of one job; a real one has a handful, and each is judged, kept and told by itself."""

_TEXTS = ("job_type", "begin_time", "end_time", "error_code", "fail_reason")
_TEXTS_OF_SUB_JOB = ("job_id", *_TEXTS)
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
    status = _read_status(api, document, None, redact)
    sub_jobs = _read_sub_jobs(api, document, redact)
    job_type, begin_time, end_time, error_code, fail_reason = _read_texts(api, document, _TEXTS, None, redact)
    return Observed(
        status=status,
        job_id=job_id,
        job_type=job_type,
        begin_time=begin_time,
        end_time=end_time,
        error_code=error_code,
        fail_reason=fail_reason,
        sub_jobs=sub_jobs,
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
    sub_jobs = []
    for index, entry in enumerate(entries):
        sub_jobs.append(_read_sub_job(api, entry, index, redact))
    return tuple(sub_jobs)


def _read_sub_job(api: JobApi, entry: object, index: int, redact: Redact) -> SubJob:
    if not isinstance(entry, dict):
        raise DisbeliefError(Code.MALFORMED_FIELD, f"its {api.sub_jobs}[{index}] is {_name_kind(entry)}, not an object")
    status = _read_status(api, entry, index, redact)
    texts = _read_texts(api, entry, _TEXTS_OF_SUB_JOB, index, redact)
    job_id, job_type, begin_time, end_time, error_code, fail_reason = texts
    return SubJob(
        status=status,
        job_id=job_id,
        job_type=job_type,
        begin_time=begin_time,
        end_time=end_time,
        error_code=error_code,
        fail_reason=fail_reason,
    )


def _read_status(api: JobApi, record: Mapping[str, object], index: int | None, redact: Redact) -> str:
    word = record.get("status")
    if not isinstance(word, str):
        raise _malformed(api, index, "status", word)
    if word not in api.statuses:
        known = ", ".join(sorted(api.statuses))
        reason = f'its {_place(api, index)}status "{cut_text(redact(word))}" is unknown; known are {known}'
        raise DisbeliefError(Code.UNKNOWN_STATUS_WORD, reason)
    return word


def _read_texts(
    api: JobApi, record: Mapping[str, object], keys: Iterable[str], index: int | None, redact: Redact
) -> list[str | None]:
    """Read texts by key; `index` is that of the sub-job, None for the job itself."""
    texts: list[str | None] = []
    for key in keys:
        value = record.get(key)
        if value is None or value == "":
            texts.append(None)
        elif isinstance(value, str):
            texts.append(redact(value))
        else:
            raise _malformed(api, index, key, value)
    return texts


def _malformed(api: JobApi, index: int | None, key: str, value: object) -> DisbeliefError:
    return DisbeliefError(Code.MALFORMED_FIELD, f"its {_place(api, index)}{key} is {_name_kind(value)}, not a string")


def _place(api: JobApi, index: int | None) -> str:
    return "" if index is None else f"{api.sub_jobs}[{index}]."


def _name_kind(value: object) -> str:
    return _KINDS.get(type(value), "null or absent")
