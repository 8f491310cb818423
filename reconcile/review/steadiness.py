"""Looks, and how they compare, that some jobs let through and another one stops because of `settle` or `stuck`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconcile.model.manifest import FieldExpectation
from reconcile.model.observation import Looks
from reconcile.review.terms import Terms


def list_looks(passing: Sequence[Terms], stopping: Terms, at: datetime) -> Iterator[Looks]:
    """
    Yield looks that all of `passing` let through and `stopping` stops although it accepts the answer itself.

    Yields nothing if `passing` demand as many looks over as long a time, and allow no longer time without a change.
    """
    reads, over = max(each.settle[0] for each in passing), max(each.settle[1] for each in passing)
    if stopping.settle[0] > reads or stopping.settle[1] > over:
        yield Looks(alike=reads, span=over)
    limit = _find_limit(stopping, at)
    limits = [_find_limit(each, at) for each in passing]
    if limit is not None and all(each is None or each > limit for each in limits):
        yield Looks(alike=max(reads, stopping.settle[0]), span=max(over, stopping.settle[1]), idle=limit)
    if stopping.stuck is not None and limit is None and limits.count(None) == len(limits):
        waived = max(each.stuck or 0.0 for each in passing)
        if waived < stopping.stuck and _accept_unfinished([*passing, stopping]):
            yield Looks(alike=max(reads, stopping.settle[0]), span=max(over, stopping.settle[1]), idle=waived)


def _accept_unfinished(terms: Sequence[Terms]) -> bool:
    """
    Return whether all terms accept one and the same status of an unfinished job.

    If `stuck` is waived, such a job passes once it is stuck, and the run waits until then.
    """
    unfinished = {each.word for each in terms[0].api.statuses.values() if not each.terminal}
    accepted = [set(each.accept) for term in terms for each in term.status if isinstance(each, FieldExpectation)]
    return bool(unfinished.intersection(*accepted))


def _find_limit(terms: Terms, at: datetime) -> float | None:
    """Return the seconds without a change that count as stuck; None if there is no limit, or it is waived."""
    return None if "stuck" in terms.waived(at) else terms.stuck
