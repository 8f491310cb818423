"""`reconcile merge`: join the plans of all shards of a run."""

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, pass_context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.reporting import (
    ReportingOptions,
    baseline_option,
    freshness_options,
    reporting_options,
    saving_options,
)
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import list_description_files
from reconcile.cli.reporting import Report
from reconcile.cli.saved import check_age, load_saved_plan
from reconcile.cli.spool import DetailsSpool, EvidenceSpool
from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.model.evidence import Evidence
from reconcile.model.plan import Plan
from reconcile.plan import derive_plan
from reconcile.report import FORMATS
from reconcile.report.escape import escape


@click.command()
@click.argument("paths", metavar="PLAN...", nargs=-1, type=FilePath())
@freshness_options
@saving_options
@baseline_option
@reporting_options(*FORMATS)
@click.option("--soft-fail", is_flag=True, help="Exit with 0 instead of 2 or 3, whatever the shards were made with.")
@api_option
@pass_context
def command(
    context: Context,
    paths: tuple[str, ...],
    max_age: float,
    verify_with: str | None,
    reporting: ReportingOptions,
    soft_fail: bool,
) -> Plan:
    """Merge the plans of all shards of a run.

    Each PLAN is a file written by 'reconcile plan --shard I/N --out PLAN'. The result is the plan that a single run of
    all shards would have printed. The shards must be all the shards of one run, each exactly once: with the same
    manifests, variables, selection and options, made by the same version.

    Shards know their run from RECONCILE_RUN_ID, or from the variables of GitHub, GitLab, CircleCI, Buildkite or Azure
    Pipelines. Shards that do not know their run cause a warning, or an error if they were made with --strict.

    Exit code: as for 'reconcile plan', and 1 if the shards are not exactly those of one run.

    \b
    Examples:
      reconcile merge plan-*.json
      reconcile merge plan-*.json --report junit=report.xml --out plan.json
    """
    report = Report(reporting, context)
    if not paths:
        hint = "pass the plans of all shards, such as plan-*.json"
        raise UsageError.because(Code.NOTHING_TO_CHECK, "no plan is given: there is nothing to merge", hint=hint)
    report.prepare([*paths, verify_with, *list_description_files(context)])
    shards, spool = [], EvidenceSpool()
    for path in paths:
        shards.append((path, spool.keep(_load_evidence(path, context, verify_with=verify_with, max_age=max_age))))
    from reconcile.shards import measure_rates, merge_shards

    # Only the command line may soften the exit code, never a saved plan.
    evidence = replace(merge_shards(shards), soft_fail=soft_fail)
    if not reporting.quiet:
        for name, requests, seconds in measure_rates(evidence):
            _print_rate(name, requests, seconds, runs=len(paths))
    plan = derive_plan(evidence, keep=DetailsSpool(small=0).keep)
    report.write(plan, evidence)
    return plan


def _load_evidence(path: str, context: Context, *, verify_with: str | None, max_age: float) -> Evidence:
    """Return the evidence of a shard; its plan is checked, but does not stay in memory."""
    saved, _ = load_saved_plan(path, context, verify_with=verify_with)
    check_age(path, saved.evidence, context, max_age=max_age)
    return saved.evidence


def _print_rate(provider: str, requests: int, seconds: float, *, runs: int) -> None:
    """Print how many requests all shards sent to a provider, and the rate if that took at least a second."""
    together = f", {requests / seconds * 60:,.0f}/m together" if seconds >= 1 else ""
    sent = f"{requests:,} request{'s' if requests > 1 else ''} by {runs} shard{'s' if runs > 1 else ''}"
    output.print_note(f"reconcile: provider {escape(provider)}: {sent} in {seconds:.1f} s{together}\n")
