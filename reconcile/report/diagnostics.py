"""Diagnostics as a good compiler writes them: where, what, the line itself, and what to do about it."""

import textwrap
from collections.abc import Sequence
from typing import Literal

from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.report.escape import escape
from reconcile.report.messages import describe_place
from reconcile.report.style import NO_COLOUR, Colour, Palette

_WIDEST = 128
"""The most columns of an excerpt with its margin, without a screen."""

_MARGIN = len("    1 | ")
_CUT = "..."


def render_diagnostics(
    diagnostics: Sequence[Diagnostic],
    palette: Palette = NO_COLOUR,
    *,
    kind: Literal["error", "warning"] = "error",
    width: int | None = None,
) -> str:
    """
    Render diagnostics in the order given, each ending in a line break.

    Args:
        diagnostics: what is wrong.
        palette: the colours.
        kind: the first word of a diagnostic without a place.
        width: columns of the screen, None without a screen.
    """
    return "".join(_render_diagnostic(diagnostic, palette, kind, width) for diagnostic in diagnostics)


def _render_diagnostic(diagnostic: Diagnostic, palette: Palette, kind: str, width: int | None) -> str:
    source = diagnostic.source
    place = describe_place(source) if source else kind
    first, *lines = _wrap(f"{place}: {diagnostic.code} {escape(diagnostic.message)}", width)
    plain = f"{place}: {diagnostic.code}"
    painted = f"{palette.paint(f'{place}:', Colour.STRONG)} {palette.paint(diagnostic.code, Colour.REMOVED)}"
    lines = [first.replace(plain, painted, 1), *lines]
    if source and diagnostic.excerpt is not None:
        lines += _render_excerpt(diagnostic, source, diagnostic.excerpt, palette, width)
    elif diagnostic.hint:
        lines += _wrap(f"  {escape(diagnostic.hint)}", width)
    return "".join(f"{line}\n" for line in lines)


def _wrap(text: str, width: int | None) -> list[str]:
    """Wrap a line between words to fit the screen, if there is one."""
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(
        text, max(40, width), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    ) or [text]


def _render_excerpt(
    diagnostic: Diagnostic, source: Source, excerpt: str, palette: Palette, width: int | None
) -> list[str]:
    """Show the line with carets below the error; of a long line, only the part around it."""
    lead, rest = excerpt[: source.column - 1], excerpt[source.column - 1 :]
    if lead.lstrip().startswith("…"):  # Blanks stand in for the part that was cut, to keep the column.
        lead = lead.lstrip()
    before, marked, after = _cut_around(lead + rest, len(lead), diagnostic.width, max(20, (width or _WIDEST) - _MARGIN))
    carets = palette.paint("^" * max(1, len(marked)), Colour.REMOVED)
    lines = [f"{source.line:>5} | {before}{marked}{after}", f"      | {' ' * len(before)}{carets}"]
    if not diagnostic.hint:
        return lines
    hint = escape(diagnostic.hint)
    if width is None or _MARGIN + len(before) + max(1, len(marked)) + 1 + len(hint) <= width:
        lines[-1] += f" {hint}"
    else:
        lines.append(f"      | {hint}")
    return lines


def _cut_around(line: str, start: int, width: int, columns: int) -> tuple[str, str, str]:
    """
    Cut a line to fit, and return three parts that are safe to show: before, in and after the marked part.

    Args:
        line: the line of the file.
        start: the index of the first marked character.
        width: how many characters are marked.
        columns: how many columns the result may take.
    """
    end = start + min(width, columns)
    # No more than this fits on either side. What is cut here is longer, so it is marked as cut below.
    before, marked = _flatten(line[max(0, start - columns) : start]), _flatten(line[start:end])
    after = _flatten(line[end : end + columns])
    if len(before) + max(1, len(marked)) + len(after) <= columns:
        return before, marked, after
    marked = marked[: columns - 2 * len(_CUT)]
    rest = columns - max(1, len(marked))
    left = max(rest // 2, rest - len(after))
    if len(before) > left:
        before = f"{_CUT}{before[len(before) - max(0, left - len(_CUT)) :]}"
    right = rest - len(before)
    if len(after) > right:
        after = f"{after[: max(0, right - len(_CUT))]}{_CUT}"
    return before, marked, after


def _flatten(text: str) -> str:
    """Escape a part of a line; a tab becomes one space, so that the carets stay in place."""
    return escape(text.replace("\t", " "))
