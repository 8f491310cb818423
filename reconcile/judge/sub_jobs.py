"""Judges the sub-jobs of one job."""

from collections.abc import Iterator, Sequence
from math import isqrt

from msgspec import Struct

from reconcile.judge.assertion import (
    LONGEST_TEXT,
    State,
    holds_permanently,
    judge_assertion,
    name_of,
    show_expected,
    truth_of,
)
from reconcile.judge.pairing import Owners, PairingTooLongError, count_slots, pair_ordered, pair_unordered
from reconcile.judge.sensitive import hide_fields
from reconcile.model.api import ROLES
from reconcile.model.manifest import (
    Assertion,
    Count,
    Field,
    FieldExpectation,
    Glob,
    Item,
    Match,
    Moment,
    Span,
    SubJobsExpectation,
)
from reconcile.model.observation import SubJob
from reconcile.model.plan import Finding, Kind, Truth
from reconcile.model.value import SENSITIVE, JsonValue

# Costs: one drift outweighs everything that is only pending, and an unpaired item or sub-job all fields of a pair.
_PENDING, _DRIFT = 1, 1 << 40
MOST_PAIRS = 100_000
"""The most pairs of items and sub-jobs that are compared, which takes half a second; no real job comes near it."""
_CHARACTERS_OF_PAIR = 64
"""Characters that a glob reads in the time of one pair."""

_MOST_EQUAL = isqrt(MOST_PAIRS)
"""The most sub-jobs that are compared value by value: with as many items, they make MOST_PAIRS."""
_LEFT_OVER = len(Field) + len(Moment) + len(Span) + 1
"""The cost of an unpaired item or sub-job, in differing fields."""

# Looked up once, because getting a member of an enum is slow in CPython 3.11.
_HOLDS, _CHANGED, _UNEXPECTED = Truth.HOLDS, Kind.CHANGED, Kind.UNEXPECTED
_EXACT, _ORDERED, _JOB_TYPE = Match.EXACT, Match.ORDERED, Field.JOB_TYPE
_CLOSED = (_EXACT, _ORDERED)

_ONCE = Count(min=1, max=1)


class _Answer(Struct, frozen=True):
    """The sub-jobs of one answer, in its order, and their states; `job` is the state of the job that lists them."""

    sub_jobs: Sequence[SubJob]
    states: Sequence[State]
    job: State

    def judge(self, j: int, assertion: Assertion, path: str) -> Finding:
        return judge_assertion(assertion, self.states[j], path=f"{path}.", label=self.label(j))

    def label(self, j: int) -> str | None:
        job_type = self.sub_jobs[j].job_type
        return SENSITIVE if job_type is not None and _JOB_TYPE in self.job.hidden else job_type

    @property
    def shortage(self) -> Truth:
        """The truth if there are too few sub-jobs: more may appear until the job is terminal."""
        return Truth.CANNOT_HOLD if self.job.frozen else Truth.CAN_HOLD


def judge_sub_jobs(expectation: SubJobsExpectation, sub_jobs: Sequence[SubJob], job: State) -> list[Finding]:
    """
    Judge every assertion about the sub-jobs of a job; returns at least one finding.

    Args:
        sub_jobs: in the order of the answer.
        job: the state of the job that lists them.
    """
    equal = _judge_equal(expectation, sub_jobs, job)
    if equal is not None:
        return equal
    if _estimate_pairs(expectation, sub_jobs) > MOST_PAIRS:
        return [_too_many(expectation, len(sub_jobs))]
    statuses = job.api.statuses
    states = [
        State(each, job.api, job.now, job.frozen or statuses[each.status].terminal, job.hidden) for each in sub_jobs
    ]
    try:
        return _judge_all(expectation, _Answer(sub_jobs, states, job))
    except PairingTooLongError:
        return [_too_many(expectation, len(sub_jobs))]


def _judge_all(expectation: SubJobsExpectation, answer: _Answer) -> list[Finding]:
    findings: list[Finding] = []
    if expectation.count is not None:
        findings.append(_judge_count(expectation.count, expectation, answer))
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


def _estimate_pairs(expectation: SubJobsExpectation, sub_jobs: Sequence[SubJob]) -> int:
    """
    Estimate the work of comparing, in pairs.

    An ordered item takes one row of the table for each sub-job that it may have, and a glob reads whole texts.
    """
    items, size = expectation.items or (), len(sub_jobs)
    ordered = expectation.match is _ORDERED
    pairs = size * (sum(count_slots(item.count, size) for item in items) if ordered else len(items))
    fields = [*expectation.each, *[field for item in items for field in item.fields]]
    texts = [field for field in fields if isinstance(field, FieldExpectation)]
    globs = [accepted for field in texts for accepted in field.accept if isinstance(accepted, Glob)]
    if not globs:
        return pairs
    characters = sum(
        len(text or "") for each in sub_jobs for text in (each.job_type, each.error_code, each.fail_reason)
    )
    return pairs + len(globs) * characters // _CHARACTERS_OF_PAIR


def _too_many(expectation: SubJobsExpectation, size: int) -> Finding:
    return Finding(
        path="sub_jobs",
        truth=Truth.UNDECIDABLE,
        kind=Kind.CHANGED,
        expected=None,
        actual=f"{len(expectation.items or ())} items and {size} sub-jobs are too many to pair",
        source=expectation.source,
    )


# --- The usual case: exactly what is expected ------------------------------------------------------------------


def _judge_equal(expectation: SubJobsExpectation, sub_jobs: Sequence[SubJob], job: State) -> list[Finding] | None:
    """
    Judge sub-jobs that equal the expected items, value for value; None if they do not.

    If every item has one value for each of the same fields, including its type, and the sub-jobs have exactly these
    values equally often, then every assertion holds in every best pairing, and there is nothing to pair. All other
    cases are left to the optimal pairing, which finds the differences.
    """
    items = expectation.items or ()
    if expectation.match not in _CLOSED or expectation.each or expectation.count or job.hidden:
        return None
    if not 0 < len(items) == len(sub_jobs) <= _MOST_EQUAL:
        return None
    names = [each.field for each in items[0].fields if isinstance(each, FieldExpectation)]
    if _JOB_TYPE not in names:
        return None
    expected = [_values_of(item, names) for item in items]
    observed = [tuple([getattr(sub_job, name) for name in names]) for sub_job in sub_jobs]
    equal = expected == observed if expectation.match is _ORDERED else _count(expected) == _count(observed)
    return [*_hold_all(items, names, expected), _nothing_unexpected(expectation)] if equal else None


def _values_of(item: Item, names: Sequence[Field]) -> tuple[str | None, ...]:
    """Return the values that an item expects of these fields; empty unless it is one sub-job with one value each."""
    values = [
        field.accept[0]
        for field, name in zip(item.fields, names, strict=False)
        if isinstance(field, FieldExpectation)
        and field.field is name
        and len(field.accept) == 1
        and not isinstance(field.accept[0], Glob)
        and len(field.accept[0] or "") <= LONGEST_TEXT
    ]
    return tuple(values) if item.count == _ONCE and len(values) == len(names) == len(item.fields) else ()


def _hold_all(items: Sequence[Item], names: Sequence[Field], values: Sequence[Sequence[str | None]]) -> list[Finding]:
    """Make the findings of items that hold; `values` has the values of `names` for each item."""
    findings: list[Finding] = []
    at = names.index(_JOB_TYPE)
    for i, (item, own) in enumerate(zip(items, values, strict=True)):
        path, label = f"sub_jobs[{i}].", own[at]
        findings += [
            Finding(
                path=path + name,
                truth=_HOLDS,
                kind=_CHANGED,
                expected=value,
                actual=value,
                source=field.source,
                label=label,
                implied=isinstance(field, FieldExpectation) and field.implied,
            )
            for field, name, value in zip(item.fields, names, own, strict=True)
        ]
    return findings


def _count(keys: Sequence[object]) -> dict[object, int]:
    """Count keys; a Counter takes five times as long for the few sub-jobs of a job."""
    counts: dict[object, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


# --- All sub-jobs ----------------------------------------------------------------------------------------------


def _judge_count(count: Count, expectation: SubJobsExpectation, answer: _Answer) -> Finding:
    actual = len(answer.sub_jobs)
    if count.max is not None and actual > count.max:
        truth = Truth.CANNOT_HOLD
    else:
        truth = _HOLDS if actual >= count.min else answer.shortage
    return Finding(
        path="sub_jobs.count",
        truth=truth,
        kind=Kind.CHANGED,
        expected=show_count(count),
        actual=actual,
        source=expectation.source,
    )


def _judge_each(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    if not answer.sub_jobs:  # an assertion about zero sub-jobs proves nothing
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


def _judge_closed(expectation: SubJobsExpectation, answer: _Answer) -> list[Finding]:
    """Judge items that must be the only sub-jobs; a sub-job that no item accepts can never disappear."""
    items = expectation.items
    if items is None:
        return []
    owners = _pair(items, answer, ordered=expectation.match is _ORDERED, extra=_LEFT_OVER * _DRIFT)
    findings = list(_judge_items(items, owners, answer))
    unexpected = [j for j, owner in enumerate(owners) if owner is None]
    findings += [_unexpected(expectation, answer, j, Truth.CANNOT_HOLD) for j in unexpected]
    return findings if unexpected else [*findings, _nothing_unexpected(expectation)]


def _judge_contained(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    """Judge items that must exist among others; a maximum applies to all sub-jobs that match the item."""
    items = expectation.items or ()
    at_least = tuple(Count(min=item.count.min, max=item.count.min) for item in items)
    owners = _pair(items, answer, ordered=False, extra=0, bounds=at_least)
    yield from _judge_items(items, owners, answer)
    for i, item in enumerate(items):
        if item.count.max is not None:
            truths = [_truths_of(item, state) for state in answer.states]
            matching = [
                state for state, own in zip(answer.states, truths, strict=True) if own.count(_HOLDS) == len(own)
            ]
            yield _judge_maximum(i, item, item.count.max, matching)
            for j, own in enumerate(truths):
                yield from _judge_unreadable(j, item, own, answer)


def _judge_maximum(i: int, item: Item, maximum: int, matching: Sequence[State]) -> Finding:
    """Judge the maximum of an item; `matching` are the sub-jobs that match it now."""
    if len(matching) <= maximum:
        truth = _HOLDS
    else:
        permanently = sum(_matches_permanently(item, state) for state in matching)
        truth = Truth.CAN_HOLD if permanently <= maximum else Truth.CANNOT_HOLD
    return _count_of_item(i, item, len(matching), truth)


def _judge_none(expectation: SubJobsExpectation, answer: _Answer) -> Iterator[Finding]:
    """Judge items that no sub-job may match."""
    matching: dict[int, list[Item]] = {}
    for item in expectation.items or ():
        for j, state in enumerate(answer.states):
            truths = _truths_of(item, state)
            if truths.count(_HOLDS) == len(truths):
                matching.setdefault(j, []).append(item)
            else:
                yield from _judge_unreadable(j, item, truths, answer)
    for j in sorted(matching):
        permanently = any(_matches_permanently(item, answer.states[j]) for item in matching[j])
        yield _unexpected(expectation, answer, j, Truth.CANNOT_HOLD if permanently else Truth.CAN_HOLD)
    if not matching:
        yield _nothing_unexpected(expectation)


def _judge_unreadable(j: int, item: Item, truths: Sequence[Truth], answer: _Answer) -> Iterator[Finding]:
    """Yield the field that makes it impossible to tell whether a sub-job matches; `truths` are those of its fields."""
    if Truth.UNDECIDABLE in truths and all(truth in (Truth.UNDECIDABLE, _HOLDS) for truth in truths):
        yield answer.judge(j, item.fields[truths.index(Truth.UNDECIDABLE)], f"sub_jobs[+{j}]")


def _truths_of(item: Item, state: State) -> list[Truth]:
    return [truth_of(field, state) for field in item.fields]


def _matches_permanently(item: Item, state: State) -> bool:
    return all(holds_permanently(field, state) for field in item.fields)


def _judge_items(items: Sequence[Item], owners: Owners, answer: _Answer) -> Iterator[Finding]:
    owned: list[list[int]] = [[] for _ in items]
    for j, owner in enumerate(owners):
        if owner is not None:
            owned[owner].append(j)
    for i, (item, members) in enumerate(zip(items, owned, strict=True)):
        path = f"sub_jobs[{i}]."
        for j in members:
            state, label = answer.states[j], answer.label(j)
            for field in item.fields:
                yield judge_assertion(field, state, path=path, label=label)
        if len(members) < item.count.min:
            yield _shortage_of_item(i, item, len(members), answer.shortage)


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
    shown = hide_fields(answer.sub_jobs[j], answer.job.hidden)
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
        truth=_HOLDS,
        kind=_UNEXPECTED,
        expected=None,
        actual=None,
        source=expectation.source,
        implied=expectation.implied,
    )


# --- Pairing ---------------------------------------------------------------------------------------------------


def _pair(
    items: Sequence[Item], answer: _Answer, *, ordered: bool, extra: int, bounds: Sequence[Count] | None = None
) -> Owners:
    """Pair so that the fewest assertions are permanently false and, among those pairings, the fewest undecided."""
    costs = [[_cost(item, state) for state in answer.states] for item in items]
    pair = pair_ordered if ordered else pair_unordered
    short = _LEFT_OVER * (_DRIFT if answer.job.frozen else _PENDING)
    return pair(costs, bounds or [item.count for item in items], size=len(answer.states), short=short, extra=extra)


def _cost(item: Item, state: State) -> int | None:
    """Count what differs between an item and a sub-job; None if the item does not accept the sub-job's type."""
    cost = 0
    for field in item.fields:
        match truth_of(field, state):
            case Truth.HOLDS:
                continue
            case Truth.CAN_HOLD:
                cost += _PENDING
            case Truth.CANNOT_HOLD | Truth.UNDECIDABLE:
                if isinstance(field, FieldExpectation) and field.field is _JOB_TYPE:
                    return None
                cost += _DRIFT
    return cost


# --- What a plan shows -----------------------------------------------------------------------------------------


def show_fields(fields: Sequence[Assertion]) -> dict[str, JsonValue]:
    """Return assertions as in a manifest."""
    return {name_of(field): show_expected(field) for field in fields}


def show_count(count: Count) -> dict[str, JsonValue]:
    """Return a count as in a manifest."""
    bounds: dict[str, JsonValue] = {"min": count.min}
    return bounds if count.max is None else {**bounds, "max": count.max}


def show_item(item: Item) -> dict[str, JsonValue]:
    """Return an item as in a manifest, with its count unless that is one."""
    fields = show_fields(item.fields)
    return fields if item.count == _ONCE else {**fields, "count": show_count(item.count)}


def show_sub_job(sub_job: SubJob) -> dict[str, JsonValue]:
    """Return the fields of a sub-job that have a value."""
    shown = {field: getattr(sub_job, field) for field in ROLES}
    return {field: value for field, value in shown.items() if value is not None}


def _type_of(item: Item) -> str | None:
    """Return the job_type that an item expects, None unless it is a single value that may be shown."""
    for field in item.fields:
        if isinstance(field, FieldExpectation) and field.field is _JOB_TYPE and not field.sensitive:
            only = field.accept[0] if len(field.accept) == 1 else None
            return only if isinstance(only, str) else None
    return None
