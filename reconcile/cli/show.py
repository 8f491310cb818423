"""`reconcile show`: a saved plan in any format, offline."""

import click

from reconcile.cli.invocation import Done, Invocation, pass_invocation
from reconcile.cli.options.reporting import Reporting, reporting_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.reporting import Report
from reconcile.cli.saved import load_saved_plan
from reconcile.report import FORMATS


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@reporting_options(*FORMATS)
@pass_invocation
def command(invocation: Invocation, path: str, reporting: Reporting) -> Done:
    """Render a saved plan in any format, offline.

    PLAN is a file of 'reconcile plan --out PLAN', or - for standard input. What is printed is what the run that saved
    it would have printed. Exits with 0 if it could be rendered, whatever its verdict: to show is not to check, and a
    gate is 'reconcile verify'.

    \b
    Examples:
      reconcile show plan.json
      reconcile show plan.json -o markdown
      reconcile show plan.json --report html=report.html --report junit=report.xml
    """
    report = Report(reporting, invocation)
    report.prepare([path])
    saved, plan = load_saved_plan(path, invocation)
    report.write(plan, saved.evidence)
    return Done.DONE
