"""Finds the other jobs that the verdict of a run depends on when one remote job is mutated. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from reconcile.model.manifest import Job, Manifest
from reconcile.model.observation import Missing, Observed

_Key = tuple[str, str]
"""Provider and job id: one remote job."""


class Bystanders:
    """
    The jobs of a run that is in sync, by remote job.

    When one remote job is mutated, three things about the others matter: whether one proves something, because waived
    drifts alone prove nothing; whether one of the same provider was observed, because it confirms that a missing job is
    missing; and whether one of the same provider is missing, because it needs that confirmation. One job of each kind
    is enough, so that the work stays linear. The jobs before and after it by `after` are included as well.
    """

    def __init__(self, manifest: Manifest, observations: Sequence[Observed | Missing], proving: Sequence[bool]) -> None:
        """
        Args:
            manifest: the manifest of the run.
            observations: one for each job of the manifest, in its order.
            proving: for each job, whether at least one expectation is proven.
        """
        self._jobs = manifest.jobs
        self._links = _find_links(manifest.jobs)
        self._members: dict[_Key, list[int]] = {}
        self._representatives: dict[tuple[str, str], list[int]] = {}
        for index, (job, observation, proves) in enumerate(zip(manifest.jobs, observations, proving, strict=True)):
            members = self._members.setdefault(_key_of(job), [])
            members.append(index)
            self._represent(("observed" if isinstance(observation, Observed) else "missing", job.provider.name), index)
            if proves:
                self._represent(("proving", ""), index)

    def remote_jobs(self) -> tuple[tuple[int, ...], ...]:
        """Return the indexes of the jobs of each remote job, in the order of the manifest."""
        return tuple(tuple(members) for members in self._members.values())

    def find(self, members: Sequence[int]) -> tuple[int, ...]:
        """Return the indexes of the jobs of a remote job and of its bystanders, in order."""
        key = _key_of(self._jobs[members[0]])
        found = {*members, *(link for each in members for link in self._links.get(each, ()))}
        for kind in (("observed", key[0]), ("missing", key[0]), ("proving", "")):
            others = (each for each in self._representatives.get(kind, ()) if _key_of(self._jobs[each]) != key)
            found |= set(list(others)[:1])
        # An absent bystander needs an observed job of the same provider for confirmation.
        for each in tuple(found):
            confirming = self._representatives.get(("observed", self._jobs[each].provider.name), ())
            found |= set([other for other in confirming if _key_of(self._jobs[other]) != key][:1])
        # Include all jobs that name the same remote job, because they must not contradict each other.
        for each in tuple(found):
            found |= set(self._members[_key_of(self._jobs[each])])
        return tuple(sorted(found))

    def _represent(self, kind: tuple[str, str], index: int) -> None:
        """Keep the first two remote jobs of each kind, so that one of them is not the mutated one."""
        kept = self._representatives.setdefault(kind, [])
        if len(kept) < 2 and all(_key_of(self._jobs[each]) != _key_of(self._jobs[index]) for each in kept):
            kept.append(index)


def isolate(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Return some jobs of a run without the orders that refer to other jobs, which are known to hold."""
    known = {job.address for job in jobs}
    return tuple([job if job.after is None or job.after.address in known else replace(job, after=None) for job in jobs])


def _find_links(jobs: Sequence[Job]) -> dict[int, list[int]]:
    """Return, by index, the job that each must come after and those that must come after it."""
    indexes = {job.address: index for index, job in enumerate(jobs)} if any(job.after for job in jobs) else {}
    links: dict[int, list[int]] = {}
    for index, job in enumerate(jobs):
        before = indexes.get(job.after.address) if job.after is not None else None
        if before is not None:
            links.setdefault(index, []).append(before)
            links.setdefault(before, []).append(index)
    return links


def _key_of(job: Job) -> _Key:
    return job.provider.name, job.job_id
