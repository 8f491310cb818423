"""
The plan as workflow commands of GitHub Actions.

The runner obeys every line of stdout that begins with `::`, and `##[` anywhere in a line, so text from an API or a
file stands only where it is data of a command of ours. Escapes: actions/toolkit, packages/core/src/command.ts.
"""

from reconcile.model import Plan
from reconcile.report.annotation import Annotation, choose_annotations
from reconcile.report.escape import escape
from reconcile.report.style import Style
from reconcile.report.messages import describe_run

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used, for the runner has its own colours."""
    del style
    commands = "".join(f"{_write_command(annotation)}\n" for annotation in choose_annotations(plan))
    return f"{commands}{describe_run(plan)}\n"


def _write_command(annotation: Annotation) -> str:
    source = annotation.source
    place = {"file": escape(source.file), "line": str(source.line), "col": str(source.column)} if source else {}
    properties = {**place, "title": annotation.title}
    shown = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    message = "\n".join(annotation.message).translate(_DATA)
    return f"::{annotation.level} {shown}::{message}"
