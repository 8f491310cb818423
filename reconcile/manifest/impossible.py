"""Expectations that no answer can meet."""

from collections.abc import Mapping, Sequence
from typing import Final

from reconcile.glob import matches_glob
from reconcile.model import Assertion, Count, Field, FieldExpectation, Glob, Item, Match, MomentExpectation

_OF_A_FAILURE: Final = (Field.ERROR_CODE.value, Field.FAIL_REASON.value)


def find_impossible(fields: Mapping[str, Assertion], success: str) -> tuple[str, str] | None:
    """
    Return the name of a field and why no record has it beside the others, None if one can.

    Args:
        fields: what is expected of one record, by name.
        success: the status word of a record that has neither error code nor reason to fail.
    """
    status = fields.get(Field.STATUS.value)
    if isinstance(status, FieldExpectation) and status.accept == (success,):
        for name in _OF_A_FAILURE:
            field = fields.get(name)
            if isinstance(field, FieldExpectation) and None not in field.accept:
                return name, f"what ends in {success} has no {name}, and one is demanded here"
    begin, end = fields.get("begin_time"), fields.get("end_time")
    after = begin.after if isinstance(begin, MomentExpectation) else None
    before = end.before if isinstance(end, MomentExpectation) else None
    if after is not None and before is not None and before < after:
        return "end_time", "nothing ends before it begins, and these bounds demand it"
    return None


def find_impossible_number(
    match: Match, items: Sequence[Item] | None, each: Sequence[Assertion], count: Count | None
) -> str | None:
    """Say why there is no number of sub-jobs that meets all of an expectation, None if there is one."""
    least, most = _bounds_of(match, items)
    if each:
        least = max(least, 1)
    if count is not None and count.max is not None and count.max < least:
        return f"sub-jobs: {least} or more are demanded, and no more than {count.max} are allowed"
    if most is not None and count is not None and most < count.min:
        return f"sub-jobs: {count.min} or more are demanded, and no more than {most} are allowed"
    if each and most == 0:
        return "something is demanded of each sub-job, and none is allowed"
    return None


def are_disjoint(one: FieldExpectation, other: FieldExpectation) -> bool:
    """Tell whether it is certain that no value is accepted by both; of two globs nothing is certain."""
    if any(isinstance(each, Glob) for each in one.accept) and any(isinstance(each, Glob) for each in other.accept):
        return False
    return not any(_accepts(other, each) for each in one.accept if not isinstance(each, Glob)) and not any(
        _accepts(one, each) for each in other.accept if not isinstance(each, Glob)
    )


def _bounds_of(match: Match, items: Sequence[Item] | None) -> tuple[int, int | None]:
    """Return how many sub-jobs items demand and allow; None is any number. A sub-job is counted for one item."""
    if items is None or match is Match.NONE:
        return 0, None
    least = sum(item.count.min for item in items)
    if match is Match.CONTAINS:
        return least, None
    bounds = [item.count.max for item in items]
    return least, None if None in bounds else sum(bound for bound in bounds if bound is not None)


def _accepts(expectation: FieldExpectation, value: str | None) -> bool:
    return value in expectation.accept or (
        value is not None
        and any(isinstance(each, Glob) and matches_glob(each.pattern, value) for each in expectation.accept)
    )
