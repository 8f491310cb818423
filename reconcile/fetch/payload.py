"""Reads a body as a JSON object, if there is exactly one way to read it."""

import math
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from reconcile.codes import Code

if TYPE_CHECKING:
    from json import JSONDecoder

MAX_DEPTH = 32
MOST_VALUES = 20_000
"""The most objects, lists and commas of a body; a job with a thousand sub-jobs has 8,000."""
_MAX_DIGITS = 20

_BOM = b"\xef\xbb\xbf"
# Possessive, so that a body of a million quotes is read once.
_TOKENS = r'(?s)"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[\]{},]'
_JSON_TYPES = r"application/json|text/json|text/plain|[a-z0-9.+-]+/[a-z0-9.-]+\+json"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


class InvalidAnswerError(Exception):
    """An answer proves nothing; `reason` completes the sentence "HTTP 200 from the job API: ..."."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class BrokenJsonError(InvalidAnswerError):
    """The body is not JSON although it was announced as JSON: it may have been truncated or garbled on the way."""


def parse_object(content_type: str | None, body: bytes) -> dict[str, object]:
    """
    Read the body as one JSON object in UTF-8, with or without a byte order mark.

    Raises InvalidAnswerError for a content type other than JSON (none and text/plain are accepted), for anything that
    two parsers could read differently (duplicate keys, numbers out of range, nesting deeper than MAX_DEPTH), and for
    more than MOST_VALUES, because each value takes many times the memory of its text. Raises BrokenJsonError if the
    body is not JSON at all.
    """
    plain = parse_plain(body)
    if plain is not None and _refuse_content_type(content_type) is None:
        return plain
    _check_content_type(content_type, body)
    try:
        text = body.removeprefix(_BOM).decode("utf-8")
        _check_bulk(text)
        document: object = _decode(text)
    except ValueError as error:
        raise BrokenJsonError(Code.NOT_JSON, f"the body is not JSON in UTF-8 ({_name_type(content_type)})") from error
    if not isinstance(document, dict):
        raise InvalidAnswerError(Code.NOT_JSON, "the body is not a JSON object")
    return document


def parse_plain(body: bytes) -> dict[str, object] | None:
    """
    Read a JSON object that our encoder would write in the same way; None if it is any other.

    The document is encoded again, without whitespace. If the bytes equal those of the body, apart from whitespace,
    decoding lost and changed nothing: there is no duplicate key and no rounded number. Deep nesting and large numbers,
    which may have to be refused, do not decode here.
    """
    if len(body) > MOST_VALUES:
        return None
    try:
        document = _PLAIN_DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return None
    written = _PLAIN_ENCODER.encode(document)
    return document if body == written or msgspec.json.format(body, indent=-1) == written else None


def _check_content_type(content_type: str | None, body: bytes) -> None:
    reason = "the body is not JSON" if body.lstrip()[:1] == b"<" else _refuse_content_type(content_type)
    if reason is not None:
        raise InvalidAnswerError(Code.NOT_JSON, f"{reason} ({_name_type(content_type)})")


@lru_cache(maxsize=16)  # a server sends the same one with every answer
def _refuse_content_type(content_type: str | None) -> str | None:
    media_type, _, parameters = (content_type or "application/json").lower().partition(";")
    if not re.fullmatch(_JSON_TYPES, media_type.strip()):
        return "the body is not JSON"
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters)
    return "the body is not in UTF-8" if charset is not None and charset[1] not in _CHARSETS else None


def _name_type(content_type: str | None) -> str:
    return content_type[:200] if content_type else "no content type"


def _check_bulk(text: str) -> None:
    # With no more brackets than the limit, a body cannot be nested deeper; this is enough for nearly every body.
    if text.count("[") + text.count("{") <= MAX_DEPTH and text.count(",") < MOST_VALUES - MAX_DEPTH:
        return
    depth = values = 0
    for match in re.finditer(_TOKENS, text):
        match match[0]:
            case "[" | "{":
                depth += 1
                values += 1
            case "]" | "}":
                depth -= 1
            case ",":
                values += 1
            case _:
                continue
        if depth > MAX_DEPTH:
            raise InvalidAnswerError(Code.AMBIGUOUS_JSON, f"the body is nested deeper than {MAX_DEPTH} levels")
        if values > MOST_VALUES:
            raise InvalidAnswerError(Code.ANSWER_TOO_LARGE, f"the body holds more than {MOST_VALUES:,} values")


def _decode(text: str) -> object:
    """Decode as `JSONDecoder.decode` does, but without its regular expressions for whitespace."""
    text = text.strip(" \t\n\r")
    document, end = _make_decoder().raw_decode(text)
    if end != len(text):
        raise ValueError("there is more than one value")
    return document


@cache
def _make_decoder() -> "JSONDecoder":
    from json import JSONDecoder

    return JSONDecoder(
        object_pairs_hook=_read_pairs,
        parse_float=_read_float,
        parse_int=_read_int,
        parse_constant=_refuse_constant,
    )


def _read_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise InvalidAnswerError(Code.AMBIGUOUS_JSON, "the body has a duplicate key")
    return keys


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _number_out_of_range()
    return number


def _read_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _number_out_of_range()
    return int(text)


def _refuse_constant(text: str) -> object:
    raise InvalidAnswerError(Code.NOT_JSON, f"the body holds {text}, which is not JSON")


def _number_out_of_range() -> InvalidAnswerError:
    return InvalidAnswerError(Code.AMBIGUOUS_JSON, "the body holds a number out of range")


_Scalar: TypeAlias = str | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | bool | None


def _make_plain(parts: int) -> Any:  # noqa: ANN401 - a type that is made here has no name
    """Make the type of an object that may list others, directly or in an inner object, `parts` levels deep."""
    leaf: Any = dict[str, _Scalar]
    if not parts:
        return dict[str, _Scalar | leaf]
    inner = list[_Scalar | _make_plain(parts - 1)]  # type: ignore[misc,valid-type]
    return dict[str, _Scalar | inner | dict[str, _Scalar | leaf | inner]]  # type: ignore[valid-type]


_PART_LEVELS = 3
"""The deepest nesting of parts in a known API; deeper bodies take the slower path."""
_PLAIN_DECODER: msgspec.json.Decoder[dict[str, object]] = msgspec.json.Decoder(_make_plain(_PART_LEVELS))
_PLAIN_ENCODER = msgspec.json.Encoder()
