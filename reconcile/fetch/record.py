"""JSON object -> job, read by the paths of the API's description. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from reconcile.codes import Code
from reconcile.fetch.lookalikes import Finder, Lookalike
from reconcile.fetch.payload import InvalidAnswerError
from reconcile.instant import is_time
from reconcile.model.api import JobApi, Outcome, PartWays, RecordWays
from reconcile.model.observation import Heading, Observed, SubJob

Redact: TypeAlias = Callable[[str], str]

MAX_FOREIGN_TEXT = 200
MOST_SUB_JOBS = 1_000
"""The most sub-jobs that one job may have. Real jobs have a handful; each is judged, stored and reported."""
DEEPEST = 8
"""The deepest nesting of sub-jobs."""

_LONGEST_TIME = 64

_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
_TEXTS = ("job_id", "job_type", "begin_time", "end_time", "error_code", "fail_reason")
_TIMES = (_TEXTS.index("begin_time"), _TEXTS.index("end_time"))

_Object: TypeAlias = Mapping[str, object]

if TYPE_CHECKING:
    _Place: TypeAlias = "tuple[_Place, str, int] | None"
else:
    _Place = object
"""Where a part is, for errors: the place of its parent, the path of the list in that, the index. None is the job."""


class NoJobError(Exception):
    """The API returned an empty list of jobs."""


def read_job(api: JobApi, job_id: str, document: _Object, *, request_id: str | None, redact: Redact) -> Observed:
    """
    Read the answer to the request for this job; undescribed keys are ignored, unless they resemble described ones.

    Raises InvalidAnswerError if it is about another job, if a status is not exactly one of the API's words, if a field
    has an undocumented type or format or may be somewhere else, or if there are more than MOST_SUB_JOBS. Raises
    NoJobError if the list of jobs is empty.
    """
    reader = _make_reader(api)
    record = _find_job(api, job_id, document, redact) if api.job.at else document
    answered = _follow(record, api.job.fields["job_id"], None)
    if answered != job_id:
        raise _refuse_other(answered, job_id, redact)
    state = reader.job.read_status(record, None, redact)
    parts = _Parts(reader.part, api.parts, redact) if reader.part is not None and api.parts is not None else None
    if parts is not None:
        parts.read(record)
    lookalike = reader.finder.find(document, succeeded=api.statuses[state.name].outcome is Outcome.SUCCESS)
    if lookalike is not None:
        raise _refuse_lookalike(api, lookalike, redact)
    (_, job_type, begin_time, end_time, error_code, fail_reason), shown = reader.job.read_values(record, None, redact)
    return Observed(
        status=state.name,
        job_id=job_id,
        job_type=job_type,
        begin_time=begin_time,
        end_time=end_time if state.ended or not api.job.end_time_moves else None,
        error_code=error_code,
        fail_reason=fail_reason,
        status_word=state.word,
        shown=shown,
        sub_jobs=tuple(parts.sub_jobs) if parts is not None else (),
        request_id=request_id,
        headings=tuple(parts.headings) if parts is not None else (),
    )


def _refuse_lookalike(api: JobApi, found: Lookalike, redact: Redact) -> InvalidAnswerError:
    way = cut_text(redact(".".join(found.way)))
    where = f"are described at {api.sub_jobs}" if api.sub_jobs is not None else "the description does not have"
    differs = f"its {found.like}, and differs from it" if not found.as_parts else f"its parts, which {where}"
    return InvalidAnswerError(Code.MALFORMED_FIELD, f"its {way} looks like {differs}")


def name_kind(value: object) -> str:
    """Name the JSON type of a value; None is "null or absent"."""
    return _KINDS.get(type(value), "null or absent")


def cut_text(text: str) -> str:
    """Shorten a server's text for a message. Redact first: half a secret would not be found any more."""
    return text if len(text) <= MAX_FOREIGN_TEXT else f"{text[:MAX_FOREIGN_TEXT]}..."


# --- A record: a job or a part of one -----------------------------------------------------------------------------

_Way: TypeAlias = tuple[str, ...]
_Group: TypeAlias = tuple[_Way, list[tuple[Any, str, str]]]
"""The path of an object, and the values to read in it: the index or label of each, its key, and its whole path."""


class _State(Struct, frozen=True):
    """A status, the API's own word if it differs, and whether the status is terminal."""

    name: str
    word: str | None
    ended: bool


class _RecordReader:
    """Reads jobs or parts; each method takes the place of the record in the answer, for errors."""

    __slots__ = ("_labels", "_status", "_time_format", "_values", "_words")

    def __init__(self, api: JobApi, ways: RecordWays) -> None:
        self._status = ways.fields["status"]
        self._words = {
            word: _State(state, word if word != state else None, api.statuses[state].terminal)
            for word, state in api.words.items()
        }
        # The id of the job itself is known: it is the requested one.
        first = 1 if ways is api.job else 0
        roles = [(index, role) for index, role in enumerate(_TEXTS) if index >= first and role in ways.fields]
        self._values = _group({**{index: ways.fields[role] for index, role in roles}, **ways.shown})
        self._labels = tuple(ways.shown)
        self._time_format = None if api.times_as_text else api.time_format

    def read_status(self, record: _Object, place: _Place, redact: Redact) -> _State:
        way = self._status
        word = _follow(record, way, place)
        if not isinstance(word, str):
            raise _malformed(place, ".".join(way), word, "a string")
        state = self._words.get(word)
        if state is None:
            known = ", ".join(sorted(self._words))
            reason = f'its {_write(place)}status "{cut_text(redact(word))}" is unknown; known are {known}'
            raise InvalidAnswerError(Code.UNKNOWN_STATUS_WORD, reason)
        return state

    def read_values(self, record: _Object, place: _Place, redact: Redact) -> tuple[list[str | None], Mapping[str, str]]:
        """
        Return the value of each of _TEXTS, and the values for reports by label.

        A value is None if it is absent, null or "". Values for reports may also be numbers or booleans.
        """
        texts: list[str | None] = [None] * len(_TEXTS)
        shown: dict[str, str] = {}
        for way, entries in self._values:
            inner = _follow(record, way, place) if way else record
            if inner is None or inner == "":
                continue
            if not isinstance(inner, dict):
                raise _malformed(place, ".".join(way), inner, "an object")
            for name, key, whole_way in entries:
                value = inner.get(key)
                if value is None or value == "":
                    continue
                is_shown = isinstance(name, str)
                if isinstance(value, str):
                    text = value if redact is str else redact(value)
                elif is_shown and isinstance(value, int | float):
                    text = redact(str(value).lower())
                else:
                    raise _malformed(place, whole_way, value, "a string")
                if is_shown:
                    shown[name] = text
                else:
                    texts[name] = text
        self._check_times(texts, place)
        return texts, {label: shown[label] for label in self._labels if label in shown} if shown else _NOTHING

    def _check_times(self, texts: list[str | None], place: _Place) -> None:
        if self._time_format is None:
            return
        for index in _TIMES:
            text = texts[index]
            if text is not None and (len(text) > _LONGEST_TIME or not _is_short_time(text, self._time_format)):
                reason = (
                    f'its {_write(place)}{_TEXTS[index]} "{cut_text(text)}" is not a time in the format of this API'
                )
                raise InvalidAnswerError(Code.MALFORMED_FIELD, reason)


_NOTHING: Mapping[str, str] = {}
_is_short_time = lru_cache(maxsize=1024)(is_time)


def _group(ways: Mapping[Any, _Way]) -> list[_Group]:
    """Group paths by the object that they lead to, so that each object is looked up once."""
    groups: dict[_Way, list[tuple[Any, str, str]]] = {}
    for name, way in ways.items():
        groups.setdefault(way[:-1], []).append((name, way[-1], ".".join(way)))
    return list(groups.items())


class _AnswerReader(Struct, frozen=True):
    """Reads the answers of an API; `part` is None if its jobs have no parts."""

    job: _RecordReader
    part: _RecordReader | None
    finder: Finder


@lru_cache(maxsize=64)
def _make_reader(api: JobApi) -> _AnswerReader:
    part = _RecordReader(api, api.parts) if api.parts is not None else None
    return _AnswerReader(_RecordReader(api, api.job), part, Finder(api))


# --- Parts --------------------------------------------------------------------------------------------------------


class _Parts:
    """The parts of a job and their parts, collected depth first."""

    __slots__ = ("_at", "_reader", "_redact", "_ways", "headings", "sub_jobs")

    def __init__(self, reader: _RecordReader, ways: PartWays, redact: Redact) -> None:
        self._reader = reader
        self._ways = ways
        self._at = ".".join(ways.at)
        self._redact = redact
        self.sub_jobs: list[SubJob] = []
        self.headings: list[Heading] = []

    def read(self, record: _Object) -> None:
        """Read the parts that the job lists, and their parts."""
        self._read_all(self._list(record, None), None, 1)

    def _read_all(self, entries: Sequence[object], place: _Place, depth: int) -> None:
        """Read the parts that the record at a place lists."""
        if depth > DEEPEST:
            raise InvalidAnswerError(Code.AMBIGUOUS_JSON, f"its sub-jobs are nested deeper than {DEEPEST} levels")
        for index, entry in enumerate(entries):
            at = (place, self._at, index)
            if not isinstance(entry, dict):
                reason = f"its {_write(at)[:-1]} is {name_kind(entry)}, not an object"
                raise InvalidAnswerError(Code.MALFORMED_FIELD, reason)
            inner = self._list(entry, at) if self._ways.nested else []
            if not inner or not self._add_heading(entry, at, depth):
                self.sub_jobs.append(self._read_part(entry, at, depth))
            if inner:
                self._read_all(inner, at, depth + 1)

    def _read_part(self, record: _Object, place: _Place, depth: int) -> SubJob:
        reader, redact = self._reader, self._redact
        state = reader.read_status(record, place, redact)
        texts, shown = reader.read_values(record, place, redact)
        job_id, job_type, begin_time, end_time, error_code, fail_reason = texts
        return SubJob(
            status=state.name,
            job_id=job_id,
            job_type=job_type,
            begin_time=begin_time,
            end_time=end_time if state.ended or not self._ways.end_time_moves else None,
            error_code=error_code,
            fail_reason=fail_reason,
            status_word=state.word,
            shown=shown,
            depth=depth,
        )

    def _list(self, record: _Object, place: _Place) -> list[object]:
        """Return the entries of a record's list of parts; empty if it is absent, null or ""."""
        entries = _follow(record, self._ways.at, place)
        if entries is None or entries == "":
            return []
        if not isinstance(entries, list):
            raise _malformed(place, self._at, entries, "a list")
        size = len(self.sub_jobs) + len(self.headings) + len(entries)
        if size > MOST_SUB_JOBS:
            reason = f"it lists {size:,} sub-jobs, and one job may have {MOST_SUB_JOBS:,} at most"
            raise InvalidAnswerError(Code.ANSWER_TOO_LARGE, reason)
        return entries

    def _add_heading(self, entry: _Object, place: _Place, depth: int) -> bool:
        """
        Add a part as a heading; return whether it is one.

        A heading has parts, but no status, no error code and no fail reason.
        """
        if _follow(entry, self._ways.fields["status"], place) not in (None, ""):
            return False
        (job_id, job_type, _, _, error_code, fail_reason), shown = self._reader.read_values(entry, place, self._redact)
        if error_code is not None or fail_reason is not None:
            return False
        before = len(self.sub_jobs)
        self.headings.append(Heading(before=before, job_id=job_id, job_type=job_type, shown=shown, depth=depth))
        return True


# --- Finding the job ----------------------------------------------------------------------------------------------


def _follow(record: _Object, way: tuple[str, ...], place: _Place) -> object:
    """Follow the keys; None if an object on the way is absent, null or ""; any other value on the way is an error."""
    value: Any = record
    try:
        for key in way:
            if value is None:
                return None
            value = value.get(key)
    except AttributeError:  # nothing but an object has `get`
        if value == "":
            return None
        raise _refuse_way(record, way, place) from None
    return value


def _refuse_way(record: _Object, way: _Way, place: _Place) -> InvalidAnswerError:
    """Make the error for the first value on a path that is not an object."""
    value: Any = record
    for index, key in enumerate(way):
        value = value.get(key)
        if not isinstance(value, dict):
            return _malformed(place, ".".join(way[: index + 1]), value, "an object")
    raise ValueError("there are objects all the way")


def _find_job(api: JobApi, job_id: str, document: _Object, redact: Redact) -> _Object:
    found = _follow(document, api.job.at, None)
    if api.job.among:
        return _pick_job(api, job_id, document, found, redact)
    if not isinstance(found, dict):
        raise _malformed(None, ".".join(api.job.at), found, "an object")
    return found


def _pick_job(api: JobApi, job_id: str, document: _Object, jobs: object, redact: Redact) -> _Object:
    """Find the requested job in a list."""
    if not isinstance(jobs, list):
        raise _malformed(None, ".".join(api.job.at), jobs, "a list")
    if not jobs:
        count = _follow(document, api.job.count, None) if api.job.count else None
        if count is not None and (count != 0 or isinstance(count, bool)):
            raise InvalidAnswerError(Code.OTHER_JOB, "it lists no job, but does not report that there is none")
        raise NoJobError
    way = api.job.fields["job_id"]
    ids = [_follow(each, way, None) if isinstance(each, dict) else None for each in jobs]
    if ids.count(job_id) > 1:
        raise InvalidAnswerError(Code.AMBIGUOUS_JSON, f'it lists job "{job_id}" {ids.count(job_id)} times')
    if job_id not in ids:
        raise _refuse_other(ids[0], job_id, redact)
    record: _Object = jobs[ids.index(job_id)]
    return record


def _refuse_other(answered: object, asked: str, redact: Redact) -> InvalidAnswerError:
    if isinstance(answered, str):
        return InvalidAnswerError(Code.OTHER_JOB, f'it is for job "{cut_text(redact(answered))}", not "{asked}"')
    return InvalidAnswerError(Code.OTHER_JOB, f'it does not name the job "{asked}"')


def _malformed(place: _Place, name: str, value: object, wanted: str) -> InvalidAnswerError:
    return InvalidAnswerError(Code.MALFORMED_FIELD, f"its {_write(place)}{name} is {name_kind(value)}, not {wanted}")


def _write(place: _Place) -> str:
    """Write a place as a prefix for the name of a field."""
    return "" if place is None else f"{_write(place[0])}{place[1]}[{place[2]}]."
