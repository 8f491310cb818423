"""
A review as GitHub's Markdown, for a comment on a pull request or the summary of a step.

Text from files is inside fenced blocks, where GitHub reads no mention, link or tag. Each line of a block begins with
our own words, so none can end the block.
"""

from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import ExitCode
from reconcile.model.review import Review
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.markdown import COMMENT_LIMIT
from reconcile.report.messages import count
from reconcile.report.review import text
from reconcile.report.review.messages import SHOWN, describe_result
from reconcile.report.style import NO_COLOUR, Palette

_HEADLINES = {
    None: "nothing is weaker",
    ExitCode.DRIFT: "the new manifest lets more through",
    ExitCode.ERROR: "undecided",
}
_ACCEPTED = "what is weaker or undecided is allowed"
_MARKER = "<!-- reconcile-review -->"
"""What a bot that keeps one comment up to date looks for."""
_NOTICE = 200
"""Bytes reserved for the line that says how much is cut."""


def render(review: Review, palette: Palette) -> str:
    """Render a review in at most COMMENT_LIMIT bytes of UTF-8; `palette` is not used."""
    del palette
    is_accepted = review.failure is None and any(job.relation in SHOWN for job in review.jobs)
    verdict = f"## reconcile review: {_ACCEPTED if is_accepted else _HEADLINES[review.failure]}"
    head = f"{verdict}\n\n{describe_result(review)}.\n\n{_MARKER}\n"
    lines = text.render(review, NO_COLOUR).splitlines()
    return head + _fence(lines, COMMENT_LIMIT - len(head.encode()) - _NOTICE)


def render_failure(errors: tuple[Diagnostic, ...]) -> str:
    """Render why there is no review."""
    head = f"## reconcile review: error\n\n{_MARKER}\n"
    return head + _fence(render_diagnostics(errors).splitlines(), COMMENT_LIMIT - len(head) - _NOTICE)


def _fence(lines: list[str], limit: int) -> str:
    shown: list[str] = []
    for line in lines:
        limit -= len(line.encode()) + 1
        if limit < 0:
            break
        shown.append(line)
    hidden = len(lines) - len(shown)
    notice = f"\n*Cut to fit into a comment: {count(hidden, 'more line')} not shown.*\n" if hidden else ""
    return "\n".join(["", "```text", *(f" {line}".rstrip() for line in shown), "```", notice])
