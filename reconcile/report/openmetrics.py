"""
The plan as OpenMetrics 1.0, for dashboards and alerts.

Every verdict is a sample even where its count is zero, so that an alert can tell zero from nothing. All metrics are
gauges, which Prometheus' older text format knows too; to that, the end mark is a comment. There is no metric of one
job, for a manifest can name ten thousand.
"""

from collections import Counter
from collections.abc import Mapping

from reconcile.model import Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.result import list_results
from reconcile.report.style import Style
from reconcile.report.wording import WORDS, cut

_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used."""
    del style
    assertions = Counter(result.verdict for result in list_results(plan))
    jobs = Counter(job.verdict for job in plan.jobs)
    manifest = cut(", ".join(escape(each.file) for each in plan.manifest.files)).translate(_LABEL)
    return "".join(
        (
            _write_family("reconcile_run", "1 for the verdict of the run.", {plan.verdict: 1}, manifest),
            _write_family("reconcile_jobs", "Selected jobs by verdict.", jobs, manifest),
            _write_family("reconcile_assertions", "Assertions and errors by verdict.", assertions, manifest),
            "# TYPE reconcile_complete gauge\n",
            "# HELP reconcile_complete 1 if every selected job was fetched.\n",
            f'reconcile_complete{{manifest="{manifest}"}} {int(plan.complete)}\n',
            "# EOF\n",
        )
    )


def _write_family(name: str, meaning: str, values: Mapping[Verdict, int], manifest: str) -> str:
    samples = "".join(
        f'{name}{{manifest="{manifest}",verdict="{verdict}"}} {values.get(verdict, 0)}\n' for verdict in WORDS
    )
    return f"# TYPE {name} gauge\n# HELP {name} {meaning}\n{samples}"
