"""
What a step of GitHub Actions leaves in the two files that the runner gives it: its summary and its outputs.

They are no formats, for the runner reads them at the end of the step and other programs of the step add to them too.
"""

from msgspec.structs import asdict

from reconcile.model import Plan
from reconcile.report import markdown
from reconcile.report.style import PLAIN


def render_summary(plan: Plan) -> str:
    """Render what belongs into the file GITHUB_STEP_SUMMARY, within the limit that it has."""
    return markdown.render(plan, PLAIN, limit=markdown.SUMMARY_LIMIT)


def render_outputs(plan: Plan) -> str:
    """
    Render what belongs into the file GITHUB_OUTPUT: the verdict and the counts of `summary`.

    Names are fixed and values are words and numbers of ours, so nothing can add a line (CVE-2022-35954).
    """
    outputs = {
        "verdict": plan.verdict.value,
        "complete": "true" if plan.complete else "false",
        **asdict(plan.summary),
    }
    return "".join(f"{name}={value}\n" for name, value in outputs.items())
