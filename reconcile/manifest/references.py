"""
Parses references in strings: `${var.NAME}`, `${each.key}` and `${each.value}`; `$${` is a plain `${`.

There are no functions, no paths into a value, and no access to the environment.
"""

import re
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from reconcile.document import shorten

OPENING: Final = "${"

_SIGN: Final = r"\$?\$\{"
_VARIABLE: Final = r"var\.([A-Za-z_][A-Za-z0-9_-]{0,63})"
EACH_KEY: Final = "each.key"
_OF_AN_ENTRY: Final = frozenset({EACH_KEY, "each.value"})


class Reference(Struct, frozen=True):
    """
    A reference: `path` is the text between `${` and `}`, without surrounding spaces.

    Args:
        path: `var.NAME`, `each.key` or `each.value`.
        variable: the NAME; None for an entry of `for_each`.
        number: the number of `${` before this one in the string.
        length: the length of the reference including `${` and `}`.
    """

    path: str
    variable: str | None
    number: int
    length: int


class Malformed(Struct, frozen=True):
    """A text that begins like a reference but is not one; `path` is its content, None if it never ends."""

    path: str | None
    number: int
    length: int


Part: TypeAlias = str | Reference | Malformed


@lru_cache(maxsize=4096)
def parse_references(content: str) -> tuple[Part, ...]:
    """Split a string into references and the non-empty plain texts between them."""
    parts: list[Part] = []
    plain, at, number = "", 0, 0
    sign = re.compile(_SIGN)
    while found := sign.search(content, at):
        plain += content[at : found.start()]
        at = found.end()
        if found[0] == "$${":
            plain += OPENING
        else:
            if plain:
                parts.append(plain)
            part = _parse_reference(content, found.start(), number)
            parts.append(part)
            plain, at = "", found.start() + part.length
        number += 1
    plain += content[at:]
    return (*parts, plain) if plain else tuple(parts)


def _parse_reference(content: str, start: int, number: int) -> Reference | Malformed:
    end = content.find("}", start)
    if end < 0:
        return Malformed(None, number, len(content) - start)
    path, length = content[start + len(OPENING) : end].strip(" "), end + 1 - start
    variable = re.fullmatch(_VARIABLE, path)
    if variable:
        return Reference(path, variable[1], number, length)
    return Reference(path, None, number, length) if path in _OF_AN_ENTRY else Malformed(shorten(path), number, length)


def find_in_source(written: str, content: str, part: Reference | Malformed) -> tuple[int, int] | None:
    """
    Return the offset and the length of a part in the scalar as it was written.

    None means that escapes in the scalar hide the part.
    """
    openings = _find_openings(written)
    if len(openings) != content.count(OPENING):
        return None
    at = openings[part.number]
    return at, min(part.length, len(written) - at)


@lru_cache(maxsize=64)
def _find_openings(written: str) -> tuple[int, ...]:
    """Return where references begin; cached, because one scalar may have ten thousand of them."""
    return tuple([found.start() for found in re.finditer(re.escape(OPENING), written)])
