"""Diagnostics as a good compiler writes them: where, what, the line itself, and what to do."""

from collections.abc import Sequence
from typing import Literal

from reconcile.model import Diagnostic, Source
from reconcile.report.escape import escape
from reconcile.report.messages import describe_place
from reconcile.report.style import NO_COLOUR, Colour, Palette

_WIDEST_EXCERPT = 120


def render_diagnostics(
    diagnostics: Sequence[Diagnostic], palette: Palette = NO_COLOUR, *, kind: Literal["error", "warning"] = "error"
) -> str:
    """
    Render diagnostics in the order given, each ending in a line break.

    Args:
        diagnostics: what is wrong.
        palette: the colours.
        kind: what stands at the beginning of a diagnostic without a place.
    """
    return "".join(_render_diagnostic(diagnostic, palette, kind) for diagnostic in diagnostics)


def _render_diagnostic(diagnostic: Diagnostic, palette: Palette, kind: str) -> str:
    source = diagnostic.source
    place = describe_place(source) if source else kind
    head = f"{palette.paint(f'{place}:', Colour.STRONG)} {palette.paint(diagnostic.code, Colour.REMOVED)}"
    lines = [f"{head} {escape(diagnostic.message)}"]
    if source and diagnostic.excerpt is not None:
        lines += _render_excerpt(diagnostic, source, diagnostic.excerpt, palette)
    elif diagnostic.hint:
        lines.append(f"  {escape(diagnostic.hint)}")
    return "".join(f"{line}\n" for line in lines)


def _render_excerpt(diagnostic: Diagnostic, source: Source, excerpt: str, palette: Palette) -> list[str]:
    start = source.column - 1
    # Of a long line, only the part around the problem is shown.
    cut = max(0, start - _WIDEST_EXCERPT // 2) if len(excerpt) > _WIDEST_EXCERPT else 0
    shown = excerpt[cut : cut + _WIDEST_EXCERPT]
    before = _flatten(shown[: start - cut])
    width = max(1, len(_flatten(shown[start - cut : start - cut + diagnostic.width])))
    hint = f" {escape(diagnostic.hint)}" if diagnostic.hint else ""
    carets = palette.paint("^" * width, Colour.REMOVED)
    return [f"{source.line:>5} | {_flatten(shown)}", f"      | {' ' * len(before)}{carets}{hint}"]


def _flatten(text: str) -> str:
    """Escape a part of a line; a tab becomes one space, so that the carets stay below what they mark."""
    return escape(text.replace("\t", " "))
