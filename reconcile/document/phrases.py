"""What messages about a file have in common, whatever is wrong with it."""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Final

from reconcile.document.text import shorten
from reconcile.document.tree import Origin

_NAMED: Final = 10
"""So many names stand in a message at most."""
_COMPARED: Final = 1_000
"""So many words are compared with a misspelt one at most: more would take longer than a reader waits."""


def suggest(word: str, known: Collection[str]) -> str | None:
    """Return a hint that names the known word most like this one, if any is like it."""
    from difflib import get_close_matches

    folded = {known_word.casefold(): known_word for known_word in islice(known, _COMPARED)}
    close = get_close_matches(shorten(word).strip().casefold(), folded, n=1)
    return f"did you mean '{folded[close[0]]}'?" if close else None


def list_names(names: Iterable[str]) -> str:
    """Return names for a message: the first few, and how many there are beside them."""
    known = list(names)
    rest = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(map(shorten, known[:_NAMED])) + rest


def word_origin(message: str, origin: Origin) -> str:
    """Say of a value that it is not the one that is written there, and nothing of what it is if it is sensitive."""
    if origin.sensitive:
        return f"the value of {origin.name} is not allowed here; it is sensitive, and so not shown"
    return f"{message} (the value of {origin.name})"
