"""
Frozen values made again, the same but for the places that are named in them.

A hundred thousand jobs that say the same differ in nothing but that. What names no place that differs is shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar

from reconcile.model import Source

_Value = TypeVar("_Value")
_Copy: TypeAlias = Callable[[Sequence[Source]], Any]

_new: Final = object.__new__
_put_file, _put_line, _put_column = (getattr(Source, each.name).__set__ for each in fields(Source))
"""What the `__init__` of a frozen dataclass does by a call of Python for each field, at three times the cost."""


class Places:
    """The places in values that stand on some lines, each once."""

    __slots__ = ("_known", "_lines")

    def __init__(self, lines: range) -> None:
        self._lines = lines
        self._known: dict[Source, int] = {}

    def compile_copy(self, value: _Value) -> Callable[[Sequence[Source]], _Value]:
        """Return what makes a value again with what `move` returns; to be called before `move` is."""
        return self._compile(value) or (lambda _: value)

    def move(self, by: int) -> list[Source]:
        """Return the places that are named, as they are so many lines further down."""
        moved = []
        for place in self._known:
            source = _new(Source)
            _put_file(source, place.file)
            _put_line(source, place.line + by)
            _put_column(source, place.column)
            moved.append(source)
        return moved

    def _compile(self, value: object) -> _Copy | None:
        """Return None for what names no place on the lines."""
        if isinstance(value, Source):
            return itemgetter(self._known.setdefault(value, len(self._known))) if value.line in self._lines else None
        if isinstance(value, tuple):
            return self._compile_tuple(value)
        return self._compile_fields(value) if is_dataclass(value) else None

    def _compile_tuple(self, value: tuple[object, ...]) -> _Copy | None:
        parts = [(each, self._compile(each)) for each in value]
        if not any(copy for _, copy in parts):
            return None
        return lambda places: tuple([copy(places) if copy else each for each, copy in parts])

    def _compile_fields(self, value: Any) -> _Copy | None:  # noqa: ANN401
        kind = type(value)
        shared, copied = [], []
        for each in fields(value):
            put, part = getattr(kind, each.name).__set__, getattr(value, each.name)
            copy = self._compile(part)
            if copy:
                copied.append((put, copy))
            else:
                shared.append((put, part))

        def make_again(places: Sequence[Source]) -> object:
            made = _new(kind)
            for put, part in shared:
                put(made, part)
            for put, copy in copied:
                put(made, copy(places))
            return made

        return make_again if copied else None
