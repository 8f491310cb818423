"""A review as workflow commands of GitHub Actions: an annotation for each thing that a reviewer must look at."""

from reconcile.model.diagnostic import Diagnostic
from reconcile.model.review import Review
from reconcile.report.annotation import MOST, Annotation, Level
from reconcile.report.escape import escape
from reconcile.report.github import write_command
from reconcile.report.messages import count, describe_diagnostic
from reconcile.report.review.messages import (
    Alike,
    describe_allowed,
    describe_headline,
    describe_result,
    find_source,
    group_alike,
)
from reconcile.report.style import Palette


def render(review: Review, palette: Palette) -> str:
    """Render a review; `palette` is not used, because the runner has its own colours."""
    del palette
    annotations = [_annotate(alike, review) for alike in group_alike(review)]
    commands: list[str] = []
    for level in (Level.ERROR, Level.NOTICE):
        commands += [write_command(each) for each in _cut([each for each in annotations if each.level is level], level)]
    ends = [f"reconcile: {each}" for each in (*describe_allowed(review), describe_result(review))]
    return "".join(f"{line}\n" for line in (*commands, *ends))


def render_failure(errors: tuple[Diagnostic, ...]) -> str:
    """Render why there is no review."""
    annotations = [
        Annotation(
            level=Level.ERROR,
            code=each.code.value,
            title=f"reconcile review {each.code}",
            message=(describe_diagnostic(each),),
            source=each.source,
        )
        for each in errors
    ]
    return "".join(f"{write_command(each)}\n" for each in _cut(annotations, Level.ERROR))


def _annotate(alike: Alike, review: Review) -> Annotation:
    job = alike.first
    others = (f"The same holds for {alike.others}.",) if alike.others else ()
    return Annotation(
        level=Level.NOTICE if job.allowed else Level.ERROR,
        code=f"review.{job.relation.value}",
        title=f"{escape(job.address)} {describe_headline(job)}",
        message=(*alike.sentences, *others),
        source=find_source(job, review),
        count=len(alike.jobs),
    )


def _cut(annotations: list[Annotation], level: Level) -> list[Annotation]:
    if len(annotations) <= MOST:
        return annotations
    hidden = sum(each.count for each in annotations[MOST - 1 :])
    message = f"{count(hidden, f'more {level}')} not shown here; another format has them all"
    last = Annotation(level=level, code=None, title="reconcile review", message=(message,), source=None)
    return [*annotations[: MOST - 1], last]
