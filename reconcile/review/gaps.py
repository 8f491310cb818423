"""
Answers that some jobs let through and another one stops.

Once the status of a job and the time of judging are chosen, each part of an answer is judged by itself: the type, the
error code, the fail reason, the times together, and the sub-jobs together. So an answer that is let through has, in
each part, a value that is let through; and one that is stopped as well has one value that is stopped. That value alone
is looked for, part by part, and the others are the simplest ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import State, name_of, truth_of
from reconcile.model import (
    Assertion,
    Field,
    FieldExpectation,
    Missing,
    MissingPolicy,
    Observed,
    SubJobsExpectation,
    Truth,
)
from reconcile.review.sub_jobs import Listed, Part, find_sub_jobs
from reconcile.review.terms import Terms
from reconcile.review.texts import list_texts
from reconcile.review.times import list_instants, list_times

_TEXTS = (Field.JOB_TYPE, Field.ERROR_CODE, Field.FAIL_REASON)
_NO_JOB = Missing(code=None, message=None, request_id=None)
_BARE = Observed(
    status="",
    job_id=None,
    job_type=None,
    begin_time=None,
    end_time=None,
    error_code=None,
    fail_reason=None,
    sub_jobs=(),
    request_id=None,
)


class Gap(Struct, frozen=True, kw_only=True):
    """
    An answer, without the id of its job, and when it is judged.

    `certain` is False if only the judge can tell whether it is let through and stopped.
    """

    answer: Observed | Missing
    at: datetime
    certain: bool = True

    @property
    def size(self) -> int:
        """How much the answer says."""
        if isinstance(self.answer, Missing):
            return 1
        records = (self.answer, *self.answer.sub_jobs)
        return sum(len([name for name in _SAID if getattr(each, name) is not None]) for each in records)


_SAID = ("status", "job_type", "begin_time", "end_time", "error_code", "fail_reason")


def list_gaps(passing: Sequence[Terms], stopping: Terms | None, now: datetime) -> list[Gap]:
    """
    List the answers that all of `passing` let through and `stopping` stops, of each kind the smallest.

    Args:
        passing: terms of the same remote job, at least one.
        stopping: None looks for any answer that is let through.
        now: the first time at which there may be judged.

    Returns:
        The smallest first, at the earliest time at which there are any. None at all means that there is no such answer.

    Raises:
        TooManyError: it takes too long to tell.
    """
    terms = [*passing, *([stopping] if stopping is not None else [])]
    for at in _list_instants(terms, now):
        gaps = [*_list_missing(passing, stopping, at), *_list_observed(passing, stopping, at)]
        if gaps:
            return sorted(gaps, key=lambda gap: (not gap.certain, gap.size))
    return []


def _list_instants(terms: Sequence[Terms], now: datetime) -> list[datetime]:
    """List when to judge: now, when a waiver ends, and when time itself makes a difference."""
    ends = {datetime.combine(last + timedelta(days=1), time(), UTC) for each in terms for _, last in each.waivers}
    starts = [now, *sorted(end for end in ends if end > now)]
    times = [each.times for each in terms]
    parts = [_list_times_of_sub_jobs(each.sub_jobs) for each in terms]
    if len(set(times)) == 1 and len(set(parts)) == 1:
        return starts
    asserted = tuple(dict.fromkeys(assertion for each in (*times, *parts) for assertion in each))
    later = list_instants(asserted, terms[0].api, now, unfinished=bool(ends))
    return sorted({*starts, *later})


def _list_times_of_sub_jobs(expected: SubJobsExpectation | None) -> tuple[Assertion, ...]:
    if expected is None:
        return ()
    parts = (expected.each, *(item.fields for item in expected.items or ()))
    return tuple(field for part in parts for field in part if not isinstance(field, FieldExpectation))


# --- Jobs that are not there -----------------------------------------------------------------------------------


def _list_missing(passing: Sequence[Terms], stopping: Terms | None, at: datetime) -> Iterator[Gap]:
    if not passing[0].api.can_be_missing or not all(_lets_missing_pass(each, at) for each in passing):
        return
    if stopping is None or not _lets_missing_pass(stopping, at):
        yield Gap(answer=_NO_JOB, at=at)


def _lets_missing_pass(terms: Terms, at: datetime) -> bool:
    return terms.absent or (terms.missing is MissingPolicy.DRIFT and "missing" in terms.waived(at))


# --- Jobs that are there ---------------------------------------------------------------------------------------


def _list_observed(passing: Sequence[Terms], stopping: Terms | None, at: datetime) -> Iterator[Gap]:
    api = passing[0].api
    words = [word for word in (api.success, api.failure, *api.statuses) if word in api.words.values()]
    for word in dict.fromkeys(words):
        yield from _Status(word, passing, stopping, at).list_gaps()


_Choice: TypeAlias = tuple[Mapping[str, object], bool]
"""Values of an `Observed` for one part of an answer, and whether they are certain or the judge has to tell."""


class _Part(Struct, frozen=True):
    """
    One part of an answer: what terms assert of it, and the values that it can have, the simplest first.

    Of the sub-jobs, lists take the place of values, and both are None.
    """

    find: Callable[[Terms], tuple[Assertion, ...]] | None = None
    list_values: Callable[[], Iterable[Mapping[str, object]]] | None = None


_SUB_JOBS: Final = _Part()


class _Status:
    """The answers with one status, at one time of judging."""

    def __init__(self, word: str, passing: Sequence[Terms], stopping: Terms | None, at: datetime) -> None:
        self._word = word
        self._passing = passing
        self._stopping = stopping
        self._at = at
        self._api = passing[0].api
        self._ended = self._api.statuses[word].terminal

    def list_gaps(self) -> Iterator[Gap]:
        """Yield an answer for each part by which it is stopped."""
        if not all(map(self._accepts, self._passing)):
            return
        parts = [*map(self._make_text, _TEXTS), self._make_times(), _SUB_JOBS]
        odd = [self._find_odd(part) for part in parts]
        is_stopped = self._stopping is None or not self._accepts(self._stopping)
        if not is_stopped and not any(odd):
            return
        usual = [choice for part in parts if (choice := self._find_usual(part)) is not None]
        if len(usual) < len(parts):
            return
        values = {name: value for each, _ in usual for name, value in each.items()}
        certain = [sure for _, sure in usual]
        if is_stopped:
            yield Gap(answer=self._make(values), at=self._at, certain=all(certain))
        for at, choices in enumerate(odd):
            others = all([*certain[:at], *certain[at + 1 :]])
            for each, sure in choices:
                yield Gap(answer=self._make({**values, **each}), at=self._at, certain=others and sure)

    def _make(self, values: Mapping[str, object]) -> Observed:
        return replace(_BARE, status=self._word, **values)

    def _accepts(self, terms: Terms) -> bool:
        """Return whether terms let a job with this status through, if everything else is let through."""
        if terms.absent:
            return "absent" in terms.waived(self._at)
        return self._lets_pass(terms, terms.of(Field.STATUS), self._make({}))

    def _lets_pass(self, terms: Terms, assertions: Iterable[Assertion], observed: Observed) -> bool:
        state = State(observed, self._api, self._at, self._ended, frozenset())
        for assertion in assertions:
            truth = truth_of(assertion, state)
            if truth is Truth.HOLDS:
                continue
            if truth is not Truth.CANNOT_HOLD or name_of(assertion) not in terms.waived(self._at):
                return False
        return True

    # --- Parts -------------------------------------------------------------------------------------------------

    def _make_text(self, field: Field) -> _Part:
        usual = {Field.JOB_TYPE: self._api.job_types, Field.ERROR_CODE: tuple(self._api.error_codes)}

        def list_values() -> Iterator[Mapping[str, object]]:
            asserted = self._list_asserted(lambda terms: terms.of(field))
            texts = tuple(each for each in asserted if isinstance(each, FieldExpectation))
            return ({field.value: text} for text in list_texts(texts, usual.get(field, ())))

        return _Part(lambda terms: terms.of(field), list_values)

    def _make_times(self) -> _Part:
        moves = self._api.job.end_time_moves and not self._ended

        def list_values() -> Iterator[Mapping[str, object]]:
            asserted = self._list_asserted(lambda terms: terms.times)
            pairs = list_times(asserted, self._api, self._at)
            return ({"begin_time": begin, "end_time": end} for begin, end in pairs if end is None or not moves)

        return _Part(lambda terms: terms.times, list_values)

    def _list_asserted(self, find: Callable[[Terms], Iterable[Assertion]]) -> tuple[Assertion, ...]:
        every = (*self._passing, *([self._stopping] if self._stopping is not None else []))
        return tuple(dict.fromkeys(assertion for terms in every for assertion in find(terms)))

    # --- Values ------------------------------------------------------------------------------------------------

    def _find_odd(self, part: _Part) -> Sequence[_Choice]:
        """Find values that are let through and stopped; several only if the judge has to tell."""
        if self._stopping is None:
            return ()
        if part.find is None or part.list_values is None:
            return self._find_sub_jobs(self._stopping)
        if self._rules(self._stopping, part.find) in [self._rules(each, part.find) for each in self._passing]:
            return ()  # What one of them lets through is not stopped.
        stopped = part.find(self._stopping)
        for value in self._list_passing(part.find, part.list_values):
            if not self._lets_pass(self._stopping, stopped, self._make(value)):
                return ((value, True),)
        return ()

    def _find_usual(self, part: _Part) -> _Choice | None:
        """Find the simplest value that is let through, if possible one that is not stopped; None if nothing is."""
        if part.find is None or part.list_values is None:
            return self._find_usual_sub_jobs()
        first: _Choice | None = None
        for value in self._list_passing(part.find, part.list_values):
            if self._stopping is None or self._lets_pass(self._stopping, part.find(self._stopping), self._make(value)):
                return value, True
            first = first or (value, True)
        return first

    def _list_passing(
        self,
        find: Callable[[Terms], tuple[Assertion, ...]],
        list_values: Callable[[], Iterable[Mapping[str, object]]],
    ) -> Iterator[Mapping[str, object]]:
        asserted = [(terms, find(terms)) for terms in self._passing]
        for value in list_values():
            observed = self._make(value)
            if all(self._lets_pass(terms, assertions, observed) for terms, assertions in asserted):
                yield value

    def _rules(self, terms: Terms, find: Callable[[Terms], tuple[Assertion, ...]]) -> tuple[object, ...]:
        asserted = find(terms)
        return asserted, terms.waived(self._at) & {name_of(each) for each in asserted}

    # --- Sub-jobs ----------------------------------------------------------------------------------------------

    def _find_sub_jobs(self, stopping: Terms) -> Sequence[_Choice]:
        passing, part = [self._make_part(terms) for terms in self._passing], self._make_part(stopping)
        if part in passing:
            return ()
        return [({"sub_jobs": each.sub_jobs}, each.certain) for each in self._find(passing, part)]

    def _find_usual_sub_jobs(self) -> _Choice | None:
        passing = [self._make_part(terms) for terms in self._passing]
        every = passing if self._stopping is None else [*passing, self._make_part(self._stopping)]
        lists = self._find(every, None) or self._find(passing, None)
        return ({"sub_jobs": lists[-1].sub_jobs}, lists[-1].certain) if lists else None

    def _find(self, passing: Sequence[Part], stopping: Part | None) -> tuple[Listed, ...]:
        """Find lists of sub-jobs; what they do not depend on is left out, so that each is looked for once."""
        parts = [*passing, *([stopping] if stopping is not None else [])]
        timed = any(_list_times_of_sub_jobs(part.expectation) for part in parts)
        return find_sub_jobs(
            tuple(dict.fromkeys(passing)),
            stopping,
            self._api,
            self._at if timed else None,
            frozen=self._ended or not any(part.waived for part in parts),
        )

    def _make_part(self, terms: Terms) -> Part:
        return Part(terms.sub_jobs, waived=terms.sub_jobs is not None and "sub_jobs" in terms.waived(self._at))
