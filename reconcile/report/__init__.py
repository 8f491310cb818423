"""Plan -> text, one module for each format. They are pure: none of them writes or decides an exit code."""

from collections.abc import Callable, Mapping
from importlib import import_module

from reconcile.model import Plan
from reconcile.report.style import PLAIN, Style

Format = Callable[[Plan, Style], str]

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
"""The module of each format by its name on the command line; imported when it is used."""


def render_plan(plan: Plan, *, format_name: str, style: Style = PLAIN) -> str:
    """Render a plan in the format of that name; the text ends in a line break."""
    render: Format = import_module(FORMATS[format_name]).render
    return render(plan, style)
