"""
The one way for text from an API or a file to a terminal or a CI log.

Control, bidirectional, zero-width and unassigned characters are shown as the escapes that Python would write, so
that what a reader sees is what was compared, and no terminal obeys it (CVE-2021-25743, CVE-2021-42574).
"""

import re

LONGEST = 512
"""Characters of one foreign value that are shown."""

# What CI runners obey wherever it stands in a line: `##[`, `##vso[`, `##teamcity[`, in any case.
_RUNNER_COMMAND = r"#(?=#)"
# Characters that show nothing although they count as printable: joiners, fillers and variation selectors
# (Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, without those that isprintable knows).
_INVISIBLE = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
# GitHub's second form, which is obeyed at the start of a line, where a file name may stand.
_LEADING_COMMAND = r"\A(\s*):(?=:)"


def escape(text: str) -> str:
    """Make text harmless; line breaks are escaped as well, so one line stays one line."""
    shown = text[:LONGEST]
    if not (shown.isascii() and shown.isprintable() and "##" not in shown and "::" not in shown):
        shown = "".join(character if character.isprintable() else _escape_character(character) for character in shown)
        shown = re.sub(_INVISIBLE, lambda found: _escape_character(found[0]), shown)
        shown = re.sub(_LEADING_COMMAND, r"\1\\x3a", re.sub(_RUNNER_COMMAND, r"\\x23", shown))
    rest = len(text) - LONGEST
    return f"{shown}... ({rest} more characters)" if rest > 0 else shown


def quote(text: str) -> str:
    """Put text in double quotes, harmless and unambiguous."""
    return f'"{escape(text.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34)))}"'


def _escape_character(character: str) -> str:
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    code = ord(character)
    if character in short:
        return short[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
