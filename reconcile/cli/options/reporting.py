"""What is written where, and in which colours."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from msgspec import Struct

from reconcile.cli.options.values import Decorator, FilePath, as_one

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Reporting(Struct, frozen=True, kw_only=True):
    """
    What is written where.

    `format_name` is the one for stdout, `reports` are the format and path of files. `github_summary` and
    `github_output` are the files of a GitHub step to which is added, None for neither. `full` tells what holds as well.
    `out` is the path of the saved plan and `sign_with` that of the key that signs it, both None where neither is asked
    for.
    """

    format_name: str
    reports: tuple[tuple[str, str], ...]
    github_summary: str | None
    github_output: str | None
    full: bool
    quiet: bool
    out: str | None = None
    sign_with: str | None = None

    @property
    def terse(self) -> bool:
        """Whether nothing is said beside documents and errors."""
        return self.quiet or self.format_name != "text"


_COLOUR = click.Choice(["auto", "always", "never"])

colour_option = click.option(
    "--color",
    "colour",
    type=_COLOUR,
    default="auto",
    expose_value=False,
    help="Colour; auto asks NO_COLOR, FORCE_COLOR and the terminal.",
)
"""What it asks for, commands find in their invocation: errors of other arguments are told in colour or without, too."""


def read_colour(argv: Sequence[str]) -> str:
    """Read what --color asks for of arguments that need not make sense otherwise; `auto` if it is not there."""
    if not any(argument.startswith("--color") for argument in argv):
        return "auto"  # as below, but click looks for what each option that it does not know may have meant
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
        help=f"What stdout gets: {', '.join(names)}. Default: {names[0]}.",
    )


def reporting_options(*names: str) -> Decorator:
    """Make the options of writing a plan in these formats, which a command gets as one `reporting`."""

    def read_report(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        pairs = [value.partition("=") for value in values]
        for name, sign, path in pairs:
            if name not in names or not sign or not path:
                raise click.BadParameter(f"write it like FORMAT=PATH; formats are {', '.join(names)}", ctx, param)
        return tuple((name, path) for name, _, path in pairs)

    return as_one(
        Reporting,
        "reporting",
        format_option(*names),
        click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="FORMAT=PATH",
            callback=read_report,
            help="Write a file, too, whole or not at all; repeatable.",
        ),
        click.option(
            "--github-summary",
            metavar="FILE",
            type=FilePath(),
            help='Add the plan to the summary of a GitHub step: "$GITHUB_STEP_SUMMARY".',
        ),
        click.option(
            "--github-output",
            metavar="FILE",
            type=FilePath(),
            help='Add verdict and counts to the outputs of a GitHub step: "$GITHUB_OUTPUT".',
        ),
        click.option("--full", is_flag=True, help="Show what holds, too, and each job by itself (text)."),
        colour_option,
        click.option("-q", "--quiet", is_flag=True, help="Say nothing beside documents and errors."),
    )
