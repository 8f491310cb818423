"""A request as bytes, and the bytes of an answer."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from reconcile.fetch.failure import MalformedRequestError

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Headers as they are sent and as they come: names and values, in order."""


class RawHeaders(Mapping[str, str]):
    """
    Headers as they came, read where they are asked for: of an answer that is believed, three of them matter.

    What is read is what `httpx.Headers` would read; names are asked for in any case.
    """

    __slots__ = ("last", "raw")

    def __init__(self, raw: Fields) -> None:
        self.raw = raw
        self.last = {name.lower(): value for name, value in raw}
        """The last value of each name, in lower case; it is the only one unless a name comes twice."""

    def list_raw(self, name: bytes) -> Sequence[bytes]:
        """Return every value of that name, which is in lower case, as it came."""
        if len(self.last) != len(self.raw):
            return [value for each, value in self.raw if each.lower() == name]
        return (self.last[name],) if name in self.last else ()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as in the base class
        folded = _fold(name, "ascii" if name.isascii() else self._find_encoding())
        last = self.last.get(folded)
        if last is None:
            return default
        if last.isascii() and len(self.last) == len(self.raw):
            return last.decode("ascii")
        return b", ".join(self.list_raw(folded)).decode(self._find_encoding())

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        encoding = self._find_encoding()
        return iter([name.decode(encoding) for name in self.last])

    def __len__(self) -> int:
        return len(self.last)

    def _find_encoding(self) -> str:
        """Find one in which all names and values can be read; in the last one everything can."""
        whole = b"\n".join([part for field in self.raw for part in field])
        if whole.isascii():
            return "ascii"
        try:
            whole.decode("utf-8")
        except UnicodeDecodeError:
            return "iso-8859-1"
        return "utf-8"


@lru_cache(maxsize=64)  # Few names are asked for, of every answer.
def _fold(name: str, encoding: str) -> bytes:
    return name.encode(encoding, "replace").lower()


class RawAnswer(NamedTuple):
    """An answer as it came, whole."""

    status_code: int
    headers: RawHeaders
    body: bytes


def write_request_line(method: bytes, target: bytes) -> bytes:
    """Write the first line of a request; raise MalformedRequestError if it would not be read as such."""
    line = b"%b %b HTTP/1.1\r\n" % (method, target)
    if line.split() != [method, target, b"HTTP/1.1"]:
        raise MalformedRequestError("the target of the request holds a space or a line break")
    return line


def write_fields(headers: Fields) -> bytes:
    """Write the header fields and the end of the head; raise MalformedRequestError if they would be read as more."""
    fields = b"".join([b"%b: %b\r\n" % field for field in headers])
    if fields.count(b"\n") != len(headers) or fields.count(b"\r") != len(headers):
        raise MalformedRequestError("a header of the request holds a line break")
    return fields + b"\r\n"
