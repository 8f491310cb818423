"""Everything that is expected of one job against what was observed of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from reconcile.judge.assertion import Basis, judge_assertion
from reconcile.judge.notes import notes_of
from reconcile.judge.sensitive import find_sensitive_fields, hide_fields_of_all
from reconcile.judge.sub_jobs import judge_sub_jobs
from reconcile.judge.texts import JobTexts, MoreThanTextsError, read_texts
from reconcile.model import (
    Absence,
    Assertion,
    Expectation,
    Finding,
    Job,
    Kind,
    Missing,
    MissingPolicy,
    Observed,
    SubJobsExpectation,
    Truth,
)

_Part: TypeAlias = Assertion | SubJobsExpectation
"""A part of an expectation that is judged by itself."""


def judge_job(job: Job, observation: Observed | Missing, *, now: datetime) -> tuple[Finding, ...]:
    """
    Judge every assertion of a job.

    Args:
        now: the time of judging, in UTC, for what grows older.

    Returns:
        Findings in the order of the plan: fields, then sub-jobs; never none. A missing job is one finding, for
        nothing can be said of its fields. That an expected absence is proven, one job alone cannot tell.
    """
    if isinstance(job.expect, Absence) or isinstance(observation, Missing):
        return (_judge_presence(job, observation),)
    return _judge_parts(_parts_of(job.expect), observation, Basis(api=job.provider.api, time=now))


def _judge_presence(job: Job, observation: Observed | Missing) -> Finding:
    """Judge a job that is missing, or is expected to be."""
    return _judge_absence(job.expect, observation) if isinstance(job.expect, Absence) else _judge_missing(job)


def _judge_absence(absence: Absence, observation: Observed | Missing) -> Finding:
    missing = isinstance(observation, Missing)
    return Finding(
        path="absent",
        truth=Truth.HOLDS if missing else Truth.CANNOT_HOLD,
        kind=Kind.UNEXPECTED,
        expected=True,
        actual=missing,
        source=absence.source,
    )


def _judge_missing(job: Job) -> Finding:
    return Finding(
        path="missing",
        truth=Truth.CAN_HOLD if job.missing is MissingPolicy.WAIT else Truth.CANNOT_HOLD,
        kind=Kind.MISSING,
        expected="present",
        actual=None,
        source=job.source,
    )


def _parts_of(expectation: Expectation) -> tuple[_Part, ...]:
    return expectation.fields if expectation.sub_jobs is None else (*expectation.fields, expectation.sub_jobs)


def _judge_parts(parts: Sequence[_Part | Finding], observed: Observed, basis: Basis) -> tuple[Finding, ...]:
    """Return the findings of the parts in their order; what is a finding already stays one."""
    frozen = _is_frozen(observed, basis)
    findings: list[Finding] = []
    for part in parts:
        findings += (part,) if isinstance(part, Finding) else _judge_part(part, observed, basis, frozen=frozen)
    return tuple(findings)


def _judge_part(part: _Part, job: Observed | JobTexts, basis: Basis, *, frozen: bool) -> list[Finding]:
    if isinstance(part, SubJobsExpectation):
        return judge_sub_jobs(part, job.sub_jobs, basis, frozen=frozen)
    return [judge_assertion(part, job, basis, frozen=frozen, path="")]


def _is_frozen(job: Observed | JobTexts, basis: Basis) -> bool:
    return basis.api.statuses[job.status].terminal


# --- Many jobs -------------------------------------------------------------------------------------------------


class Judgement(Struct, frozen=True):
    """What is said of one job; `shown` is the observation without what nobody may be shown."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    shown: Observed | Missing


class Judge:
    """
    Judges jobs at one time, and remembers.

    Jobs of which the same is expected mostly say the same, too, but for ids and times. What follows from their texts is
    found once. It is looked for in the texts alone, and they are what it is remembered by, so that nothing else can be
    part of it. What needs more than texts is looked for in each job, and so is all where a sensitive value is expected.
    """

    __slots__ = ("_cases", "now")

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._cases: dict[tuple[int, int], _Case] = {}

    def judge(self, job: Job, observation: Observed | Missing) -> Judgement:
        """Judge a job as `judge_job` does, and say what is remarkable of it."""
        expectation, api = job.expect, job.provider.api
        if isinstance(expectation, Absence) or isinstance(observation, Missing):
            return Judgement((_judge_presence(job, observation),), tuple(notes_of(observation, api)), observation)
        # A case holds the two, so that these are the numbers of no other objects as long as it lasts.
        case = self._cases.get((id(expectation), id(api)))
        if case is None:
            case = _Case(expectation, Basis(api=api, time=self.now))
            self._cases[id(expectation), id(api)] = case
        return case.judge(observation)


class _Found(Struct, frozen=True):
    """
    What was found in the texts of a job; None is what cannot be found there.

    `parts` are the findings that were found, and in their places the parts of the expectation that need more.
    """

    findings: tuple[Finding, ...] | None
    parts: tuple[_Part | Finding, ...]
    notes: tuple[str, ...] | None


class _Case:
    """One expectation at one API, and what was found in texts that jobs have said to it."""

    __slots__ = ("_basis", "_expectation", "_found", "_hidden")

    def __init__(self, expectation: Expectation, basis: Basis) -> None:
        self._expectation = expectation
        self._basis = basis
        self._hidden = find_sensitive_fields(expectation)
        self._found: dict[JobTexts, _Found] = {}

    def judge(self, observed: Observed) -> Judgement:
        if self._hidden:
            findings = _judge_parts(_parts_of(self._expectation), observed, self._basis)
            shown = hide_fields_of_all(observed, self._hidden)
            return Judgement(findings, tuple(notes_of(shown, self._basis.api)), shown)
        texts = read_texts(observed)
        found = self._found.get(texts)
        if found is None:
            found = self._found[texts] = self._find(texts)
        return Judgement(
            _judge_parts(found.parts, observed, self._basis) if found.findings is None else found.findings,
            tuple(notes_of(observed, self._basis.api)) if found.notes is None else found.notes,
            observed,
        )

    def _find(self, texts: JobTexts) -> _Found:
        basis = Basis(api=self._basis.api, time=None)
        frozen = _is_frozen(texts, basis)
        parts: list[_Part | Finding] = []
        for part in _parts_of(self._expectation):
            try:
                parts += _judge_part(part, texts, basis, frozen=frozen)
            except MoreThanTextsError:
                parts.append(part)
        findings = tuple([part for part in parts if isinstance(part, Finding)])
        try:
            notes = tuple(notes_of(texts, basis.api))
        except MoreThanTextsError:
            notes = None
        return _Found(findings if len(findings) == len(parts) else None, tuple(parts), notes)
