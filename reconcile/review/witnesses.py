"""Proposed answers, confirmed by the gate itself: no witness, no claim."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from reconcile.judge import find_sensitive_fields, hide_sensitive
from reconcile.model import (
    SENSITIVE,
    Exchange,
    Expectation,
    Field,
    Finding,
    Job,
    JudgedAnswer,
    Looks,
    Missing,
    MissingPolicy,
    Observed,
    Truth,
    Verdict,
    Witness,
)
from reconcile.review.gaps import list_gaps, list_starts
from reconcile.review.steadiness import list_looks
from reconcile.review.terms import Terms

_MOST_TRIED = 20
"""Answers of one search that are judged until one is confirmed."""


class Judged(Struct, frozen=True):
    """The verdict of a run beside another job that is in sync, and what was found about the jobs in question."""

    verdict: Verdict
    findings: tuple[Finding, ...]


class JudgeAnswer(Protocol):
    """Reads what was written and judges jobs by it, all of the same remote job; None are as many looks as they need."""

    def __call__(
        self, jobs: Sequence[Job], written: Exchange, at: datetime, looks: Looks | None = None, /
    ) -> Judged: ...


class Judge(Struct, frozen=True, kw_only=True):
    """
    The gate, as far as it is needed here.

    `write` returns an answer as the job API would write it, and `judge` judges jobs by what was written.
    """

    write: Callable[[Job, Observed | Missing, datetime], Exchange]
    judge: JudgeAnswer


class Side(Struct, frozen=True, kw_only=True):
    """The jobs of one manifest that ask for the same remote job, and their terms."""

    jobs: tuple[Job, ...]
    terms: tuple[Terms, ...]


class UnconfirmedError(Exception):
    """The search proposes an answer that the gate judges otherwise."""


def find_witness(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find answers that the jobs of one side let through and a job of the other side stops.

    Args:
        passing: the jobs that let it through, all of them.
        stopping: the job that stops it, and its `terms`.

    Returns:
        None if there is none: whatever the side lets through, the job does.

    Raises:
        TooManyError: it takes too long to tell.
        UnconfirmedError: the gate disagrees with the search.
    """
    gaps = list_gaps(passing.terms, terms, now)
    for gap in gaps[:_MOST_TRIED]:
        answer = _name(gap.answer, stopping)
        written = judge.write(stopping, answer, gap.at)
        stopped, passed = judge.judge([stopping], written, gap.at), judge.judge(passing.jobs, written, gap.at)
        if passed.verdict is Verdict.IN_SYNC and stopped.verdict is not Verdict.IN_SYNC:
            jobs = (stopping, *passing.jobs)
            return _make(gap.at, [_show(answer, written, jobs, stopped, passed, judge)], stopped, jobs)
    if gaps:
        raise UnconfirmedError
    unsteady = _find_unsteady(passing, stopping, terms, judge, now)
    return unsteady or _find_patience(passing, stopping, terms, judge, now)


def is_stopping(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> bool:
    """Return whether a job may stop what a side lets through; the gate is asked only where the search cannot tell."""
    if list_gaps(passing.terms, terms, now) or any(True for _ in _list_unsteady(passing, terms, now)):
        return True
    return _find_patience(passing, stopping, terms, judge, now) is not None


def find_stopped(stopping: Job, judge: Judge, now: datetime) -> Witness | None:
    """Find an answer that a job stops: the smallest witness where the other manifest does not ask for that job."""
    api = stopping.provider.api
    gone = [Missing(code=None, message=None, request_id=None)] if api.can_be_missing else []
    words = [word for word in (api.failure, api.success, *api.statuses) if word in api.words.values()]
    answers: list[Observed | Missing] = [Observed.bare(stopping.job_id, word) for word in dict.fromkeys(words)]
    for answer in (*answers, *gone):
        written = judge.write(stopping, answer, now)
        stopped = judge.judge([stopping], written, now)
        if stopped.verdict not in (Verdict.IN_SYNC, Verdict.ERROR):
            return _make(now, [_show(answer, written, (stopping,), stopped, None, judge)], stopped, (stopping,))
    return None


def name_witness(witness: Witness, job: Job, judge: Judge) -> Witness:
    """Return a witness that was found for a job with the same terms as one about this job."""
    answers = []
    for each in witness.answers:
        observation = _name(each.observation, job)
        if observation != each.observation:
            exchange = judge.write(job, observation, each.exchange.ended_at)
            each = replace(each, observation=observation, exchange=exchange)
        answers.append(each)
    return replace(witness, answers=tuple(answers))


# --- Steadiness ------------------------------------------------------------------------------------------------


def _find_unsteady(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find an answer and how it compares with the looks before it, which one side lets through and a job does not.

    Whatever the side lets through, the job does as well, if it were not for `settle` and `stuck`.
    """
    jobs, found = (stopping, *passing.jobs), False
    for at, looks in _list_unsteady(passing, terms, now):
        for gap in list_gaps(passing.terms, None, at)[:_MOST_TRIED]:
            if gap.at != at or not isinstance(gap.answer, Observed):
                continue
            found = True
            answer = replace(gap.answer, job_id=stopping.job_id, looks=looks)
            written = judge.write(stopping, answer, at)
            stopped, passed = judge.judge([stopping], written, at, looks), judge.judge(passing.jobs, written, at, looks)
            if passed.verdict is Verdict.IN_SYNC and stopped.verdict is not Verdict.IN_SYNC:
                return _make(at, [_show(answer, written, jobs, stopped, passed, judge)], stopped, jobs)
    if found:
        raise UnconfirmedError
    return None


def _list_unsteady(passing: Side, terms: Terms, now: datetime) -> Iterator[tuple[datetime, Looks]]:
    """List looks that one side lets through and terms stop, and when to judge them."""
    for at in list_starts([*passing.terms, terms], now):
        yield from ((at, looks) for looks in list_looks(passing.terms, terms, at))


# --- Patience --------------------------------------------------------------------------------------------------


def _find_patience(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find answers that one side waits for, and a job does not: one that comes too late for it.

    With --wait, a job that is missing or unfinished is looked at again, as long as `missing` and `timeout` allow.
    """
    firsts: list[tuple[Observed | Missing, float]] = []
    waits = terms.missing is MissingPolicy.DRIFT and all(each.missing is MissingPolicy.WAIT for each in passing.terms)
    if waits and terms.api.can_be_missing:
        firsts.append((Missing(code=None, message=None, request_id=None), 1.0))
    limit = terms.timeout
    if limit is not None and all(each.timeout is None or each.timeout > limit for each in passing.terms):
        api = stopping.provider.api
        unfinished = [each for each in api.statuses.values() if not each.terminal and each.word in api.words.values()]
        firsts += [(Observed.bare(stopping.job_id, each.word), limit + 1) for each in unfinished]
    for first, after in firsts:
        found = _confirm_patience(passing, stopping, (first, after), judge, now)
        if found is not None:
            return found
    return None


def _confirm_patience(
    passing: Side, stopping: Job, first: tuple[Observed | Missing, float], judge: Judge, now: datetime
) -> Witness | None:
    """Return a first answer for which one side waits, and then one that it lets through; None if there is no such."""
    answer, after = first
    later = now + timedelta(seconds=after)
    written = judge.write(stopping, answer, now)
    stopped, waited = judge.judge([stopping], written, now), judge.judge(passing.jobs, written, now)
    timed_out = stopped.verdict is Verdict.PENDING and isinstance(answer, Observed)
    if waited.verdict is not Verdict.PENDING or not (stopped.verdict is Verdict.DRIFT or timed_out):
        return None
    for gap in list_gaps(passing.terms, None, later):
        last = _name(gap.answer, stopping)
        ending = judge.write(stopping, last, later)
        passed = judge.judge(passing.jobs, ending, later)
        if gap.at == later and isinstance(last, Observed) and passed.verdict is Verdict.IN_SYNC:
            jobs = (stopping, *passing.jobs)
            shown = [
                _show(answer, written, jobs, stopped, waited, judge),
                replace(_show(last, ending, jobs, None, passed, judge), after=after),
            ]
            return _make(now, shown, stopped, jobs)
    return None


# --- Witnesses -------------------------------------------------------------------------------------------------


def _name(answer: Observed | Missing, job: Job) -> Observed | Missing:
    """Return an answer as one about this job."""
    return replace(answer, job_id=job.job_id) if isinstance(answer, Observed) else answer


def _show(
    answer: Observed | Missing,
    written: Exchange,
    jobs: Sequence[Job],
    stopped: Judged | None,
    passed: Judged | None,
    judge: Judge,
) -> JudgedAnswer:
    """Return a judged answer as a report may show it; the first of the jobs is the one that it was written about."""
    hidden = _find_hidden(jobs)
    if hidden and isinstance(answer, Observed):
        answer = hide_sensitive(answer, hidden)
        written = judge.write(jobs[0], answer, written.ended_at)
    return JudgedAnswer(
        exchange=written,
        observation=answer,
        old=stopped.verdict if stopped else None,
        new=passed.verdict if passed else None,
    )


def _make(at: datetime, answers: Sequence[JudgedAnswer], stopped: Judged, jobs: Sequence[Job]) -> Witness:
    unmet = [each for each in stopped.findings if each.truth is not Truth.HOLDS and each.waiver is None]
    if _find_hidden(jobs):
        unmet = [replace(each, actual=SENSITIVE) for each in unmet]
    return Witness(judged_at=at, answers=tuple(answers), findings=tuple(unmet))


def _find_hidden(jobs: Sequence[Job]) -> frozenset[Field]:
    """Find the fields that no report may show, because one of the jobs compares them with a sensitive value."""
    hidden = [find_sensitive_fields(job.expect) for job in jobs if isinstance(job.expect, Expectation)]
    return frozenset[Field]().union(*hidden)
