"""
The file that describes a job API, as `schemas/job-api.v1.schema.json` says it, and what a schema cannot check.

A description is refused as a whole: one that half fits would leave something unread, and nobody would see it.
"""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from reconcile.instant import is_time_format

Way: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$")]
State: TypeAlias = Literal["waiting", "running", "success", "failed"]

_USUAL_HEADER = "X-Auth-Token"
_OPEN_TO_OTHERS = (401, 403, 429)
"""Status codes that anyone on the way answers, whatever was asked."""


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to ask for a job."""

    path: str
    paths: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    token_header: str = _USUAL_HEADER
    request_id_header: str = "X-Request-Id"
    requests_per_minute: Annotated[int, Meta(ge=1)] | None = None


class Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way for each role; null where the API has none, so that none is forgotten."""

    job_id: Way | None
    status: Way
    job_type: Way | None
    begin_time: Way | None
    end_time: Way | None
    error_code: Way | None
    fail_reason: Way | None


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a job or a part says what."""

    fields: Fields
    end_time_moves: bool = False
    shown: Mapping[str, Way] = field(default_factory=dict)


class Job(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the body has the job."""

    at: Way | None = None
    among: bool = False
    count: Way | None = None


class Parts(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the job has its parts."""

    at: Way
    nested: bool = False


class Error(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shape of an error body."""

    code: Way
    message: Way
    request_id: Way | None = None


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error answer that says, or may say, that there is no such job."""

    status_code: Annotated[int, Meta(ge=400, le=599)]
    error: str
    codes: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None


class Description(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the program needs of a job API."""

    schema: str = field(name="$schema")
    name: Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    purpose: str = ""
    request: Request
    job: Job
    parts: Parts | Literal["none"]
    statuses: Mapping[str, State]
    times: str
    times_as_text: bool = False
    errors: Mapping[str, Error]
    missing: tuple[Sign, ...] | Literal["empty list"]
    doubtful: tuple[Sign, ...] = ()
    gateway_codes: tuple[str, ...]
    retention: str
    job_types: tuple[str, ...] = ()
    error_codes: Mapping[str, str] = field(default_factory=dict)


def parse_description(text: bytes) -> Description:
    """Read a description; raise ValueError if it has another form, or says something that cannot be."""
    data = msgspec.json.decode(text)
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if not key.startswith("x-")}
    description = msgspec.convert(data, Description)
    faults = list(find_faults(description))
    if faults:
        raise ValueError(f"{description.name}: {'; '.join(faults)}")
    return description


def find_faults(description: Description) -> Iterator[str]:
    """Say what is wrong with a description of the right form."""
    request = description.request
    for path in (request.path, *request.paths.values()):
        yield from _find_faults_of_path(path, request.parameters)
    yield from _find_faults_of_ways(description)
    for state in ("running", "success", "failed"):
        if state not in description.statuses.values():
            yield f"no status word means {state}"
    if not is_time_format(description.times):
        yield f"times of the form {description.times} cannot be read"
    if (description.missing == "empty list") is not description.job.among:
        yield "an empty list says that a job is missing where the job is one of a list, and only there"
    yield from _find_faults_of_signs(description)


def _find_faults_of_path(path: str, parameters: tuple[str, ...]) -> Iterator[str]:
    names = [name for _, name, _, _ in Formatter().parse(path) if name is not None]
    if names.count("job_id") != 1:
        yield f"{path} has the job id {names.count('job_id')} times"
    allowed = {"project_id", "job_id", *parameters}
    if unknown := [name for name in names if name not in allowed]:
        yield f"{path} has {unknown[0]}, which is no parameter"
    if missing := [name for name in parameters if name not in names]:
        yield f"{path} lacks {missing[0]}"
    if not path.startswith("/") or "//" in path or "/." in path or path.count("?") > 1 or "#" in path:
        yield f"{path} is no plain path"


def _find_faults_of_ways(description: Description) -> Iterator[str]:
    if description.job.fields.job_id is None:
        yield "an answer must say which job it is about"
    if description.job.among and description.job.at is None:
        yield "a list of jobs must be at some key"
    records: list[Record] = [description.job]
    if description.parts != "none":
        records.append(description.parts)
    for record in records:
        ways = [way for role in record.fields.__struct_fields__ if (way := getattr(record.fields, role)) is not None]
        if twice := [way for way in ways if ways.count(way) > 1]:
            yield f"{twice[0]} has two roles"
        if record.end_time_moves and record.fields.end_time is None:
            yield "there is no end time that could move"


def _find_faults_of_signs(description: Description) -> Iterator[str]:
    missing: tuple[Sign, ...] = () if description.missing == "empty list" else description.missing
    for sign in (*missing, *description.doubtful):
        if sign.error not in description.errors:
            yield f"there is no error {sign.error}"
    for sign in missing:
        if sign.status_code in _OPEN_TO_OTHERS or sign.status_code >= 500:
            yield f"no {sign.status_code} says that a job is missing"
        if sign.codes is None and not description.gateway_codes:
            yield "where no gateway is known, a missing job is known by its error codes"
        if any(code.startswith(description.gateway_codes) for code in sign.codes or ()):
            yield "a code of the gateway says nothing about a job"
