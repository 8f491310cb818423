"""Options of outputs and colours, and of writing and checking saved plans."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from msgspec import Struct

from reconcile.cli.options.values import Decorator, Duration, FilePath, SubjectType, as_one
from reconcile.model.evidence import Subject

_Command = TypeVar("_Command", bound=Callable[..., Any])


class ReportingOptions(Struct, frozen=True, kw_only=True):
    """
    The outputs of a command.

    `format_name` is the format of stdout, `reports` are pairs of format and path. `github_summary` and `github_output`
    are the files of a GitHub step to append to, `out` is the path of the saved plan, `sign_with` that of its signing
    key and `baseline` that of the plan to compare with; `attest` is the path of the receipt for `attested`. Each may be
    None. `full` also shows jobs that are in sync.
    """

    format_name: str
    reports: tuple[tuple[str, str], ...]
    github_summary: str | None
    github_output: str | None
    full: bool
    quiet: bool
    out: str | None = None
    sign_with: str | None = None
    baseline: str | None = None
    attest: str | None = None
    attested: Subject | None = None

    @property
    def terse(self) -> bool:
        """Whether only documents and errors are printed."""
        return self.quiet or self.format_name != "text"


_SUBJECT = "NAME@sha256:HEX"

_COLOUR = click.Choice(["auto", "always", "never"])

colour_option = click.option(
    "--color",
    "colour",
    type=_COLOUR,
    default="auto",
    expose_value=False,
    help="Whether to use colour; auto looks at NO_COLOR, FORCE_COLOR and the terminal. Default: auto.",
)
"""Commands find its value in their context, because usage errors are coloured as well."""


def read_colour(argv: Sequence[str]) -> str:
    """Return the value of --color from arguments that may be invalid otherwise; `auto` without it."""
    if not any(argument.startswith("--color") for argument in argv):
        return "auto"  # saves time: for each option unknown to the parser below, click searches similar names
    alone = click.Command("reconcile", params=[click.Option(["--color", "colour"], type=_COLOUR)])
    context = alone.make_context(
        "reconcile", list(argv), resilient_parsing=True, ignore_unknown_options=True, allow_extra_args=True
    )
    colour: str | None = context.params["colour"]
    return colour or "auto"


def format_option(*names: str) -> Callable[[_Command], _Command]:
    """Make `-o/--output` with these formats, the first as default."""
    return click.option(
        "-o",
        "--output",
        "format_name",
        metavar="FORMAT",
        type=click.Choice(names),
        default=names[0],
        help=f"Format of standard output: {', '.join(names)}. Default: {names[0]}.",
    )


def reporting_options(*names: str) -> Decorator:
    """Make the options of reporting a plan in these formats; a command gets them as `reporting`."""

    def read_report(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        pairs = [value.partition("=") for value in values]
        for name, sign, path in pairs:
            if name not in names or not sign or not path:
                from reconcile.document.hints import suggest

                similar = suggest(name, names) if sign and path else None
                wrong = (
                    f"unknown format '{name[:64]}', {similar} Formats" if similar else "expected FORMAT=PATH; formats"
                )
                raise click.BadParameter(f"{wrong} are {', '.join(names)}", ctx, param)
        return tuple((name, path) for name, _, path in pairs)

    return as_one(
        ReportingOptions,
        "reporting",
        format_option(*names),
        click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="FORMAT=PATH",
            callback=read_report,
            help="Also write the plan to a file in this format. Repeatable.",
        ),
        click.option(
            "--github-summary",
            metavar="FILE",
            type=FilePath(),
            help='Append the plan to the summary of a GitHub step: "$GITHUB_STEP_SUMMARY".',
        ),
        click.option(
            "--github-output",
            metavar="FILE",
            type=FilePath(),
            help='Append verdict and counts to the outputs of a GitHub step: "$GITHUB_OUTPUT".',
        ),
        click.option(
            "--full", is_flag=True, help="Also show expectations that hold, and list every job separately (text)."
        ),
        colour_option,
        click.option("-q", "--quiet", is_flag=True, help="Print only the plan and errors."),
    )


def saving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of saving a plan to a command that has `reporting_options`. Apply it outside of those."""
    with_key = click.option(
        "--sign-with", metavar="KEY", type=FilePath(), help="Sign the saved plan with this Ed25519 private key (PEM)."
    )
    with_out = click.option(
        "--out",
        metavar="PLAN",
        type=FilePath(),
        help="Save the plan with its evidence, for show, verify, merge and accept.",
    )
    return with_out(with_key(command))


baseline_option = click.option(
    "--baseline",
    metavar="PLAN",
    type=FilePath(),
    help="Also show which drifts are new, persisting or fixed since this plan, written by --out or -o json. It never "
    "changes the verdict.",
)
"""For a command that has `reporting_options`; apply it outside of those."""


def attesting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of writing a receipt to a command that has `saving_options`. Apply it outside of those."""
    with_subject = click.option(
        "--subject", "attested", metavar=_SUBJECT, type=SubjectType(), help="What the receipt is about."
    )
    with_attest = click.option(
        "--attest",
        metavar="FILE",
        type=FilePath(),
        help="Also write a signed receipt: an in-toto test result about --subject. Needs --out and --sign-with.",
    )
    return with_attest(with_subject(command))


signature_option = click.option(
    "--verify-with",
    metavar="KEY",
    type=FilePath(),
    help="Require a signature by the owner of this Ed25519 public key (PEM).",
)
"""For commands that read a saved plan; they get a path as `verify_with`, None if no signature is required."""


def freshness_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of checking a saved plan to a command: `max_age` in seconds, `verify_with` a path or None."""
    with_age = click.option(
        "--max-age",
        type=Duration(longest=90 * 24),
        default=3600.0,
        metavar="DURATION",
        help="Maximum age of the plan. Default: 1h.",
    )
    return with_age(signature_option(command))


def attestation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of checking a receipt to a command: `attestation` is a path and `subject` a Subject, or None."""
    with_subject = click.option(
        "--subject", metavar=_SUBJECT, type=SubjectType(), help="What the receipt must be about."
    )
    with_attestation = click.option(
        "--attestation",
        metavar="FILE",
        type=FilePath(),
        help="Require that this receipt is about --subject and follows from PLAN. Needs --verify-with.",
    )
    return with_attestation(with_subject(command))
