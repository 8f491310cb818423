"""
Makes text from an API or a file safe to show on a terminal or in a CI log.

Control, bidirectional, zero-width and unassigned characters are shown as Python's escapes. Readers see exactly what was
compared, and no terminal executes it (CVE-2021-25743, CVE-2021-42574).
"""

import re

LONGEST = 512
"""The most characters shown of one foreign value."""

# CI runners execute `##[`, `##vso[` and `##teamcity[`, in upper or lower case, anywhere in a line.
_RUNNER_COMMAND = re.compile("#(?=#)")
# Characters that are invisible although they count as printable: joiners, fillers and variation selectors
# (Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, without those that isprintable rejects).
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# GitHub executes its other form at the start of a line, where a file name may stand.
_LEADING_COMMAND = re.compile(r"\A(\s*):(?=:)")

_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def escape(text: str) -> str:
    """Make text safe to show on one line: line breaks are escaped as well."""
    shown = text[:LONGEST]
    if not (shown.isascii() and shown.isprintable() and "##" not in shown and "::" not in shown):
        if not shown.isprintable():
            shown = "".join(each if each.isprintable() else _escape_character(each) for each in shown)
        shown = _INVISIBLE.sub(lambda found: _escape_character(found[0]), shown)
        shown = _LEADING_COMMAND.sub(r"\1\\x3a", _RUNNER_COMMAND.sub(r"\\x23", shown))
    return shown if len(text) <= LONGEST else note_cut(shown, len(text) - LONGEST)


def quote(text: str) -> str:
    """Put text in double quotes, safely and unambiguously."""
    escaped = escape(text.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{escaped}"'


def note_cut(text: str, hidden: int) -> str:
    """Add how many characters of a text are hidden."""
    return f"{text}... ({hidden} more character{'' if hidden == 1 else 's'})"


def _escape_character(character: str) -> str:
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
