"""Annotations of lines of the manifest, of which CI systems show only a few."""

from enum import StrEnum

from msgspec import Struct

from reconcile.model import Diagnostic, Plan, Source, Verdict
from reconcile.report.messages import count, describe_diagnostic, describe_job
from reconcile.report.result import RUN, Result, list_results, rank_results

MOST = 10
"""Annotations of one level that a step may have, in GitHub Actions as in Azure Pipelines."""


class Level(StrEnum):
    """How loud an annotation is."""

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
    """One annotation, its message in lines. `code` is None for the one that counts those that are not shown."""

    level: Level
    code: str | None
    title: str
    message: tuple[str, ...]
    source: Source | None


def choose_annotations(plan: Plan) -> tuple[Annotation, ...]:
    """Choose at most `MOST` of each level, the worst first; the last says how many more there are."""
    ranked = rank_results(list_results(plan))
    chosen: list[Annotation] = []
    for level in Level:
        results = [result for result in ranked if _LEVELS[result.verdict] is level]
        warnings = plan.warnings if level is Level.WARNING else ()
        total = len(results) + len(warnings)
        most = MOST if total <= MOST else MOST - 1
        annotations = [_annotate_result(result) for result in results[:most]]
        chosen += [*annotations, *(_annotate_warning(warning) for warning in warnings)][:most]
        if total > MOST:
            chosen.append(_count_hidden(level, total - most))
    return tuple(chosen)


def _annotate_result(result: Result) -> Annotation:
    return Annotation(
        level=_LEVELS[result.verdict],
        code=result.rule,
        title=result.title,
        message=(result.message, *(describe_job(result.job) if result.job else ())),
        source=result.source,
    )


def _annotate_warning(warning: Diagnostic) -> Annotation:
    return Annotation(
        level=Level.WARNING,
        code=warning.code.value,
        title=f"{RUN} {warning.code}",
        message=(describe_diagnostic(warning),),
        source=warning.source,
    )


def _count_hidden(level: Level, hidden: int) -> Annotation:
    message = f"{count(hidden, f'more {level}')} not shown here; another report has them all"
    return Annotation(level=level, code=None, title="reconcile", message=(message,), source=None)
