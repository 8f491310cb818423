"""
The results of a plan, one for each assertion and each error. The formats for machines are made of them.

Rules never change their meaning. They name the kind of result:

    drift.<field>   an expectation is false: drift.status, drift.job_type, ..., drift.sub_jobs, drift.absent
    missing         the job API has no such job
    pending         not decided yet, whatever the field
    error.RC<nnn>   it could not be checked; `reconcile explain RC<nnn>`

A waived result keeps the rule that it would have without the waiver.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.model import Diagnostic, Finding, JobPlan, Plan, Problem, Source, Truth, Verdict, Waiver
from reconcile.report.escape import escape
from reconcile.report.messages import WORDS, describe_diagnostic, describe_finding, find_place

RUN = "run"
"""The address of results that belong to no job; no job has it."""

_ERROR = "error."
"""What the rules of errors begin with."""

_SEVERITY = {verdict: rank for rank, verdict in enumerate(WORDS)}


class Result(Struct, frozen=True, kw_only=True, gc=False):
    """
    One assertion or error, in words that are safe on a terminal.

    `address` is the job's, or `run` where there is no job, and `name` the path of the assertion or the rule of the
    error. Together they are unique in a run and the same in every run, whatever the verdict. `message` is one line,
    empty for what is in sync. `source` is None for an error without a place in a file, and `job` for every error of
    the run.
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
    def label(self) -> str:
        """The name as people read it: of an error, its code."""
        return self.name.removeprefix(_ERROR)

    @property
    def fingerprint(self) -> str:
        """A digest that stays the same while the same thing is wrong, even if it moves within its file."""
        file = escape(self.source.file) if self.source else ""
        return sha256("\0".join((file, self.title, self.rule)).encode()).hexdigest()


def list_results(plan: Plan) -> tuple[Result, ...]:
    """
    List the errors of the run, then every assertion and error of each job, in the order of the manifest.

    Their places are those in the repository.

    At least one result is as bad as the verdict of the run, and one of each job as bad as that of the job. Where no
    assertion explains the verdict, an error says so: an empty list would read as success.
    """
    results = [_diagnostic_result(diagnostic) for diagnostic in plan.errors]
    for job in plan.jobs:
        results += _job_results(job)
    needed = plan.verdict if plan.complete else Verdict.ERROR
    if not any(result.verdict is needed for result in results):
        results.append(_unexplained_result(needed, job=None))
    if plan.paths:
        results = [_name_path(result, plan.paths) for result in results]
    return _number_duplicates(results)


def rank_results(results: Iterable[Result]) -> list[Result]:
    """Return what is not in sync, the worst first, otherwise in the order given; what was not reached comes last."""
    shown = (result for result in results if result.verdict is not Verdict.IN_SYNC)
    return sorted(shown, key=lambda result: (_is_unreached(result), _SEVERITY[result.verdict]))


def group_by_job(results: Iterable[Result]) -> list[tuple[JobPlan, Sequence[Result]]]:
    """Group results by job, the worst job first and those not reached last; those of no job are left out."""
    groups = [tuple(group) for _, group in groupby(results, lambda result: result.address)]
    jobs = [(group[0].job, group) for group in groups if group[0].job]
    return sorted(jobs, key=lambda pair: (_is_unreached(pair[1][0]), _SEVERITY[pair[0].verdict]))


def _is_unreached(result: Result) -> bool:
    """Return whether a job was not reached after --fail-fast had found another one, which is what readers look for."""
    return result.rule == _error_rule(Code.NOT_REACHED)


def _job_results(plan: JobPlan) -> list[Result]:
    address = escape(plan.job.address)
    results = [_problem_result(plan, problem) for problem in plan.problems]
    results += [_finding_result(plan, each, address) for each in plan.findings if _is_shown(plan, each)]
    if not any(result.verdict is plan.verdict for result in results):
        results.append(_unexplained_result(plan.verdict, job=plan))
    return results


def _is_shown(plan: JobPlan, finding: Finding) -> bool:
    """Of a job that could not be checked, nothing passes; what could not be judged is among its problems already."""
    return not plan.problems or finding.truth in (Truth.CAN_HOLD, Truth.CANNOT_HOLD)


def _finding_result(plan: JobPlan, finding: Finding, address: str) -> Result:
    name, verdict = escape(finding.path), _finding_verdict(finding)
    return Result(
        verdict=verdict,
        rule=_finding_rule(finding.truth, name),
        address=address,
        name=name,
        message="" if verdict is Verdict.IN_SYNC else describe_finding(finding),
        source=find_place(finding, plan),
        job=plan,
        waiver=finding.waiver,
    )


def _finding_verdict(finding: Finding) -> Verdict:
    match finding.truth:
        case Truth.HOLDS:
            return Verdict.IN_SYNC
        case Truth.CAN_HOLD:
            return Verdict.PENDING
        case Truth.CANNOT_HOLD:
            return Verdict.WAIVED if finding.waiver else Verdict.DRIFT
        case Truth.UNDECIDABLE:
            return Verdict.ERROR


def _finding_rule(truth: Truth, path: str) -> str:
    if truth is Truth.UNDECIDABLE:
        return _error_rule(Code.UNPROVEN)
    if truth is Truth.CAN_HOLD:
        return "pending"
    field = path.split("[")[0].split(".")[0]
    return field if field == "missing" else f"drift.{field}"


def _error_rule(code: Code) -> str:
    return f"{_ERROR}{code}"


def _problem_result(plan: JobPlan, problem: Problem) -> Result:
    return _error_result(problem.code, escape(problem.message), plan.job.source, plan)


def _diagnostic_result(diagnostic: Diagnostic) -> Result:
    return _error_result(diagnostic.code, describe_diagnostic(diagnostic), diagnostic.source, None)


def _unexplained_result(verdict: Verdict, *, job: JobPlan | None) -> Result:
    message = f"nothing is proven: the verdict is {WORDS[verdict]}, and no assertion says why"
    return _error_result(Code.UNPROVEN, message, job.job.source if job else None, job)


def _error_result(code: Code, message: str, source: Source | None, job: JobPlan | None) -> Result:
    rule = _error_rule(code)
    return Result(
        verdict=Verdict.ERROR,
        rule=rule,
        address=escape(job.job.address) if job else RUN,
        name=rule,
        message=message,
        source=source,
        job=job,
    )


def _name_path(result: Result, paths: Mapping[str, str]) -> Result:
    """Name the file of a result by its path in the repository."""
    source = result.source
    if source is None or source.file not in paths:
        return result
    return replace(result, source=replace(source, file=paths[source.file]))


def _number_duplicates(results: Sequence[Result]) -> tuple[Result, ...]:
    """Number names that would be the same: one item can stand for several sub-jobs."""
    titles = [result.title for result in results]
    if len(set(titles)) == len(titles):
        return tuple(results)
    seen: Counter[str] = Counter()
    numbered = []
    for result, title in zip(results, titles, strict=True):
        seen[title] += 1
        numbered.append(result if seen[title] == 1 else replace(result, name=f"{result.name} ({seen[title]})"))
    return tuple(numbered)
