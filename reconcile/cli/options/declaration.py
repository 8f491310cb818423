"""Which jobs a command is about: manifests, values of their variables, and a choice of what they declare."""

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


class Declaration(Struct, frozen=True, kw_only=True):
    """
    What is declared, as a user names it: manifests, and values of variables in the order in which they came.

    `strict` takes warnings for errors, and no waiver for an excuse.
    """

    manifests: tuple[str, ...]
    given: tuple[Given, ...]
    strict: bool

    @property
    def var_files(self) -> tuple[str, ...]:
        """The paths of the files with variables."""
        return tuple(given.path for given in self.given if isinstance(given, VariableFile))


class Selection(Struct, frozen=True, kw_only=True):
    """Which of the declared jobs are meant; nothing said is all of them. `shard` is the part of them that is meant."""

    targets: tuple[str, ...]
    selectors: tuple[str, ...]
    shard: str | None


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


manifest_options = as_one(
    Declaration,
    "declaration",
    click.argument("manifests", metavar="[MANIFEST]...", nargs=-1, type=FilePath()),
    variable_options,
    click.option("--strict", is_flag=True, help="Take warnings for errors; waivers count for nothing."),
)
"""Manifests and variables, of a command of the class `ManifestCommand`."""

selection_options = as_one(
    Selection,
    "selection",
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        help="Only this job, or these by a glob such as 'jobs.bind-*'. Several are a union.",
    ),
    click.option(
        "-l",
        "--selector",
        "selectors",
        multiple=True,
        metavar="KEY=VALUE,...",
        help="Only jobs with all of these labels: KEY=VALUE, KEY!=VALUE, KEY or !KEY.",
    ),
    click.option(
        "--shard",
        metavar="I/N|auto",
        help="Only the I-th of N parts of these jobs; auto asks the variables of the CI. 'reconcile merge' joins them.",
    ),
)
"""Of choosing jobs."""
