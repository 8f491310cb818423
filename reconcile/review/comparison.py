"""Compares two manifests, job by job."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from msgspec.structs import replace

from reconcile.glob import matches_glob
from reconcile.judge import ORDER
from reconcile.model.manifest import Job, Manifest
from reconcile.model.review import JobReview, Relation, Review, Witness
from reconcile.review.limits import TooManyError
from reconcile.review.terms import Terms, state_terms
from reconcile.review.witnesses import (
    Judge,
    Side,
    UnconfirmedError,
    find_disorder,
    find_stopped,
    find_witness,
    is_stopping,
    name_witness,
)

_Remote: TypeAlias = tuple[str, ...]
"""The identity of a remote job, equal for all its declarations."""


def review_manifests(
    old: Manifest, new: Manifest, judge: Judge, *, now: datetime, allowed: Sequence[str] = ()
) -> Review:
    """
    Compare what two manifests let through, remote job by remote job.

    A job is compared with the jobs of the other manifest that check the same remote job, whatever their names are. Each
    is judged as if another job of its provider were in sync, and as if the job that it must come after had succeeded
    long before: an unchanged or new order lets nothing more through. If an order is removed, changed or waived for
    longer, an answer about that other job is judged as well.

    Args:
        judge: the gate.
        now: the earliest time of judging, in UTC.
        allowed: globs of addresses of jobs that may be weaker, different or undecided.
    """
    comparison = _Comparison(_Declared(old, now), _Declared(new, now), judge, now)
    return Review(
        old=tuple(each.file for each in old.files),
        new=tuple(each.file for each in new.files),
        jobs=tuple([_allow(each, allowed) for each in comparison.list_reviews()]),
        reviewed_at=now,
        allowed=tuple(allowed),
    )


def _allow(review: JobReview, allowed: Sequence[str]) -> JobReview:
    """Add the globs that allow a job. They match its old address, because the reviewed change chose the new one."""
    return replace(review, allowed_by=tuple([each for each in allowed if matches_glob(each, review.address)]))


class _Declared:
    """The jobs of one manifest, with their terms."""

    def __init__(self, manifest: Manifest, now: datetime) -> None:
        self.jobs = manifest.jobs
        self.expanded = manifest.expanded
        self.unset = manifest.unset
        self.by_address = {job.address: job for job in manifest.jobs}
        unknown, today = manifest.unknown, now.date()
        self.terms = {
            job.address: state_terms(job, today, unknown.get(job.address, ""), self.find_before(job))
            for job in manifest.jobs
        }
        remote: defaultdict[_Remote, list[Job]] = defaultdict(list)
        for job in manifest.jobs:
            remote[identify(job)].append(job)
        self._remote: Mapping[_Remote, Sequence[Job]] = remote
        orders: defaultdict[_Remote, list[tuple[_Remote, date]]] = defaultdict(list)
        for job in manifest.jobs:
            before = self.identify_before(job)
            if before is not None:
                orders[identify(job)].append((before, self.find_waived(job)))
        self._orders: Mapping[_Remote, Sequence[tuple[_Remote, date]]] = orders

    def list_same(self, job: Job) -> Sequence[Job]:
        """List the jobs that check the same remote job."""
        return self._remote.get(identify(job), ())

    def find_before(self, job: Job) -> Job | None:
        """Find the job that a job must come after; None if there is none, or it is unknown."""
        return self.by_address.get(job.after.address) if job.after is not None else None

    def identify_before(self, job: Job) -> _Remote | None:
        """Identify the remote job that a job must come after; None if there is none."""
        if job.after is None:
            return None
        before = self.find_before(job)
        return identify(before) if before is not None else (job.after.address,)

    def find_waived(self, job: Job) -> date:
        """Return the last day on which the order of a job is waived; `date.min` if it is not."""
        return max([last for fields, last in self.terms[job.address].waivers if ORDER in fields], default=date.min)

    def demands_order(self, before: _Remote | None, until: date, job: Job) -> bool:
        """
        Return whether a remote job must come after another one, directly or by way of other jobs.

        A waived order still stops times that make no sense and jobs that have not begun, each of this job alone. So
        it takes the place of another one only if it is about the same two jobs.

        Args:
            before: the other job; None means that there is no order, which is always true.
            until: the last day on which the order may be waived, the first of all days if it must not be.
        """
        direct = self._orders.get(identify(job), ())
        if before is None or any(each == before and waived <= until for each, waived in direct):
            return True
        reached, seen = [identify(job)], set[_Remote]()
        while reached and before not in seen:
            orders = [each for each, waived in self._orders.get(reached.pop(), ()) if waived == date.min]
            reached += [each for each in orders if each not in seen]
            seen.update(orders)
        return before in seen and until == date.min

    def side(self, job: Job) -> Side:
        jobs = tuple(self.list_same(job))
        return Side(jobs=jobs, terms=tuple([self.terms[each.address] for each in jobs]))


class _Comparison:
    """Compares two manifests; equal terms are compared once."""

    def __init__(self, old: _Declared, new: _Declared, judge: Judge, now: datetime) -> None:
        self._old = old
        self._new = new
        self._unset = {*old.unset, *new.unset}
        self._judge = judge
        self._now = now
        self._found: dict[tuple[tuple[Terms, ...], Terms], Witness | str | None] = {}
        self._stops: dict[tuple[tuple[Terms, ...], Terms], bool] = {}
        self._stopped: dict[Terms, Witness | None] = {}

    def list_reviews(self) -> Iterator[JobReview]:
        """Yield a review of each old job, and then of each new job that no old one was compared with."""
        taken: set[str] = set()
        for job in self._old.jobs:
            partner = self._find_partner(job, taken)
            if partner is not None:
                taken.add(partner.address)
                yield self._compare(job, partner)
                continue
            other = self._new.by_address.get(job.address)
            if other is None or self._old.list_same(other):
                yield self._lose(job, None, Relation.WEAKER, "it is no longer checked")
            else:
                taken.add(other.address)
                yield self._lose(job, other, Relation.DIFFERENT, _describe_move(job, other))
        for job in self._new.jobs:
            if job.address not in taken:
                yield JobReview(address=job.address, relation=Relation.STRONGER, old=None, new=job, reason="it is new")

    def _find_partner(self, job: Job, taken: Collection[str]) -> Job | None:
        """Find a new job for the same remote job: one with the same name, or else one not yet compared, or else any."""
        same = self._new.list_same(job)
        named = [each for each in same if each.address == job.address]
        free = [each for each in same if each.address not in taken]
        return next(iter((*named, *free, *same)), None)

    def _compare(self, old: Job, new: Job) -> JobReview:
        own, other = self._old.terms[old.address], self._new.terms[new.address]
        reason = f"it is called {new.address} now" if new.address != old.address else None

        def make(relation: Relation, why: str | None = reason, witness: Witness | None = None) -> JobReview:
            return JobReview(address=old.address, relation=relation, old=old, new=new, reason=why, witness=witness)

        if own.unknown != other.unknown:
            names = [each for each in _list_variables(own.unknown + other.unknown) if each in self._unset]
            advice = f": review it with {' '.join(f'--var {each}=VALUE' for each in names)}" if names else ""
            return make(Relation.UNDECIDED, f"what depends on variables without a value has changed{advice}")
        is_kept = self._new.demands_order(self._old.identify_before(old), self._old.find_waived(old), new)
        is_new = not self._old.demands_order(self._new.identify_before(new), self._new.find_waived(new), old)
        weaker = (None if is_kept else self._find_disorder(old, new)) or self._find(self._new.side(new), old, own)
        is_stronger = is_new or self._may_stop(self._old.side(old), new, other)
        expanded = self._new.expanded.get(new.address)
        if weaker is None and expanded not in (None, self._old.expanded.get(old.address)):
            relation = Relation.DIFFERENT if is_stronger else Relation.WEAKER
            return self._lose(old, new, relation, f"whether it is checked depends on {expanded}")
        if weaker is None and not is_kept:
            weaker = "no answers were found that the change of its 'after' lets through"
        if weaker is None and own.unknown and other.covers_more(own):
            weaker = "what a longer waiver covers depends on variables without a value"
        if isinstance(weaker, str):
            return make(Relation.UNDECIDED, weaker)
        if weaker is not None:
            return make(Relation.DIFFERENT if is_stronger else Relation.WEAKER, witness=weaker)
        return make(Relation.STRONGER if is_stronger else Relation.EQUAL)

    def _lose(self, old: Job, new: Job | None, relation: Relation, reason: str) -> JobReview:
        """Review an old job that the new manifest never checks, or only sometimes."""
        terms = self._old.terms[old.address]
        if terms not in self._stopped:
            self._stopped[terms] = find_stopped(old, self._judge, self._now)
        witness = self._stopped[terms]
        if witness is None:
            relation, reason = Relation.UNDECIDED, f"{reason}, and no answer was found that it stops"
        return JobReview(
            address=old.address,
            relation=relation,
            old=old,
            new=new,
            reason=reason,
            witness=name_witness(witness, old, self._judge) if witness is not None else None,
        )

    def _may_stop(self, passing: Side, stopping: Job, terms: Terms) -> bool:
        """Return whether a job may stop what others let through; reports do not claim it, so it needs no witness."""
        if terms in passing.terms:
            return False
        key = passing.terms, terms
        if key not in self._stops:
            try:
                self._stops[key] = is_stopping(passing, stopping, terms, self._judge, self._now)
            except TooManyError:
                self._stops[key] = True
        return self._stops[key]

    def _find_disorder(self, old: Job, new: Job) -> Witness | None:
        """Find answers that pass because an order was removed, changed or waived for longer."""
        before = self._old.find_before(old)
        if before is None:
            return None
        earlier = self._old.side(before), self._new.side(before)
        unknown = [{each.unknown for each in side.terms} for side in earlier]
        if unknown[1] and unknown[0] != unknown[1]:
            return None
        terms = self._old.terms[old.address]
        try:
            return find_disorder(self._new.side(new), old, terms, earlier, self._judge, self._now)
        except TooManyError:
            return None

    def _find(self, passing: Side, stopping: Job, terms: Terms) -> Witness | str | None:
        """Return the result of `find_witness`, or why it cannot be decided, as a clause."""
        if terms in passing.terms:
            return None
        key = passing.terms, terms
        if key not in self._found:
            try:
                self._found[key] = find_witness(passing, stopping, terms, self._judge, self._now)
            except TooManyError as error:
                self._found[key] = f"there are too many {error} to compare"
            except UnconfirmedError as error:
                self._found[key] = str(error)
        found = self._found[key]
        return name_witness(found, stopping, self._judge) if isinstance(found, Witness) else found


def identify(job: Job) -> _Remote:
    """Return the identity of a remote job; a provider without a cloud is identified by its name."""
    provider = job.provider
    where = (provider.api.name, provider.name) if provider.cloud is None else (provider.api.name, "")
    place = (*where, provider.cloud or "", provider.region or "", provider.project_id)
    return (*map(str, place), str(job.job_id), *(f"{name}={job.parameters[name]}" for name in sorted(job.parameters)))


def _list_variables(text: str) -> list[str]:
    """List the variables to which a text refers, each once."""
    return list(dict.fromkeys(re.findall(r"\bvar\.([A-Za-z_][A-Za-z0-9_-]*)", text)))


def _describe_move(old: Job, new: Job) -> str:
    """Describe why two jobs with the same name are different remote jobs."""
    parts = {
        "API": (old.provider.api.name, new.provider.api.name),
        "cloud": (old.provider.cloud, new.provider.cloud),
        "region": (old.provider.region, new.provider.region),
        "project": (old.provider.project_id, new.provider.project_id),
        "job id": (old.job_id, new.job_id),
        "parameters": (dict(old.parameters), dict(new.parameters)),
    }
    changed = [name for name, (before, after) in parts.items() if before != after]
    return f"it is another remote job now, with another {' and '.join(changed or ['provider'])}"
