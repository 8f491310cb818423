"""
The results of a plan, one for each assertion and each error. Machine formats are built from them.

A rule names the kind of a result, and never changes its meaning:

    drift.<field>   an expectation is false: drift.status, drift.job_type, ..., drift.sub_jobs, drift.absent
    missing         the job API has no such job
    pending         not decided yet, whatever the field
    error.RC<nnn>   it could not be checked; `reconcile explain RC<nnn>`

A waived result keeps the rule that it would have without the waiver.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain, groupby

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Problem, Source
from reconcile.model.manifest import Waiver
from reconcile.model.plan import DriftState, Finding, JobPlan, Plan, Truth, Verdict
from reconcile.model.recording import Decision
from reconcile.report.escape import escape
from reconcile.report.messages import WORDS, describe_diagnostic, describe_finding, find_place

RUN = "run"
"""The address of results without a job; no job can have it."""

# Looked up once, because getting a member of an enum is slow in CPython 3.11.
_HOLDS, _CAN_HOLD, _CANNOT_HOLD = Truth.HOLDS, Truth.CAN_HOLD, Truth.CANNOT_HOLD
_IN_SYNC, _ERROR = Verdict.IN_SYNC, Verdict.ERROR

ERROR_RULE = "error."
"""The prefix of the rules of errors."""

_SEVERITY = {verdict: rank for rank, verdict in enumerate(WORDS)}


class Result(Struct, frozen=True, kw_only=True, gc=False):
    """
    One assertion or error, in text that is safe on a terminal.

    `address` is that of the job, or `run` without a job, and `name` is the path of the assertion or the rule of the
    error. Together they are unique in a run and the same in every run, whatever the verdict. `message` is one line, and
    empty if in sync. `source` is None for an error without a place in a file, and `job` for every error of the run.
    `state` is that of the finding.
    """

    verdict: Verdict
    rule: str
    address: str
    name: str
    message: str
    source: Source | None
    job: JobPlan | None
    waiver: Waiver | None = None
    state: DriftState | None = None

    @property
    def title(self) -> str:
        """The address and the name."""
        return f"{self.address} {self.name}"

    @property
    def label(self) -> str:
        """The name for people: the code of an error, or else the path."""
        return self.name.removeprefix(ERROR_RULE)

    @property
    def fingerprint(self) -> str:
        """A digest that identifies the result even if it moves within its file."""
        file = escape(self.source.file) if self.source else ""
        return sha256("\0".join((file, self.title, self.rule)).encode()).hexdigest()


def list_results(plan: Plan) -> tuple[Result, ...]:
    """Return the results of `iterate_results` as a tuple, for reports that show only a few of them."""
    return tuple(iterate_results(plan))


def count_verdicts(plan: Plan) -> Counter[Verdict]:
    """Count the results of each verdict, without making them."""
    counts: Counter[Verdict] = Counter()
    for job in plan.jobs:
        verdicts = _list_verdicts(job)
        for verdict in {*verdicts}:
            counts[verdict] += verdicts.count(verdict)
    counts[Verdict.ERROR] += len(plan.errors)
    if not counts[_find_needed(plan)]:
        counts[Verdict.ERROR] += 1
    return counts


def iterate_results(plan: Plan) -> Iterator[Result]:
    """
    Yield the errors of the run, then every assertion and error of each job, in the order of the manifest.

    Their sources name files by their paths in the repository.

    At least one result is as bad as the verdict of the run, and one of each job is as bad as that of the job. If no
    assertion explains the verdict, an error says so: an empty list would read as success.
    """
    needed = _find_needed(plan)
    found = False
    addresses = Counter([escape(job.job.address) for job in plan.jobs])
    shared: dict[str, Counter[str]] = {each: Counter() for each, times in addresses.items() if times > 1}
    shared[RUN] = Counter()
    of_run = [_diagnostic_result(diagnostic) for diagnostic in plan.errors]
    for results in chain([of_run], map(_job_results, plan.jobs)):
        found = found or any(result.verdict is needed for result in results)
        named = [_name_path(result, plan.paths) for result in results] if plan.paths else results
        yield from _number_duplicates(named, shared)
    if not found:
        yield from _number_duplicates([_unexplained_result(needed, job=None)], shared)


def _find_needed(plan: Plan) -> Verdict:
    """Return the verdict that at least one result must have."""
    return plan.verdict if plan.complete else Verdict.ERROR


def iterate_ranked(plan: Plan) -> Iterator[Result]:
    """Yield all results in the order of `rank_results`; they are made again for each verdict, to save memory."""
    counts = count_verdicts(plan)
    for unreached in (False, True):
        for verdict in (each for each in WORDS if each is not Verdict.IN_SYNC and counts[each]):
            if verdict is Verdict.ERROR or not unreached:
                fitting = (result for result in iterate_results(plan) if result.verdict is verdict)
                yield from (result for result in fitting if _is_unreached(result) is unreached)


def rank_results(results: Iterable[Result]) -> list[Result]:
    """Return the results not in sync, the worst first, otherwise in the given order; unreached jobs come last."""
    shown = (result for result in results if result.verdict is not Verdict.IN_SYNC)
    return sorted(shown, key=lambda result: (_is_unreached(result), _SEVERITY[result.verdict]))


def find_decision(plan: Plan) -> Decision | None:
    """Find the result that decides the verdict of a plan, the first of the worst; None if it is in sync."""
    if plan.verdict is Verdict.IN_SYNC:
        return None
    worst = rank_results(list_results(plan))[0]
    return Decision(address=worst.address, path=worst.name, reason=worst.message, source=worst.source)


def group_by_job(results: Iterable[Result]) -> list[tuple[JobPlan, Sequence[Result]]]:
    """Group results by job, the worst job first and unreached ones last; results without a job are left out."""
    groups = [tuple(group) for _, group in groupby(results, lambda result: result.address)]
    jobs = [(group[0].job, group) for group in groups if group[0].job]
    return sorted(jobs, key=lambda pair: (_is_unreached(pair[1][0]), _SEVERITY[pair[0].verdict]))


def _is_unreached(result: Result) -> bool:
    """Return whether --fail-fast skipped a job; readers look for the job that stopped the run instead."""
    return result.rule == _error_rule(Code.NOT_REACHED)


def _job_results(plan: JobPlan) -> list[Result]:
    address = escape(plan.job.address)
    results = [_problem_result(plan, problem) for problem in plan.problems]
    results += [_finding_result(plan, each, address) for each in _list_shown(plan)]
    if not any(result.verdict is plan.verdict for result in results):
        results.append(_unexplained_result(plan.verdict, job=plan))
    return results


def _list_verdicts(plan: JobPlan) -> list[Verdict]:
    """List the verdicts of the results that `_job_results` would return."""
    verdicts = [_finding_verdict(finding) for finding in _list_shown(plan)]
    verdicts += [_ERROR] * len(plan.problems)
    return verdicts if plan.verdict in verdicts else [*verdicts, _ERROR]


def _list_shown(plan: JobPlan) -> Sequence[Finding]:
    """
    List the findings of a job that become results.

    In a job that could not be checked, no finding passes, and those that could not be judged are among its problems.
    """
    if not plan.problems:
        return plan.findings
    return [finding for finding in plan.findings if finding.truth in (_CAN_HOLD, _CANNOT_HOLD)]


def _finding_result(plan: JobPlan, finding: Finding, address: str) -> Result:
    name, verdict = escape(finding.path), _finding_verdict(finding)
    return Result(
        verdict=verdict,
        rule=_finding_rule(finding.truth, name),
        address=address,
        name=name,
        message="" if verdict is _IN_SYNC else describe_finding(finding),
        source=find_place(finding, plan),
        job=plan,
        waiver=finding.waiver,
        state=finding.state,
    )


def _finding_verdict(finding: Finding) -> Verdict:
    truth = finding.truth
    if truth is _HOLDS:
        return _IN_SYNC
    if truth is _CAN_HOLD:
        return Verdict.PENDING
    if truth is _CANNOT_HOLD:
        return Verdict.WAIVED if finding.waiver else Verdict.DRIFT
    return _ERROR


def _finding_rule(truth: Truth, path: str) -> str:
    if truth is _CAN_HOLD:
        return "pending"
    if truth not in (_HOLDS, _CANNOT_HOLD):
        return _error_rule(Code.UNPROVEN)
    field = path.split("[")[0].split(".")[0]
    return field if field == "missing" else f"drift.{field}"


def _error_rule(code: Code) -> str:
    return f"{ERROR_RULE}{code}"


def _problem_result(plan: JobPlan, problem: Problem) -> Result:
    return _error_result(problem.code, escape(problem.message), plan.job.source, plan)


def _diagnostic_result(diagnostic: Diagnostic) -> Result:
    return _error_result(diagnostic.code, describe_diagnostic(diagnostic), diagnostic.source, None)


def _unexplained_result(verdict: Verdict, *, job: JobPlan | None) -> Result:
    message = f"nothing is proven: the verdict is {WORDS[verdict]}, but no assertion explains it"
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
    """Return a result that names its file by the path in the repository."""
    source = result.source
    if source is None or source.file not in paths:
        return result
    return replace(result, source=replace(source, file=paths[source.file]))


def _number_duplicates(results: Sequence[Result], shared: Mapping[str, Counter[str]]) -> Iterator[Result]:
    """
    Number equal names: one item can stand for several sub-jobs.

    Args:
        results: of one job, or of the run.
        shared: for each address with which several jobs are shown, how often each name has occurred so far.
    """
    address = results[0].address if results else RUN
    if address not in shared and len({result.name for result in results}) == len(results):
        yield from results
        return
    seen = shared.get(address, Counter())
    for result in results:
        seen[result.name] += 1
        yield result if seen[result.name] == 1 else replace(result, name=f"{result.name} ({seen[result.name]})")
