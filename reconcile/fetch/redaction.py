"""Removes secrets from text that a server wrote, in all common encodings in which it may repeat them."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from reconcile.fetch.secret import Secret

Hidden: TypeAlias = "Secret | re.Pattern[str]"
"""What no output may show: a value, or a pattern for values that differ in every request."""

_REDACTED = "[redacted]"
# Shorter secrets occur in ordinary words, and replacing those would garble the text.
_MIN_PLAIN = 4
_MIN_ENCODED = 8


class Redactor:
    """Callable that returns a text without secrets."""

    __slots__ = ("_encoded", "_hidden", "_known", "_patterns", "_plain")

    def __init__(self, hidden: Sequence[Hidden]) -> None:
        """
        Make a redactor.

        Args:
            hidden: may grow later, for example by a token; new entries are hidden from then on.
        """
        self._hidden = hidden
        self._learn()

    def __call__(self, text: str) -> str:
        if len(self._hidden) != self._known:
            self._learn()
        for secret in self._plain:
            if secret.anchor in text:
                text = secret.pattern.sub(_REDACTED, text)
        for form in self._encoded:
            if form in text:
                text = text.replace(form, _REDACTED)
        for pattern in self._patterns:
            text = pattern.sub(_REDACTED, text)
        return text

    def _learn(self) -> None:
        self._known = len(self._hidden)
        values = {each.reveal() for each in self._hidden if isinstance(each, Secret)}
        # Longest first: replacing a secret inside a longer one would leave the rest of that one behind.
        self._plain = tuple(_Spelling(value) for value in _sort_by_length(values) if len(value) >= _MIN_PLAIN)
        written = {text for value in values for text in _json_forms(value)}
        encoded = {form for text in written for form in _base64_forms(text) if len(form) >= _MIN_ENCODED}
        self._encoded = _sort_by_length(encoded)
        self._patterns = tuple(each for each in self._hidden if isinstance(each, re.Pattern))


class _Spelling:
    """
    A value as it may be written in a URL or in JSON, with each character escaped or not.

    Its longest run of letters and digits, the `anchor`, is never escaped. Text without the anchor cannot contain the
    value, so the pattern is not compiled for it.
    """

    __slots__ = ("_pattern", "_value", "anchor")

    def __init__(self, value: str) -> None:
        self.anchor = max(re.findall(r"[A-Za-z0-9]*", value), key=len)
        self._value = value
        self._pattern: re.Pattern[str] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        if self._pattern is None:
            self._pattern = re.compile("".join(map(_spell_character, self._value)))
        return self._pattern


def _spell_character(character: str) -> str:
    """Return a regular expression for a character: literal, percent-encoded, or escaped as in JSON."""
    if character.isascii() and character.isalnum():
        return character
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be").hex()
    escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    spellings = [f"(?i:{re.escape(percent)}|{re.escape(escaped)})"]
    spellings += [re.escape(f"\\{character}")] if character in '"\\/' else []
    spellings += [r"\+"] if character == " " else []
    return f"(?:{'|'.join([*spellings, re.escape(character)])})"


def _sort_by_length(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def _json_forms(value: str) -> Iterator[str]:
    """Yield the value itself, and its forms in a JSON text, which a server may have encoded as a whole."""
    yield value
    for ensure_ascii in (True, False):
        yield json.dumps(value, ensure_ascii=ensure_ascii)[1:-1]


def _base64_forms(value: str) -> Iterator[str]:
    """Encode at each of the three offsets in a longer text, without the characters that depend on their neighbours."""
    for offset in range(3):
        raw = b"\0" * offset + value.encode()
        first = (offset * 8 + 5) // 6
        standard = base64.b64encode(raw).decode()[first : len(raw) * 8 // 6]
        yield standard
        yield standard.translate(str.maketrans("+/", "-_"))
