"""Which jobs a command is about: manifests, values of variables, and a selection of jobs."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from reconcile.cli.options.values import FilePath, as_one
from reconcile.model import Assignment, Given, VariableFile

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_GIVEN = ("assignments", "files")
_ORDER = "reconcile.order"


class ManifestOptions(Struct, frozen=True, kw_only=True):
    """
    Manifests, and values of variables in the order of the command line.

    `paths` is empty if the user named no manifest. `strict` treats warnings as errors and ignores waivers.
    """

    paths: tuple[str, ...]
    given: tuple[Given, ...]
    strict: bool

    @property
    def var_files(self) -> tuple[str, ...]:
        """The paths of the variable files."""
        return tuple(given.path for given in self.given if isinstance(given, VariableFile))


class SelectionOptions(Struct, frozen=True, kw_only=True):
    """Which jobs of the manifests are selected: all, if nothing is given. `shard` is the part of the selected ones."""

    targets: tuple[str, ...]
    selectors: tuple[str, ...]
    shard: str | None


class _AssignmentType(click.ParamType[Given]):
    """`NAME=VALUE`."""

    name = "assignment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:  # noqa: ANN401
        name, sign, text = str(value).partition("=")
        if not sign or not name:
            self.fail("expected NAME=VALUE", param, ctx)
        return Assignment(name, text)


class _VariableFileType(click.ParamType[Given]):
    """The path of a variable file."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:  # noqa: ANN401
        return VariableFile(str(FilePath().convert(value, param, ctx)))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        return FilePath().shell_complete(ctx, param, incomplete)


class ManifestCommand(click.Command):
    """A command that remembers the order of --var and --var-file, which click reports for each option alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in _GIVEN]
        return super().parse_args(ctx, args)


def variable_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --var and --var-file to a `ManifestCommand`, which gets the values as `given`, in order."""

    @click.option(
        "--var",
        "assignments",
        type=_AssignmentType(),
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a variable. The value is parsed as YAML unless the default of the variable is a string.",
    )
    @click.option(
        "--var-file",
        "files",
        type=_VariableFileType(),
        multiple=True,
        metavar="FILE",
        help="Set variables from a YAML or JSON file or from 'terraform output -json'; - reads standard input.",
    )
    @wraps(command)
    def with_variables(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        values = {name: iter(options.pop(name)) for name in _GIVEN}
        given = tuple(next(values[name]) for name in click.get_current_context().meta[_ORDER])
        return command(*args, given=given, **options)

    return with_variables


manifest_options = as_one(
    ManifestOptions,
    "manifests",
    click.argument("paths", metavar="[MANIFEST]...", nargs=-1, type=FilePath()),
    variable_options,
    click.option("--strict", is_flag=True, help="Treat warnings as errors and ignore waivers."),
)
"""Manifests and variables of a `ManifestCommand`."""

selection_options = as_one(
    SelectionOptions,
    "selection",
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        help="Only the job with this address, or those that match a glob such as 'jobs.bind-*'. Repeatable.",
    ),
    click.option(
        "-l",
        "--selector",
        "selectors",
        multiple=True,
        metavar="KEY=VALUE,...",
        help="Only jobs with all of these labels: KEY=VALUE, KEY!=VALUE, KEY or !KEY. Repeatable.",
    ),
    click.option(
        "--shard",
        metavar="I/N|auto",
        help="Only part I of N of the selected jobs; auto reads I and N from the CI system. "
        "'reconcile merge' joins the parts.",
    ),
)
"""Options of selecting jobs."""
