"""Ends a run at the first job that has drifted or cannot be checked, for `--fail-fast`."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.cli.orders import Orders
from reconcile.codes import Code
from reconcile.lazy import LazyList
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import FAIL_FAST, Manifest
from reconcile.model.observation import Fetched, Unobserved


class FailFast:
    """Ends a run at the first job that has drifted or cannot be checked, if the selection has `--fail-fast`."""

    def __init__(self, manifest: Manifest, orders: Orders, clock: Callable[[], datetime], *, strict: bool) -> None:
        self._jobs = manifest.jobs
        self._orders = orders
        self._wanted = FAIL_FAST in manifest.selection
        self._clock = clock
        self._strict = strict
        self.ended_at: str | None = None
        """The address of that job, None until there is one."""

    def look_at(self, index: int, fetched: Fetched) -> None:
        """Judge a fetched job, and the orders that involve it."""
        job = self._jobs[index]
        self._orders.note(job, fetched.observation)
        if not self._wanted or self.ended_at is not None:
            return
        from reconcile.plan import ends_fail_fast

        if ends_fail_fast(job, fetched, now=self._clock(), strict=self._strict):
            self.ended_at = job.address
        elif (broken := self._orders.find_broken(job)) is not None:
            self.ended_at = broken.address

    def is_open(self, index: int, fetched: Fetched) -> bool:
        """Return whether only the order of a fetched job is undecided."""
        job = self._jobs[index]
        if not self._orders.is_open(job):
            return False
        from reconcile.plan import ends_fail_fast

        return not ends_fail_fast(job, fetched, now=self._clock(), strict=self._strict)

    def explain_unreached(self, fetched: Sequence[Fetched]) -> Sequence[Fetched]:
        """Replace the reason of interrupted jobs by the job that ended the run."""
        if self.ended_at is None:
            return fetched
        message = f"not checked: --fail-fast ended the run at {self.ended_at}"
        unreached = Unobserved(problem=Problem(code=Code.NOT_REACHED, message=message))
        return LazyList(lambda each: replace(each, observation=unreached) if _is_interrupted(each) else each, fetched)


def _is_interrupted(fetched: Fetched) -> bool:
    return isinstance(fetched.observation, Unobserved) and fetched.observation.problem.code is Code.INTERRUPTED
