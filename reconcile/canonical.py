"""Writes all JSON of this program, so that equal values give equal bytes: ASCII, with sorted keys."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from reconcile.lazy import LazyList

_SHORT = 16
"""The most elements of a list that are written at once."""
_LISTS = (list, tuple, LazyList, Iterator)
_NOT_PRINTABLE_ASCII = re.compile(r"[\x7f-\U0010ffff]")


def _make_list(value: object) -> list[object]:
    """Return the list that msgspec writes for a value of a type that it does not know."""
    if isinstance(value, LazyList):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is not JSON")


_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=_make_list)


def dump(value: object, *, compact: bool = False) -> str:
    """
    Write a value, which may hold msgspec Structs and lazy lists, as a document that ends in a line break.

    A CI runner executes `##[` and `##vso[` anywhere in a line. In JSON, these can only be inside a string, where the
    second `#` is written as an escape.

    Args:
        compact: on one line, for documents that only programs read.
    """
    try:
        text = msgspec.json.format(_ENCODER.encode(value), indent=0 if compact else 2).decode()
    except UnicodeEncodeError:  # a lone surrogate, which stands for a byte of a file name that is not UTF-8
        text = json.dumps(
            msgspec.to_builtins(value, enc_hook=_make_list), sort_keys=True, indent=None if compact else 2
        )
    if not text.isascii() or "\x7f" in text:
        text = _NOT_PRINTABLE_ASCII.sub(_escape_character, text)
    return text.replace("##", r"#\u0023") + "\n"


def stream(value: object, *, compact: bool = False) -> Iterator[str]:
    """
    Yield the text of `dump` part by part, so that a long list is never in memory as text.

    An iterator is written as a list.
    """
    yield from _stream(value, None if compact else "\n")
    yield "\n"


def _stream(value: object, line: str | None) -> Iterator[str]:
    """Yield the text of a value; `line` is a line break with the indentation, None for a document on one line."""
    inner = None if line is None else f"{line}  "
    members: Mapping[str, object] | None
    if not _is_long(value):
        yield dump(value, compact=line is None)[:-1].replace("\n", line or "")
    elif isinstance(value, _LISTS):
        yield from _stream_list(value, line)
    elif members := _find_members(value):
        for index, key in enumerate(sorted(members)):
            yield f"{_separate(index, '{', inner)}{dump(key).rstrip()}: "
            yield from _stream(members[key], inner)
        yield f"{line or ''}}}"


def _stream_list(value: Iterable[object], line: str | None) -> Iterator[str]:
    """Yield a list, a few elements at a time; a short list, of which one element is long, one by one."""
    inner = None if line is None else f"{line}  "
    index = 0
    if isinstance(value, list | tuple) and len(value) <= _SHORT:
        for index, element in enumerate(value):
            yield _separate(index, "[", inner)
            yield from _stream(element, inner)
        yield f"{line or ''}]"
        return
    elements = iter(value)
    while batch := list(islice(elements, _SHORT)):
        text = dump(batch, compact=line is None)
        yield _separate(index, "[", inner)
        yield text[1:-2] if line is None else text[len("[\n  ") : -len("\n]\n")].replace("\n", line)
        index += 1
    yield f"{line or ''}]" if index else "[]"


def _separate(index: int, bracket: str, inner: str | None) -> str:
    """Return the text before the element at this index."""
    return (bracket if index == 0 else "," if inner else ", ") + (inner or "")


def _is_long(value: object) -> bool:
    """Return whether a value is a long list or contains one."""
    if isinstance(value, Iterator):
        return True
    if isinstance(value, list | tuple | LazyList):
        return len(value) > _SHORT or (not isinstance(value, LazyList) and any(map(_is_long, value)))
    if isinstance(value, dict | msgspec.Struct):
        return any(map(_is_long, (_find_members(value) or {}).values()))
    return False


def _find_members(value: object) -> Mapping[str, object] | None:
    """Return the members of a value as a JSON object; None if it is not an object, or has a tag."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, msgspec.Struct) or value.__struct_config__.tag is not None:
        return None
    omits = value.__struct_config__.omit_defaults
    fields = {each.encode_name: (each, getattr(value, each.name)) for each in msgspec.structs.fields(value)}
    return {name: own for name, (field, own) in fields.items() if not (omits and _is_default(field, own))}


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    """Return whether msgspec omits a value as the default: the identical object, or an empty collection."""
    return value is field.default or (type(value) is field.default_factory and not value)


def _escape_character(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
