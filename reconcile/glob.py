"""Globs: `*` is any number of characters, `?` is one; everything else is itself, and the whole value has to match."""

from functools import lru_cache


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> tuple[int, int, dict[str, int]]:
    """
    Turn a pattern into an automaton whose states are bits: one before each character that has to be read.

    Returns:
        The states that may stay where they are (before a `*`), those that any character moves on, and those that
        a certain character moves on.
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
    Say whether the whole value is what the pattern describes.

    All places of the pattern are followed at once, one step for each character of the value, so no pattern makes it
    slow: nothing is tried again (Baeza-Yates and Gonnet 1992).
    """
    stay, anything, move = _compile(pattern)
    states = 1
    for character in value:
        states = (states & stay) | ((states & (anything | move.get(character, 0))) << 1)
        if not states:
            return False
    return bool(states >> sum(character != "*" for character in pattern) & 1)
