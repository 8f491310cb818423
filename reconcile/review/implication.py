"""
Which expectations follow from others, as far as their structure shows.

True is a proof: if the stronger one holds, so does the weaker one. It proves nothing if the stronger one does not hold,
so none of this applies to waived assertions. False is no claim: only a search can decide.
"""

from collections.abc import Iterable, Sequence

from reconcile.judge import accepts
from reconcile.model.manifest import (
    Assertion,
    Count,
    FieldExpectation,
    Glob,
    Match,
    MomentExpectation,
    SpanExpectation,
    SubJobsExpectation,
)


def implies(strong: Sequence[Assertion], weak: Iterable[Assertion]) -> bool:
    """Return whether everything that meets all `strong` assertions provably meets all `weak` ones."""
    return all(_is_met(each, strong) for each in weak)


def list_unmet(strong: Sequence[Assertion], weak: Iterable[Assertion]) -> tuple[Assertion, ...]:
    """List the `weak` assertions that may be false although all `strong` ones hold."""
    return tuple([each for each in weak if not _is_met(each, strong)])


def implies_sub_jobs(strong: SubJobsExpectation | None, weak: SubJobsExpectation | None) -> bool:
    """Return whether sub-jobs that meet `strong` provably meet `weak`; None expects nothing."""
    if weak is None or strong == weak:
        return True
    if strong is None or (weak.each and not (strong.each and implies(strong.each, weak.each))):
        return False
    if weak.count is not None and not _lies_within(strong.count, weak.count):
        return False
    return _implies_items(strong, weak)


def _is_met(assertion: Assertion, strong: Iterable[Assertion]) -> bool:
    return any(_implies_one(each, assertion) for each in strong)


def _implies_one(strong: Assertion, weak: Assertion) -> bool:
    match strong, weak:
        case FieldExpectation(), FieldExpectation() if strong.field is weak.field:
            return all(
                each in weak.accept or (not isinstance(each, Glob) and accepts(weak, each)) for each in strong.accept
            )
        case MomentExpectation(), MomentExpectation() if strong.moment is weak.moment:
            begins = weak.after is None or (strong.after is not None and strong.after >= weak.after)
            return begins and (weak.before is None or (strong.before is not None and strong.before <= weak.before))
        case SpanExpectation(), SpanExpectation() if strong.span is weak.span:
            least = weak.min is None or (strong.min is not None and strong.min >= weak.min)
            return least and (weak.max is None or (strong.max is not None and strong.max <= weak.max))
    return False


def _lies_within(strong: Count | None, weak: Count) -> bool:
    if strong is None or strong.min < weak.min:
        return False
    return weak.max is None or (strong.max is not None and strong.max <= weak.max)


def _implies_items(strong: SubJobsExpectation, weak: SubJobsExpectation) -> bool:
    """Compare items one by one: sub-jobs that fill the items of `strong` also fill those of `weak`."""
    if weak.items is None:
        return True
    if strong.items is None or strong.match is not weak.match:
        return False
    if strong.match is Match.NONE:
        return all(item in strong.items for item in weak.items)
    if strong.match is Match.CONTAINS and any(item.count.max is not None for item in weak.items):
        return strong.items == weak.items
    return len(strong.items) == len(weak.items) and all(
        implies(own.fields, other.fields) and _lies_within(own.count, other.count)
        for own, other in zip(strong.items, weak.items, strict=True)
    )
