"""A parsed request."""

from collections.abc import Sequence
from typing import NamedTuple


class Request(NamedTuple):
    """A complete request. Header names keep the case in which they were sent."""

    method: str
    target: str
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""

    def find_header(self, name: str) -> str | None:
        """Return the value of the first header of that name, None if there is none."""
        wanted = name.lower().encode("ascii")
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), None)
