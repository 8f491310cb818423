"""Annotations of lines of the manifest; CI systems show only a few of them."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.plan import JobPlan, Plan, Verdict
from reconcile.report.causes import list_causes, name_jobs
from reconcile.report.comparison import describe_comparison
from reconcile.report.documentation import find_rule_page
from reconcile.report.location import name_place
from reconcile.report.messages import WORDS, count, describe_diagnostic, describe_job, list_contacts
from reconcile.report.result import ERROR_RULE, RUN, Result, group_by_job, list_results, rank_results

MOST = 10
"""The most annotations of one level in a step, in both GitHub Actions and Azure Pipelines."""


class Level(StrEnum):
    """The severity of an annotation."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


_LEVELS = {
    Verdict.ERROR: Level.ERROR,
    Verdict.DRIFT: Level.ERROR,
    Verdict.PENDING: Level.WARNING,
    Verdict.WAIVED: Level.NOTICE,
}


class Annotation(Struct, frozen=True, kw_only=True):
    """
    One annotation for `count` jobs or errors; its message is a tuple of lines.

    `code` is None for the annotation that counts those not shown, and for the comparison with an earlier plan.
    """

    level: Level
    code: str | None
    title: str
    message: tuple[str, ...]
    source: Source | None
    count: int = 1


def choose_annotations(plan: Plan, docs_url: str | None = None) -> tuple[Annotation, ...]:
    """
    Choose at most `MOST` annotations of each level.

    The comparison with an earlier plan comes first. Then each error of the run, each job and each warning has one, the
    worst first. If these are too many, jobs with the same cause share one; if there are still too many, the last one
    counts the jobs, errors and warnings without any. If the documentation is published, the first annotation of each
    error code links to its page.
    """
    results = list_results(plan)
    of_run = [_annotate_result(result) for result in results if result.job is None]
    jobs = [(job, rank_results(group)) for job, group in group_by_job(results) if job.verdict in _LEVELS]
    warnings = [_annotate_warning(warning, plan) for warning in plan.warnings]
    compared = _annotate_comparison(plan)
    chosen: list[Annotation] = []
    for level in Level:
        own = [each for each in of_run if each.level is level]
        theirs = [(job, ranked) for job, ranked in jobs if _LEVELS[job.verdict] is level]
        after = warnings if level is Level.WARNING else []
        most = MOST - len(compared) if level is Level.NOTICE else MOST
        if len(own) + len(theirs) + len(after) <= most:
            chosen += [*own, *(_annotate_job(job, ranked) for job, ranked in theirs), *after]
        else:
            chosen += _cut([*own, *_annotate_causes(theirs), *after], level, most)
    return (*compared, *_add_pages(chosen, docs_url))


def _add_pages(annotations: Iterable[Annotation], docs_url: str | None) -> Iterator[Annotation]:
    """Add the URL of its page to the first annotation of each error code."""
    seen: set[str | None] = set()
    for each in annotations:
        page = find_rule_page(each.code, docs_url) if each.code and each.code.startswith(ERROR_RULE) else None
        first = page is not None and each.code not in seen
        seen.add(each.code)
        yield replace(each, message=(*each.message, f"To learn more: {page}")) if first else each


def _annotate_comparison(plan: Plan) -> list[Annotation]:
    """Annotate the comparison with an earlier plan, if there is one."""
    compared = describe_comparison(plan)
    if compared is None:
        return []
    message = (compared.summary, *compared.jobs)
    return [Annotation(level=Level.NOTICE, code=None, title="reconcile", message=message, source=None)]


def _cut(annotations: Sequence[Annotation], level: Level, most: int) -> Sequence[Annotation]:
    if len(annotations) <= most:
        return annotations
    hidden = sum(each.count for each in annotations[most - 1 :])
    message = f"{count(hidden, f'more {level}')} not shown here; another report has them all"
    return [
        *annotations[: most - 1],
        Annotation(level=level, code=None, title="reconcile", message=(message,), source=None),
    ]


def _annotate_result(result: Result) -> Annotation:
    return Annotation(
        level=_LEVELS.get(result.verdict, Level.ERROR),
        code=result.rule,
        title=f"{result.address} {result.label}",
        message=(result.message,),
        source=result.source,
    )


def _annotate_job(job: JobPlan, ranked: Sequence[Result]) -> Annotation:
    """Annotate the place of a job's worst assertion with everything known about the job."""
    worst, more = ranked[0], len(ranked) - 1
    return replace(
        _annotate_result(worst),
        level=_LEVELS[job.verdict],
        message=(
            worst.message,
            *describe_job(job),
            *([f"and {count(more, 'more difference')}"] if more else []),
        ),
    )


def _annotate_causes(jobs: Sequence[tuple[JobPlan, Sequence[Result]]]) -> Iterator[Annotation]:
    """Annotate the first job of each cause: the worst verdicts first, and of these the causes of most jobs."""
    ranked_of = {job.job.address: ranked for job, ranked in jobs}
    for verdict in _LEVELS:
        for cause in list_causes(job for job, _ in jobs if job.verdict is verdict):
            first = cause.jobs[0]
            annotation = _annotate_job(first, ranked_of[first.job.address])
            if len(cause.jobs) == 1:
                yield annotation
                continue
            yield replace(
                annotation,
                title=f"{count(len(cause.jobs), 'job')}: {cause.code or WORDS[cause.verdict]}",
                message=(cause.text, name_jobs(cause.jobs), *list_contacts(cause.jobs)),
                count=len(cause.jobs),
            )


def _annotate_warning(warning: Diagnostic, plan: Plan) -> Annotation:
    return Annotation(
        level=Level.WARNING,
        code=warning.code.value,
        title=f"{RUN} {warning.code}",
        message=(describe_diagnostic(warning),),
        source=name_place(warning.source, plan) if warning.source else None,
    )
