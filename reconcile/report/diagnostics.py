"""Diagnostics as a good compiler writes them: where, what, the line itself, and what to do."""

from collections.abc import Sequence
from typing import Literal

from reconcile.model import Diagnostic, Source
from reconcile.report.escape import escape
from reconcile.report.palette import PLAIN, Colour, Palette

_WIDEST_EXCERPT = 120


def render_diagnostics(
    diagnostics: Sequence[Diagnostic], palette: Palette = PLAIN, *, kind: Literal["error", "warning"] = "error"
) -> str:
    """
    Render diagnostics in the order given, each ending in a line break.

    Args:
        kind: what stands in place of a place where there is none.
    """
    return "".join(_render(diagnostic, palette, kind) for diagnostic in diagnostics)


def _render(diagnostic: Diagnostic, palette: Palette, kind: str) -> str:
    source = diagnostic.source
    place = f"{escape(source.file)}:{source.line}:{source.column}" if source else kind
    head = f"{palette.paint(f'{place}:', Colour.STRONG)} {palette.paint(diagnostic.code, Colour.REMOVED)}"
    lines = [f"{head} {escape(diagnostic.message)}"]
    if source and diagnostic.excerpt is not None:
        lines += _render_excerpt(diagnostic, source, diagnostic.excerpt, palette)
    elif diagnostic.hint:
        lines.append(f"  {escape(diagnostic.hint)}")
    return "".join(f"{line}\n" for line in lines)


def _render_excerpt(diagnostic: Diagnostic, source: Source, excerpt: str, palette: Palette) -> list[str]:
    start = source.column - 1
    # Of a long line, the part is shown that the reader has to look at.
    cut = max(0, start - _WIDEST_EXCERPT // 2) if len(excerpt) > _WIDEST_EXCERPT else 0
    shown = excerpt[cut : cut + _WIDEST_EXCERPT]
    before = _flatten(shown[: start - cut])
    width = max(1, len(_flatten(shown[start - cut : start - cut + diagnostic.width])))
    hint = f" {escape(diagnostic.hint)}" if diagnostic.hint else ""
    carets = palette.paint("^" * width, Colour.REMOVED)
    return [f"{source.line:>5} | {_flatten(shown)}", f"      | {' ' * len(before)}{carets}{hint}"]


def _flatten(text: str) -> str:
    """Escape a piece of a line; a tab becomes one space, so that what stands below it stays below it."""
    return escape(text.replace("\t", " "))
