"""`reconcile init`: a starter manifest."""

import os
from pathlib import Path
from typing import Final

import click

from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.cli.files import create_file
from reconcile.cli.options.values import FilePath
from reconcile.codes import Code
from reconcile.errors import OutputError, UsageError
from reconcile.report.escape import escape
from reconcile.shipped import shipped_folder

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
def command(directory: str) -> Done:
    """Write a commented starter manifest, reconcile.yaml, into DIR.

    DIR must exist; the default is the current directory. Existing files are never overwritten.

    \b
    Examples:
      reconcile init
      reconcile init storage/
    """
    folder = Path(directory)
    _refuse_second(folder)
    starter = (shipped_folder("examples") / "starter" / _NAME).read_bytes()
    create_file(str(folder / _NAME), starter)
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
