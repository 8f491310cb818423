"""A sequence that makes each element when it is read, so that they are never all in memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

_From = TypeVar("_From")
_To = TypeVar("_To", covariant=True)


class LazyList(Sequence[_To], Generic[_To]):
    """Applies a function to the elements of another sequence, again at each access; the function must be pure."""

    __slots__ = ("_elements", "_make")

    def __init__(self, make: Callable[[_From], _To], elements: Sequence[_From]) -> None:
        self._make = make
        self._elements = elements

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[_To]:
        return map(self._make, self._elements)

    @overload
    def __getitem__(self, at: int) -> _To: ...

    @overload
    def __getitem__(self, at: slice) -> list[_To]: ...

    def __getitem__(self, at: int | slice) -> _To | list[_To]:
        return list(map(self._make, self._elements[at])) if isinstance(at, slice) else self._make(self._elements[at])
