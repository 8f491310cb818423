"""
Answers that some jobs let through and another one stops.

For a given status and time of judging, each part of an answer is judged independently: the type, the error code, the
fail reason, both times together, and the sub-jobs together. So an answer passes if each of its parts passes, and is
stopped if one part is stopped. The search looks for that one value, part by part, and fills the other parts with the
simplest values that pass.

Most differences are next to a bound that has moved, and a part cannot differ if the expectation of one side follows
from that of the other. If neither decides, all values are tried.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import State, truth_of
from reconcile.model.manifest import Assertion, FieldExpectation, MissingPolicy
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import Truth
from reconcile.review.implication import implies, implies_sub_jobs, list_unmet
from reconcile.review.sub_jobs import Listed, Part, find_sub_jobs
from reconcile.review.terms import Terms, list_times_of_sub_jobs, name_of
from reconcile.review.texts import list_texts, list_words
from reconcile.review.times import list_instants, list_likely_instants, list_likely_times, list_times

_TIMES, _SUB_JOBS = "times", "sub_jobs"
_PARTS = ("job_type", "error_code", "fail_reason", _TIMES, _SUB_JOBS)
_NO_JOB = Missing(code=None, message=None, request_id=None)
_BARE = Observed.bare(None, "")


class Gap(Struct, frozen=True, kw_only=True):
    """
    An answer, without the id of its job, and the time of judging.

    `certain` is False if only the judge can tell whether one side lets it through and the other stops it.
    """

    answer: Observed | Missing
    at: datetime
    certain: bool = True

    @property
    def size(self) -> int:
        """The number of fields that have a value."""
        if isinstance(self.answer, Missing):
            return 1
        records = (self.answer, *self.answer.sub_jobs)
        return sum(len([name for name in _SAID if getattr(each, name) is not None]) for each in records)


_SAID = ("status", "job_type", "begin_time", "end_time", "error_code", "fail_reason")


def list_gaps(passing: Sequence[Terms], stopping: Terms | None, now: datetime) -> list[Gap]:
    """
    List answers that all of `passing` let through and `stopping` stops, the smallest of each kind.

    Args:
        passing: terms of the same remote job, at least one.
        stopping: None lists any answers that `passing` let through.
        now: the earliest time of judging.

    Returns:
        The certain ones first, then by size, all for the same time of judging. Empty if there is no such answer.

    Raises:
        TooManyError: the search takes too long.
    """
    terms = [*passing, *([stopping] if stopping is not None else [])]
    starts = list_starts(terms, now)
    looks = [_Look(passing, stopping, at, thorough=False) for at in starts]
    found = _find_first(looks)
    if found or not any(look.depends_on_time for look in looks):
        return found
    likely = list_likely_instants(_list_unmet_times(passing, stopping), terms[0].api, now)
    return (
        _find_first(_Look(passing, stopping, at, thorough=False) for at in likely)
        or _find_first(_Look(passing, stopping, at, thorough=True) for at in starts)
        or _find_first(_Look(passing, stopping, at, thorough=True) for at in _list_later(terms, starts, now))
    )


def _find_first(looks: Iterable["_Look"]) -> list[Gap]:
    """Return the gaps of the first look that has any."""
    gaps = next((gaps for look in looks if (gaps := look.list_gaps())), [])
    return sorted(gaps, key=lambda gap: (not gap.certain, gap.size))


def list_starts(terms: Sequence[Terms], now: datetime) -> list[datetime]:
    """List now and the ends of all waivers; between two of these times, the waivers do not change."""
    ends = {datetime.combine(last + timedelta(days=1), time(), UTC) for each in terms for _, last in each.waivers}
    return [now, *sorted(end for end in ends if end > now)]


def _list_later(terms: Sequence[Terms], starts: Sequence[datetime], now: datetime) -> list[datetime]:
    """List further times of judging at which the same times may be judged differently."""
    parts = [list_times_of_sub_jobs(each.sub_jobs) for each in terms]
    asserted = tuple(dict.fromkeys(each for part in (*(each.times for each in terms), *parts) for each in part))
    later = list_instants(asserted, terms[0].api, now, waived=any(each.waivers for each in terms))
    return sorted(set(later) - set(starts))


def _list_unmet_times(passing: Sequence[Terms], stopping: Terms | None) -> tuple[Assertion, ...]:
    """List the assertions about times of `stopping` that those of `passing` do not imply."""
    return list_unmet([each for terms in passing for each in terms.times], stopping.times if stopping else ())


_Choice: TypeAlias = tuple[Mapping[str, object], bool]
"""Values of an `Observed` for one part of an answer, and whether they are certain; if not, the judge has to decide."""


class _View(Struct, frozen=True):
    """Terms, and what is waived at the time of judging."""

    terms: Terms
    waived: frozenset[str]

    def assert_of(self, part: str) -> tuple[Assertion, ...]:
        if part == _TIMES:
            return self.terms.list_times(self.waived)
        asserted: tuple[Assertion, ...] = getattr(self.terms, part)
        return asserted

    @property
    def sub_jobs(self) -> Part:
        expected = self.terms.sub_jobs
        return Part(expected, waived=expected is not None and _SUB_JOBS in self.waived)

    def lets_pass(self, part: str, state: State) -> bool:
        for assertion in self.assert_of(part):
            truth = truth_of(assertion, state)
            if truth is not Truth.HOLDS and (truth is not Truth.CANNOT_HOLD or name_of(assertion) not in self.waived):
                return False
        return True

    def implies(self, other: "_View", part: str) -> bool:
        """Return whether the structure proves that `other` lets through every value of a part that these terms do."""
        if part == _SUB_JOBS:
            mine = self.sub_jobs
            return mine == other.sub_jobs or (
                not mine.waived and implies_sub_jobs(mine.expectation, other.terms.sub_jobs)
            )
        asserted, others = self.assert_of(part), other.assert_of(part)
        waived = self.waived.intersection(map(name_of, asserted)) if self.waived else frozenset[str]()
        if asserted == others and waived == other.waived.intersection(map(name_of, others)):
            return True
        return not waived and implies(asserted, others)


class _Look:
    """
    A search for answers at one time of judging.

    `thorough` tries all times of a job instead of only those that are most likely to make a difference.
    """

    def __init__(self, passing: Sequence[Terms], stopping: Terms | None, at: datetime, *, thorough: bool) -> None:
        self.at = at
        self.api = passing[0].api
        self.thorough = thorough
        self.passing = [_View(each, each.waived(at)) for each in passing]
        self.stopping = _View(stopping, stopping.waived(at)) if stopping is not None else None
        self.views = (*self.passing, *([self.stopping] if self.stopping is not None else []))
        self.unmet = _list_unmet_times(passing, stopping)
        self.parts = tuple([part for part in _PARTS if any(view.assert_of(part) for view in self.views)])
        self.differing = tuple([part for part in self.parts if not self._is_implied(part)])
        self._words = [word for word in list_words(self.api) if all(self._accepts(view, word) for view in self.passing)]
        self._values = {ended: _Values(self, ended=ended) for ended in {self._has_ended(word) for word in self._words}}

    def _is_implied(self, part: str) -> bool:
        """Return whether every value of a part that `passing` lets through passes `stopping` too."""
        stopping = self.stopping
        return stopping is not None and any(each.implies(stopping, part) for each in self.passing)

    @property
    def depends_on_time(self) -> bool:
        """Whether there may be gaps that this search missed, now or at another time with the same waivers."""
        timed = _SUB_JOBS in self.differing and any(list_times_of_sub_jobs(view.terms.sub_jobs) for view in self.views)
        return _TIMES in self.differing or timed or any(map(self._is_stopped, self._words))

    def list_gaps(self) -> list[Gap]:
        """List the gaps, unsorted."""
        return [*self._list_missing(), *(gap for word in self._words for gap in self._list_with(word))]

    def _list_missing(self) -> Iterator[Gap]:
        if not self.api.can_be_missing or not all(map(_lets_missing_pass, self.passing)):
            return
        if self.stopping is None or not _lets_missing_pass(self.stopping):
            yield Gap(answer=_NO_JOB, at=self.at)

    def _list_with(self, word: str) -> Iterator[Gap]:
        """Yield one answer with this status for each part that can get it stopped."""
        if not self._is_stopped(word):
            return
        odd, usual = self._values[self._has_ended(word)].odd, self._values[self._has_ended(word)].usual
        if usual is None:
            return
        answer = replace(
            _BARE, status=word, **{name: value for each, _ in usual.values() for name, value in each.items()}
        )
        if self._refuses(word):
            yield Gap(answer=answer, at=self.at, certain=all(sure for _, sure in usual.values()))
        for part, choices in odd.items():
            others = all(sure for other, (_, sure) in usual.items() if other != part)
            for each, sure in choices:
                yield Gap(answer=replace(answer, **each), at=self.at, certain=others and sure)

    def _is_stopped(self, word: str) -> bool:
        """Return whether `stopping` stops this status, which passes, or a value that passes in a part beside it."""
        return self._refuses(word) or any(self._values[self._has_ended(word)].odd.values())

    def _refuses(self, word: str) -> bool:
        return self.stopping is None or not self._accepts(self.stopping, word)

    def _accepts(self, view: _View, word: str) -> bool:
        """Return whether terms let a job with this status through if all its other parts pass."""
        if view.terms.absent:
            return "absent" in view.waived
        state = State(replace(_BARE, status=word), self.api, self.at, self._has_ended(word), frozenset())
        return view.lets_pass("status", state)

    def _has_ended(self, word: str) -> bool:
        return self.api.statuses[word].terminal


def _lets_missing_pass(view: _View) -> bool:
    return view.terms.absent or (view.terms.missing is MissingPolicy.DRIFT and "missing" in view.waived)


class _Values:
    """
    The values of each part beside a status that passes; of that status, only whether the job has ended matters.

    `odd` maps a part to the values that `passing` lets through and `stopping` stops; more than one only if the judge
    has to decide. `usual` maps a part to the simplest value that passes, preferably one that `stopping` lets through as
    well; None if a part has no such value.
    """

    def __init__(self, look: _Look, *, ended: bool) -> None:
        self._look = look
        self._ended = ended
        self.odd = {part: self._find_odd(part) for part in look.differing}

    @cached_property
    def usual(self) -> Mapping[str, _Choice] | None:
        found = {part: self._find_usual(part) for part in self._look.parts}
        known = {part: choice for part, choice in found.items() if choice is not None}
        return known if len(known) == len(found) else None

    def _find_odd(self, part: str) -> Sequence[_Choice]:
        stopping = self._look.stopping
        if stopping is None:
            return ()
        if part == _SUB_JOBS:
            listed = self._find_sub_jobs([each.sub_jobs for each in self._look.passing], stopping.sub_jobs)
            return [({_SUB_JOBS: each.sub_jobs}, each.certain) for each in listed]
        for value, state in self._list_passing(part):
            if not stopping.lets_pass(part, state):
                return ((value, True),)
        return ()

    def _find_usual(self, part: str) -> _Choice | None:
        if part == _SUB_JOBS:
            return self._find_usual_sub_jobs()
        stopping = self._look.stopping
        first: _Choice | None = None
        for value, state in self._list_passing(part):
            if stopping is None or stopping.lets_pass(part, state):
                return value, True
            first = first or (value, True)
        return first

    def _list_passing(self, part: str) -> Iterator[tuple[Mapping[str, object], State]]:
        """Yield the values of a part that can make a difference and pass, the simplest first."""
        look = self._look
        for value in self._list_values(part):
            state = State(replace(_BARE, **value), look.api, look.at, self._ended, frozenset())
            if all(view.lets_pass(part, state) for view in look.passing):
                yield value, state

    def _list_values(self, part: str) -> Iterator[Mapping[str, object]]:
        look = self._look
        asserted = tuple(dict.fromkeys([assertion for view in look.views for assertion in view.assert_of(part)]))
        if part != _TIMES:
            texts = tuple([each for each in asserted if isinstance(each, FieldExpectation)])
            usual = {"job_type": look.api.job_types, "error_code": tuple(look.api.error_codes)}
            yield from ({part: text} for text in list_texts(texts, usual.get(part, ())))
            return
        moves = look.api.job.end_time_moves and not self._ended
        pairs = (
            list_times(asserted, look.api, look.at)
            if look.thorough
            else list_likely_times(look.unmet, asserted, look.api, look.at)
        )
        yield from ({"begin_time": begin, "end_time": end} for begin, end in pairs if end is None or not moves)

    # --- Sub-jobs ----------------------------------------------------------------------------------------------

    def _find_usual_sub_jobs(self) -> _Choice | None:
        look = self._look
        lists = self._find_sub_jobs([view.sub_jobs for view in look.views], None)
        lists = lists or self._find_sub_jobs([view.sub_jobs for view in look.passing], None)
        return ({_SUB_JOBS: lists[-1].sub_jobs}, lists[-1].certain) if lists else None

    def _find_sub_jobs(self, passing: Sequence[Part], stopping: Part | None) -> tuple[Listed, ...]:
        """Find lists of sub-jobs; arguments that make no difference are normalized, so that each is searched once."""
        parts = [*passing, *([stopping] if stopping is not None else [])]
        timed = any(list_times_of_sub_jobs(part.expectation) for part in parts)
        return find_sub_jobs(
            tuple(dict.fromkeys(passing)),
            stopping,
            self._look.api,
            self._look.at if timed else None,
            frozen=self._ended or not any(part.waived for part in parts),
            thorough=self._look.thorough or not timed,
        )
