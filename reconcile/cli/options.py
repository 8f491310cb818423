"""Options that more than one command has."""

from collections.abc import Callable, Sequence
from functools import wraps
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct

from reconcile.duration import parse_duration
from reconcile.model import Assignment, Given, VariableFile
from reconcile.rate import parse_rate

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_Command = TypeVar("_Command", bound=Callable[..., Any])

_GIVEN = ("assignments", "files")
_ORDER = "reconcile.order"

_SLACK = 60.0
"""Seconds that a run has beyond its waiting, where the operator does not say how long it may take."""

LONGEST_RUN = 24 * 3600.0
"""Seconds; a gate that may run longer is a mistake in the unit."""


class Duration(click.ParamType[float]):
    """A duration above zero, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            seconds = value if isinstance(value, float) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < seconds <= LONGEST_RUN:
            self.fail(f"{value} is not between 1ms and 24h", param, ctx)
        return seconds


class Rate(click.ParamType[float]):
    """A rate above zero, as requests per second."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            return value if isinstance(value, float) else parse_rate(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class FilePath(click.Path):
    """A path that says where; an empty one, which would be the working directory, is a variable without a value."""

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if value == "":
            self.fail("it is empty: has the variable that it comes from a value?", param, ctx)
        return super().convert(value, param, ctx)


class Access(Struct, frozen=True, kw_only=True):
    """
    How jobs are fetched, as the operator says: never the manifest.

    `wait` and `timeout` are seconds, `rate` is requests per second to a provider; None is no waiting, a time-out that
    leaves room for the waiting, no limit.
    """

    endpoints: tuple[str, ...]
    ca_file: str | None
    proxy: str | None
    wait: float | None
    timeout: float | None
    rate: float | None
    concurrency: int

    @property
    def limit(self) -> float:
        """The seconds that fetching may take in all, and reading standard input before it."""
        wait = self.wait or 0.0
        return self.timeout or wait + max(_SLACK, 300.0 - wait)


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


class Selection(Struct, frozen=True, kw_only=True):
    """Which of the declared jobs are meant; nothing said is all of them. `shard` is the part of them that is meant."""

    targets: tuple[str, ...]
    selectors: tuple[str, ...]
    shard: str | None


class Declaration(Struct, frozen=True, kw_only=True):
    """
    What is declared, as a user names it: manifests, and values of variables in the order in which they came.

    `strict` takes warnings for errors, and no waiver for an excuse.
    """

    arguments: tuple[str, ...]
    given: tuple[Given, ...]
    strict: bool

    @property
    def var_files(self) -> tuple[str, ...]:
        """The paths of the files with variables."""
        return tuple(given.path for given in self.given if isinstance(given, VariableFile))


class Kept(Struct, frozen=True, kw_only=True):
    """The folders of recordings: to write what is exchanged, and to judge instead of asking; None is neither."""

    record: str | None
    replay: str | None


class _AssignmentType(click.ParamType[Given]):
    """`NAME=VALUE`."""

    name = "assignment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:  # noqa: ANN401
        name, sign, text = str(value).partition("=")
        if not sign or not name:
            self.fail("write it like NAME=VALUE", param, ctx)
        return Assignment(name, text)


class _VariableFileType(click.ParamType[Given]):
    """A path of a file with variables."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:  # noqa: ANN401
        return VariableFile(str(FilePath().convert(value, param, ctx)))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        return FilePath().shell_complete(ctx, param, incomplete)


class ManifestCommand(click.Command):
    """A command that remembers in which order --var and --var-file came, which click tells of each alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in _GIVEN]
        return super().parse_args(ctx, args)


def variable_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add values of variables to a command of the class `ManifestCommand`, which gets them as `given`, in order."""

    @click.option(
        "--var",
        "assignments",
        type=_AssignmentType(),
        multiple=True,
        metavar="NAME=VALUE",
        help="Give a variable a value. Unless its default is a string, the value is read as YAML.",
    )
    @click.option(
        "--var-file",
        "files",
        type=_VariableFileType(),
        multiple=True,
        metavar="FILE",
        help="Take values of variables from YAML, JSON or 'terraform output -json'; - is standard input.",
    )
    @wraps(command)
    def with_variables(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        came = {name: iter(options.pop(name)) for name in _GIVEN}
        given = tuple(next(came[name]) for name in click.get_current_context().meta[_ORDER])
        return command(*args, given=given, **options)

    return with_variables


def manifest_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add manifests and variables to a command of the class `ManifestCommand`, which gets them as one `declaration`."""

    @click.argument("manifests", metavar="[MANIFEST]...", nargs=-1, type=FilePath())
    @variable_options
    @click.option("--strict", is_flag=True, help="Take warnings for errors; waivers count for nothing.")
    @wraps(command)
    def with_declaration(*args: Any, manifests: tuple[str, ...], strict: bool, **options: Any) -> Any:  # noqa: ANN401
        declaration = Declaration(arguments=manifests, given=options.pop("given"), strict=strict)
        return command(*args, declaration=declaration, **options)

    return with_declaration


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


def reporting_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options of writing a plan in these formats to a command, which gets them as one `reporting`."""

    def read_report(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        pairs = [value.partition("=") for value in values]
        for name, sign, path in pairs:
            if name not in names or not sign or not path:
                raise click.BadParameter(f"write it like FORMAT=PATH; formats are {', '.join(names)}", ctx, param)
        return tuple((name, path) for name, _, path in pairs)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @format_option(*names)
        @click.option(
            "--report",
            "reports",
            multiple=True,
            metavar="FORMAT=PATH",
            callback=read_report,
            help="Write a file, too, whole or not at all; repeatable.",
        )
        @click.option(
            "--github-summary",
            metavar="FILE",
            type=FilePath(),
            help='Add the plan to the summary of a GitHub step: "$GITHUB_STEP_SUMMARY".',
        )
        @click.option(
            "--github-output",
            metavar="FILE",
            type=FilePath(),
            help='Add verdict and counts to the outputs of a GitHub step: "$GITHUB_OUTPUT".',
        )
        @click.option("--full", is_flag=True, help="Show what holds, too, and each job by itself (text).")
        @colour_option
        @click.option("-q", "--quiet", is_flag=True, help="Say nothing beside documents and errors.")
        @wraps(command)
        def with_reporting(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            chosen = {name: options.pop(name) for name in Reporting.__struct_fields__ if name in options}
            return command(*args, reporting=Reporting(**chosen), **options)

        return with_reporting

    return decorate


def saving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of saving a plan to a command that has `reporting_options`, outside of which they belong."""
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


signature_option = click.option(
    "--verify-with", metavar="KEY", type=FilePath(), help="Demand that it is signed with this Ed25519 public key (PEM)."
)
"""Of commands that believe a saved plan; they get the path as `verify_with`, None if no signature is asked for."""


def freshness_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of believing a saved plan to a command: `max_age` in seconds, `verify_with` a path or None."""
    with_age = click.option(
        "--max-age",
        type=Duration(),
        default=3600.0,
        metavar="DURATION",
        help="Demand that it is not older. Default: 1h.",
    )
    return with_age(signature_option(command))


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of choosing jobs to a command, which gets them as one `selection`."""

    @click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        help="Only this job, or these by a glob such as 'jobs.bind-*'. Several are a union.",
    )
    @click.option(
        "-l",
        "--selector",
        "selectors",
        multiple=True,
        metavar="KEY=VALUE,...",
        help="Only jobs with all of these labels: KEY=VALUE, KEY!=VALUE, KEY or !KEY.",
    )
    @click.option(
        "--shard",
        metavar="I/N|auto",
        help="Only the I-th of N parts of these jobs; auto asks the variables of the CI. 'reconcile merge' joins them.",
    )
    @wraps(command)
    def with_selection(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        chosen = {name: options.pop(name) for name in Selection.__struct_fields__}
        return command(*args, selection=Selection(**chosen), **options)

    return with_selection


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of keeping what is exchanged, and of judging what was kept, to a command as one `kept`."""

    @click.option(
        "--record", metavar="DIR", type=FilePath(), help="Keep what is exchanged, without credentials, for --replay."
    )
    @click.option(
        "--replay", metavar="DIR", type=FilePath(), help="Judge a recording, offline, at its time; nothing is sent."
    )
    @wraps(command)
    def with_recording(*args: Any, record: str | None, replay: str | None, **options: Any) -> Any:  # noqa: ANN401
        return command(*args, kept=Kept(record=record, replay=replay), **options)

    return with_recording


def access_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of fetching to a command, which gets them as one `access`."""

    @click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        metavar="[PROVIDER=]URL",
        help="Where the job API is, instead of the built-in table: https, or http on loopback. "
        "Default: RECONCILE_ENDPOINT.",
    )
    @click.option(
        "--ca-file",
        metavar="FILE",
        type=FilePath(),
        help="Trust these certificates (PEM) instead of the built-in ones.",
    )
    @click.option("--proxy", metavar="URL", help="Go through this proxy, to https only; no variable is read.")
    @click.option("--wait", type=Duration(), help="Look at undecided jobs again, for as long as this.")
    @click.option(
        "--timeout",
        type=Duration(),
        help="How long fetching may take in all, and standard input before it. Default: 5m, or --wait and a minute.",
    )
    @click.option("--rate", type=Rate(), metavar="N[/s|/m]", help="Requests to a provider, at most.")
    @click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        metavar="N",
        default=64,
        help="Connections at once, at most. Default: 64.",
    )
    @wraps(command)
    def with_access(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        chosen = {name: options.pop(name) for name in Access.__struct_fields__}
        return command(*args, access=Access(**chosen), **options)

    return with_access
