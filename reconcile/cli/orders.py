"""Judges the orders of jobs while a run goes on."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.model.manifest import Job
from reconcile.model.observation import Observation, Observed
from reconcile.model.plan import Truth


class Orders:
    """The orders of a run, and the last observation of every job that they involve."""

    def __init__(self, jobs: Sequence[Job], clock: Callable[[], datetime], *, strict: bool) -> None:
        self._before = {job.address: job.after.address for job in jobs if job.after is not None}
        self._followers: dict[str, list[Job]] = {}
        for job in jobs if self._before else ():
            if job.after is not None:
                self._followers.setdefault(job.after.address, []).append(job)
        self._jobs = {job.address: job for job in jobs if self.concerns(job)} if self._before else {}
        self._seen: dict[str, Observation] = {}
        self._clock = clock
        self._strict = strict

    def is_followed(self, job: Job) -> bool:
        """Return whether another job must come after a job."""
        return job.address in self._followers

    def concerns(self, job: Job) -> bool:
        """Return whether an order involves a job."""
        return job.address in self._before or job.address in self._followers

    def note(self, job: Job, seen: Observation) -> None:
        """Store the parts of a job's observation that orders depend on."""
        if self.concerns(job):
            self._seen[job.address] = _keep_times(seen) if isinstance(seen, Observed) else seen

    def is_broken(self, job: Job) -> bool:
        """Return whether a job has drifted because it did not come after the one that it must come after."""
        observed = self._seen.get(job.address)
        before = self._before.get(job.address)
        if before is None or not isinstance(observed, Observed) or before not in self._seen:
            return False
        from reconcile.plan import is_order_broken

        now = self._clock()
        return is_order_broken(job, observed, self._jobs[before], self._seen[before], now=now, strict=self._strict)

    def is_open(self, job: Job) -> bool:
        """Return whether it is undecided if a job came after the one that it must come after."""
        observed, other = self._seen.get(job.address), self._jobs.get(self._before.get(job.address, ""))
        if job.after is None or other is None or not isinstance(observed, Observed):
            return False
        if other.address not in self._seen:
            return True
        from reconcile.judge import judge_order

        finding = judge_order(job.after, job, observed, other, self._seen[other.address], now=self._clock())
        return finding.truth is Truth.CAN_HOLD

    def find_broken(self, job: Job) -> Job | None:
        """Return a job whose order is broken: this one, or one that must come after it; None without any."""
        about = (job, *self._followers.get(job.address, ()))
        return next((each for each in about if self.is_broken(each)), None)


def _keep_times(seen: Observed) -> Observed:
    bare = Observed.bare(seen.job_id or "", seen.status)
    return replace(bare, begin_time=seen.begin_time, end_time=seen.end_time)
