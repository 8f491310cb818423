"""`reconcile init`: a starter manifest."""

import os
from pathlib import Path
from typing import Final

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.files import create_file
from reconcile.cli.options.apis import ApiType
from reconcile.cli.options.values import DEFAULT_API, FilePath
from reconcile.cli.own_apis import choose_api, is_file
from reconcile.codes import Code
from reconcile.errors import OutputError, UsageError
from reconcile.report.escape import escape

_NAME: Final = "reconcile.yaml"
_SUFFIXES: Final = (".yaml", ".yml", ".json")

_NEXT_STEPS: Final = """\
reconcile: wrote {path}, a valid manifest. Next steps:
  1. fill in your provider and jobs, and remove what you do not need
  2. reconcile validate{known}
  3. RECONCILE_TOKEN=... reconcile doctor{asked}
  4. RECONCILE_TOKEN=... reconcile plan{asked}
Without an account, plan against a simulator: reconcile simulate --manifest {path}{known}
"""


@click.command()
@click.argument("directory", metavar="[DIR]", type=FilePath(), default=".")
@click.option(
    "--api",
    "api_name",
    type=ApiType(),
    metavar="NAME|FILE[@sha256:HEX]",
    default=DEFAULT_API,
    help=f"Job API of the manifest: one of 'reconcile apis', or a file that describes one. Default: {DEFAULT_API}.",
)
@pass_context
def command(context: Context, directory: str, api_name: str) -> Done:
    """Write a commented starter manifest, reconcile.yaml, into DIR.

    DIR must exist; the default is the current directory. Existing files are never overwritten.

    \b
    Examples:
      reconcile init
      reconcile init storage/ --api evs
      reconcile init --api x-glance-tasks.json
    """
    from reconcile.authoring import compose_starter

    folder, api = Path(directory), choose_api(api_name, context)
    _refuse_second(folder)
    path = folder / _NAME
    create_file(str(path), compose_starter(api).encode())
    known = f" --api {escape(api_name)}" if is_file(api_name) else ""
    asked = "" if api.clouds else " --endpoint https://HOST"
    output.print_note(_NEXT_STEPS.format(path=escape(str(path)), known=known, asked=known + asked))
    return Done.DONE


def _refuse_second(folder: Path) -> None:
    """Raise an error if there is no such folder, or if it already has a manifest."""
    if not folder.is_dir():
        message = f"there is no directory {folder}"
        raise UsageError.because(Code.NO_SUCH_FILE, message, hint="create it first, or name another one")
    for suffix in _SUFFIXES:
        found = (folder / _NAME).with_suffix(suffix)
        if os.path.lexists(found):
            message = f"{found} already exists and is not overwritten"
            hint = "edit it, or name another directory: reconcile init DIR"
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message, hint=hint)
