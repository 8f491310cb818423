"""A request as bytes, and the bytes of an answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from reconcile.fetch.failure import MalformedRequestError

Fields: TypeAlias = Sequence[tuple[bytes, bytes]]
"""Headers as they are sent and as they come: names and values, in order."""


class RawHeaders(Mapping[str, str]):
    """
    Headers as they came, read where they are asked for: of an answer that is believed, three of them matter.

    What is read is what `httpx.Headers` would read; names are asked for in any case.
    """

    __slots__ = ("_values", "raw")

    def __init__(self, raw: Fields) -> None:
        self.raw = raw
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            self._values.setdefault(name.lower(), []).append(value)

    def list_raw(self, name: bytes) -> Sequence[bytes]:
        """Return every value of that name, which is in lower case, as it came."""
        return self._values.get(name, ())

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as in the base class
        encoding = "ascii" if name.isascii() else self._find_encoding()
        values = self._values.get(name.encode(encoding, "replace").lower())
        if values is None:
            return default
        if len(values) == 1 and values[0].isascii():
            return values[0].decode("ascii")
        return b", ".join(values).decode(self._find_encoding())

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        encoding = self._find_encoding()
        return iter([name.decode(encoding) for name in self._values])

    def __len__(self) -> int:
        return len(self._values)

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


class RawAnswer(NamedTuple):
    """An answer as it came, whole."""

    status_code: int
    headers: RawHeaders
    body: bytes


def write_request_line(method: bytes, target: bytes) -> bytes:
    """Write the first line of a request; raise MalformedRequestError if it would not be read as such."""
    line = b"%b %b HTTP/1.1\r\n" % (method, target)
    if line.count(b" ") != 2 or line.count(b"\n") != 1 or line.count(b"\r") != 1:
        raise MalformedRequestError("the target of the request holds a space or a line break")
    return line


def write_fields(headers: Fields) -> bytes:
    """Write the header fields and the end of the head; raise MalformedRequestError if they would be read as more."""
    fields = b"".join([b"%b: %b\r\n" % field for field in headers])
    if fields.count(b"\n") != len(headers) or fields.count(b"\r") != len(headers):
        raise MalformedRequestError("a header of the request holds a line break")
    return fields + b"\r\n"
