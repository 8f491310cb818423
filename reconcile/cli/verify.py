"""`reconcile verify`: re-derive the verdict of a saved plan from its evidence."""

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.attestation import check_attestation, check_options
from reconcile.cli.context import Context, pass_context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.reporting import (
    ReportingOptions,
    attestation_options,
    freshness_options,
    reporting_options,
)
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import list_description_files
from reconcile.cli.reporting import Report
from reconcile.cli.saved import check_age, check_manifests, load_saved_plan
from reconcile.codes import Code
from reconcile.duration import format_duration
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.evidence import Subject
from reconcile.model.plan import Plan
from reconcile.plan import derive_plan
from reconcile.report import FORMATS
from reconcile.report.escape import escape
from reconcile.saved.attestation import find_result


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=FilePath(),
    metavar="MANIFEST",
    help="Require that the plan is about this file or directory as it is now. Repeatable.",
)
@attestation_options
@freshness_options
@reporting_options(*FORMATS)
@api_option
@pass_context
def command(
    context: Context,
    path: str,
    manifests: tuple[str, ...],
    max_age: float,
    verify_with: str | None,
    attestation: str | None,
    subject: Subject | None,
    reporting: ReportingOptions,
) -> Plan:
    """Re-derive the verdict of a saved plan from its evidence, offline.

    PLAN is a file written by 'reconcile plan --out PLAN', or - for standard input. The digest in a plan proves that it
    was not damaged, not who made it: anyone who can write the file can replace it. To prove the origin, sign it with
    'plan --sign-with' and require the signature with --verify-with. With --attestation, also check a receipt of 'plan
    --attest': everything in it is re-derived from the plan, and must be the same.

    Exit code: that of the verdict, 0 only if everything was proven; --soft-fail of the run is ignored. 1 if the verdict
    does not follow from the evidence, or the plan was changed, is too old, or was made from other manifests.

    \b
    Examples:
      reconcile verify plan.json
      reconcile verify plan.json --manifest reconcile.yaml --max-age 10m
      reconcile verify plan.json --verify-with gate.pub.pem
      reconcile verify plan.json --attestation receipt.json --verify-with gate.pub.pem --subject app@sha256:...
    """
    report = Report(reporting, context)
    check_options(attestation, subject, verify_with)
    report.prepare([path, *manifests, verify_with, attestation, *list_description_files(context)])
    saved, saved_plan = load_saved_plan(path, context, verify_with=verify_with)
    if attestation is not None and subject is not None and verify_with is not None:
        check_attestation(attestation, saved, saved_plan, subject, verify_with)
    age = check_age(path, saved.evidence, context, max_age=max_age)
    if manifests:
        check_manifests(path, saved.evidence, manifests)
    evidence = replace(saved.evidence, soft_fail=False, ended_by=None)
    if saved.evidence.ended_by is not None:
        cut_short = Diagnostic(code=Code.INTERRUPTED, message="the run was cut short by a signal; nothing is proven")
        evidence = replace(evidence, errors=(*evidence.errors, cut_short))
    plan = derive_plan(evidence)
    if not reporting.terse:
        judged = format_duration(round(age.total_seconds()))
        signed = f"signed with the key of {escape(verify_with)}" if verify_with is not None else "signature not checked"
        origin = f", {signed}" if saved.signature else ""
        output.print_note(
            f"reconcile: the verdict follows from the evidence ({saved.digest}), judged {judged} ago{origin}\n"
        )
        if attestation is not None and subject is not None:
            artifact = escape(f"{subject.name}@sha256:{subject.sha256}")
            result = f"{find_result(saved_plan)} for {artifact}"
            output.print_note(f"reconcile: {escape(attestation)}: {result}, {signed}\n")
    report.write(plan, evidence)
    return plan
