"""Marks beside lines of the manifest, of which a CI system shows so many and no more."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from reconcile.model import Diagnostic, Plan, Source, Verdict
from reconcile.report.result import RUN, Result, list_results, rank_results
from reconcile.report.messages import count, describe_diagnostic, describe_job

MOST = 10
"""Annotations of one level that a step may have, in GitHub Actions and in Azure Pipelines alike."""


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
    """
    One mark, its message in lines.

    `code` is None for the one that stands for all that are not shown.
    """

    level: Level
    code: str | None
    title: str
    message: tuple[str, ...]
    source: Source | None


def choose_annotations(plan: Plan) -> tuple[Annotation, ...]:
    """Choose at most `MOST` of each level, the worst first; the last says how many more there are."""
    ranked = [_annotate_result(result) for result in rank_results(list_results(plan))]
    ranked += [_annotate_warning(warning) for warning in plan.warnings]
    chosen: list[Annotation] = []
    for level in Level:
        chosen += _limit([annotation for annotation in ranked if annotation.level is level])
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


def _limit(annotations: Sequence[Annotation]) -> Sequence[Annotation]:
    if len(annotations) <= MOST:
        return annotations
    level = annotations[0].level
    message = f"{count(len(annotations) - MOST + 1, f'more {level}')} not shown here; another report has them all"
    rest = Annotation(level=level, code=None, title="reconcile", message=(message,), source=None)
    return [*annotations[: MOST - 1], rest]
