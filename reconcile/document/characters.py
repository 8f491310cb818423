"""The characters that a reviewer of a file does not see as the program reads them."""

import re
from typing import Final

_HIDDEN: Final = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f"
    "\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""
Controls, invisible and direction-changing characters: Unicode's categories Cc (less tab and line ends), Cf, Cs, Zl
and Zp, its property Default_Ignorable_Code_Point (fillers and variation selectors, which are letters and marks by
category), and the blank of Braille. Spelled out, for asking `unicodedata` about every character would be slow. Trojan
Source, CVE-2021-42574.
"""

_LONE_RETURN: Final = "\r(?!\n)"
_SEEN: Final = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
"""The characters of ASCII that are not hidden."""


def escape_hidden(text: str) -> str:
    """Write the hidden characters of a JSON text as escapes, so that who reviews it sees them; not its line ends."""
    import json

    return re.sub(_HIDDEN, lambda found: json.dumps(found[0])[1:-1], text)


def find_hidden(content: str) -> int | None:
    """Return where the first hidden character stands; a carriage return is one unless a line feed follows."""
    if content.isascii() and (content.isprintable() or not content.encode().translate(None, _SEEN)):
        found = None
    else:
        found = re.search(_HIDDEN, content)
    if found is None and "\r" in content:
        found = re.search(_LONE_RETURN, content)
    return found.start() if found else None


def name_character(character: str) -> str:
    """Describe a character to someone who cannot see it, by its escape and its Unicode name."""
    import unicodedata

    escape = character.encode("unicode_escape").decode("ascii")
    name = unicodedata.name(character, "")
    return f"'{escape}' ({name})" if name else f"'{escape}'"
