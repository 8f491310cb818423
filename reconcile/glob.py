"""Globs: `*` matches any number of characters, `?` one, all others themselves; the whole value has to match."""

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """
    Translate a glob to a regular expression that never backtracks into what is between two stars.

    Where that is found first is as good as anywhere later, so an atomic group holds it, and no pattern is slow.
    """
    head, *rest = [
        "".join("." if character == "?" else re.escape(character) for character in part) for part in pattern.split("*")
    ]
    if not rest:
        return re.compile(head, re.DOTALL)
    *middle, tail = rest
    between = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{head}{between}.*{tail}", re.DOTALL)


def matches_glob(pattern: str, value: str) -> bool:
    """Return whether the whole value matches the pattern, in time proportional to the product of their lengths."""
    return _compile(pattern).fullmatch(value) is not None
