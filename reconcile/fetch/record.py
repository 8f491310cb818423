"""A JSON object -> the job that it describes, field by field, by the ways of the API. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct

from reconcile.codes import Code
from reconcile.fetch.lookalikes import Finder, Lookalike
from reconcile.fetch.payload import InvalidAnswerError
from reconcile.instant import is_time
from reconcile.model import Heading, JobApi, Observed, Outcome, PartWays, RecordWays, SubJob

Redact: TypeAlias = Callable[[str], str]

MAX_FOREIGN_TEXT = 200
MOST_SUB_JOBS = 1_000
"""Most sub-jobs of one job. A real one has a handful, and each is judged, kept and reported separately."""
DEEPEST = 8
"""Most levels of parts of one job."""

_LONGEST_TIME = 64

_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
_TEXTS = ("job_id", "job_type", "begin_time", "end_time", "error_code", "fail_reason")
_BEGIN, _END = _TEXTS.index("begin_time"), _TEXTS.index("end_time")

_Object: TypeAlias = Mapping[str, object]
_Texts: TypeAlias = Sequence[str | None]
"""One for each of _TEXTS."""
_NOTHING: Mapping[str, str] = {}

if TYPE_CHECKING:
    _Place: TypeAlias = "tuple[_Place, str, int] | None"
else:
    _Place = object
"""Where a part is: the place of what lists it, the way to the list, the index; None is the job. For errors alone."""


class NoJobError(Exception):
    """The API lists jobs, and there are none."""


def read_job(api: JobApi, job_id: str, document: _Object, *, request_id: str | None, redact: Redact) -> Observed:
    """
    Read the answer to the question for this job; keys that are not described are ignored, unless they look described.

    Raises InvalidAnswerError if it is about another job, if a status is not one of the API's words exactly, if a field
    has another type or form than the API gives it or may be somewhere else, or if there are more than MOST_SUB_JOBS;
    and NoJobError.
    """
    compiled = _compile(api)
    reader = compiled.record
    record = _find_job(api, job_id, document, redact) if api.job.at else document
    answered = record.get(reader.job_id[0]) if reader.flat_id else _follow(record, reader.job_id, None)
    if answered != job_id:
        raise _refuse_other(answered, job_id, redact)
    state, word, ended = reader.read_status(record, None, redact)
    sub_jobs, headings = compiled.read_parts(record, redact) if compiled.read_parts is not None else ((), ())
    lookalike = compiled.finder.find(document, succeeded=api.statuses[state].outcome is Outcome.SUCCESS)
    if lookalike is not None:
        raise _refuse_lookalike(api, lookalike, redact)
    _, job_type, begin_time, end_time, error_code, fail_reason = reader.read_texts(record, None, redact)
    return Observed(
        status=state,
        job_id=job_id,
        job_type=job_type,
        begin_time=begin_time,
        end_time=end_time if ended or not api.job.end_time_moves else None,
        error_code=error_code,
        fail_reason=fail_reason,
        status_word=word,
        shown=reader.read_shown(record, None, redact) if reader.read_shown is not None else _NOTHING,
        sub_jobs=sub_jobs,
        request_id=request_id,
        headings=headings,
    )


def _refuse_lookalike(api: JobApi, found: Lookalike, redact: Redact) -> InvalidAnswerError:
    way = cut_text(redact(".".join(found.way)))
    where = f"are described at {api.sub_jobs}" if api.sub_jobs is not None else "no job is described to have"
    differs = f"its {found.like}, and differs from it" if not found.as_parts else f"its parts, which {where}"
    return InvalidAnswerError(Code.MALFORMED_FIELD, f"its {way} looks like {differs}")


def name_kind(value: object) -> str:
    """Name the kind of JSON value that something is, null for what is absent."""
    return _KINDS.get(type(value), "null or absent")


def cut_text(text: str) -> str:
    """Shorten a server's text for a message; redact it first, for half a secret is not found any more."""
    return text if len(text) <= MAX_FOREIGN_TEXT else f"{text[:MAX_FOREIGN_TEXT]}..."


# --- How an API is read: worked out once --------------------------------------------------------------------------

_State: TypeAlias = tuple[str, str | None, bool]
"""A state, the API's own word for it if that is another, and whether nothing follows."""
_ReadStatus: TypeAlias = Callable[[_Object, _Place, Redact], _State]
_ReadTexts: TypeAlias = Callable[[_Object, _Place, Redact], _Texts]
_ReadShown: TypeAlias = Callable[[_Object, _Place, Redact], Mapping[str, str]]
_Get: TypeAlias = Callable[[_Object, _Place], object]
_Find: TypeAlias = Callable[[_Object, _Place], _Object | None]
_Name = TypeVar("_Name", int, str)
_SHORT = 2
_FindParts: TypeAlias = Callable[[_Object, _Place, int], list[object]]
_ReadParts: TypeAlias = Callable[[_Object, Redact], tuple[tuple[SubJob, ...], tuple[Heading, ...]]]


class _Reader(Struct, frozen=True, kw_only=True):
    """Reads one kind of record, each time with the place of the record in the answer."""

    job_id: tuple[str, ...]
    flat_id: bool
    read_status: _ReadStatus
    read_texts: _ReadTexts
    read_shown: _ReadShown | None


class _AnswerReader(Struct, frozen=True, kw_only=True):
    """Reads a whole answer; `read_parts` is None where jobs have none."""

    record: _Reader
    read_parts: _ReadParts | None
    finder: Finder


@lru_cache(maxsize=64)
def _compile(api: JobApi) -> _AnswerReader:
    return _AnswerReader(
        record=_compile_record(api, api.job),
        read_parts=_compile_parts(api, api.parts) if api.parts is not None else None,
        finder=Finder(api),
    )


def _compile_record(api: JobApi, ways: RecordWays) -> _Reader:
    # The id of the job itself is known: it is the one that was asked for.
    fields = {role: way for role, way in ways.fields.items() if role != "job_id" or ways is not api.job}
    flat = all(len(way) == 1 for way in fields.values())
    read_texts = _compile_flat_texts(fields) if flat else _compile_deep_texts(fields)
    return _Reader(
        job_id=ways.fields.get("job_id", ()),
        flat_id=len(ways.fields.get("job_id", ())) == 1,
        read_status=_compile_status(api, ways.fields["status"]),
        read_texts=read_texts if api.times_as_text else _check_times(read_texts, api.time_format),
        read_shown=_compile_shown(ways.shown) if ways.shown else None,
    )


def _compile_way(way: tuple[str, ...]) -> _Get:
    """Return what finds the value at the end of a way: see `_follow`, which does it for any length."""
    first, last = way[0], way[-1]
    if len(way) == 1:
        return lambda record, _: record.get(first)
    if len(way) > _SHORT:
        return lambda record, place: _follow(record, way, place)

    def get(record: _Object, place: _Place) -> object:
        inner = record.get(first)
        return inner.get(last) if isinstance(inner, dict) else _follow(record, way, place)

    return get


def _group(ways: Mapping[_Name, tuple[str, ...]]) -> list[tuple[str | None, _Find, list[tuple[_Name, str, str]]]]:
    """
    Gather what is read by the object that it is in, so that each object is found once: name, key, whole way.

    The first of a group is the key of its object in the record, None if it is not there but deeper, or the record.
    """
    groups: dict[tuple[str, ...], list[tuple[_Name, str, str]]] = {}
    for name, way in ways.items():
        groups.setdefault(way[:-1], []).append((name, way[-1], ".".join(way)))
    return [(way[0] if len(way) == 1 else None, _compile_object(way), entries) for way, entries in groups.items()]


def _compile_object(way: tuple[str, ...]) -> _Find:
    """Return what finds an object, None if it is absent, null or ""; anything else is refused."""
    if not way:
        return lambda record, _: record
    first, deep = way[0], len(way) > 1

    def find(record: _Object, place: _Place) -> _Object | None:
        inner = _follow(record, way, place) if deep else record.get(first)
        if isinstance(inner, dict):
            return inner
        if inner is None or inner == "":
            return None
        raise _malformed(place, ".".join(way), inner, "an object")

    return find


def _compile_status(api: JobApi, way: tuple[str, ...]) -> _ReadStatus:
    words: dict[str, _State] = {
        word: (state, word if word != state else None, api.statuses[state].terminal)
        for word, state in api.words.items()
    }
    first, deep = way[0], len(way) > 1
    get = _compile_way(way)

    def read_status(record: _Object, place: _Place, redact: Redact) -> _State:
        word = get(record, place) if deep else record.get(first)
        if not isinstance(word, str):
            raise _malformed(place, ".".join(way), word, "a string")
        state = words.get(word)
        if state is None:
            known = ", ".join(sorted(words))
            reason = f'its {_write(place)}status "{cut_text(redact(word))}" is unknown; known are {known}'
            raise InvalidAnswerError(Code.UNKNOWN_STATUS_WORD, reason)
        return state

    return read_status


def _compile_flat_texts(fields: Mapping[str, tuple[str, ...]]) -> _ReadTexts:
    # No object has a key None: what the API does not have is absent.
    keys: list[str] = [fields[role][0] if role in fields else None for role in _TEXTS]  # type: ignore[misc]

    def read_texts(record: _Object, place: _Place, redact: Redact) -> _Texts:
        texts: list[str | None] = []
        get, append, plain = record.get, texts.append, redact is str
        for key in keys:
            value = get(key)
            if value is None or value == "":
                append(None)
            elif isinstance(value, str):
                append(value if plain else redact(value))
            else:
                raise _malformed(place, key, value, "a string")
        return texts

    return read_texts


def _compile_deep_texts(fields: Mapping[str, tuple[str, ...]]) -> _ReadTexts:
    groups = _group({_TEXTS.index(role): way for role, way in fields.items() if role in _TEXTS})

    def read_texts(record: _Object, place: _Place, redact: Redact) -> _Texts:
        texts: list[str | None] = [None] * len(_TEXTS)
        plain = redact is str
        for at, find, entries in groups:
            inner = record.get(at) if at is not None else None
            if not isinstance(inner, dict):
                inner = find(record, place)
                if inner is None:
                    continue
            for index, key, name in entries:
                value = inner.get(key)
                if value is None or value == "":
                    continue
                if not isinstance(value, str):
                    raise _malformed(place, name, value, "a string")
                texts[index] = value if plain else redact(value)
        return texts

    return read_texts


def _check_times(read_texts: _ReadTexts, time_format: str) -> _ReadTexts:
    """Return what reads the same, and refuses times that the API would not write."""

    def read_and_check(record: _Object, place: _Place, redact: Redact) -> _Texts:
        texts = read_texts(record, place, redact)
        for index in (_BEGIN, _END):
            text = texts[index]
            if text is not None and (len(text) > _LONGEST_TIME or not _is_short_time(text, time_format)):
                reason = (
                    f'its {_write(place)}{_TEXTS[index]} "{cut_text(text)}" is not a time in the format of this API'
                )
                raise InvalidAnswerError(Code.MALFORMED_FIELD, reason)
        return texts

    return read_and_check


_is_short_time = lru_cache(maxsize=1024)(is_time)


def _compile_shown(shown: Mapping[str, tuple[str, ...]]) -> _ReadShown:
    groups = _group(shown)

    def read_shown(record: _Object, place: _Place, redact: Redact) -> Mapping[str, str]:
        texts: dict[str, str] = {}
        for at, find, entries in groups:
            inner = record.get(at) if at is not None else None
            if not isinstance(inner, dict):
                inner = find(record, place)
                if inner is None:
                    continue
            for label, key, name in entries:
                value = inner.get(key)
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    texts[label] = value if redact is str else redact(value)
                elif isinstance(value, bool):
                    texts[label] = str(value).lower()
                elif isinstance(value, int | float):
                    texts[label] = redact(str(value))
                else:
                    raise _malformed(place, name, value, "a string")
        return texts

    return read_shown


# --- Parts --------------------------------------------------------------------------------------------------------


def _compile_parts(api: JobApi, ways: PartWays) -> _ReadParts:
    reader = _compile_record(api, ways)
    at, find_parts = ".".join(ways.at), _compile_list(ways.at)

    def read_parts(record: _Object, redact: Redact) -> tuple[tuple[SubJob, ...], tuple[Heading, ...]]:
        entries = find_parts(record, None, 0)
        if not entries:
            return (), ()
        if ways.nested:
            tree = _Tree(ways, reader, find_parts, redact)
            tree.read(entries, None, 1)
            return tuple(tree.sub_jobs), tuple(tree.headings)
        sub_jobs = [
            _read_part(entry, reader, ways, (None, at, index), redact, 1) for index, entry in enumerate(entries)
        ]
        return tuple(sub_jobs), ()

    return read_parts


def _read_part(entry: object, reader: _Reader, ways: PartWays, place: _Place, redact: Redact, depth: int) -> SubJob:
    if not isinstance(entry, dict):
        reason = f"its {_write(place)[:-1]} is {name_kind(entry)}, not an object"
        raise InvalidAnswerError(Code.MALFORMED_FIELD, reason)
    state, word, ended = reader.read_status(entry, place, redact)
    job_id, job_type, begin_time, end_time, error_code, fail_reason = reader.read_texts(entry, place, redact)
    return SubJob(
        status=state,
        job_id=job_id,
        job_type=job_type,
        begin_time=begin_time,
        end_time=end_time if ended or not ways.end_time_moves else None,
        error_code=error_code,
        fail_reason=fail_reason,
        status_word=word,
        shown=reader.read_shown(entry, place, redact) if reader.read_shown is not None else _NOTHING,
        depth=depth,
    )


def _compile_list(at: tuple[str, ...]) -> _FindParts:
    """
    Return what finds the list of a record's parts, empty where there are none.

    It is told how many parts of the job were found before these.
    """
    get = _compile_way(at)

    def find_parts(record: _Object, place: _Place, before: int) -> list[object]:
        entries = get(record, place)
        if entries is None or entries == "":
            return []
        if not isinstance(entries, list):
            raise _malformed(place, ".".join(at), entries, "a list")
        size = before + len(entries)
        if size > MOST_SUB_JOBS:
            reason = f"it lists {size:,} sub-jobs, and one job may have {MOST_SUB_JOBS:,} at most"
            raise InvalidAnswerError(Code.ANSWER_TOO_LARGE, reason)
        return entries

    return find_parts


class _Tree:
    """The parts of a job and theirs, gathered depth first."""

    __slots__ = ("_at", "_find_parts", "_reader", "_redact", "_ways", "headings", "sub_jobs")

    def __init__(self, ways: PartWays, reader: _Reader, find_parts: _FindParts, redact: Redact) -> None:
        self._find_parts = find_parts
        self._ways = ways
        self._at = ".".join(ways.at)
        self._reader = reader
        self._redact = redact
        self.sub_jobs: list[SubJob] = []
        self.headings: list[Heading] = []

    def read(self, entries: Sequence[object], place: _Place, depth: int) -> None:
        """Read the parts that the record at a place lists, and theirs."""
        if depth > DEEPEST:
            raise InvalidAnswerError(Code.AMBIGUOUS_JSON, f"its sub-jobs are nested deeper than {DEEPEST} levels")
        for index, entry in enumerate(entries):
            at = (place, self._at, index)
            before = len(self.sub_jobs) + len(self.headings)
            inner = self._find_parts(entry, at, before) if isinstance(entry, dict) else []
            if not inner or not self._add_heading(entry, at, depth):
                self.sub_jobs.append(_read_part(entry, self._reader, self._ways, at, self._redact, depth))
            if inner:
                self.read(inner, at, depth + 1)

    def _add_heading(self, entry: object, place: _Place, depth: int) -> bool:
        """Add a part that has parts and no status; one that gives a reason for failing is none."""
        if not isinstance(entry, dict) or _follow(entry, self._ways.fields["status"], place) not in (None, ""):
            return False
        job_id, job_type, _, _, error_code, fail_reason = self._reader.read_texts(entry, place, self._redact)
        if error_code is not None or fail_reason is not None:
            return False
        read_shown = self._reader.read_shown
        shown = read_shown(entry, place, self._redact) if read_shown is not None else _NOTHING
        before = len(self.sub_jobs)
        self.headings.append(Heading(before=before, job_id=job_id, job_type=job_type, shown=shown, depth=depth))
        return True


# --- Finding the job ----------------------------------------------------------------------------------------------


def _follow(record: _Object, way: tuple[str, ...], place: _Place) -> object:
    """Follow the keys; None if an object on the way is absent, null or "". One that is anything else is refused."""
    value: object = record.get(way[0])
    for index in range(1, len(way)):
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise _malformed(place, ".".join(way[:index]), value, "an object")
        value = value.get(way[index])
    return value


def _find_job(api: JobApi, job_id: str, document: _Object, redact: Redact) -> _Object:
    found = _follow(document, api.job.at, None)
    if api.job.among:
        return _pick_job(api, job_id, document, found, redact)
    if not isinstance(found, dict):
        raise _malformed(None, ".".join(api.job.at), found, "an object")
    return found


def _pick_job(api: JobApi, job_id: str, document: _Object, jobs: object, redact: Redact) -> _Object:
    """Find the one job of a list that was asked for."""
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
    """Write a place as what stands before the name of a field."""
    return "" if place is None else f"{_write(place[0])}{place[1]}[{place[2]}]."
