"""The one way in which this program writes JSON, so that equal values are equal bytes: ASCII, keys sorted."""

import json
import re

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")
_NOT_PRINTABLE_ASCII = re.compile(r"[\x7f-\U0010ffff]")


def dump(value: object, *, compact: bool = False) -> str:
    """
    Write a value, which may hold msgspec Structs, as a document that ends in a line break.

    A CI runner obeys `##[` and `##vso[` anywhere in a line. These can only stand inside a string, where the second `#`
    may as well be written as an escape.

    Args:
        compact: on one line, for documents that only programs read.
    """
    try:
        text = msgspec.json.format(_ENCODER.encode(value), indent=0 if compact else 2).decode()
    except UnicodeEncodeError:  # a lone surrogate, which stands for a byte of a file name that is not UTF-8
        text = json.dumps(msgspec.to_builtins(value), sort_keys=True, indent=None if compact else 2)
    if not text.isascii() or "\x7f" in text:
        text = _NOT_PRINTABLE_ASCII.sub(_escape_character, text)
    return text.replace("##", r"#\u0023") + "\n"


def _escape_character(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
