"""A review as text: each weaker, different or undecided job with its witness, and the number of the others."""

from collections.abc import Iterator

from reconcile.model.diagnostic import Diagnostic
from reconcile.model.review import Relation, Review
from reconcile.report.escape import escape
from reconcile.report.messages import count
from reconcile.report.review.answers import write_answers
from reconcile.report.review.messages import (
    Alike,
    describe_allowed,
    describe_headline,
    describe_result,
    find_source,
    group_alike,
    name_files,
)
from reconcile.report.style import Colour, Palette

_SYMBOLS = {Relation.WEAKER: "-", Relation.DIFFERENT: "~", Relation.UNDECIDED: "!"}
_COLOURS = {Relation.WEAKER: Colour.REMOVED, Relation.DIFFERENT: Colour.CHANGED, Relation.UNDECIDED: Colour.REMOVED}


def render(review: Review, palette: Palette) -> str:
    """Render a review."""
    return "".join(f"{line}\n" for line in _list_lines(review, palette))


def render_failure(errors: tuple[Diagnostic, ...]) -> str:
    """Render nothing, because errors are on stderr."""
    return ""


def _list_lines(review: Review, palette: Palette) -> Iterator[str]:
    yield f"reconcile: {name_files(review.old)} -> {name_files(review.new)}, {count(len(review.jobs), 'job')}"
    yield from (f"reconcile: {each}" for each in describe_allowed(review))
    yield ""
    for alike in group_alike(review):
        yield from _list_job_lines(alike, review, palette)
        yield ""
    end = f"Review: {describe_result(review)}."
    lost = any(job.relation in _SYMBOLS for job in review.jobs)
    yield palette.paint(end if lost else f"{end} Nothing is weaker.", Colour.STRONG)


def _list_job_lines(alike: Alike, review: Review, palette: Palette) -> Iterator[str]:
    job = alike.first
    source = find_source(job, review)
    symbol = palette.paint(_SYMBOLS[job.relation], _COLOURS[job.relation])
    yield f"  # {escape(job.address)} {describe_headline(job)}      {source.file}:{source.line}"
    yield from (f"  {symbol} {sentence}" for sentence in alike.sentences)
    yield from (f"      {line}" for line in write_answers(job))
    if alike.others:
        yield f"    # the same holds for {alike.others}"
