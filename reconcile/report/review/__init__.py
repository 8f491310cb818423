"""Review -> text, one module per format. All are pure, like the formats of plans."""

from collections.abc import Callable, Mapping
from importlib import import_module

from reconcile.model.diagnostic import Diagnostic
from reconcile.model.review import Review
from reconcile.report.style import NO_COLOUR, Palette

FORMATS: Mapping[str, str] = {
    name: f"reconcile.report.review.{name}" for name in ("text", "json", "markdown", "github", "sarif")
}
"""The module of each format, by its name on the command line; imported on first use."""


def render_review(review: Review, *, format_name: str, palette: Palette = NO_COLOUR) -> str:
    """Render a review in the named format; the text ends in a line break."""
    render: Callable[[Review, Palette], str] = import_module(FORMATS[format_name]).render
    return render(review, palette)


def render_failure(errors: tuple[Diagnostic, ...], *, format_name: str) -> str:
    """Render why there is no review; "" in formats for people, who read the errors on stderr."""
    render: Callable[[tuple[Diagnostic, ...]], str] = import_module(FORMATS[format_name]).render_failure
    return render(errors)
