"""
Why jobs are not in sync, so that a report describes a cause that many jobs share only once.

A cause is a verdict, a code and a reason. If a job failed unexpectedly, code and reason are those that the job API gave
for the sub-job that failed first, or else for the job. Otherwise the reason is the first expectation that does not
hold. Reasons that differ only in ids, times and numbers are the same cause.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from reconcile.codes import Code
from reconcile.judge import find_root
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Missing, Observed, Record
from reconcile.model.plan import Finding, JobPlan, Truth, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import LONGEST_MESSAGE, cut, describe_finding

MOST_SEPARATE = 3
"""Up to this many jobs with the same cause are shown separately; of a larger group, this many are named."""

_SHORTEST_ID = 4
"""The least characters of an id that is erased from a reason; a shorter one could be part of any word."""

_Key = tuple[Verdict, str | None, str]

_TRUTHS = {Verdict.DRIFT: Truth.CANNOT_HOLD, Verdict.WAIVED: Truth.CANNOT_HOLD, Verdict.PENDING: Truth.CAN_HOLD}

# What differs from job to job although the cause is the same.
_ATTEMPTS = re.compile(r"\b[0-9]+ attempts?\b")
_SECONDS = re.compile(r"(?:(?<= attempts over )|(?<= no success for ))[0-9]+(?= s\b)|\b[0-9]+(?= s earlier\b)")
_IDS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b(?=[a-z]*[0-9])[0-9a-f]{16,}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?Z?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.-])[0-9]+(?:[.,][0-9]+)*(?![\w-]|[.,][0-9])")


class JobCause(Struct, frozen=True, gc=False):
    """Why one job is not in sync; `code` is None if neither the job API nor this program gives one."""

    code: str | None
    reasons: tuple[str, ...]
    """The reason in the words of this job, followed by versions with fewer and fewer details of this job."""
    key: _Key
    """Equal for all jobs with this cause."""
    of: int | None = None
    """The index of the sub-job that the job API gives this reason for, None if it is the job itself."""

    @property
    def reason(self) -> str:
        """The reason in the words of this job."""
        return self.reasons[0]

    def is_quoted_in(self, note: str) -> bool:
        """Return whether a note of the job ends with this code and reason, which may be cut."""
        text = ": ".join(part for part in (self.code, self.reason) if part)
        return note.endswith(text) if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] in note


class Cause(Struct, frozen=True, kw_only=True):
    """A cause and its jobs, in the order of the manifest."""

    verdict: Verdict
    code: str | None
    reason: str
    jobs: Sequence[JobPlan]

    @property
    def text(self) -> str:
        """Code and reason, safe to show."""
        return cut(escape(": ".join(part for part in (self.code, self.reason) if part)))


def list_causes(jobs: Iterable[JobPlan]) -> list[Cause]:
    """
    List the causes of jobs, those of most jobs first; a job in sync has none.

    Jobs that were not reached come last, because another cause stopped the run.
    """
    groups: dict[_Key, list[tuple[JobPlan, JobCause]]] = {}
    for job in jobs:
        cause = find_cause(job)
        if cause is not None:
            groups.setdefault(cause.key, []).append((job, cause))
    causes = [_join(group) for group in groups.values()]
    return sorted(causes, key=lambda cause: (cause.code == Code.NOT_REACHED, -len(cause.jobs)))


def find_cause(plan: JobPlan) -> JobCause | None:
    """Find why a job is not in sync; None if it is."""
    if plan.verdict is Verdict.IN_SYNC:
        return None
    if plan.problems:
        return _find_problem(plan, plan.problems[0])
    match plan.observation:
        case Missing(code=code, message=message) if message or code:
            return _quote(plan, code, message, None)
        case Observed() as observed if fails_unexpectedly(plan):
            root = find_root(observed.sub_jobs, plan.job.provider.api)
            record: Record = observed if root is None else observed.sub_jobs[root]
            if not (record.error_code or record.fail_reason):
                root, record = None, observed
            if record.error_code or record.fail_reason:
                return _quote(plan, record.error_code, record.fail_reason, root)
        case _:
            pass
    return _find_difference(plan)


def fails_unexpectedly(plan: JobPlan) -> bool:
    """Return whether a job or one of its sub-jobs failed, and an expectation about a status or sub-jobs cannot hold."""
    observed = plan.observation
    if not isinstance(observed, Observed):
        return False
    failure = plan.job.provider.api.failure
    failed = observed.status == failure or any(each.status == failure for each in observed.sub_jobs)
    return failed and any(
        each.truth is Truth.CANNOT_HOLD and (each.path == "status" or each.path.startswith("sub_jobs"))
        for each in plan.findings
    )


def name_jobs(jobs: Sequence[JobPlan]) -> str:
    """Name the first few jobs by their addresses, safe to show, and count the others."""
    names = [escape(each.job.address) for each in jobs[:MOST_SEPARATE]]
    rest = len(jobs) - len(names)
    return f"{', '.join(names)} and {rest:,} more" if rest else ", ".join(names)


def erase_circumstances(text: str, plan: JobPlan) -> str:
    """Remove the details of this job's requests from the text of a problem."""
    own = plan.observation.request_id
    if own:
        text = text.replace(f"(request id {own})", "(request id ...)")
    return _SECONDS.sub("...", _ATTEMPTS.sub("... attempts", text))


def _join(group: Sequence[tuple[JobPlan, JobCause]]) -> Cause:
    """Merge jobs with the same cause; where their reasons differ, only the common part is shown."""
    _, first = group[0]
    verdict, _, shared = first.key
    levels = zip(*(cause.reasons for _, cause in group), strict=True)
    reason = next((reasons[0] for reasons in levels if len(set(reasons)) == 1), shared)
    return Cause(verdict=verdict, code=first.code, reason=reason, jobs=[job for job, _ in group])


def _find_problem(plan: JobPlan, problem: Problem) -> JobCause:
    erased = erase_circumstances(problem.message, plan)
    shared = _IDS.sub("...", _erase_own_ids(erased, plan))
    return JobCause(problem.code.value, (problem.message, erased), (plan.verdict, problem.code.value, shared))


def _quote(plan: JobPlan, code: str | None, reason: str | None, of: int | None) -> JobCause:
    reason = reason or ""
    shared = _NUMBERS.sub("...", _IDS.sub("...", _erase_own_ids(reason, plan)))
    return JobCause(code, (reason,), (plan.verdict, code, shared), of)


def _find_difference(plan: JobPlan) -> JobCause:
    finding = _find_first(plan)
    reason = f"{finding.path}: {describe_finding(finding)}" if finding else "no expectation explains it"
    return JobCause(None, (reason,), (plan.verdict, None, reason))


def _find_first(plan: JobPlan) -> Finding | None:
    wanted = _TRUTHS.get(plan.verdict)
    fitting = (each for each in plan.findings if each.truth is wanted)
    return next((each for each in fitting if (each.waiver is not None) == (plan.verdict is Verdict.WAIVED)), None)


def _erase_own_ids(text: str, plan: JobPlan) -> str:
    observed = plan.observation
    own = [plan.job.job_id, observed.request_id]
    if isinstance(observed, Observed):
        own += [each.job_id for each in observed.sub_jobs]
    for each in own:
        if each and len(each) >= _SHORTEST_ID and each in text:
            text = text.replace(each, "...")
    return text
