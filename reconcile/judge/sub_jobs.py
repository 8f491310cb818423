"""The sub-jobs of one job against what is expected of them."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from reconcile.judge.assertion import Basis, holds_for_ever, judge_assertion, name_of, show_expected, truth_of
from reconcile.judge.pairing import Owners, PairingTooLongError, count_slots, pair_ordered, pair_unordered
from reconcile.judge.sensitive import find_sensitive, hide_fields
from reconcile.judge.texts import Said
from reconcile.model import (
    Assertion,
    Count,
    Field,
    FieldExpectation,
    Finding,
    Glob,
    Item,
    JsonValue,
    Kind,
    Match,
    Moment,
    Span,
    SubJob,
    SubJobsExpectation,
    Truth,
)

# Any drift outweighs all that is only pending, and a sub-job or item left alone outweighs all fields of a pair.
_PENDING, _DRIFT = 1, 1 << 40
MOST_PAIRS = 100_000
"""Items times sub-jobs, up to which they are compared, which takes half a second; no real job is anywhere near."""
_CHARACTERS_OF_PAIR = 64
"""Characters that a glob reads in the time for one pair."""

_ALONE = len(Field) + len(Moment) + len(Span) + 1


class _Answer(Struct, frozen=True, kw_only=True):
    """The sub-jobs of one answer; `frozen` says that the job itself is terminal, so that none changes or appears."""

    sub_jobs: Sequence[Said]
    basis: Basis
    frozen: bool

    def frozen_at(self, j: int) -> bool:
        return self.frozen or self.basis.api.statuses[self.sub_jobs[j].status].terminal

    def truth_at(self, j: int, assertion: Assertion) -> Truth:
        return truth_of(assertion, self.sub_jobs[j], self.basis, frozen=self.frozen_at(j))

    def truths_at(self, j: int, fields: Sequence[Assertion]) -> list[Truth]:
        sub_job, frozen = self.sub_jobs[j], self.frozen_at(j)
        return [truth_of(field, sub_job, self.basis, frozen=frozen) for field in fields]

    def matches(self, j: int, fields: Sequence[Assertion]) -> bool:
        return all(truth is Truth.HOLDS for truth in self.truths_at(j, fields))

    def matches_for_ever(self, j: int, fields: Sequence[Assertion]) -> bool:
        sub_job, frozen = self.sub_jobs[j], self.frozen_at(j)
        return all(holds_for_ever(field, sub_job, self.basis, frozen=frozen) for field in fields)

    def judge(self, j: int, assertion: Assertion, path: str) -> Finding:
        sub_job = self.sub_jobs[j]
        return judge_assertion(
            assertion, sub_job, self.basis, frozen=self.frozen_at(j), path=f"{path}.", label=sub_job.job_type
        )

    @property
    def shortage(self) -> Truth:
        """What it means that there are too few of something: more may appear while the job goes on."""
        return Truth.CANNOT_HOLD if self.frozen else Truth.CAN_HOLD


def judge_sub_jobs(
    expectation: SubJobsExpectation, sub_jobs: Sequence[Said], basis: Basis, *, frozen: bool
) -> list[Finding]:
    """
    Judge every assertion on the sub-jobs of a job; at least one finding comes of it.

    Args:
        sub_jobs: in the order of the answer.
        frozen: the job is terminal, so no sub-job changes or appears any more.
    """
    if _count_pairs(expectation, sub_jobs) > MOST_PAIRS:
        return [_too_many(expectation, len(sub_jobs))]
    try:
        return _judge_all(expectation, sub_jobs, basis, frozen=frozen)
    except PairingTooLongError:
        return [_too_many(expectation, len(sub_jobs))]


def _judge_all(
    expectation: SubJobsExpectation, sub_jobs: Sequence[Said], basis: Basis, *, frozen: bool
) -> list[Finding]:
    answer = _Answer(sub_jobs=sub_jobs, basis=basis, frozen=frozen)
    findings = _judge_count(expectation.count, expectation, answer) if expectation.count is not None else []
    if expectation.each:
        findings += _judge_each(expectation, answer)
    match expectation.match:
        case Match.EXACT | Match.ORDERED:
            findings += _judge_closed(expectation, answer)
        case Match.CONTAINS:
            findings += _judge_contained(expectation, answer)
        case Match.NONE:
            findings += _judge_none(expectation, answer)
    return findings


def _count_pairs(expectation: SubJobsExpectation, sub_jobs: Sequence[Said]) -> int:
    """
    Bound the work of comparing.

    In order, an item takes a place in the table for each sub-job that it may have, and a glob reads texts to the end.
    """
    items, size = expectation.items or (), len(sub_jobs)
    if not items and not expectation.each:
        return 0
    ordered = expectation.match is Match.ORDERED
    pairs = size * (sum(count_slots(item.count, size) for item in items) if ordered else len(items))
    globs = sum(map(_count_globs, (expectation.each, *[item.fields for item in items])))
    if not globs:
        return pairs
    characters = sum(
        len(text or "") for each in sub_jobs for text in (each.job_type, each.error_code, each.fail_reason)
    )
    return pairs + globs * characters // _CHARACTERS_OF_PAIR


def _count_globs(fields: Sequence[Assertion]) -> int:
    return sum(
        isinstance(accepted, Glob)
        for field in fields
        if isinstance(field, FieldExpectation)
        for accepted in field.accept
    )


def _too_many(expectation: SubJobsExpectation, size: int) -> Finding:
    return Finding(
        path="sub_jobs",
        truth=Truth.UNDECIDABLE,
        kind=Kind.CHANGED,
        expected=None,
        actual=f"{len(expectation.items or ())} items and {size} sub-jobs are too many to pair",
        source=expectation.source,
    )


# --- All sub-jobs ----------------------------------------------------------------------------------------------


def _judge_count(count: Count, expectation: SubJobsExpectation, answer: _Answer) -> list[Finding]:
    finding = Finding(
        path="sub_jobs.count",
        truth=_truth_of_count(count, len(answer.sub_jobs), answer),
        kind=Kind.CHANGED,
        expected=show_count(count),
        actual=len(answer.sub_jobs),
        source=expectation.source,
    )
    return [finding]


def _truth_of_count(count: Count, actual: int, answer: _Answer) -> Truth:
    if count.max is not None and actual > count.max:
        return Truth.CANNOT_HOLD
    return Truth.HOLDS if actual >= count.min else answer.shortage


def _judge_each(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    if not answer.sub_jobs:  # what holds for none of them is no proof
        yield Finding(
            path="sub_jobs.each",
            truth=answer.shortage,
            kind=Kind.MISSING,
            expected=show_fields(expectation.each),
            actual=None,
            source=expectation.source,
        )
    for j in range(len(answer.sub_jobs)):
        for field in expectation.each:
            yield answer.judge(j, field, f"sub_jobs[+{j}]")


# --- Items -----------------------------------------------------------------------------------------------------


def _judge_closed(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    """Judge items that must be all there is: a sub-job that serves no item can never disappear again."""
    if expectation.items is None:
        return
    owners = _pair(expectation.items, answer, ordered=expectation.match is Match.ORDERED, extra=_ALONE * _DRIFT)
    yield from _judge_items(expectation.items, owners, answer)
    unexpected = [j for j, owner in enumerate(owners) if owner is None]
    for j in unexpected:
        yield _unexpected(expectation, answer, j, Truth.CANNOT_HOLD)
    if not unexpected:
        yield _nothing_unexpected(expectation)


def _judge_contained(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    """Judge items that must be there among others; a maximum is about all sub-jobs that are what the item describes."""
    items = expectation.items or ()
    at_least = tuple(Count(min=item.count.min, max=item.count.min) for item in items)
    owners = _pair(items, answer, ordered=False, extra=0, bounds=at_least)
    yield from _judge_items(items, owners, answer)
    for i, item in enumerate(items):
        if item.count.max is not None:
            yield _judge_maximum(i, item, item.count.max, answer)
            for j in range(len(answer.sub_jobs)):
                truths = answer.truths_at(j, item.fields)
                yield from _judge_unreadable(j, item, truths, answer)


def _judge_maximum(i: int, item: Item, maximum: int, answer: _Answer) -> Finding:
    everyone = range(len(answer.sub_jobs))
    now = sum(answer.matches(j, item.fields) for j in everyone)
    for_ever = sum(answer.matches_for_ever(j, item.fields) for j in everyone)
    truth = Truth.HOLDS if now <= maximum else Truth.CAN_HOLD if for_ever <= maximum else Truth.CANNOT_HOLD
    return _count_of_item(i, item, now, truth)


def _judge_none(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    """Judge items that must not be there."""
    matching: dict[int, list[Item]] = {}
    for item in expectation.items or ():
        for j in range(len(answer.sub_jobs)):
            truths = answer.truths_at(j, item.fields)
            if truths.count(Truth.HOLDS) == len(truths):
                matching.setdefault(j, []).append(item)
            elif Truth.UNDECIDABLE in truths:
                yield from _judge_unreadable(j, item, truths, answer)
    for j in sorted(matching):
        for_ever = any(answer.matches_for_ever(j, item.fields) for item in matching[j])
        yield _unexpected(expectation, answer, j, Truth.CANNOT_HOLD if for_ever else Truth.CAN_HOLD)
    if not matching:
        yield _nothing_unexpected(expectation)


def _judge_unreadable(j: int, item: Item, truths: Sequence[Truth], answer: _Answer) -> Iterator[Finding]:
    """Find out whether it cannot be said that a sub-job is not what the item describes; `truths` are of its fields."""
    if Truth.UNDECIDABLE in truths and all(truth in (Truth.UNDECIDABLE, Truth.HOLDS) for truth in truths):
        yield answer.judge(j, item.fields[truths.index(Truth.UNDECIDABLE)], f"sub_jobs[+{j}]")


def _judge_items(items: Sequence[Item], owners: Owners, answer: _Answer) -> Iterator[Finding]:
    served: list[list[int]] = [[] for _ in items]
    for j, owner in enumerate(owners):
        if owner is not None:
            served[owner].append(j)
    for i, (item, sub_jobs) in enumerate(zip(items, served, strict=True)):
        for j in sub_jobs:
            for field in item.fields:
                yield answer.judge(j, field, f"sub_jobs[{i}]")
        if len(sub_jobs) < item.count.min:
            yield _shortage_of_item(i, item, len(sub_jobs), answer.shortage)


def _shortage_of_item(i: int, item: Item, actual: int, truth: Truth) -> Finding:
    if actual:
        return _count_of_item(i, item, actual, truth)
    return Finding(
        path=f"sub_jobs[{i}]",
        truth=truth,
        kind=Kind.MISSING,
        expected=show_item(item),
        actual=None,
        source=item.source,
        label=_type_of(item),
    )


def _count_of_item(i: int, item: Item, actual: int, truth: Truth) -> Finding:
    return Finding(
        path=f"sub_jobs[{i}].count",
        truth=truth,
        kind=Kind.CHANGED,
        expected=show_count(item.count),
        actual=actual,
        source=item.source,
        label=_type_of(item),
    )


def _unexpected(expectation: SubJobsExpectation, answer: _Answer, j: int, truth: Truth) -> Finding:
    shown = hide_fields(answer.sub_jobs[j], find_sensitive(expectation))
    return Finding(
        path=f"sub_jobs[+{j}]",
        truth=truth,
        kind=Kind.UNEXPECTED,
        expected=None,
        actual=show_sub_job(shown),
        source=expectation.source,
        label=shown.job_type,
        implied=expectation.implied,
    )


def _nothing_unexpected(expectation: SubJobsExpectation) -> Finding:
    return Finding(
        path="sub_jobs",
        truth=Truth.HOLDS,
        kind=Kind.UNEXPECTED,
        expected=None,
        actual=None,
        source=expectation.source,
        implied=expectation.implied,
    )


# --- Pairing ---------------------------------------------------------------------------------------------------


def _pair(
    items: Sequence[Item], answer: _Answer, *, ordered: bool, extra: int, bounds: Sequence[Count] | None = None
) -> Owners:
    """Pair so that first the fewest assertions are false for ever, then the fewest are undecided."""
    size = len(answer.sub_jobs)
    costs = [[_cost(item, answer, j) for j in range(size)] for item in items]
    pair = pair_ordered if ordered else pair_unordered
    short = _ALONE * (_DRIFT if answer.frozen else _PENDING)
    return pair(costs, bounds or [item.count for item in items], size=size, short=short, extra=extra)


def _cost(item: Item, answer: _Answer, j: int) -> int | None:
    """Count what differs between an item and a sub-job; None if the sub-job's type is not one that the item accepts."""
    cost = 0
    for field in item.fields:
        match answer.truth_at(j, field):
            case Truth.HOLDS:
                continue
            case Truth.CAN_HOLD:
                cost += _PENDING
            case Truth.CANNOT_HOLD | Truth.UNDECIDABLE:
                if isinstance(field, FieldExpectation) and field.field is Field.JOB_TYPE:
                    return None
                cost += _DRIFT
    return cost


# --- What a plan shows of them ---------------------------------------------------------------------------------


def show_fields(fields: Sequence[Assertion]) -> dict[str, JsonValue]:
    """Return assertions as the manifest writes them."""
    return {name_of(field): show_expected(field) for field in fields}


def show_count(count: Count) -> dict[str, JsonValue]:
    """Return a count as the manifest writes it."""
    bounds: dict[str, JsonValue] = {"min": count.min}
    return bounds if count.max is None else {**bounds, "max": count.max}


def show_item(item: Item) -> dict[str, JsonValue]:
    """Return an item as the manifest writes it, its count only where it is not one."""
    fields = show_fields(item.fields)
    return fields if item.count == Count(min=1, max=1) else {**fields, "count": show_count(item.count)}


def show_sub_job(sub_job: Said) -> dict[str, JsonValue]:
    """Return what the API said of a sub-job, without what it did not say."""
    shown = {field: getattr(sub_job, field) for field in SubJob.__struct_fields__}
    return {field: value for field, value in shown.items() if value is not None}


def _type_of(item: Item) -> str | None:
    """Name the type of an item for a reader, where it is one."""
    for field in item.fields:
        if isinstance(field, FieldExpectation) and field.field is Field.JOB_TYPE and not field.sensitive:
            only = field.accept[0] if len(field.accept) == 1 else None
            return only if isinstance(only, str) else None
    return None
