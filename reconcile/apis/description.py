"""
The file that describes a job API, by `schemas/job-api.v1.schema.json`, and the checks that a schema cannot express.

An invalid description is rejected as a whole: if it were used in part, some values would silently stay unread.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from string import Formatter
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from reconcile.instant import is_time_format

Way: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$")]
State: TypeAlias = Literal["waiting", "running", "success", "failed"]

_USUAL_HEADER = "X-Auth-Token"
_OPEN_TO_OTHERS = (401, 403, 429)
"""Status codes that any server on the way may return, for any request."""


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to request a job."""

    path: str
    paths: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    token_header: str = _USUAL_HEADER
    request_id_header: str = "X-Request-Id"
    requests_per_minute: Annotated[int, Meta(ge=1)] | None = None


class Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way to each role, null if the API does not have it; all are required, so that none is forgotten."""

    job_id: Way | None
    status: Way
    job_type: Way | None
    begin_time: Way | None
    end_time: Way | None
    error_code: Way | None
    fail_reason: Way | None


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the values of a job or a part are."""

    fields: Fields
    end_time_moves: bool = False
    shown: Mapping[str, Way] = field(default_factory=dict)


class Job(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the job is in the body, and where its values are."""

    at: Way | None = None
    among: bool = False
    count: Way | None = None


class Parts(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the parts are in the job, and where their values are."""

    at: Way
    nested: bool = False


class Error(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shape of an error body."""

    code: Way
    message: Way
    request_id: Way | None = None


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error answer that means, or may mean, that there is no such job."""

    status_code: Annotated[int, Meta(ge=400, le=599)]
    error: str
    codes: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    An answer, the requested job, and the result of reading the answer.

    The result is every field with a value, or that the job is missing, or that it may be missing.
    """

    job_id: str
    status_code: int = 200
    body: Mapping[str, Any]
    reads: Mapping[str, Any] | Literal["missing", "doubtful"]


class Description(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the program needs to know about a job API."""

    schema: str = field(name="$schema", default="")
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
    gateway_codes: tuple[str, ...] = ()
    retention: str
    job_types: tuple[str, ...] = ()
    error_codes: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[Way, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def records(self) -> dict[str, Record]:
        """The job and, if it has any, its parts."""
        return {"job": self.job} if self.parts == "none" else {"job": self.job, "parts": self.parts}


class Fault(Struct, frozen=True):
    """What is wrong with a description: where, as keys and indexes from the root, and how to fix it."""

    path: tuple[str | int, ...]
    message: str
    hint: str | None = None


def parse_description(text: bytes) -> Description:
    """Read a description; raise ValueError if it has another form, or any fault."""
    description = convert_description(msgspec.json.decode(text))
    faults = [fault.message for fault in find_faults(description)]
    if faults:
        raise ValueError(f"{description.name}: {'; '.join(faults)}")
    return description


def convert_description(data: object) -> Description:
    """Make a description from decoded JSON, without its comments; raise ValueError if it has another form."""
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if not key.startswith("x-")}
    return msgspec.convert(data, Description)


def find_faults(description: Description) -> Iterator[Fault]:
    """Yield what is wrong with a description that has the right form."""
    request = description.request
    yield from _find_faults_of_path(("request", "path"), request.path, request.parameters)
    for cloud, path in request.paths.items():
        yield from _find_faults_of_path(("request", "paths", cloud), path, request.parameters)
    yield from _find_faults_of_ways(description)
    for state in ("running", "success", "failed"):
        if state not in description.statuses.values():
            hint = f'add the word that the API has for it: "WORD": "{state}"'
            yield Fault(("statuses",), f"no status word means {state}", hint)
    if not is_time_format(description.times):
        hint = 'write rfc3339, epoch-ms, go, or a form of strptime such as "%Y-%m-%d %H:%M:%S"'
        yield Fault(("times",), f"times of the form {description.times} cannot be read", hint)
    if (description.missing == "empty list") is not description.job.among:
        message = "an empty list says that a job is missing where the job is one of a list, and only there"
        yield Fault(("missing",), message, 'write "missing": [], or "among": true in the job')
    yield from _find_faults_of_signs(description)


def _find_faults_of_path(place: tuple[str, ...], path: str, parameters: tuple[str, ...]) -> Iterator[Fault]:
    names = [name for _, name, _, _ in Formatter().parse(path) if name is not None]
    if names.count("job_id") != 1:
        yield Fault(place, f"{path} has the job id {names.count('job_id')} times", "write {job_id} once")
    allowed = {"project_id", "job_id", *parameters}
    if unknown := [name for name in names if name not in allowed]:
        hint = f'add it: "parameters": ["{unknown[0]}"]'
        yield Fault(place, f"{path} has {unknown[0]}, which is not a parameter", hint)
    if missing := [name for name in parameters if name not in names]:
        yield Fault(place, f"{path} lacks {missing[0]}", f"write {{{missing[0]}}} in it, or remove the parameter")
    if not path.startswith("/") or "//" in path or "/." in path or path.count("?") > 1 or "#" in path:
        yield Fault(place, f"{path} is not a plain path", "start it with /, without //, /. or #")


def _find_faults_of_ways(description: Description) -> Iterator[Fault]:
    job = description.job
    if job.fields.job_id is None:
        hint = "name the key that holds the job id in the answer"
        yield Fault(("job", "fields", "job_id"), "an answer must identify its job", hint)
    if job.among and job.at is None:
        yield Fault(("job", "among"), "a list of jobs must be at some key", 'name it: "at": "KEY"')
    for name, record in description.records.items():
        yield from _find_shared_ways(name, record, description)
        if record.end_time_moves and record.fields.end_time is None:
            yield Fault((name, "end_time_moves"), "there is no end time that could move", "remove it")


def _find_shared_ways(name: str, record: Record, description: Description) -> Iterator[Fault]:
    """Yield a fault if two ways end at the same value, or if one leads through the value of the other."""
    roles = record.fields.__struct_fields__
    ways: dict[tuple[str, ...], str | None] = {(name, "fields", role): getattr(record.fields, role) for role in roles}
    if description.parts != "none" and (name == "job" or description.parts.nested):
        ways["parts", "at"] = description.parts.at
    for (_, way), (place, longer) in permutations(ways.items(), 2):
        if way is not None and longer == way:
            hint = "each role has a value of its own, or null where the API has none"
            yield Fault(place, f"{way} has two roles", hint)
            return
        if way is not None and longer is not None and longer.startswith(f"{way}."):
            yield Fault(place, f"{way} cannot be a value, for {longer} leads through it", "fix one of them")
            return


def _find_faults_of_signs(description: Description) -> Iterator[Fault]:
    missing: tuple[Sign, ...] = () if description.missing == "empty list" else description.missing
    for name, signs in (("missing", missing), ("doubtful", description.doubtful)):
        for index, sign in enumerate(signs):
            if sign.error not in description.errors:
                hint = f"the errors are {', '.join(description.errors)}"
                yield Fault((name, index, "error"), f"there is no error {sign.error}", hint)
    for index, sign in enumerate(missing):
        place = ("missing", index)
        doubtful = 'remove it, or move it to "doubtful"'
        if sign.status_code in _OPEN_TO_OTHERS or sign.status_code >= 500:
            yield Fault((*place, "status_code"), f"no {sign.status_code} says that a job is missing", doubtful)
        if sign.codes is None and not description.gateway_codes:
            message = "where no gateway is known, a missing job is known by its error codes"
            yield Fault(place, message, f'add "codes", or {doubtful}')
        if any(code.startswith(description.gateway_codes) for code in sign.codes or ()):
            yield Fault((*place, "codes"), "a code of the gateway says nothing about a job", doubtful)
