"""
The plan as OpenMetrics 1.0, for dashboards and alerts.

Every verdict has a sample even if its count is zero, so that an alert can tell zero from no data. If the plan covers a
part of the jobs, `reconcile_jobs` adds up to less than `reconcile_declared_jobs`. All metrics are gauges, which also
exist in Prometheus' older text format; there, the end mark is a comment. Single jobs have no metrics, because a
manifest can name ten thousand.
"""

from collections import Counter
from collections.abc import Mapping

from reconcile.model.plan import Plan, Verdict
from reconcile.report.escape import escape
from reconcile.report.location import name_file
from reconcile.report.messages import WORDS, count_declared, cut
from reconcile.report.result import count_verdicts
from reconcile.report.style import Style
from reconcile.report.timing import count_requests, measure_run

_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(plan: Plan, style: Style) -> list[str]:
    """Render a plan; `style` is not used."""
    del style
    assertions = count_verdicts(plan)
    jobs = Counter(job.verdict for job in plan.jobs)
    judged_at = plan.judged_at.timestamp()
    verdict = plan.verdict if plan.complete else Verdict.ERROR
    manifest = cut(", ".join(escape(name_file(each.file, plan)) for each in plan.manifest.files)).translate(_LABEL)
    return [
        _write_family("reconcile_run", "1 for the verdict of the run.", {verdict: 1}, manifest),
        _write_family("reconcile_jobs", "Selected jobs by verdict.", jobs, manifest),
        _write_family("reconcile_assertions", "Assertions and errors by verdict.", assertions, manifest),
        _write_gauge("reconcile_declared_jobs", "Jobs to select from.", count_declared(plan), manifest),
        _write_gauge("reconcile_complete", "1 if every selected job was fetched.", int(plan.complete), manifest),
        _write_gauge("reconcile_exit_code", "The exit code of the run.", int(plan.exit_code), manifest),
        _write_gauge("reconcile_judged_timestamp_seconds", "When it was judged.", judged_at, manifest),
        _write_gauge("reconcile_duration_seconds", "Seconds that the run took.", measure_run(plan), manifest),
        _write_gauge("reconcile_requests", "Requests that were sent for jobs.", count_requests(plan), manifest),
        "# EOF\n",
    ]


def _write_family(name: str, meaning: str, values: Mapping[Verdict, int], manifest: str) -> str:
    samples = "".join(
        f'{name}{{manifest="{manifest}",verdict="{verdict}"}} {values.get(verdict, 0)}\n' for verdict in WORDS
    )
    return f"{_describe(name, meaning)}{samples}"


def _write_gauge(name: str, meaning: str, value: float, manifest: str) -> str:
    return f'{_describe(name, meaning)}{name}{{manifest="{manifest}"}} {value}\n'


def _describe(name: str, meaning: str) -> str:
    return f"# TYPE {name} gauge\n# HELP {name} {meaning}\n"
