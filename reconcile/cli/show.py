"""`reconcile show`: a saved plan in any format, offline."""

import click

from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.reporting import ReportingOptions, baseline_option, reporting_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import list_description_files
from reconcile.cli.reporting import Report
from reconcile.cli.saved import load_saved_plan
from reconcile.report import FORMATS


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@baseline_option
@reporting_options(*FORMATS)
@api_option
@pass_context
def command(context: Context, path: str, reporting: ReportingOptions) -> Done:
    """Render a saved plan in any format, offline.

    PLAN is a file written by 'reconcile plan --out PLAN', or - for standard input. The output is what the run that
    saved it printed. The exit code is 0 if the plan could be rendered, whatever its verdict: use 'reconcile verify' as
    a gate.

    \b
    Examples:
      reconcile show plan.json
      reconcile show plan.json -o markdown
      reconcile show plan.json --baseline yesterday.json
      reconcile show plan.json --report html=report.html --report junit=report.xml
    """
    report = Report(reporting, context)
    report.prepare([path, *list_description_files(context)])
    saved, plan = load_saved_plan(path, context)
    report.write(plan, saved.evidence)
    return Done.DONE
