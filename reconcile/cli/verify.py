"""`reconcile verify`: whether a saved plan still proves what it says."""

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options.reporting import Reporting, reporting_options
from reconcile.cli.options.saved import freshness_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.reporting import Report
from reconcile.cli.saved import check_age, check_manifests, load_saved_plan
from reconcile.duration import format_duration
from reconcile.errors import ReconcileError
from reconcile.model import Plan
from reconcile.plan import derive_plan
from reconcile.report import FORMATS


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=FilePath(),
    metavar="MANIFEST",
    help="Demand that the plan is about this file or directory as it is now; repeatable.",
)
@freshness_options
@reporting_options(*FORMATS)
@pass_invocation
def command(
    invocation: Invocation,
    path: str,
    manifests: tuple[str, ...],
    max_age: float,
    verify_with: str | None,
    reporting: Reporting,
) -> Plan:
    """Let the verdict of a saved plan follow from its own evidence once more, offline.

    PLAN is a file of 'reconcile plan --out PLAN', or - for standard input. A plan proves what was observed, not who
    wrote it: whoever can write the file can write another one, with another digest. Where that matters, sign it with
    'plan --sign-with' and demand the signature with --verify-with.

    \b
    Exits with the code of the verdict, 0 only if everything was proven, without
    regard to --soft-fail; with 1 if the verdict does not follow, or the plan was
    changed, is too old, or is about other manifests.

    \b
    Examples:
      reconcile verify plan.json
      reconcile verify plan.json --manifest reconcile.yaml --max-age 10m
      reconcile verify plan.json --verify-with gate.pub.pem
    """
    report = Report(reporting, invocation)
    try:
        report.prepare([path, *manifests, verify_with])
        saved, _ = load_saved_plan(path, invocation, verify_with=verify_with)
        age = check_age(path, saved.evidence, invocation, max_age=max_age)
        if manifests:
            check_manifests(path, saved.evidence, manifests)
        evidence = replace(saved.evidence, soft_fail=False, ended_by=None)
        plan = derive_plan(evidence)
    except ReconcileError as error:
        report.write_failure(error)
        raise
    if not reporting.terse:
        judged = format_duration(round(age.total_seconds()))
        unchecked = " its signature was not asked for;" if saved.signature and verify_with is None else ""
        output.tell(
            f"reconcile: judged {judged} ago;{unchecked} the verdict follows from the evidence ({saved.digest})\n"
        )
    report.write(plan, evidence)
    return plan
