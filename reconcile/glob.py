"""Globs: `*` matches any number of characters, `?` exactly one, all others themselves; the whole value must match."""

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> re.Pattern[str]:
    """
    Translate a glob to a regular expression that never backtracks into the text between two stars.

    The first place where that text is found is as good as any later one, so it is in an atomic group, and no pattern is
    slow.
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
