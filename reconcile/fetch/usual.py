"""
Answers of the usual form: all that is described is where it is described, and nothing else looks like it. Pure.

The form is a type, made once for each API, and msgspec compares a whole answer with it at once. What does not fit is
read key by key, as `record.py` does it, which accepts more forms and says what is wrong. What fits is read alike.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from operator import attrgetter
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, ValidationError, defstruct, field

from reconcile.fetch.lookalikes import Finder, Level
from reconcile.instant import is_time
from reconcile.model import ROLES, Heading, JobApi, Observed, RecordWays, SubJob

LONGEST_TIME = 64

_LEVELS = 3
"""As deep as an API is known to nest its parts; what is deeper is read key by key."""
_MOST_LESSONS = 32
_MOST_KEYS = 64
"""Answers that add keys to a form, and keys that an object gets: a server may make up new ones each time."""

_Object: TypeAlias = Mapping[str, object]
_Way: TypeAlias = tuple[str, ...]
_Text: TypeAlias = str | None
_Empty: TypeAlias = Annotated[list[Any], Meta(max_length=0)] | Annotated[dict[str, Any], Meta(max_length=0)]
_Harmless: TypeAlias = str | int | float | bool | _Empty | None
"""What means nothing under a key that looks like none that is described."""

_State: TypeAlias = tuple[str, _Text, bool]
"""A state, the API's own word for it if that is another, and whether nothing follows."""
_Texts: TypeAlias = tuple[_Text, _Text, _Text, _Text, _Text, _Text]
"""Of the ROLES, but for the status."""
_Record: TypeAlias = tuple[_State | None, _Texts, Mapping[str, str], list[object] | None]
"""The state, None where there is no word; the other fields; what is shown; the parts."""
_ReadRecord: TypeAlias = Callable[[object], _Record]

_NOTHING: Mapping[str, str] = {}
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_KEY = "no_key"
"""An attribute of every object of a form, which is None."""


class _UnusualError(Exception):
    """An answer has to be read key by key."""


class UsualReader:
    """
    Reads the answers of one API that have the usual form.

    Keys that nobody described belong to the form once an answer had them and they were harmless there. So the first
    answer is never usual. What is read of an answer is the same whether it is or not.
    """

    def __init__(self, api: JobApi, finder: Finder) -> None:
        parts = api.parts
        words = {
            word: (state, word if word != state else None, api.statuses[state].terminal)
            for word, state in api.words.items()
        }
        self._finder, self._success = finder, api.success
        self._find_jobs = attrgetter(_name(api.job.at)) if api.job.at else None
        self._get_id = attrgetter(_name(api.job.fields["job_id"])) if api.job.among else None
        self._read_record = _compile_record(api, api.job, parts.at if parts is not None else (), words)
        self._read_part: _ReadRecord | None = None
        if parts is not None:
            self._read_part = _compile_record(api, parts, parts.at if parts.nested else (), words)
        self._form: Any = None
        self._lessons = 0
        self._has_unread = False

    def learn(self, document: _Object) -> None:
        """Add to the form what is not described in an answer that was accepted."""
        if self._lessons < _MOST_LESSONS:
            self._lessons += 1
            self._has_unread |= _learn(self._finder, self._finder.body, document)
            self._form = None

    def read(self, job_id: str, document: _Object, request_id: str | None) -> Observed | None:
        """Return the job that was asked for; None if the answer has another form, or is about another job."""
        if not self._lessons:
            return None
        if self._form is None:
            self._form = _make_form(self._finder.body, _LEVELS)
        try:
            observed = self._read_job(self._find_job(job_id, msgspec.convert(document, self._form)), request_id)
        except (ValidationError, _UnusualError):
            return None
        if observed.job_id != job_id:
            return None
        succeeded = observed.status == self._success
        if self._has_unread and self._finder.find(document, succeeded=succeeded) is not None:
            return None
        return observed

    def _find_job(self, job_id: str, body: object) -> object:
        found: Any = self._find_jobs(body) if self._find_jobs is not None else body
        if self._get_id is None:
            return found
        same = [each for each in found or () if self._get_id(each) == job_id]
        if len(same) != 1:
            raise _UnusualError
        return same[0]

    def _read_job(self, record: object, request_id: str | None) -> Observed:
        state, texts, shown, parts = self._read_record(record)
        job_id, job_type, begin_time, end_time, error_code, fail_reason = texts
        if state is None:
            raise _UnusualError
        sub_jobs: list[SubJob] = []
        headings: list[Heading] = []
        if parts and self._read_part is not None:
            _read_parts(self._read_part, parts, 1, sub_jobs, headings)
        return Observed(
            status=state[0],
            job_id=job_id,
            job_type=job_type or None,
            begin_time=begin_time or None,
            end_time=end_time or None,
            error_code=error_code or None,
            fail_reason=fail_reason or None,
            status_word=state[1],
            shown=shown,
            sub_jobs=tuple(sub_jobs),
            request_id=request_id,
            headings=tuple(headings),
        )


def _read_parts(
    read: _ReadRecord, parts: list[object], depth: int, sub_jobs: list[SubJob], headings: list[Heading]
) -> None:
    for part in parts:
        state, texts, shown, inner = read(part)
        job_id, job_type, begin_time, end_time, error_code, fail_reason = texts
        if state is not None:
            sub_job = SubJob(
                status=state[0],
                job_id=job_id or None,
                job_type=job_type or None,
                begin_time=begin_time or None,
                end_time=end_time or None,
                error_code=error_code or None,
                fail_reason=fail_reason or None,
                status_word=state[1],
                shown=shown,
                depth=depth,
            )
            sub_jobs.append(sub_job)
        elif inner and not error_code and not fail_reason:
            before = len(sub_jobs)
            heading = Heading(before=before, job_id=job_id or None, job_type=job_type or None, shown=shown, depth=depth)
            headings.append(heading)
        else:
            raise _UnusualError
        if inner:
            _read_parts(read, inner, depth + 1, sub_jobs, headings)


def _compile_record(api: JobApi, ways: RecordWays, parts: _Way, words: Mapping[str, _State]) -> _ReadRecord:
    """Return what reads one kind of record, whose parts are at the end of a way, or which has none."""
    get = attrgetter(*(_name(ways.fields.get(role, ())) for role in ROLES), _name(parts))
    get_shown, labels = attrgetter(*map(_name, ways.shown.values()), _NO_KEY), tuple(enumerate(ways.shown))
    is_time = None if api.times_as_text else make_time_check(api.time_format)
    moves = ways.end_time_moves

    def read_record(record: object) -> _Record:
        word, job_id, job_type, begin_time, end_time, error_code, fail_reason, entries = get(record)
        state = words.get(word) if word else None
        if word and state is None:
            raise _UnusualError
        if is_time is not None:
            if begin_time and (len(begin_time) > LONGEST_TIME or not is_time(begin_time)):
                raise _UnusualError
            if end_time and (len(end_time) > LONGEST_TIME or not is_time(end_time)):
                raise _UnusualError
        if moves and (state is None or not state[2]):
            end_time = None
        if not labels:
            return state, (job_id, job_type, begin_time, end_time, error_code, fail_reason), _NOTHING, entries
        shown, texts = {}, get_shown(record)
        for index, label in labels:
            if texts[index]:
                shown[label] = texts[index]
        return state, (job_id, job_type, begin_time, end_time, error_code, fail_reason), shown, entries

    return read_record


@cache
def make_time_check(time_format: str) -> Callable[[str], bool]:
    """Return what tells whether a text of at most LONGEST_TIME characters is a time of a form."""
    return lru_cache(maxsize=1024)(lambda text: is_time(text, time_format))


# --- The form -----------------------------------------------------------------------------------------------------


def _name(way: _Way) -> str:
    """Name what is at the end of a way, as `attrgetter` takes it; of no way, what is always None."""
    return ".".join(f"key_{key.encode().hex()}" for key in way) or _NO_KEY


def _make_form(level: Level, depth: int) -> Any:  # noqa: ANN401 - a type that is made here has no name
    """Make the type of an object whose lists of parts may list others, so many levels deep."""
    keys = {_name((key,)): key for key in sorted(level.known | level.harmless | level.unread)}
    fields = [(name, *_make_field(level, key, depth)) for name, key in keys.items()]
    constants = {_NO_KEY: None}
    return defstruct("Form", fields, rename=keys, namespace=constants, forbid_unknown_fields=True, gc=False)


def _make_field(level: Level, key: str, depth: int) -> tuple[Any, Any]:
    """Return the type of a value, and what it is where the key is absent."""
    inner = level.inner.get(key)
    if key in level.texts:
        return (str | None if inner is None else None), None
    if inner is None:
        return (_Harmless if key in level.harmless else Any), None
    if not inner.known:
        return _Harmless, None
    if inner.is_listed:
        return (list[_make_form(inner, depth - 1)] | None if depth else _Empty | None), None  # type: ignore[misc]
    form = _make_form(inner, depth)
    return form, field(default_factory=form)


def _learn(finder: Finder, level: Level, value: object) -> bool:
    """Add to the form what is not described in a value; return whether there is anything that no form can check."""
    found = False
    if isinstance(value, list):
        for each in value:
            found |= _learn(finder, level, each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in level.inner:
                found |= _learn(finder, level.inner[key], each)
            elif key not in level.known and _can_learn(finder, level, key):
                is_unread = key in level.unread or (isinstance(each, dict | list) and bool(each))
                found |= is_unread
                level.harmless.discard(key)
                (level.unread if is_unread else level.harmless).add(key)
    return found


def _can_learn(finder: Finder, level: Level, key: str) -> bool:
    is_full = len(level.harmless) + len(level.unread) >= _MOST_KEYS
    return not is_full and _PLAIN_KEY.fullmatch(key) is not None and not finder.is_suspicious(level, key)
