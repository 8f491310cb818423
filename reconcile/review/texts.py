"""The texts that expectations of one field can tell apart: one of each kind, even with globs."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from reconcile.judge import accepts
from reconcile.model.api import JobApi
from reconcile.model.manifest import FieldExpectation, Glob
from reconcile.review.limits import TooManyError

_MOST_STATES = 5_000
"""The most states of all patterns together; a hundred characters of globs have some hundreds."""
_OTHER = "other"
_LETTERS = (*"xyzabcdefghijklmnopqrstuvw", *map(chr, range(0x4E00, 0x9FFF)))
"""Candidates for a character that no pattern has."""

_Signs: TypeAlias = tuple[str, ...]
"""A pattern, character by character: `*` and `?` are wildcards of a glob, `\\*` and `\\?` the literal characters."""


def list_words(api: JobApi) -> Sequence[str]:
    """List the statuses that an API has a word for, success and failure first."""
    return tuple(dict.fromkeys([w for w in (api.success, api.failure, *api.statuses) if w in api.words.values()]))


@lru_cache(maxsize=4096)
def list_texts(expectations: tuple[FieldExpectation, ...], usual: tuple[str, ...]) -> tuple[str | None, ...]:
    """
    List one value of each kind that the expectations tell apart, None first, and one that none of them names.

    Two texts are of the same kind if each expectation accepts both or neither. The list is complete: without globs, a
    text is either named or not; with globs, it leads their automaton into one of its states.

    Args:
        expectations: all for the same field.
        usual: texts to prefer over invented ones.

    Raises:
        TooManyError: the globs have too many states.
    """
    found: dict[tuple[bool, ...], str | None] = {}
    if not expectations:
        return (None,)
    for value in _propose(expectations, usual):
        found.setdefault((value is None, *[accepts(each, value) for each in expectations]), value)
    return tuple(found.values())


def _propose(expectations: Sequence[FieldExpectation], usual: Sequence[str]) -> Iterator[str | None]:
    accepted = [each for expectation in expectations for each in expectation.accept]
    named = [each for each in accepted if isinstance(each, str)]
    yield None
    if any(isinstance(each, Glob) for each in accepted):
        yield from usual
        yield from named
        yield from _walk([_split(each) for each in dict.fromkeys(accepted) if each is not None])
    else:
        yield from named
        invented = (_OTHER * number for number in range(1, len(named) + 2))
        yield next(text for text in chain(usual, invented) if text not in named)


def _split(pattern: str | Glob) -> _Signs:
    if isinstance(pattern, Glob):
        return tuple(pattern.pattern)
    return tuple(f"\\{each}" if each in "*?" else each for each in pattern)


def _walk(patterns: Sequence[_Signs]) -> Iterator[str]:
    """
    Yield the shortest text that leads into each state of all patterns together; never "".

    A state holds, for each pattern, the set of positions that a text can have reached, as bits. One character that no
    pattern has represents all such characters.
    """
    characters = sorted({sign[-1] for signs in patterns for sign in signs if sign and sign not in "*?"})
    unused = next(
        each for each in map(chr, (*b"xyzabcdefghijklmnopqrstuvw", *range(48, 0x10000))) if each not in characters
    )
    start = tuple(_skip_stars(1, signs) for signs in patterns)
    seen, level = {start}, [(start, "")]
    first = True
    while level:
        following = []
        for state, text in level:
            for character in (unused, *characters):
                reached = tuple(_step(places, signs, character) for places, signs in zip(state, patterns, strict=True))
                if reached not in seen or (first and reached == start):
                    seen.add(reached)
                    following.append((reached, text + character))
                    yield text + character
        if len(seen) > _MOST_STATES:
            raise TooManyError("states of globs")
        level, first = following, False


def _step(places: int, signs: _Signs, character: str) -> int:
    reached, at = 0, 0
    while places >> at:
        if places >> at & 1 and at < len(signs):
            sign = signs[at]
            if sign == "*":
                reached |= 1 << at
            elif sign == "?" or sign[-1] == character:
                reached |= 1 << at + 1
        at += 1
    return _skip_stars(reached, signs)


def _skip_stars(places: int, signs: _Signs) -> int:
    for at, sign in enumerate(signs):
        if sign == "*" and places >> at & 1:
            places |= 1 << at + 1
    return places
