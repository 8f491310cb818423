"""
What a plan has to tell, one value for each assertion and each error; what the formats for machines are made of.

Rules are stable for ever, and say what kind of thing is told:

    drift.<field>   an expectation is false: drift.status, drift.job_type, ..., drift.sub_jobs, drift.absent
    missing         the job API has no such job
    pending         not decided yet, whatever the field
    error.RC<nnn>   it could not be decided; `reconcile explain RC<nnn>`

What is waived keeps the rule of what it would be without the waiver.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.model import Diagnostic, Finding, JobPlan, Plan, Problem, Source, Truth, Verdict, Waiver
from reconcile.report.escape import escape
from reconcile.report.messages import WORDS, describe_diagnostic, describe_finding, find_place

RUN = "run"
"""Stands where an address would, for what is about no job; no address is called so."""

_SEVERITY = {verdict: rank for rank, verdict in enumerate(WORDS)}


class Result(Struct, frozen=True, kw_only=True):
    """
    One thing to tell, in words that are harmless on a terminal.

    `address` is the job's, or `run` for what is about no job, and `name` the path of the assertion or the rule of an
    error. The two together are unique in a run, and the same in every run, whatever the verdict. `message` is one
    line, empty for what is in sync. `source` is None for an error that has no place in a file, and `job` for every
    error of the run.
    """

    verdict: Verdict
    rule: str
    address: str
    name: str
    message: str
    source: Source | None
    job: JobPlan | None
    waiver: Waiver | None = None

    @property
    def title(self) -> str:
        """Address and name: what the result is about."""
        return f"{self.address} {self.name}"

    @property
    def fingerprint(self) -> str:
        """What is the same as long as the same thing is wrong, wherever in its file it stands."""
        file = escape(self.source.file) if self.source else ""
        return sha256("\0".join((file, self.title, self.rule)).encode()).hexdigest()


def list_results(plan: Plan) -> tuple[Result, ...]:
    """
    List the errors of the run, then every assertion and error of each job, in the order of the manifest.

    At least one result is as bad as the verdict of the run, and one of each job as that job's, whatever the plan
    holds: where nothing says why, an error says that. An empty list would read as success.
    """
    results = [_tell_diagnostic(diagnostic) for diagnostic in plan.errors]
    for job in plan.jobs:
        results += _list_of_job(job)
    needed = plan.verdict if plan.complete else Verdict.ERROR
    if not any(result.verdict is needed for result in results):
        results.append(_tell_unexplained(needed, job=None))
    return tuple(_make_unique(results))


def rank_results(results: Iterable[Result]) -> list[Result]:
    """Keep what is not in sync, the worst first, and within that in the order given."""
    told = (result for result in results if result.verdict is not Verdict.IN_SYNC)
    return sorted(told, key=lambda result: _SEVERITY[result.verdict])


def group_by_job(results: Iterable[Result]) -> list[tuple[JobPlan, Sequence[Result]]]:
    """Gather the results of each job, the worst job first; what is about no job is left out."""
    groups = [tuple(group) for _, group in groupby(results, lambda result: result.address)]
    jobs = [(group[0].job, group) for group in groups if group[0].job]
    return sorted(jobs, key=lambda pair: _SEVERITY[pair[0].verdict])


def _list_of_job(plan: JobPlan) -> Sequence[Result]:
    results = [_tell_problem(plan, problem) for problem in plan.problems]
    results += [_tell_finding(plan, finding) for finding in plan.findings if _is_told(plan, finding)]
    if not any(result.verdict is plan.verdict for result in results):
        results.append(_tell_unexplained(plan.verdict, job=plan))
    return results


def _is_told(plan: JobPlan, finding: Finding) -> bool:
    """Pass nothing of a job that could not be decided; the finding of what cannot be judged is its problem already."""
    return not plan.problems or finding.truth in (Truth.CAN_HOLD, Truth.CANNOT_HOLD)


def _tell_finding(plan: JobPlan, finding: Finding) -> Result:
    verdict = _verdict_of(finding)
    return Result(
        verdict=verdict,
        rule=_rule_of(finding),
        address=escape(plan.job.address),
        name=escape(finding.path),
        message="" if verdict is Verdict.IN_SYNC else describe_finding(finding),
        source=find_place(finding, plan),
        job=plan,
        waiver=finding.waiver,
    )


def _verdict_of(finding: Finding) -> Verdict:
    match finding.truth:
        case Truth.HOLDS:
            return Verdict.IN_SYNC
        case Truth.CAN_HOLD:
            return Verdict.PENDING
        case Truth.CANNOT_HOLD:
            return Verdict.WAIVED if finding.waiver else Verdict.DRIFT
        case Truth.UNDECIDABLE:
            return Verdict.ERROR


def _rule_of(finding: Finding) -> str:
    if finding.truth is Truth.UNDECIDABLE:
        return _rule_of_code(Code.UNPROVEN)
    if finding.truth is Truth.CAN_HOLD:
        return "pending"
    field = escape(finding.path).split("[")[0].split(".")[0]
    return field if field == "missing" else f"drift.{field}"


def _rule_of_code(code: Code) -> str:
    return f"error.{code}"


def _tell_problem(plan: JobPlan, problem: Problem) -> Result:
    rule = _rule_of_code(problem.code)
    return Result(
        verdict=Verdict.ERROR,
        rule=rule,
        address=escape(plan.job.address),
        name=rule,
        message=escape(problem.message),
        source=plan.job.source,
        job=plan,
    )


def _tell_diagnostic(diagnostic: Diagnostic) -> Result:
    rule = _rule_of_code(diagnostic.code)
    return Result(
        verdict=Verdict.ERROR,
        rule=rule,
        address=RUN,
        name=rule,
        message=describe_diagnostic(diagnostic),
        source=diagnostic.source,
        job=None,
    )


def _tell_unexplained(verdict: Verdict, *, job: JobPlan | None) -> Result:
    rule = _rule_of_code(Code.UNPROVEN)
    return Result(
        verdict=Verdict.ERROR,
        rule=rule,
        address=escape(job.job.address) if job else RUN,
        name=rule,
        message=f"nothing is proven: the verdict is {WORDS[verdict]}, and no assertion says why",
        source=job.job.source if job else None,
        job=job,
    )


def _make_unique(results: Iterable[Result]) -> Iterator[Result]:
    """Number the names that would be the same: an item can stand for several sub-jobs."""
    seen: Counter[str] = Counter()
    for result in results:
        seen[result.title] += 1
        number = seen[result.title]
        yield result if number == 1 else replace(result, name=f"{result.name} ({number})")
