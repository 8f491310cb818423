"""Responses as bytes, rendered once and sent many times: only the request id differs."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from hashlib import sha256
from http import HTTPStatus
from typing import TypeAlias

from msgspec import Struct

REQUEST_ID_LENGTH = 32


class Fault(Enum):
    """What the server does instead of responding."""

    HANG = auto()
    """Do nothing until the client closes the connection."""
    RESET = auto()
    """Reset the connection."""


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP response in pieces, with the request id between them; `close` closes the connection afterwards."""

    pieces: tuple[bytes, ...]
    close: bool = False

    def fill_in(self, request_id: str) -> bytes:
        """Return the response with a request id of `REQUEST_ID_LENGTH` characters."""
        return request_id.encode("ascii").join(self.pieces)


Reply: TypeAlias = Answer | Fault


def make_request_id(subject: str, number: int) -> str:
    """Return the id of the n-th request for a subject, the same in every run, to make reports reproducible."""
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
    Render a response.

    Args:
        status_code: 200 to 599.
        body: its pieces, with the request id between them.
        headers: sent unchanged; they replace default headers of the same name.
        request_id_header: the name of the header with the request id.
        close: whether to close the connection afterwards.
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
