"""`reconcile init`: a starter manifest."""

import os
from pathlib import Path
from typing import Final

import click

from reconcile.apis import api_names, load_api
from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.cli.files import create_file
from reconcile.cli.options.values import DEFAULT_API, FilePath
from reconcile.codes import Code
from reconcile.errors import OutputError, UsageError
from reconcile.report.escape import escape

_NAME: Final = "reconcile.yaml"
_SUFFIXES: Final = (".yaml", ".yml", ".json")

_NEXT_STEPS: Final = """\
reconcile: wrote {path}, a valid manifest. Next steps:
  1. fill in your provider and jobs, and remove what you do not need
  2. reconcile validate
  3. RECONCILE_TOKEN=... reconcile doctor
  4. RECONCILE_TOKEN=... reconcile plan
Without an account, plan against a simulator: reconcile simulate --manifest {path}
"""


@click.command()
@click.argument("directory", metavar="[DIR]", type=FilePath(), default=".")
@click.option(
    "--api",
    type=click.Choice(api_names()),
    metavar="NAME",
    default=DEFAULT_API,
    help=f"Job API of the manifest, one of 'reconcile apis'. Default: {DEFAULT_API}.",
)
def command(directory: str, api: str) -> Done:
    """Write a commented starter manifest, reconcile.yaml, into DIR.

    DIR must exist; the default is the current directory. Existing files are never overwritten.

    \b
    Examples:
      reconcile init
      reconcile init storage/ --api evs
    """
    from reconcile.authoring import compose_starter

    folder = Path(directory)
    _refuse_second(folder)
    create_file(str(folder / _NAME), compose_starter(load_api(api)).encode())
    output.print_note(_NEXT_STEPS.format(path=escape(str(folder / _NAME))))
    return Done.DONE


def _refuse_second(folder: Path) -> None:
    """Raise an error if there is no such folder, or it has a manifest already."""
    if not folder.is_dir():
        message = f"there is no directory {folder}"
        raise UsageError.because(Code.NO_SUCH_FILE, message, hint="create it first, or name another one")
    for suffix in _SUFFIXES:
        found = (folder / _NAME).with_suffix(suffix)
        if os.path.lexists(found):
            message = f"{found} already exists and is not overwritten"
            hint = "edit it, or name another directory: reconcile init DIR"
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message, hint=hint)
