"""Options of manifests, values of variables, and the selection of jobs."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from reconcile.cli.context import Context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.values import AssignmentType, FilePath, as_one
from reconcile.model.manifest import Deal, Given, VariableFile

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
    """
    The selection of jobs; all, if nothing is given.

    `shard` is the shard of the selected jobs, and `deal` the name of the `Deal`, None for the default. `target_files`
    are paths. `fail_fast` ends the run at the first job that has drifted or cannot be checked.
    """

    targets: tuple[str, ...]
    target_files: tuple[str, ...]
    excluded: tuple[str, ...]
    selectors: tuple[str, ...]
    shard: str | None
    deal: str | None
    fail_fast: bool = False

    @property
    def leaves_out(self) -> bool:
        """Whether any option selects jobs."""
        return bool(self.targets or self.target_files or self.excluded or self.selectors or self.shard)


class _VariableFileType(click.ParamType[Given]):
    """The path of a variable file."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Given:  # noqa: ANN401
        return VariableFile(str(FilePath().convert(value, param, ctx)))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        return FilePath().shell_complete(ctx, param, incomplete)


class ManifestCommand(click.Command):
    """A command that keeps the common order of --var and --var-file, which click reports separately."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in _GIVEN]
        rest = super().parse_args(ctx, args)
        _refuse_second_reader(ctx.params)
        return rest


def _refuse_second_reader(given: Mapping[str, Any]) -> None:
    """Raise UsageError if standard input is used for targets and for something else."""
    target_files = given.get("target_files") or ()
    others = [*(given.get("paths") or ()), *(each.path for each in given.get("files") or ())]
    if target_files.count("-") > ("-" not in others):
        raise click.UsageError("'-' is given twice, but standard input can be read only once")


def variable_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --var and --var-file to a `ManifestCommand`, which gets the values as `given`, in order."""

    @click.option(
        "--var",
        "assignments",
        type=AssignmentType(),
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


def complete_addresses(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[str]":
    """Return the addresses with this prefix, in the manifests of the command line or the working directory."""
    from reconcile.cli.manifests import list_addresses
    from reconcile.cli.own_apis import list_apis

    addresses = list_addresses(ctx.params.get("paths") or (), list_apis(ctx.find_object(Context)))
    return [address for address in addresses if address.startswith(incomplete)]


_MANIFESTS = (
    click.argument("paths", metavar="[MANIFEST]...", nargs=-1, type=FilePath()),
    variable_options,
    api_option,
)

manifest_options = as_one(
    ManifestOptions,
    "manifests",
    *_MANIFESTS,
    click.option("--strict", is_flag=True, help="Treat warnings as errors and ignore waivers."),
)
"""Manifests and variables of a `ManifestCommand` that judges jobs."""

declaration_options = as_one(
    ManifestOptions,
    "manifests",
    *_MANIFESTS,
    click.option("--strict", is_flag=True, help="Treat warnings as errors."),
)
"""Manifests and variables of a `ManifestCommand` that judges no jobs."""

selection_options = as_one(
    SelectionOptions,
    "selection",
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=complete_addresses,
        help="Only the job with this address, or those that match a glob such as 'jobs.bind-*'. Repeatable.",
    ),
    click.option(
        "--target-file",
        "target_files",
        multiple=True,
        metavar="FILE",
        type=FilePath(),
        help="Also the jobs that FILE names: one address, glob or comment (# ...) per line; - reads standard "
        "input. Repeatable.",
    ),
    click.option(
        "--exclude",
        "excluded",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=complete_addresses,
        help="Not the job with this address, nor those that match a glob. Repeatable.",
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
    click.option(
        "--by",
        "deal",
        type=click.Choice([each.value for each in Deal]),
        help="Whether --shard splits by job, with shards sharing the rate of each provider, or by provider. "
        "Default: job.",
    ),
)
"""Options of selecting jobs."""

fail_fast_option = click.option(
    "--fail-fast",
    is_flag=True,
    help="Stop at the first job that has drifted or cannot be checked. The plan lists the jobs that were not reached.",
)
"""Belongs to `selection_options`; apply it outside of those."""
