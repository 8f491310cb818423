"""Finds expectations that no answer can meet, and those that every answer meets, which prove nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from reconcile.instant import FIRST
from reconcile.judge import accepts
from reconcile.model.manifest import (
    Accepted,
    Assertion,
    Count,
    Field,
    FieldExpectation,
    Glob,
    Item,
    Match,
    MomentExpectation,
)

_STATUS_FIELD: Final = Field.STATUS
_STATUS: Final = _STATUS_FIELD.value
_FAILURE_FIELDS: Final = (Field.ERROR_CODE.value, Field.FAIL_REASON.value)

MOST_COUNTED: Final = 10_000
"""The most sub-jobs that fit into an answer of at most 1 MiB: a higher bound is no bound."""

MOST_COMPARED: Final = 10_000_000
"""The most characters of a manifest that are compared with globs, which takes about a second."""

CENTURY: Final = 100 * 365 * 24 * 3600.0
"""In seconds; nothing takes that long."""

_LAST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""A bound after this, or before FIRST, is no bound: no job API answered before FIRST or will after this."""


# --- What no answer can meet -----------------------------------------------------------------------------------


def find_impossible(fields: Mapping[str, Assertion], success: str) -> tuple[str, str] | None:
    """
    Return the name of a field that contradicts the others, and why; None if a record can meet all of them.

    Args:
        fields: the expectations of one record, by name.
        success: the status of a record without error code and fail reason.
    """
    status = fields.get(_STATUS)
    if isinstance(status, FieldExpectation) and status.accept == (success,):
        for name in _FAILURE_FIELDS:
            field = fields.get(name)
            if isinstance(field, FieldExpectation) and None not in field.accept:
                return name, f"a job that ends in {success} has no {name}, but one is required here"
    begin, end = fields.get("begin_time"), fields.get("end_time")
    after = begin.after if isinstance(begin, MomentExpectation) else None
    before = end.before if isinstance(end, MomentExpectation) else None
    if after is not None and before is not None and before < after:
        return "end_time", "these bounds require that it ended before it began"
    return None


def find_impossible_number(
    match: Match, items: Sequence[Item] | None, each: Sequence[Assertion], count: Count | None
) -> str | None:
    """Return why no number of sub-jobs can meet an expectation, None if one can."""
    least, most = _bounds_of(match, items)
    if each:
        least = max(least, 1)
    if count is not None and count.max is not None and count.max < least:
        return f"sub-jobs: at least {least} are required, but at most {count.max} are allowed"
    if most is not None and count is not None and most < count.min:
        return f"sub-jobs: at least {count.min} are required, but at most {most} are allowed"
    if each and most == 0:
        return "'each' requires at least one sub-job, but none is allowed"
    return None


def are_disjoint(one: FieldExpectation, other: FieldExpectation) -> bool:
    """Return whether certainly no value is accepted by both; two globs are never certain."""
    if any(isinstance(each, Glob) for each in one.accept) and any(isinstance(each, Glob) for each in other.accept):
        return False
    return not any(accepts(other, each) for each in one.accept if not isinstance(each, Glob)) and not any(
        accepts(one, each) for each in other.accept if not isinstance(each, Glob)
    )


def count_compared(one: FieldExpectation, other: FieldExpectation) -> int:
    """Count the most characters that `are_disjoint` compares with globs."""
    return sum(
        len(patterns) * sum(len(each) for each in texts.accept if isinstance(each, str))
        for patterns, texts in ((_globs_of(one), other), (_globs_of(other), one))
    )


def _globs_of(expectation: FieldExpectation) -> list[Glob]:
    return [each for each in expectation.accept if isinstance(each, Glob)]


def _bounds_of(match: Match, items: Sequence[Item] | None) -> tuple[int, int | None]:
    """Return how many sub-jobs items require and allow, None for any number. A sub-job counts for one item only."""
    if items is None or match is Match.NONE:
        return 0, None
    least = sum(item.count.min for item in items)
    if match is Match.CONTAINS:
        return least, None
    bounds = [item.count.max for item in items]
    return least, None if None in bounds else sum(bound for bound in bounds if bound is not None)


# --- What every answer meets ------------------------------------------------------------------------------------


def find_tautology(assertion: Assertion, statuses: Collection[str]) -> str | None:
    """
    Return why an assertion holds for every record, None if it can fail.

    Args:
        assertion: an expectation of a job or a sub-job; if all its bounds are None, they could not be read.
        statuses: all statuses of the job API.
    """
    if isinstance(assertion, FieldExpectation):
        accept = assertion.accept
        if assertion.field is _STATUS_FIELD:
            return "it accepts every status" if all(word in accept for word in statuses) else None
        return "it accepts null and any text" if None in accept and _accept_any_text(accept) else None
    if isinstance(assertion, MomentExpectation):
        after, before = assertion.after, assertion.before
        vacuous = after != before and (after is None or after < FIRST) and (before is None or before >= _LAST)
        return "every time is within these bounds" if vacuous else None
    least, most = assertion.min, assertion.max
    vacuous = least != most and not least and (most is None or most >= CENTURY)
    return "these bounds accept any length of time" if vacuous else None


def is_any_number(count: Count) -> bool:
    """Return whether every number of sub-jobs is within these bounds."""
    return count.min == 0 and (count.max is None or count.max > MOST_COUNTED)


def find_open_items(match: Match, items: Sequence[Item], statuses: Collection[str]) -> list[tuple[int, str]]:
    """
    Return the numbers of items that accept everything, and why: they cancel what the other items require.

    A single item does so if it matches any sub-job any number of times, or if it may be missing while other sub-jobs
    are allowed. Several items do so together if each accepts what the others do not.
    """
    found: list[tuple[int, str]] = []
    accept: dict[Field, tuple[Accepted, ...]] = {}
    for number, item in enumerate(items):
        if match is Match.NONE or not is_any_number(item.count):
            continue
        if match is Match.CONTAINS:
            found.append((number, "it accepts any number of these, and any other sub-job"))
        elif not item.fields:
            found.append((number, "it accepts any sub-job, any number of times"))
        elif match is Match.EXACT and len(item.fields) == 1 and isinstance(item.fields[0], FieldExpectation):
            field = item.fields[0]
            accept[field.field] = (*accept.get(field.field, ()), *field.accept)
            if len(accept[field.field]) > len(field.accept) and find_tautology(
                replace(field, accept=accept[field.field]), statuses
            ):
                found.append((number, "with the items before it, it accepts any sub-job, any number of times"))
    return found


def _accept_any_text(accept: Iterable[Accepted]) -> bool:
    """
    Return whether globs of only `*` and `?` accept texts of all lengths.

    `??*` accepts texts of two characters and more, `?` texts of one.
    """
    lengths: set[int] = set()
    least: int | None = None
    for each in accept:
        if isinstance(each, Glob) and not each.pattern.strip("*?"):
            length = each.pattern.count("?")
            if "*" in each.pattern:
                least = length if least is None else min(least, length)
            else:
                lengths.add(length)
    return least is not None and lengths.issuperset(range(1, least))
