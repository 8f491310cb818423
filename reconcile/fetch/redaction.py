"""Take secrets out of text that a server wrote, in whatever common form it repeats them."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from reconcile.fetch.credential import Secret

_REDACTED = "[redacted]"
# Below these lengths a form is found in ordinary words, and replacing it would only spoil the text.
_MIN_PLAIN = 4
_MIN_ENCODED = 8


class Redactor:
    """A function from text to the same text without the secrets."""

    __slots__ = ("_forms",)

    def __init__(self, secrets: Iterable[Secret]) -> None:
        forms = {form for secret in secrets for form in _spell_forms(secret.reveal())}
        # Longest first, so that no form leaves the rest of a longer one behind.
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, _REDACTED)
        return text


def _spell_forms(value: str) -> Iterator[str]:
    if len(value) >= _MIN_PLAIN:
        yield value
    yield from (form for form in (*_url_forms(value), *_json_forms(value), *_base64_forms(value)) if _is_telling(form))


def _is_telling(form: str) -> bool:
    return len(form) >= _MIN_ENCODED


def _url_forms(value: str) -> Iterator[str]:
    encoded = quote(value, safe="")
    yield encoded
    yield re.sub("%..", lambda match: match[0].lower(), encoded)


def _json_forms(value: str) -> Iterator[str]:
    escaped = json.dumps(value)[1:-1]
    yield escaped
    yield escaped.replace("/", "\\/")


def _base64_forms(value: str) -> Iterator[str]:
    """Encode at each of the three offsets that a value can have in a longer one, without the shared characters."""
    for offset in range(3):
        raw = b"\0" * offset + value.encode()
        first = (offset * 8 + 5) // 6
        standard = base64.b64encode(raw).decode()[first : len(raw) * 8 // 6]
        yield standard
        yield standard.translate(str.maketrans("+/", "-_"))
