"""
Finds keys of an answer that resemble a described key, but are spelled differently or on another level. Pure.

Keys that a description does not have are ignored. If that included misspelled or misplaced parts, "no part has failed"
would hold for a job with a failed part.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct, field

from reconcile.model.api import JobApi, RecordWays

_PARTS = ("subjob", "subtask", "childjob", "childtask")
"""How the keys of parts begin at the known services, folded."""

_Object: TypeAlias = Mapping[str, object]
_Way: TypeAlias = tuple[str, ...]


class Lookalike(Struct, frozen=True):
    """The path of a key from the body, and the described key that it resembles; `as_parts` if that lists the parts."""

    way: _Way
    like: str
    as_parts: bool

    def within(self, key: str) -> "Lookalike":
        """Return it as seen from the object that contains it under `key`."""
        return Lookalike((key, *self.way), self.like, self.as_parts)


class _Level(Struct):
    """
    What a description knows about one object: its keys, its judged keys by folded spelling, and the objects in it or in
    its lists.
    """

    known: set[str] = field(default_factory=set)
    folded: dict[str, str] = field(default_factory=dict)
    inner: "dict[str, _Level]" = field(default_factory=dict)


_UNKNOWN = _Level()
_EMPTY: tuple[object, ...] = (None, "", [], {})
_CONTAINERS = (dict, list)


class Finder:
    """
    Finds keys of a body that resemble described ones but are misplaced or spelled differently.

    Empty values are ignored, and so is a key with the same value as the key that it resembles. A key that resembles
    that of the parts counts on every level, if it leads to objects. So does a key that resembles the status, if its
    value means failure and the job has succeeded.
    """

    __slots__ = ("_body", "_failures", "_folded_parts", "_parts", "_statuses")

    def __init__(self, api: JobApi) -> None:
        self._body = _describe_body(api)
        self._parts = api.parts.at[-1] if api.parts is not None else ""
        self._folded_parts = fold(self._parts)
        records = [api.job, *([api.parts] if api.parts is not None else [])]
        self._statuses = {fold(record.fields["status"][-1]): record.fields["status"][-1] for record in records}
        self._failures = {word.casefold() for word, state in api.words.items() if state == api.failure}

    def find(self, body: _Object, *, succeeded: bool) -> Lookalike | None:
        """Return the first such key of a body, None if there is none; `succeeded` is whether the job has succeeded."""
        return self._find(self._body, body, succeeded)

    def list_status_lists(self, body: _Object) -> Iterator[_Way]:
        """List the paths of undescribed lists whose objects have a key that resembles a status."""
        return self._list_status_lists(self._body, body)

    def _find(self, level: _Level, record: _Object, succeeded: bool) -> Lookalike | None:
        known = level.known
        if not known.issuperset(record):
            for key, value in record.items():
                if key in known or not (isinstance(value, _CONTAINERS) or self._is_suspicious(level, key)):
                    continue
                found = self._find_unknown(level, record, key, succeeded)
                if found is not None:
                    return found
        for key, inner in level.inner.items():
            value = record.get(key)
            if isinstance(value, dict):
                found = self._find(inner, value, succeeded)
            else:
                found = self._find_in(inner, value, succeeded) if value else None
            if found is not None:
                return found.within(key)
        return None

    def _is_suspicious(self, level: _Level, key: str) -> bool:
        """Return whether a key is spelled like a described one on this level, like the status, or like the parts."""
        folded = fold(key)
        return folded in level.folded or folded in self._statuses or folded == self._folded_parts

    def _find_in(self, level: _Level, value: object, succeeded: bool) -> Lookalike | None:
        """Return the first such key of an object, or of an object in a list."""
        if isinstance(value, dict):
            return self._find(level, value, succeeded)
        if isinstance(value, list):
            for each in value:
                found = self._find_in(level, each, succeeded)
                if found is not None:
                    return found
        return None

    def _find_unknown(self, level: _Level, record: _Object, key: str, succeeded: bool) -> Lookalike | None:
        value, folded = record[key], fold(key)
        like = level.folded.get(folded)
        if like is not None and value not in _EMPTY and value != record.get(like):
            return Lookalike((key,), like, like == self._parts)
        if key == self._parts and value not in _EMPTY:
            return Lookalike((key,), self._parts, True)
        if not isinstance(value, _CONTAINERS):
            failed = succeeded and isinstance(value, str) and value.casefold() in self._failures
            return Lookalike((key,), self._statuses[folded], False) if failed and folded in self._statuses else None
        if self._looks_like_parts(key, value):
            return Lookalike((key,), self._parts, True)
        found = self._find_in(_UNKNOWN, value, succeeded)
        return found.within(key) if found is not None else None

    def _looks_like_parts(self, key: str, value: object) -> bool:
        folded = fold(key)
        named = folded == self._folded_parts or folded.startswith(_PARTS)
        return named and any(map(bool, _list_objects(value)))

    def _list_status_lists(self, level: _Level, record: _Object) -> Iterator[_Way]:
        for key, value in record.items():
            inner = level.inner.get(key, _UNKNOWN)
            for each in _list_objects(value):
                if key not in level.known and isinstance(value, list) and self._statuses.keys() & set(map(fold, each)):
                    yield (key,)
                    break
                yield from ((key, *way) for way in self._list_status_lists(inner, each))


def _list_objects(value: object) -> Iterator[_Object]:
    """List the object itself, or the objects in a list and its nested lists."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _list_objects(each)


@lru_cache(maxsize=1024)
def fold(key: str) -> str:
    """Return a key in lower case without `_` and `-`."""
    return key.replace("_", "").replace("-", "").lower()


def _describe_body(api: JobApi) -> _Level:
    body = _Level()
    job = _add_way(body, api.job.at)
    _add_way(body, api.job.count)
    _add_record(job, api.job)
    if api.parts is not None:
        part = _Level()
        _add_record(part, api.parts)
        for level in (job, part) if api.parts.nested else (job,):
            outer = _add_way(level, api.parts.at[:-1])
            _add_key(outer, api.parts.at[-1])
            outer.inner[api.parts.at[-1]] = part
    for way in api.ignored:
        _add_way(body, way[:-1], judged=False).known.add(way[-1])
    return body


def _add_record(level: _Level, ways: RecordWays) -> None:
    for way in ways.fields.values():
        _add_key(_add_way(level, way[:-1]), way[-1])
    for way in ways.shown.values():
        _add_way(level, way[:-1], judged=False).known.add(way[-1])


def _add_way(level: _Level, way: Iterable[str], *, judged: bool = True) -> _Level:
    for key in way:
        if judged:
            _add_key(level, key)
        level.known.add(key)
        level = level.inner.setdefault(key, _Level())
    return level


def _add_key(level: _Level, key: str) -> None:
    level.known.add(key)
    level.folded[fold(key)] = key
