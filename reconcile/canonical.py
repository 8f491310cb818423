"""The one way in which this program writes JSON, so that equal values are equal bytes: ASCII, keys sorted."""

import json
import re
from collections.abc import Iterator, Mapping

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")
_SHORT = 64
"""Elements of a list that is written in one go."""
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


def stream(value: object, *, compact: bool = False) -> Iterator[str]:
    """Yield what `dump` returns part by part, so that a long list in a document is never in memory as text."""
    yield from _stream(value, None if compact else "\n")
    yield "\n"


def _stream(value: object, line: str | None) -> Iterator[str]:
    """Yield a value. `line` is a line break and the indentation of its line, None for a document on one line."""
    inner = "" if line is None else f"{line}  "
    between, end = (", ", "") if line is None else (f",{inner}", line)
    if isinstance(value, list | tuple) and len(value) > _SHORT:
        for start in range(0, len(value), _SHORT):
            text = dump(value[start : start + _SHORT], compact=line is None)
            part = text[1:-2] if line is None else text[1:-3].replace("\n", line)
            yield f"{(',' if line else ', ') if start else '['}{part}"
        yield f"{end}]"
    elif (members := _find_members(value)) and any(map(_is_long, members.values())):
        for index, key in enumerate(sorted(members)):
            yield f"{between if index else f'{{{inner}'}{dump(key).rstrip()}: "
            yield from _stream(members[key], inner or None)
        yield f"{end}}}"
    else:
        yield dump(value, compact=line is None)[:-1].replace("\n", line or "")


def _is_long(value: object) -> bool:
    """Return whether a value holds a long list, not too deep in it."""
    if isinstance(value, list | tuple):
        return len(value) > _SHORT
    return isinstance(value, msgspec.Struct) and any(map(_is_long, (_find_members(value) or {}).values()))


def _find_members(value: object) -> Mapping[str, object] | None:
    """Return the members that a value has as a JSON object, None if it is none or has a tag."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, msgspec.Struct) or value.__struct_config__.tag is not None:
        return None
    omits = value.__struct_config__.omit_defaults
    fields = {each.encode_name: (each, getattr(value, each.name)) for each in msgspec.structs.fields(value)}
    return {name: own for name, (field, own) in fields.items() if not (omits and _is_default(field, own))}


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    """Return whether msgspec leaves a value out as the default: the very same object, or an empty collection."""
    return value is field.default or (type(value) is field.default_factory and not value)


def _escape_character(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
