"""
The plan for GitHub Actions: as workflow commands, as the summary of a step, and as its outputs.

The runner executes every line of stdout that begins with `::`, and `##[` anywhere in a line, so text from an API or a
file appears only as data of our own commands. Escapes: actions/toolkit, packages/core/src/command.ts.

Summary and outputs are not formats, because they are appended to files that other programs write as well.
"""

from msgspec.structs import asdict

from reconcile.model.plan import Plan
from reconcile.report.annotation import Annotation, choose_annotations
from reconcile.report.escape import escape
from reconcile.report.messages import describe_run
from reconcile.report.style import PLAIN, Style

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(plan: Plan, style: Style) -> list[str]:
    """Render a plan; of `style`, only `docs_url` is used."""
    commands = "".join(f"{write_command(annotation)}\n" for annotation in choose_annotations(plan, style.docs_url))
    return [f"{commands}{describe_run(plan)}\n"]


def render_summary(plan: Plan, style: Style = PLAIN) -> str:
    """Render the text for the file GITHUB_STEP_SUMMARY, within its limit."""
    from reconcile.report import markdown

    return markdown.render_within(plan, markdown.SUMMARY_LIMIT, style.docs_url)


def render_outputs(plan: Plan) -> str:
    """
    Render the lines for the file GITHUB_OUTPUT: the verdict and the counts of the summary.

    Names are fixed, and values are our own words and numbers, so nothing can inject a line (CVE-2022-35954).
    """
    outputs = {
        "verdict": plan.verdict.value,
        "complete": "true" if plan.complete else "false",
        **asdict(plan.summary),
        "exit_code": int(plan.exit_code),
    }
    return "".join(f"{name}={value}\n" for name, value in outputs.items())


def write_command(annotation: Annotation) -> str:
    """Write the command for an annotation; its title and message must be safe on one line."""
    source = annotation.source
    place = {"file": escape(source.file), "line": str(source.line), "col": str(source.column)} if source else {}
    properties = {**place, "title": annotation.title}
    shown = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    message = "\n".join(annotation.message).translate(_DATA)
    return f"::{annotation.level} {shown}::{message}"
