"""`reconcile merge`: the plans of all shards as the plan of one run."""

import click
from msgspec.structs import replace

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options.reporting import Reporting, reporting_options
from reconcile.cli.options.saved import freshness_options, saving_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.reporting import Report
from reconcile.cli.saved import check_age, load_saved_plan
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.model import Plan
from reconcile.plan import derive_plan
from reconcile.report import FORMATS


@click.command()
@click.argument("paths", metavar="PLAN...", nargs=-1, type=FilePath())
@freshness_options
@saving_options
@reporting_options(*FORMATS)
@click.option("--soft-fail", is_flag=True, help="End with 0 where it would be 2 or 3; what the shards said is no word.")
@pass_invocation
def command(
    invocation: Invocation,
    paths: tuple[str, ...],
    max_age: float,
    verify_with: str | None,
    reporting: Reporting,
    soft_fail: bool,
) -> Plan:
    """Join the plans of all shards of a run.

    Each PLAN is a file of 'reconcile plan --shard I/N --out PLAN'. What is printed is what one run about all of the
    jobs would have printed. The shards have to be all those of one run, each once: of the same manifests, variables,
    selection and options, made by the same version. Of which run a shard is says RECONCILE_RUN_ID where it is made, or
    a variable of GitHub, GitLab, CircleCI, Buildkite or Azure Pipelines; where none says it, that is a warning, and an
    error if the shards were made with --strict.

    \b
    Exits like 'reconcile plan', and with 1 if the shards are not exactly those
    of one run.

    \b
    Examples:
      reconcile merge plan-*.json
      reconcile merge plan-*.json --report junit=report.xml --out plan.json
    """
    report = Report(reporting, invocation)
    try:
        if not paths:
            raise UsageError.because(Code.NOTHING_TO_CHECK, "no plan is given: there is nothing to merge")
        report.prepare([*paths, verify_with])
        parts = []
        for path in paths:
            saved, _ = load_saved_plan(path, invocation, verify_with=verify_with)
            check_age(path, saved.evidence, invocation, max_age=max_age)
            parts.append((path, saved.evidence))
        from reconcile.shards import merge_shards

        # Only who runs this may soften what it says, and no file.
        evidence = replace(merge_shards(parts), soft_fail=soft_fail)
        plan = derive_plan(evidence)
    except ReconcileError as error:
        report.write_failure(error)
        raise
    report.write(plan, evidence)
    return plan
