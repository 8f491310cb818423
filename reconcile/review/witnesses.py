"""Has the gate confirm the answers that the search proposes: no witness, no claim."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from reconcile.instant import FIRST, read_time
from reconcile.judge import ORDER, find_sensitive_fields, hide_sensitive
from reconcile.model.api import JobApi
from reconcile.model.manifest import (
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Job,
    MissingPolicy,
    Moment,
    MomentExpectation,
)
from reconcile.model.observation import Looks, Missing, Observed
from reconcile.model.plan import Finding, Truth, Verdict
from reconcile.model.recording import Exchange
from reconcile.model.review import JudgedAnswer, Witness
from reconcile.model.value import SENSITIVE
from reconcile.review.gaps import Gap, list_gaps, list_starts
from reconcile.review.steadiness import list_looks
from reconcile.review.terms import NOWHERE, Terms

_UNCONFIRMED = "the gate did not confirm the answer that was found"
_MOST_TRIED = 20
"""The most answers of one search that are judged before one is confirmed."""


class Judged(Struct, frozen=True):
    """The verdict of a run that also has another job that is in sync, and the findings about the judged jobs."""

    verdict: Verdict
    findings: tuple[Finding, ...]


class JudgeAnswer(Protocol):
    """
    Reads a written answer and judges the jobs of one remote job by it.

    If `looks` is None, there are as many as the jobs need. `other` are the jobs of another remote job, and the answer
    about that one.
    """

    def __call__(
        self,
        jobs: Sequence[Job],
        written: Exchange,
        at: datetime,
        looks: Looks | None = None,
        other: tuple[Sequence[Job], Exchange] | None = None,
        /,
    ) -> Judged: ...


class Judge(Struct, frozen=True, kw_only=True):
    """
    The parts of the gate that a review needs.

    `write` returns an answer as the job API would write it, and `judge` judges jobs by a written answer.
    """

    write: Callable[[Job, Observed | Missing, datetime], Exchange]
    judge: JudgeAnswer


class Side(Struct, frozen=True, kw_only=True):
    """The jobs of one manifest that check the same remote job, and their terms."""

    jobs: tuple[Job, ...]
    terms: tuple[Terms, ...]


class UnconfirmedError(Exception):
    """The gate confirmed no answer that the search proposed; the message says so."""


def find_witness(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find answers that the jobs of one side let through and a job of the other side stops.

    Args:
        passing: the jobs that let the answers through, all of them.
        stopping: the job that stops them; `terms` are its terms.

    Returns:
        None if there are none: the job lets through everything that the side lets through.

    Raises:
        TooManyError: the search takes too long.
        UnconfirmedError: the gate confirms none of the answers that the search proposes.
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
        raise UnconfirmedError(_UNCONFIRMED)
    unsteady = _find_unsteady(passing, stopping, terms, judge, now)
    return unsteady or _find_patience(passing, stopping, terms, judge, now)


def is_stopping(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> bool:
    """Return whether a job may stop what a side lets through; the gate judges only if the search finds nothing."""
    if list_gaps(passing.terms, terms, now) or any(True for _ in _list_unsteady(passing, terms, now)):
        return True
    try:
        return _find_patience(passing, stopping, terms, judge, now) is not None
    except UnconfirmedError:
        return True


def find_stopped(stopping: Job, judge: Judge, now: datetime) -> Witness | None:
    """Find an answer that a job stops: the smallest witness if the other manifest does not check that remote job."""
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
    """Turn a witness that was found for a job with the same terms into one about this job."""
    answers = []
    for each in witness.answers:
        observation = _name(each.observation, job)
        if observation != each.observation:
            exchange = judge.write(job, observation, each.exchange.ended_at)
            each = replace(each, observation=observation, exchange=exchange)
        answers.append(each)
    order = job.after.address if job.after is not None else None
    findings = [replace(each, expected=order) if each.path == ORDER else each for each in witness.findings]
    return replace(witness, answers=tuple(answers), findings=tuple(findings))


# --- Steadiness ------------------------------------------------------------------------------------------------


def _find_unsteady(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find an answer, and looks that compare with it so that one side lets it through and a job stops it.

    Without `settle` and `stuck`, the job would let through everything that the side lets through. The answer may have
    to come later than the time for which the looks were listed, if the side expects times in the future.
    """
    jobs, found = (stopping, *passing.jobs), False
    for start, looks in _list_unsteady(passing, terms, now):
        for gap in list_gaps(passing.terms, None, start)[:_MOST_TRIED]:
            if not isinstance(gap.answer, Observed):
                continue
            found, at = True, gap.at
            answer = replace(gap.answer, job_id=stopping.job_id, looks=looks)
            written = judge.write(stopping, answer, at)
            stopped, passed = judge.judge([stopping], written, at, looks), judge.judge(passing.jobs, written, at, looks)
            if passed.verdict is Verdict.IN_SYNC and stopped.verdict is not Verdict.IN_SYNC:
                return _make(at, [_show(answer, written, jobs, stopped, passed, judge)], stopped, jobs)
    if found:
        raise UnconfirmedError(_UNCONFIRMED)
    return None


def _list_unsteady(passing: Side, terms: Terms, now: datetime) -> Iterator[tuple[datetime, Looks]]:
    """Yield looks that one side lets through and `terms` stop, each with its time of judging."""
    for at in list_starts([*passing.terms, terms], now):
        yield from ((at, looks) for looks in list_looks(passing.terms, terms, at))


# --- Patience --------------------------------------------------------------------------------------------------


def _find_patience(passing: Side, stopping: Job, terms: Terms, judge: Judge, now: datetime) -> Witness | None:
    """
    Find an answer that one side waits for, and that comes too late for a job.

    With --wait, a missing or unfinished job is polled again, as long as `missing` and `timeout` allow. If one side
    allows more and no answer shows what that lets through, UnconfirmedError is raised.
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
    for start in list_starts([*passing.terms, terms], now):
        for first, after in firsts:
            found = _confirm_patience(passing, stopping, (first, after), judge, start)
            if found is not None:
                return found
    if firsts:
        raise UnconfirmedError("it may be waited for longer, and no answers were found that this lets through")
    return None


def _confirm_patience(
    passing: Side, stopping: Job, first: tuple[Observed | Missing, float], judge: Judge, now: datetime
) -> Witness | None:
    """Return a witness of two answers: after the first, only one side waits; it lets the second one through."""
    answer, after = first
    wait = timedelta(seconds=after)
    for gap in list_gaps(passing.terms, None, now + wait):
        if not isinstance(gap.answer, Observed):
            continue
        begin, end = gap.at - wait, gap.at
        written = judge.write(stopping, answer, begin)
        stopped, waited = judge.judge([stopping], written, begin), judge.judge(passing.jobs, written, begin)
        timed_out = stopped.verdict is Verdict.PENDING and isinstance(answer, Observed)
        if waited.verdict is not Verdict.PENDING or not (stopped.verdict is Verdict.DRIFT or timed_out):
            continue
        last = _name(gap.answer, stopping)
        ending = judge.write(stopping, last, end)
        passed = judge.judge(passing.jobs, ending, end)
        if passed.verdict is Verdict.IN_SYNC:
            jobs = (stopping, *passing.jobs)
            shown = [
                _show(answer, written, jobs, stopped, waited, judge),
                replace(_show(last, ending, jobs, None, passed, judge), after=after),
            ]
            return _make(begin, shown, stopped, jobs)
    return None


# --- Orders ----------------------------------------------------------------------------------------------------


def find_disorder(
    passing: Side, stopping: Job, terms: Terms, earlier: tuple[Side, Side], judge: Judge, now: datetime
) -> Witness | None:
    """
    Find answers about a job and about the job that it must come after, in the wrong order, that one side lets through.

    Args:
        earlier: the declarations of the job that it must come after: those of the side that stops the answers, and
            those, if any, of the side that lets them through.

    Returns:
        None if none was found, which proves nothing.

    Raises:
        TooManyError: the search takes too long.
    """
    jobs, (own, theirs) = (stopping, *passing.jobs), earlier
    first, addresses = own.jobs[0], [job.address for job in passing.jobs]
    is_reversed = any(job.after is not None and job.after.address in addresses for job in theirs.jobs)
    for ended, gap in _list_disorders(passing.terms, terms, own.terms, theirs.terms, now, is_reversed=is_reversed):
        at, answers = gap.at, (_name(gap.answer, stopping), _name(ended, first))
        written, other = judge.write(stopping, answers[0], at), judge.write(first, answers[1], at)
        accepted = judge.judge(own.jobs, other, at)
        stopped = judge.judge([stopping], written, at, None, (own.jobs, other))
        passed = judge.judge(passing.jobs, written, at, None, (theirs.jobs, other))
        if (accepted.verdict, stopped.verdict, passed.verdict) == (Verdict.IN_SYNC, Verdict.DRIFT, Verdict.IN_SYNC):
            known = passed if theirs.jobs else None
            shown = _show(answers[1], other, (*own.jobs, *theirs.jobs), accepted, known, judge)
            begun = _show(answers[0], written, jobs, stopped, passed, judge)
            about = stopping.after.address if stopping.after is not None else first.address
            return _make(at, [begun, replace(shown, about=about)], stopped, jobs)
    return None


@lru_cache(maxsize=64)
def _list_disorders(
    passing: tuple[Terms, ...],
    terms: Terms,
    own: tuple[Terms, ...],
    theirs: tuple[Terms, ...],
    now: datetime,
    *,
    is_reversed: bool,
) -> Sequence[tuple[Observed, Gap]]:
    """
    List answers about the earlier job, which has succeeded, each with one about a job that began before that one ended.

    Args:
        is_reversed: whether `passing` demand the opposite order, so that the later job has to end first.
    """
    api = own[0].api
    success = FieldExpectation(field=Field.STATUS, accept=(api.success,), source=None)
    ended = _demand(api, status=(success,), times=(_bound(Moment.END_TIME, after=FIRST),))
    found: list[tuple[Observed, Gap]] = []
    for start in list_starts([*passing, terms, *own, *theirs], now):
        for gap in list_gaps([*own, *theirs, ended], None, start) if ORDER not in terms.waived(start) else ():
            if not isinstance(gap.answer, Observed):
                continue
            begin, end = (read_time(each, api.time_format) for each in (gap.answer.begin_time, gap.answer.end_time))
            limits = [_bound(Moment.BEGIN_TIME, before=end - timedelta.resolution)] if end is not None else []
            limits += [_bound(Moment.END_TIME, before=begin)] if is_reversed else []
            early = _demand(terms.api, times=tuple(limits))
            found += [(gap.answer, each) for each in list_gaps([*passing, terms, early], None, gap.at)]
    return tuple(found[:_MOST_TRIED])


def _bound(moment: Moment, after: datetime | None = None, before: datetime | None = None) -> MomentExpectation:
    return MomentExpectation(moment=moment, after=after, before=before, source=NOWHERE)


def _demand(api: JobApi, **parts: tuple[Assertion, ...]) -> Terms:
    """Return terms that demand only these parts."""
    return replace(Terms(api=api, waivers=(), missing=MissingPolicy.DRIFT, timeout=None), **parts)


# --- Witnesses -------------------------------------------------------------------------------------------------


def _name(answer: Observed | Missing, job: Job) -> Observed | Missing:
    """Return an answer with the id of this job."""
    return replace(answer, job_id=job.job_id) if isinstance(answer, Observed) else answer


def _show(
    answer: Observed | Missing,
    written: Exchange,
    jobs: Sequence[Job],
    stopped: Judged | None,
    passed: Judged | None,
    judge: Judge,
) -> JudgedAnswer:
    """Return a judged answer without sensitive values; it was written about the first of the jobs."""
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
    """Find the fields that one of the jobs compares with a sensitive value, so that no report may show them."""
    hidden = [find_sensitive_fields(job.expect) for job in jobs if isinstance(job.expect, Expectation)]
    return frozenset[Field]().union(*hidden)
