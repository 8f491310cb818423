"""Globs: `*` matches any number of characters, `?` one, all others themselves; the whole value has to match."""

from functools import lru_cache


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> tuple[int, int, dict[str, int]]:
    """
    Compile a pattern to an automaton whose states are bits, one before each character to be read.

    Returns:
        The states that any character keeps (before a `*`), those that any character advances, and those that a given
        character advances.
    """
    stay = anything = 0
    move: dict[str, int] = {}
    state = 1
    for character in pattern:
        if character == "*":
            stay |= state
            continue
        if character == "?":
            anything |= state
        else:
            move[character] = move.get(character, 0) | state
        state <<= 1
    return stay, anything, move


def matches_glob(pattern: str, value: str) -> bool:
    """
    Return whether the whole value matches the pattern.

    All positions in the pattern advance together, one step for each character of the value. Nothing is ever retried,
    so no pattern makes it slow (Baeza-Yates and Gonnet 1992).
    """
    stay, anything, move = _compile(pattern)
    states = 1
    for character in value:
        states = (states & stay) | ((states & (anything | move.get(character, 0))) << 1)
        if not states:
            return False
    return bool(states >> sum(character != "*" for character in pattern) & 1)
