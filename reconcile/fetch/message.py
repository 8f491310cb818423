"""A request as bytes, and the bytes of an answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from reconcile.fetch.failure import MalformedRequestError

if TYPE_CHECKING:
    import httpx

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
        if not name.isascii():
            return self._read_all().get(name, default)
        values = self._values.get(name.lower().encode("ascii"))
        if values is None:
            return default
        return values[0].decode("ascii") if len(values) == 1 and values[0].isascii() else self._read_all()[name]

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._read_all())

    def __len__(self) -> int:
        return len(self._read_all())

    def _read_all(self) -> "httpx.Headers":
        from reconcile.fetch.lean_httpx import httpx

        return httpx.Headers(list(self.raw))


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
