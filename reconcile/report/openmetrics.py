"""
The plan as OpenMetrics 1.0, for dashboards and alerts.

Every verdict has a sample even if its count is zero, so that an alert can tell zero from no data. Where the plan covers
a part of the jobs, `reconcile_jobs` adds up to less than `reconcile_declared_jobs`. All metrics are gauges, which
Prometheus' older text format has as well; there, the end mark is a comment. Jobs have no metrics of their own, since a
manifest can name ten thousand.
"""

from collections import Counter
from collections.abc import Mapping

from reconcile.model import Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.messages import WORDS, count_declared, cut
from reconcile.report.result import list_results
from reconcile.report.style import Style

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
            _write_gauge("reconcile_declared_jobs", "Jobs to select from.", count_declared(plan), manifest),
            _write_gauge("reconcile_complete", "1 if every selected job was fetched.", int(plan.complete), manifest),
            "# EOF\n",
        )
    )


def _write_family(name: str, meaning: str, values: Mapping[Verdict, int], manifest: str) -> str:
    samples = "".join(
        f'{name}{{manifest="{manifest}",verdict="{verdict}"}} {values.get(verdict, 0)}\n' for verdict in WORDS
    )
    return f"{_describe(name, meaning)}{samples}"


def _write_gauge(name: str, meaning: str, value: int, manifest: str) -> str:
    return f'{_describe(name, meaning)}{name}{{manifest="{manifest}"}} {value}\n'


def _describe(name: str, meaning: str) -> str:
    return f"# TYPE {name} gauge\n# HELP {name} {meaning}\n"
