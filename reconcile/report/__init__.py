"""Plan -> text, one module per format. All are pure: none of them writes output or decides an exit code."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from reconcile.model.plan import Plan
from reconcile.report.style import PLAIN, Style

Format = Callable[[Plan, Style], Iterable[str]]
"""Returns the parts of a text; a format that describes every job makes them one at a time."""

FORMATS: Mapping[str, str] = {
    "text": "reconcile.report.text",
    "json": "reconcile.report.json",
    "markdown": "reconcile.report.markdown",
    "junit": "reconcile.report.junit",
    "sarif": "reconcile.report.sarif",
    "github": "reconcile.report.github",
    "azure": "reconcile.report.azure",
    "gitlab": "reconcile.report.gitlab",
    "ctrf": "reconcile.report.ctrf",
    "tap": "reconcile.report.tap",
    "openmetrics": "reconcile.report.openmetrics",
    "otlp": "reconcile.report.otlp",
    "html": "reconcile.report.html",
}
"""The module of each format, by its name on the command line; imported on first use."""


def render_plan(plan: Plan, *, format_name: str, style: Style = PLAIN) -> str:
    """Return the whole text that `stream_plan` yields."""
    return "".join(stream_plan(plan, format_name=format_name, style=style))


def stream_plan(plan: Plan, *, format_name: str, style: Style = PLAIN) -> Iterable[str]:
    """Render a plan in the named format, part by part; the text ends in a line break."""
    render: Format = import_module(FORMATS[format_name]).render
    return render(plan, style)
