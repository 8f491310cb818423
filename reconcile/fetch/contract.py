"""
Where recorded answers differ from the description of their API. Pure.

A gate reports one error for such an answer. This module lists every difference with the line of the description that it
contradicts, so that both can be compared with the pages of the API.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from reconcile.fetch.answer import assess
from reconcile.fetch.envelope import read_faults
from reconcile.fetch.lookalikes import Finder
from reconcile.fetch.message import Answer
from reconcile.fetch.payload import InvalidAnswerError, parse_object
from reconcile.fetch.record import cut_text, name_kind
from reconcile.instant import is_time
from reconcile.model.api import JobApi, RecordWays
from reconcile.model.observation import Observed, Unobserved
from reconcile.model.recording import Exchange

_Object: TypeAlias = Mapping[str, object]
_Way: TypeAlias = tuple[str, ...]
_Place: TypeAlias = tuple[str, ...]

_OK = 200
_OF_THE_API = range(400, 500)
"""Status codes of errors that come from the API itself; a 5xx can come from anything on the way."""
_TIMES = ("begin_time", "end_time")
_FORMS = ("rfc3339", "epoch-ms", "go", "%Y-%m-%d %H:%M:%S")
_DEEPEST = 8
_EXPECTED = {
    "running": ("job_type", "begin_time"),
    "success": ("job_type", "begin_time", "end_time"),
    "failed": ("job_type", "begin_time", "end_time", "error_code", "fail_reason"),
}
"""The fields for which the answer about a job in a state should have a key."""


class Departure(Struct, frozen=True):
    """One difference: the place in the description, how to fix it, and the jobs whose answers show it."""

    place: _Place
    message: str
    hint: str | None
    job_ids: tuple[str, ...]


class _Absent:
    """The value at the end of a path that an answer does not have."""


_ABSENT = _Absent()


def find_departures(api: JobApi, answers: Iterable[tuple[str, Exchange]]) -> list[Departure]:
    """
    List the differences between answers and the description of their API, in the order in which they are found.

    Args:
        api: the API that gave the answers.
        answers: the requested job id and the exchange of each.
    """
    reader = _Contract(api)
    found: dict[tuple[_Place, str, str | None], dict[str, None]] = {}
    for job_id, exchange in answers:
        for departure in reader.read(job_id, exchange):
            found.setdefault(departure, {})[job_id] = None
    for departure in reader.list_never_seen():
        found.setdefault(departure, {})
    return [Departure(*departure, tuple(job_ids)) for departure, job_ids in found.items()]


def find_differences(api: JobApi, job_id: str, status_code: int, body: Mapping[str, object]) -> "list[_Found]":
    """List the differences between one body and the description: place, message, hint."""
    reader = _Contract(api)
    return list(reader.read_body(job_id, body) if status_code == _OK else reader.read_error(status_code, body))


def write_ignored(api: JobApi, way: str) -> str:
    """Write the `ignored` line of a description with one more path."""
    ways = ", ".join(f'"{each}"' for each in (*map(".".join, api.ignored), way))
    return f'"ignored": [{ways}]'


_Found: TypeAlias = tuple[_Place, str, str | None]


class _Contract:
    """Compares answers with a description, and counts the keys that they have."""

    def __init__(self, api: JobApi) -> None:
        self._api = api
        self._finder = Finder(api)
        self._expected: dict[str, int] = {}
        self._seen: set[str] = set()

    def read(self, job_id: str, exchange: Exchange) -> Iterator[_Found]:
        """Yield the differences in one answer."""
        if exchange.status_code is None:
            return
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        try:
            body = parse_object(headers.get("content-type"), exchange.body)
        except InvalidAnswerError as error:
            if exchange.status_code == _OK:
                yield ("job",), error.reason, None
            elif exchange.status_code in _OF_THE_API:
                message = f"an error (HTTP {exchange.status_code}) has none of these shapes: {error.reason}"
                yield ("errors",), message, "is it the API's own? the endpoint or the path may be wrong"
            return
        if exchange.status_code != _OK:
            yield from self.read_error(exchange.status_code, body)
            return
        found = list(self.read_body(job_id, body))
        observation = assess(self._api, job_id, Answer(_OK, headers, exchange.body)).observation
        if isinstance(observation, Observed):
            self._count(body, job_id, observation)
        elif isinstance(observation, Unobserved) and not found:
            found = [(("job",), f"an answer proves nothing: {observation.problem.message}", None)]
        yield from found

    def list_never_seen(self) -> Iterator[_Found]:
        """Yield the fields whose key is missing in every answer that should have it."""
        for role, count in self._expected.items():
            if role not in self._seen:
                way = ".".join(self._api.job.fields[role])
                answers = "the one answer that should have it" if count == 1 else f"{count} answers that should have it"
                yield ("job", "fields", role), f"the key {way} is missing in {answers}", "fix the path, or write null"

    # --- An answer about a job ------------------------------------------------------------------------------------

    def read_body(self, job_id: str, body: _Object) -> Iterator[_Found]:
        """Yield the differences in the body of an answer about a job."""
        record = self._find_job(job_id, body)
        if record == []:
            return  # an empty list of jobs: the job is missing
        if not isinstance(record, dict):
            message = f"there is no job at {'.'.join(self._api.job.at)}, but {name_kind(record)}"
            yield ("job", "at"), message, None
        else:
            yield from self._read_record(("job",), self._api.job, record)
            yield from self._read_parts(record, 1)
        lookalike = self._finder.find(body, succeeded=True)
        if lookalike is not None:
            parts: _Place = ("parts", "at") if self._api.parts is not None else ("parts",)
            role = next((role for role, way in self._api.job.fields.items() if way[-1] == lookalike.like), None)
            place: _Place = parts if lookalike.as_parts or role is None else ("job", "fields", role)
            like = "the parts" if lookalike.as_parts else lookalike.like
            way = ".".join(lookalike.way)
            right = "describe it" if place[0] == "parts" else f"fix the path to {place[-1]} if it is there now"
            hint = f"{right}, or write {write_ignored(self._api, way)} if it is something else"
            yield place, f"{cut_text(way)} looks like {like}", hint
        else:
            for each in self._finder.list_status_lists(body):
                way = ".".join(each)
                hint = f"describe them, or write {write_ignored(self._api, way)} if they are something else"
                yield ("parts",), f"{cut_text(way)} lists things with a status", hint

    def _find_job(self, job_id: str, body: _Object) -> object:
        found: object = _follow(body, self._api.job.at)
        if self._api.job.among and isinstance(found, list) and found:
            way = self._api.job.fields["job_id"]
            found = next((each for each in found if isinstance(each, dict) and _follow(each, way) == job_id), None)
        return found

    def _read_record(self, owner: _Place, ways: RecordWays, record: _Object) -> Iterator[_Found]:
        for role, way in ways.fields.items():
            value, place, name = _follow(record, way), (*owner, "fields", role), ".".join(way)
            if role == "status":
                yield from self._read_status(place, name, value)
            elif _is_nothing(value):
                continue
            elif not isinstance(value, str):
                yield place, f"{name} is {name_kind(value)}, and should be a string", None
            elif role in _TIMES and not self._api.times_as_text and not is_time(value, self._api.time_format):
                forms = [form for form in _FORMS if is_time(value, form)]
                hint = f'write "times": "{forms[0]}"' if forms else f"fix the path to {role}, or write null"
                yield ("times",), f'{name} is "{cut_text(value)}", which is not of this form', hint

    def _read_status(self, place: _Place, name: str, value: object) -> Iterator[_Found]:
        if not isinstance(value, str):
            hint = f'fix "status": "{name}", or the answer if it is not the API\'s own'
            yield place, f"{name} is {name_kind(value)}, and should be a string", hint
        elif value not in self._api.words:
            word = cut_text(value)
            hint = f'find out what it means, and add it: "{word}": "running", or another state'
            yield ("statuses",), f'the word "{word}" at {name} is unknown', hint

    def _read_parts(self, record: _Object, depth: int) -> Iterator[_Found]:
        ways = self._api.parts
        parts = _follow(record, ways.at) if ways is not None else None
        if ways is None or _is_nothing(parts) or depth > _DEEPEST:
            return
        name = ".".join(ways.at)
        if not isinstance(parts, list):
            yield ("parts", "at"), f"{name} is {name_kind(parts)}, and should be a list", None
            return
        for part in parts:
            if not isinstance(part, dict):
                yield ("parts", "at"), f"{name} lists {name_kind(part)}, and should list objects", None
                continue
            heading = ways.nested and _follow(part, ways.at) and _is_nothing(_follow(part, ways.fields["status"]))
            if not heading:
                yield from self._read_record(("parts",), ways, part)
            if ways.nested:
                yield from self._read_parts(part, depth + 1)

    def _count(self, body: _Object, job_id: str, observed: Observed) -> None:
        record = self._find_job(job_id, body)
        for role in _EXPECTED.get(observed.status, ()):
            way = self._api.job.fields.get(role)
            if way is not None and isinstance(record, dict):
                self._expected[role] = self._expected.get(role, 0) + 1
                if not isinstance(_follow(record, way), _Absent):
                    self._seen.add(role)

    # --- Any other answer -----------------------------------------------------------------------------------------

    def read_error(self, status_code: int, body: _Object) -> Iterator[_Found]:
        """Yield the differences in the body of an error."""
        if not read_faults(self._api.envelopes, body, redact=str):
            keys: Sequence[str] = [cut_text(key) for key in list(body)[:10]]
            yield ("errors",), f"an error (HTTP {status_code}) has none of these shapes, but {', '.join(keys)}", None


def _is_nothing(value: object) -> bool:
    return value is None or value == "" or isinstance(value, _Absent)


def _follow(record: _Object, way: _Way) -> object:
    value: object = record
    for key in way:
        if isinstance(value, dict):
            value = value.get(key, _ABSENT)
        elif _is_nothing(value):
            return _ABSENT
        else:
            return value
    return value
