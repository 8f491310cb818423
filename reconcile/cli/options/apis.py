"""Options of job APIs that an operator describes in files."""

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from reconcile.cli.context import Context
from reconcile.cli.options.values import FilePath

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class ApiType(FilePath):
    """The name of a job API, or the file that describes one, for `choose_api`."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from reconcile.cli.own_apis import list_apis

        names = [name for name in list_apis(ctx.find_object(Context)) if name.startswith(incomplete)]
        return [CompletionItem(name) for name in names] or super().shell_complete(ctx, param, incomplete)


def _keep(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> None:
    """Replace the context of the command with one that has the files, which are read when they are needed."""
    if isinstance(ctx.obj, Context) and values:
        ctx.obj = replace(ctx.obj, descriptions=values)


api_option = click.option(
    "--api",
    "descriptions",
    type=FilePath(),
    multiple=True,
    metavar="FILE[@sha256:HEX]",
    callback=_keep,
    expose_value=False,
    help="Also load the job API that FILE describes, with this digest. Its name begins with x-. RECONCILE_API_PATH "
    "names such files and directories, too. Repeatable.",
)
"""Commands find its values in their context, by `known_apis`."""
