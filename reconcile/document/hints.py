"""Hints in messages about a file: the name that was probably meant, and the known names."""

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Final

from reconcile.document.text import shorten

_NAMED: Final = 10
"""The most names that a message lists."""
_COMPARED: Final = 1_000
"""The most names that a misspelt word is compared with, so that nobody waits for it."""

_CLOSE: Final = 0.85
"""The similarity from which two names count as the same; 1.0 is equal."""


def suggest(word: str, known: Collection[str]) -> str | None:
    """Return a hint with the most similar known word, None if none is similar."""
    from difflib import get_close_matches

    folded = {known_word.casefold(): known_word for known_word in islice(known, _COMPARED)}
    close = get_close_matches(shorten(word).strip().casefold(), folded, n=1)
    return f"did you mean '{folded[close[0]]}'?" if close else None


def is_close(one: str, other: str) -> bool:
    """
    Return whether one name is probably a misspelling of the other: similar letters, or the same in another order.

    Case and separators do not count, but digits must be equal, because people number things.
    """
    from difflib import SequenceMatcher

    one, other = (re.sub("[-_. ]", "", shorten(name).casefold()) for name in (one, other))
    # The lengths rule out most pairs.
    if 2 * min(len(one), len(other)) < _CLOSE * (len(one) + len(other)):
        return False
    if re.findall("[0-9]", one) != re.findall("[0-9]", other):
        return False
    return sorted(one) == sorted(other) or SequenceMatcher(None, one, other).ratio() >= _CLOSE


def list_names(names: Iterable[str]) -> str:
    """Return names for a message: the first few, and the number of the others."""
    known = list(names)
    rest = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(map(shorten, known[:_NAMED])) + rest
