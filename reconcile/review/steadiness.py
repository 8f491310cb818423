"""How the looks at a job can compare so that some jobs let it through and another one stops it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconcile.model.manifest import FieldExpectation
from reconcile.model.observation import Looks
from reconcile.review.terms import Terms


def list_looks(passing: Sequence[Terms], stopping: Terms, at: datetime) -> Iterator[Looks]:
    """
    Yield the looks that all of `passing` let through and `stopping` stops, if it were not for them.

    None means that there are none: they demand as many looks over as long, and are as impatient with a stuck job.
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
    Return whether all terms accept a status in which a job has not ended.

    Where a waiver covers `stuck`, such a job passes once it is stuck, and is waited for until then.
    """
    unfinished = {each.word for each in terms[0].api.statuses.values() if not each.terminal}
    accepted = [set(each.accept) for term in terms for each in term.status if isinstance(each, FieldExpectation)]
    return bool(unfinished.intersection(*accepted))


def _find_limit(terms: Terms, at: datetime) -> float | None:
    """Return the seconds without a change that a job does not let pass; None if it lets any."""
    return None if "stuck" in terms.waived(at) else terms.stuck
