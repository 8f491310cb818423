"""Expectations that every answer meets, and that so prove nothing."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from reconcile.model import (
    Accepted,
    Assertion,
    Count,
    Field,
    FieldExpectation,
    Glob,
    Item,
    Match,
    MomentExpectation,
    SpanExpectation,
)

MOST_COUNTED: Final = 10_000
"""An answer, of 1 MiB at most, has no room for more sub-jobs: a higher bound is none."""

CENTURY: Final = 100 * 365 * 24 * 3600.0
"""Nothing takes so many seconds."""

_FIRST: Final = datetime(1971, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Bounds of times that are no bounds: no job API has answered before the one, or will after the other."""


def find_tautology(assertion: Assertion, statuses: Collection[str]) -> str | None:
    """
    Say why an assertion holds for every record, None if it demands something.

    Args:
        assertion: what is expected of a job or a sub-job; bounds that are all None could not be read.
        statuses: all status words of the job API.
    """
    match assertion:
        case FieldExpectation(field=Field.STATUS, accept=accept):
            return "it accepts every status that there is" if set(statuses) <= set(accept) else None
        case FieldExpectation(accept=accept):
            return "it accepts null, and every text as well" if None in accept and _accept_any_text(accept) else None
        case MomentExpectation(after=after, before=before):
            vacuous = after != before and (after is None or after < _FIRST) and (before is None or before >= _LAST)
            return "every time is within these bounds" if vacuous else None
        case SpanExpectation(min=least, max=most):
            vacuous = least != most and not least and (most is None or most >= CENTURY)
            return "nothing takes less than no time or more than a century" if vacuous else None


def is_any_number(count: Count) -> bool:
    """Tell whether every number of sub-jobs is within these bounds."""
    return count.min == 0 and (count.max is None or count.max > MOST_COUNTED)


def find_open_items(match: Match, items: Sequence[Item], statuses: Collection[str]) -> list[tuple[int, str]]:
    """
    Return the numbers of items through which everything passes, and why: they undo what the others demand.

    A single item does if any sub-job is what it describes and any number of them will do, or if no number is too
    few where others are welcome; several do together if what one of them does not accept, another does.
    """
    found: list[tuple[int, str]] = []
    accept: dict[Field, tuple[Accepted, ...]] = {}
    for number, item in enumerate(items):
        if match is Match.NONE or not is_any_number(item.count):
            continue
        if match is Match.CONTAINS:
            found.append((number, "any number of these will do, and others are welcome"))
        elif not item.fields:
            found.append((number, "it is any sub-job, any number of times"))
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
    Tell whether globs of nothing but `*` and `?` accept texts of all lengths.

    `??*` accepts those of two characters and more, `?` those of one.
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
