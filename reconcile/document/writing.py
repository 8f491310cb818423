"""
Writes comments, and values as YAML that reads back as the same values.

A string is plain only if every parser of YAML 1.1 or 1.2 reads it as a string. Any other is in double quotes, with
hidden characters as escapes, so that it stays on one line and no terminal or CI log interprets it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from reconcile.document.scalar import NumberError, resolve_plain
from reconcile.document.text import find_hidden
from reconcile.model.value import JsonValue

INDENT: Final = 2
_WIDEST: Final = 100
"""The widest line of a list or mapping, unless it must be on one line."""
_LONGEST_COMMENT: Final = 300

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9][A-Za-z0-9_./]*-[A-Za-z0-9_./-]*[A-Za-z][A-Za-z0-9_./-]*")
_OTHERWISE_BOOLEAN: Final = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Words that are strings in YAML 1.2, and booleans in 1.1."""
_QUOTED: Final = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}
# CI runners obey `##[` and `##vso[` anywhere in a line.
_RUNNER_COMMAND: Final = re.compile("#(?=#)")


def write_scalar(value: str | float | bool | None) -> str:
    """Write a scalar that reads back as itself, alone or within a list or mapping on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if _is_plain(value) else _quote(value)
        case _:
            return repr(value)


def write_flow(value: JsonValue) -> str:
    """Write a value on one line."""
    match value:
        case str() | None | bool() | int() | float():
            return write_scalar(value)
        case Mapping():
            return f"{{{', '.join(f'{write_scalar(key)}: {write_flow(part)}' for key, part in value.items())}}}"
        case _:
            return f"[{', '.join(map(write_flow, value))}]"


def write_block(mapping: Mapping[str, JsonValue], *, indent: int) -> Iterator[str]:
    """Yield the lines of a non-empty mapping, indented by at least `indent` spaces and without line ends."""
    for key, value in mapping.items():
        head = f"{' ' * indent}{write_scalar(key)}:"
        if _is_short(value, indent=len(head)):
            yield f"{head} {write_flow(value)}"
        else:
            yield head
            yield from _write_lines(value, indent=indent + INDENT)


def write_comment(text: str) -> str:
    """Write a text as a one-line comment, cut if it is long."""
    shown = "".join(_show(character) for character in text[:_LONGEST_COMMENT])
    return f"# {_disarm(shown)}{'...' if len(text) > _LONGEST_COMMENT else ''}"


def _write_lines(value: JsonValue, *, indent: int) -> Iterator[str]:
    match value:
        case str() | None | bool() | int() | float():
            yield f"{' ' * indent}{write_scalar(value)}"
        case Mapping():
            yield from write_block(value, indent=indent)
        case _:
            for element in value:
                yield from _write_element(element, indent=indent)


def _write_element(value: JsonValue, *, indent: int) -> Iterator[str]:
    flow = write_flow(value)
    if isinstance(value, Mapping) and indent + len(flow) >= _WIDEST:
        lines = write_block(value, indent=indent + INDENT)
        yield f"{' ' * indent}- {next(lines).lstrip(' ')}"
        yield from lines
    else:
        yield f"{' ' * indent}- {flow}"


def _is_short(value: JsonValue, *, indent: int) -> bool:
    """Return whether a value fits on one line: a scalar, a list of scalars, or a mapping of at most one scalar."""
    match value:
        case str() | None | bool() | int() | float():
            return True
        case Mapping():
            simple = not value or (len(value) == 1 and all(map(_is_scalar, value.values())))
        case _:
            simple = all(map(_is_scalar, value))
    return simple and (not value or indent + len(write_flow(value)) < _WIDEST)


def _is_scalar(value: JsonValue) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_plain(content: str) -> bool:
    if not _PLAIN.fullmatch(content) or content.casefold() in _OTHERWISE_BOOLEAN:
        return False
    try:
        return resolve_plain(content) == content
    except NumberError:
        return False


def _quote(content: str) -> str:
    shown = "".join(_QUOTED.get(character) or _show(character) for character in content)
    return f'"{_disarm(shown)}"'


def _disarm(shown: str) -> str:
    return _RUNNER_COMMAND.sub(r"\\x23", shown)


def _show(character: str) -> str:
    """Return a character, or its escape in YAML and Python if it cannot be seen."""
    if character == " " or (character.isprintable() and not character.isspace() and find_hidden(character) is None):
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
