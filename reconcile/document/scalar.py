"""
The meaning of a plain scalar: the core schema of YAML 1.2.2, section 10.3.2.

It includes the numbers and words of JSON.
"""

import math
import re
from typing import Final, TypeAlias

Scalar: TypeAlias = "str | int | float | bool | None"

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_NUMBER: Final = re.compile(
    r"""(?P<integer> [-+]?[0-9]+ )
      | (?P<octal> 0o[0-7]+ )
      | (?P<hexadecimal> 0x[0-9a-fA-F]+ )
      | (?P<non_finite> [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) )
      | (?P<float> [-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)? )""",
    re.VERBOSE,
)
_BASES: Final = {"integer": 10, "octal": 8, "hexadecimal": 16}

_MAX_DIGITS: Final = 64
"""
A longer number is refused, because the time to read or print a number grows with the square of its digits.
"""


class NumberError(ValueError):
    """A number is not finite, or too long, as the message says."""


def resolve_plain(content: str) -> Scalar:
    """Return the value of a plain scalar; raise NumberError for a number that is not allowed."""
    if content in _WORDS:
        return _WORDS[content]
    if content[0] not in _NUMBER_STARTS:
        return content
    found = _NUMBER.fullmatch(content)
    if found is None:
        return content
    if len(content) > _MAX_DIGITS:
        raise NumberError(f"a number of {len(content)} characters is too long")
    kind = found.lastgroup or ""
    if kind in _BASES:
        return int(content.removeprefix("0o").removeprefix("0x"), _BASES[kind])
    number = math.inf if kind == "non_finite" else float(content)
    if math.isinf(number):
        raise NumberError(f"{content} is not a finite number")
    return number
