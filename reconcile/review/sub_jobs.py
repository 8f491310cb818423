"""
The shortest list of sub-jobs that some expectations let through and another one stops.

What they tell apart of a single sub-job is finite (kinds.py), and so is what they remember of those before
(automaton.py). So a search through the states of several automata at once, the shortest lists first, finds such a list,
or proves that there is none.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from reconcile.model import JobApi, Match, SubJob, SubJobsExpectation
from reconcile.review.automaton import Automaton, Memory
from reconcile.review.kinds import Fit, Kind, list_kinds
from reconcile.review.limits import TooManyError

_MOST_STEPS = 60_000
"""Steps of one search, which takes about half a second."""
MOST_SUB_JOBS = 1_000
"""A job with more sub-jobs is no answer."""
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Part(Struct, frozen=True):
    """What one job expects of sub-jobs, None without; `waived` says that a waiver covers it."""

    expectation: SubJobsExpectation | None
    waived: bool = False


class Listed(Struct, frozen=True):
    """A list of sub-jobs; `certain` is False if only the judge can tell whether it is what was looked for."""

    sub_jobs: tuple[SubJob, ...]
    certain: bool


class _Side:
    """
    One part as the search sees it: it lets a list through (True), stops it (False), or only the judge can tell (None).

    A waiver lets through what is wrong for good. While the job is unfinished, what is too few may still come, so there
    only the judge can tell; and where something cannot be judged, too.
    """

    def __init__(self, part: Part, *, frozen: bool) -> None:
        self._waived = part.waived
        self._frozen = frozen
        self.automaton = Automaton(part.expectation) if part.expectation is not None else None

    def start(self) -> tuple[Memory | None, bool]:
        return (self.automaton.start() if self.automaton is not None else None), True

    def step(self, state: tuple[Memory | None, bool], fit: Fit | None) -> tuple[Memory | None, bool]:
        memory, decided = state
        if self.automaton is None or fit is None:
            return state
        decided = decided and (fit.decided or not self._waived)
        return (self.automaton.step(memory, fit) if memory is not None else None), decided

    def passes(self, state: tuple[Memory | None, bool]) -> bool | None:
        memory, decided = state
        if self.automaton is None or (memory is not None and self.automaton.accepts(memory)):
            return True
        if not self._waived:
            return False
        return True if self._frozen and decided else None

    def is_dead(self, state: tuple[Memory | None, bool]) -> bool:
        return self.automaton is not None and not self._waived and state[0] is None

    def is_hopeless(self, state: tuple[Memory | None, bool], last: Sequence[int]) -> bool:
        memory = state[0]
        if self.automaton is None or self._waived or memory is None:
            return self.is_dead(state)
        return self.automaton.is_hopeless(memory, last)


@lru_cache(maxsize=4096)
def find_sub_jobs(
    passing: tuple[Part, ...], stopping: Part | None, api: JobApi, now: datetime | None, *, frozen: bool, thorough: bool
) -> tuple[Listed, ...]:
    """
    Find the shortest list of sub-jobs that all of `passing` let through and `stopping` stops.

    Args:
        stopping: None looks for any list that is let through.
        now: the time of judging, None if nothing depends on it.
        frozen: whether the job that lists them can no longer change.
        thorough: whether to try all times of sub-jobs, and not only the likeliest ones.

    Returns:
        That list, after those before it about which only the judge can tell; without a certain one if there is none.

    Raises:
        TooManyError: it takes too long to tell.
    """
    parts = [*passing, *([stopping] if stopping is not None else [])]
    if api.parts is None or all(part.expectation is None for part in parts):
        return (Listed((), certain=True),) if stopping is None else ()
    if stopping is not None and stopping in passing:
        return ()
    expectations = tuple(part.expectation for part in parts if part.expectation is not None)
    kinds = list_kinds(expectations, api, now or _ANY_TIME, frozen=frozen, thorough=thorough)
    positions: list[int | None] = []
    for part in parts:
        positions.append(None if part.expectation is None else len([each for each in positions if each is not None]))
    return tuple(_search(parts, positions, kinds, stops=stopping is not None, frozen=frozen))


def _search(
    parts: Sequence[Part],
    positions: Sequence[int | None],
    kinds: Sequence[tuple[SubJob, Kind]],
    *,
    stops: bool,
    frozen: bool,
) -> Iterator[Listed]:
    sides = [_Side(part, frozen=frozen) for part in parts]
    passing = sides[:-1] if stops else sides
    fits = [[None if at is None else kind[at] for at in positions] for _, kind in kinds]
    is_sorted = not any(part.expectation is not None and part.expectation.match is Match.ORDERED for part in parts)
    coming = _list_coming(parts, fits) if is_sorted else []
    start = tuple(side.start() for side in sides)
    level: list[tuple[tuple[tuple[Memory | None, bool], ...], int, tuple[int, ...]]] = [(start, 0, ())]
    seen = {(start, 0)}
    steps = 0
    while level and len(level[0][2]) <= MOST_SUB_JOBS:
        following = []
        for states, first, listed in level:
            found = _weigh(sides, states, stops=stops)
            if found is not False:
                yield Listed(tuple(kinds[at][0] for at in listed), certain=found is True)
                if found is True:
                    return
            for at in range(first, len(kinds)):
                steps += 1
                if steps > _MOST_STEPS:
                    raise TooManyError("lists of sub-jobs")
                reached = tuple(side.step(state, fit) for side, state, fit in zip(sides, states, fits[at], strict=True))
                if any(map(_Side.is_dead, passing, reached)):
                    continue
                if is_sorted and any(map(_Side.is_hopeless, passing, reached, coming[at])):
                    continue
                key = (reached, at if is_sorted else 0)
                if key not in seen:
                    seen.add(key)
                    following.append((reached, at if is_sorted else 0, (*listed, at)))
        level = following


def _weigh(sides: Sequence[_Side], states: Sequence[tuple[Memory | None, bool]], *, stops: bool) -> bool | None:
    """Return whether the list so far is what is looked for; None if only the judge can tell."""
    verdicts = [side.passes(state) for side, state in zip(sides, states, strict=True)]
    if stops:
        verdicts[-1] = None if verdicts[-1] is None else not verdicts[-1]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _list_coming(parts: Sequence[Part], fits: Sequence[Sequence[Fit | None]]) -> list[list[list[bool]]]:
    """List, for each kind and part, which items a sub-job of that kind or of a later one can go to."""
    coming: list[list[list[bool]]] = []
    later = [[False] * len(part.expectation.items or () if part.expectation else ()) for part in parts]
    for own in reversed(fits):
        later = [
            [known or (fit is not None and position in fit.items) for position, known in enumerate(flags)]
            for flags, fit in zip(later, own, strict=True)
        ]
        coming.append(later)
    return coming[::-1]
