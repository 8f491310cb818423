"""
The plan as logging commands of Azure Pipelines.

The agent executes `##vso[` anywhere in a line of stdout. Escapes: microsoft/azure-pipelines-agent, Command.cs.
"""

from reconcile.model.plan import Plan
from reconcile.report.annotation import Annotation, Level, choose_annotations
from reconcile.report.comparison import describe_comparison
from reconcile.report.escape import escape
from reconcile.report.messages import describe_run
from reconcile.report.style import Style

_DATA = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A", ";": "%3B", "]": "%5D"})


def render(plan: Plan, style: Style) -> list[str]:
    """
    Render a plan; of `style`, only `docs_url` is used.

    Azure has no notices, so waived drift is counted but not annotated, and the comparison with an earlier plan is a
    line of the log.
    """
    annotations = choose_annotations(plan, style.docs_url)
    commands = "".join(f"{_write_command(each)}\n" for each in annotations if each.level is not Level.NOTICE)
    compared = describe_comparison(plan)
    summary = f"{compared.summary}\n" if compared is not None else ""
    return [f"{summary}{commands}{describe_run(plan)}\n"]


def _write_command(annotation: Annotation) -> str:
    source = annotation.source
    place = (
        {"sourcepath": escape(source.file), "linenumber": str(source.line), "columnnumber": str(source.column)}
        if source
        else {}
    )
    properties = {"type": annotation.level.value, **place, "code": annotation.code or "reconcile"}
    shown = ";".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    message = "\n".join(annotation.message)
    return f"##vso[task.logissue {shown}]{f'{annotation.title}: {message}'.translate(_DATA)}"
