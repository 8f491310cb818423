"""Writes an API's answers by its description, so that reading a body gives back the values that were written."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

from reconcile.model.api import ErrorEnvelope, JobApi, RecordWays
from reconcile.model.observation import Observed, Record, SubJob

Body: TypeAlias = dict[str, Any]

SUB_JOBS = "sub_jobs"
SHOWN = "shown"


def write_job(api: JobApi, values: Mapping[str, Any]) -> Body:
    """
    Write the body of an answer about a job.

    Args:
        values: by role; `shown` maps labels to the values to show. The status is a word of this program or of the API;
            `sub_jobs` has the parts in the same form, None for null. Values that the API does not have are left out.
    """
    return _wrap(api, _write_record(api, api.job, values))


def write_observed(api: JobApi, observed: Observed) -> Body:
    """Write the body from which `observed` would be read; a part that is too deep gets invented headings above it."""
    values = _values_of(observed)
    if api.parts is not None:
        values[SUB_JOBS] = _nest(observed.sub_jobs)
    return write_job(api, values)


def write_no_job(api: JobApi) -> Body:
    """Write the body with which an API that answers with a list reports that there is no such job."""
    return _wrap(api, None)


def write_error(envelope: ErrorEnvelope, code: str, message: str, request_id: str | None = None) -> Body:
    """Write an error in an envelope."""
    body: Body = {}
    put(body, envelope.code, code)
    put(body, envelope.message, message)
    if envelope.request_id is not None and request_id is not None:
        put(body, envelope.request_id, request_id)
    return body


def find_record(api: JobApi, body: Body) -> Body:
    """Find the job in a body from `write_job`."""
    found: Any = body
    for key in api.job.at:
        found = found[key]
    record: Body = found[0] if api.job.among else found
    return record


def put(body: MutableMapping[str, Any], way: Sequence[str], value: object) -> None:
    """Put a value at the end of a way, and create the objects along it."""
    for key in way[:-1]:
        body = body.setdefault(key, {})
    body[way[-1]] = value


def remove(body: MutableMapping[str, Any], way: Sequence[str]) -> None:
    """Remove the value at the end of a way."""
    for key in way[:-1]:
        body = body[key]
    del body[way[-1]]


def _wrap(api: JobApi, record: Body | None) -> Body:
    if not api.job.at:
        return record or {}
    body: Body = {}
    jobs = [] if record is None else [record]
    put(body, api.job.at, jobs if api.job.among else record)
    if api.job.count:
        put(body, api.job.count, len(jobs))
    return body


def _write_record(api: JobApi, ways: RecordWays, values: Mapping[str, Any]) -> Body:
    record: Body = {}
    for role, value in values.items():
        if role == SUB_JOBS:
            if api.parts is not None:
                parts = None if value is None else [_write_record(api, api.parts, part) for part in value]
                put(record, api.parts.at, parts)
        elif role == SHOWN:
            for label, each in value.items():
                put(record, ways.shown[label], each)
        elif role in ways.fields:
            put(record, ways.fields[role], _choose_word(api, value) if role == "status" else value)
    return record


def _choose_word(api: JobApi, status: object) -> object:
    """Return the first of the API's words for a state; other values stay, even if they are not a word of the API."""
    return next((word for word, state in api.words.items() if state == status), status)


def _values_of(record: Record) -> Body:
    values: Body = {
        "status": record.status_word or record.status,
        "job_id": record.job_id,
        "job_type": record.job_type,
        "begin_time": record.begin_time,
        "end_time": record.end_time,
        "error_code": record.error_code,
        "fail_reason": record.fail_reason,
    }
    return {**values, SHOWN: record.shown} if record.shown else values


def _nest(sub_jobs: Iterable[SubJob]) -> list[Body]:
    """Turn a flat list of parts, in the order of the answer and each with its depth, into nested lists."""
    top: list[Body] = []
    lists = [top]
    for sub_job in sub_jobs:
        del lists[sub_job.depth :]
        while len(lists) < sub_job.depth:
            heading: Body = {SUB_JOBS: []} if not lists[-1] else lists[-1][-1]
            if not lists[-1]:
                lists[-1].append(heading)
            lists.append(heading.setdefault(SUB_JOBS, []))
        lists[-1].append(_values_of(sub_job))
    return top
