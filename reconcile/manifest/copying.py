"""
Frozen values made again, the same but for the places that are named in them.

A hundred thousand jobs that say the same differ in nothing but that. What names no place that differs is shared.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconcile.model import Source

_Value = TypeVar("_Value")
_Copy: TypeAlias = Callable[[Sequence[Source]], Any]


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
        return [Source(file=place.file, line=place.line + by, column=place.column) for place in self._known]

    def _compile(self, value: object) -> _Copy | None:
        """Return None for what names no place on the lines."""
        if isinstance(value, Source):
            return itemgetter(self._known.setdefault(value, len(self._known))) if value.line in self._lines else None
        if isinstance(value, tuple):
            return self._compile_tuple(value)
        return self._compile_fields(value) if isinstance(value, Struct) else None

    def _compile_tuple(self, value: tuple[object, ...]) -> _Copy | None:
        parts = [(each, self._compile(each)) for each in value]
        if not any(copy for _, copy in parts):
            return None
        return lambda places: tuple([copy(places) if copy else each for each, copy in parts])

    def _compile_fields(self, value: Struct) -> _Copy | None:
        found = {name: self._compile(getattr(value, name)) for name in value.__struct_fields__}
        copies = {name: copy for name, copy in found.items() if copy}
        match [*copies.items()]:
            case []:
                return None
            case [("source", copy_source)]:  # Most are so, and a name that is written out takes half as long.
                return lambda places: replace(value, source=copy_source(places))
            case more:
                return lambda places: replace(value, **{name: copy(places) for name, copy in more})
