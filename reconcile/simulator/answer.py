"""Answers as bytes, written once and sent many times: all but the request id is known beforehand."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from hashlib import sha256
from http import HTTPStatus
from typing import TypeAlias

from msgspec import Struct

REQUEST_ID_LENGTH = 32


class Fault(Enum):
    """What happens instead of an answer."""

    HANG = auto()
    """Nothing, for as long as the client keeps the connection."""
    RESET = auto()
    """The connection is reset."""


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP response in pieces, with the request id between each two; `close` ends the connection behind it."""

    pieces: tuple[bytes, ...]
    close: bool = False

    def fill_in(self, request_id: str) -> bytes:
        """Return the response with a request id of `REQUEST_ID_LENGTH` characters."""
        return request_id.encode("ascii").join(self.pieces)


Reply: TypeAlias = Answer | Fault


def make_request_id(subject: str, number: int) -> str:
    """Return the id of the n-th request for a subject: the same in every run, so that reports can be compared."""
    return sha256(f"{subject}/{number}".encode()).hexdigest()[:REQUEST_ID_LENGTH]


def write_answer(
    status_code: int,
    body: Sequence[bytes],
    *,
    headers: Mapping[str, str] | None = None,
    request_id_header: str,
    close: bool = False,
) -> Answer:
    """
    Write a response.

    Args:
        status_code: 200 to 599.
        body: its pieces, with the request id between each two.
        headers: they are sent as they stand and replace those of the same name that would be sent otherwise.
        request_id_header: the name of the header that holds the request id.
        close: whether the connection ends behind it.
    """
    given = {name.lower() for name in headers or {}}
    length = sum(map(len, body)) + REQUEST_ID_LENGTH * (len(body) - 1)
    fields = {
        "Content-Type": "application/json",
        **({} if status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) else {"Content-Length": str(length)}),
        **({"Connection": "close"} if close else {}),
    }
    lines = [f"HTTP/1.1 {status_code} {_phrase(status_code)}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if name.lower() not in given]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    head = "\r\n".join(lines).encode("ascii") + b"\r\n"
    if request_id_header.lower() in given:
        return Answer(pieces=(head + b"\r\n" + body[0], *body[1:]), close=close)
    head += f"{request_id_header}: ".encode("ascii")
    return Answer(pieces=(head, b"\r\n\r\n" + body[0], *body[1:]), close=close)


def _phrase(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return "Unassigned"
