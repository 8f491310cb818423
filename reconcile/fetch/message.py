"""A request to send, and the answer to it."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from reconcile.fetch.endpoint import Origin
from reconcile.fetch.failure import AnswerTooLargeError, EncodedAnswerError, MalformedRequestError, NotHttpError

MAX_HEAD_SIZE: Final = 64 * 1024
MAX_HEADERS: Final = 100
MAX_BODY_SIZE: Final = 1024 * 1024

_STATUS_LINE = re.compile(r"HTTP/(?P<version>1\.1|2) (?P<code>[1-9][0-9]{2})(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")  # libcurl leaves out a header without a value
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord("\t")})
_BODILESS = (204, 304)


class Request(Struct, frozen=True, kw_only=True):
    """
    One request: a GET, or a PUT or a POST if it has a body, which may be empty.

    `target` is the path with its query; `headers` are lines without a line break, made by `write_headers`. The client
    adds Host and the length of the body. `alone` requests a connection that carries no other request, so that no stray
    answer to another request can be taken for the answer.
    """

    origin: Origin
    target: str
    headers: list[str]
    method: str = "GET"
    body: bytes | None = None
    alone: bool = False


class Answer(Struct, frozen=True):
    """A complete answer; header names are lower case, and headers of one name are joined by ", " (RFC 9110, 5.3)."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


def write_headers(headers: Mapping[str, str]) -> list[str]:
    """Write headers as lines; raise MalformedRequestError if a line would not be exactly one header."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise MalformedRequestError(f"the header {name!r} of the request contains an invalid character")
    return [f"{name}: {value}" for name, value in headers.items()]


def is_whole_head(lines: Sequence[bytes]) -> bool:
    """Return whether the head is complete, up to its empty line; `lines` are those of `read_head`."""
    return b"\r\n" in lines or b"\n" in lines


def read_head(lines: Sequence[bytes]) -> tuple[int, dict[str, str]]:
    """
    Read the head of an answer and check that its body can be read in one way only.

    Args:
        lines: each with its line break, from the status line to the empty line or beyond.

    Returns:
        The status code, and the headers in the form of `Answer`.

    Raises NotHttpError, AnswerTooLargeError or EncodedAnswerError.
    """
    head = b"".join(lines).partition(b"\r\n\r\n")[0]
    status_line, *fields = head.decode("utf-8", "replace").split("\r\n")
    if len(head) > MAX_HEAD_SIZE or len(fields) > MAX_HEADERS:
        raise too_large()
    version, code = _read_status(status_line)
    plain = head.replace(b"\r\n", b"")
    if plain.translate(None, _CONTROLS) != plain:
        raise NotHttpError("the head of the answer holds a control character")
    headers: dict[str, str] = {}
    for field in fields:
        written, _, value = field.partition(":")
        name, value = _read_name(written), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    _check_body(version, code, headers)
    return code, headers


@lru_cache(maxsize=64)  # the answers of a server have few statuses
def _read_status(line: str) -> tuple[str, int]:
    status = _STATUS_LINE.fullmatch(line)
    if status is None:
        raise NotHttpError("the answer is neither HTTP/1.1 nor HTTP/2")
    return status["version"], int(status["code"])


@lru_cache(maxsize=256)  # the answers of a server have the same names
def _read_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise NotHttpError("a header of the answer cannot be read")
    return name.lower()


def _check_body(version: str, status_code: int, headers: Mapping[str, str]) -> None:
    """
    Check that the end of the body is unambiguous.

    HTTP/1.1 needs exactly one Content-Length, or exactly `chunked`. If a body ends with the connection, nobody can tell
    whether it was truncated, and programs disagree about a body with both lengths. HTTP/2 has frames.
    """
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if status_code < 200:
        raise NotHttpError(f"the server sent an interim answer (HTTP {status_code}) that was not requested")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise EncodedAnswerError("the answer is compressed, which was not requested")
    if length is not None and length.isascii() and length.isdigit() and len(length) < 20:
        if int(length) > MAX_BODY_SIZE:
            raise too_large()
    elif length is not None:
        raise NotHttpError("the length of the answer is not a number")
    if version == "2" or status_code in _BODILESS:
        return
    if (length is None) == (coding is None) or (coding is not None and coding.lower() != "chunked"):
        raise NotHttpError("the answer does not say, or says in two ways, where its body ends")


def too_large() -> AnswerTooLargeError:
    """Make the error for an answer that exceeds the limits."""
    return AnswerTooLargeError(
        f"the answer is too large: over {MAX_HEADERS} headers, {MAX_HEAD_SIZE} bytes of them, "
        f"or {MAX_BODY_SIZE} bytes of body"
    )
