"""Checks whether each `after` can be proven."""

from collections.abc import Collection, Mapping, Sequence

from reconcile.codes import Code
from reconcile.document import Pending, list_names, suggest
from reconcile.judge import accepts
from reconcile.manifest.consistency import DeclaredJob
from reconcile.model.manifest import Absence, Expectation, Field, FieldExpectation, Job

_HINT = "remove 'after', or name another job"


def check_orders(jobs: Sequence[DeclaredJob], left_out: Collection[str]) -> None:
    """
    Refuse an order that names no job, that no answer can prove, or that forms a circle.

    Args:
        left_out: the addresses of declarations of which at least one job is not among `jobs`.
    """
    if all(declared.job.after is None for declared in jobs):
        return
    known = {declared.job.address: declared.job for declared in jobs}
    circles = _find_circles(known)
    for declared in jobs:
        order = declared.job.after
        if order is None:
            continue
        other = known.get(order.address)
        if other is None and order.address.partition("[")[0] in left_out:
            continue
        if other is None:
            why, hint = _refuse_unknown(order.address, known, declared.job.address)
        elif other is declared.job:
            why, hint = "a job cannot come after itself", _HINT
        elif declared.job.address in circles:
            why, hint = f"'after' forms a cycle: it leads from {other.address} back to this job", _HINT
        else:
            why, hint = _find_obstacle(declared.job, other), _HINT
        if why is not None:
            mark = declared.mark if declared.after_mark is None else declared.after_mark
            declared.diagnostics.add(mark, Code.IMPOSSIBLE_ORDER, f"{declared.job.address}: {why}", hint)


def _refuse_unknown(address: str, known: Mapping[str, Job], own: str) -> tuple[str | None, str]:
    declaration = known.get(address.partition("[")[0])
    if declaration is not None and isinstance(declaration.job_id, Pending):
        return None, ""  # the number of jobs of that declaration is still unknown
    others = [name for name in known if name != own]
    instances = [name for name in others if name.startswith(f"{address}[")]
    if instances:
        return (
            f"'after' names {address}, but for_each creates several jobs from it",
            f"name one: {list_names(instances)}",
        )
    hint = suggest(address, others) or "name the address of another job, such as jobs.create-share"
    return f"'after' names {address}, but there is no such job", hint


def _find_obstacle(job: Job, other: Job) -> str | None:
    """Return why no answer can prove that a job came after another one, None if one can."""
    if isinstance(job.expect, Absence) or isinstance(other.expect, Absence):
        return "'after' needs both jobs to exist, but one of them is expected to be absent"
    if "begin_time" not in job.provider.api.job.fields:
        return f"the API {job.provider.api.name} does not say when a job began"
    if "end_time" not in other.provider.api.job.fields:
        return f"the API {other.provider.api.name} does not say when a job ended"
    if not _may_succeed(other.expect, other.provider.api.success):
        return f"'after' needs the success of {other.address}, which is not expected to succeed"
    return None


def _find_circles(known: Mapping[str, Job]) -> set[str]:
    """Find the addresses of the jobs on a circle. Each job follows at most one, so one walk from each is enough."""
    circles: set[str] = set()
    seen: set[str] = set()
    for start in known:
        path: dict[str, None] = {}
        address: str | None = start
        while address is not None and address not in seen:
            seen.add(address)
            path[address] = None
            job = known.get(address)
            address = job.after.address if job is not None and job.after is not None else None
        if address in path:
            walked = list(path)
            circles.update(walked[walked.index(address) :])
    return circles


def _may_succeed(expect: Expectation, success: str) -> bool:
    return all(
        accepts(each, success)
        for each in expect.fields
        if isinstance(each, FieldExpectation) and each.field is Field.STATUS
    )
