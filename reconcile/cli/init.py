"""`reconcile init`: a manifest to begin with."""

import os
from pathlib import Path
from typing import Final

import click

from reconcile.cli import output
from reconcile.cli.invocation import Done
from reconcile.cli.options.values import FilePath
from reconcile.codes import Code
from reconcile.errors import OutputError, UsageError
from reconcile.report.escape import escape
from reconcile.shipped import shipped_folder

_NAME: Final = "reconcile.yaml"
_SUFFIXES: Final = (".yaml", ".yml", ".json")

_NEXT_STEPS: Final = """\
reconcile: wrote {path}, a manifest that is valid as it is. What to do next:
  1. put your provider and your jobs in, and remove what you do not need
  2. reconcile validate
  3. RECONCILE_TOKEN=... reconcile plan
"""


@click.command()
@click.argument("directory", metavar="[DIR]", type=FilePath(), default=".")
def command(directory: str) -> Done:
    """Write a commented starter manifest, reconcile.yaml, into DIR.

    DIR has to exist; the default is the current directory. Nothing is overwritten.

    \b
    Examples:
      reconcile init
      reconcile init storage/
    """
    folder = Path(directory)
    _refuse_second(folder)
    starter = (shipped_folder("examples") / "starter" / _NAME).read_bytes()
    try:
        _write_new(folder / _NAME, starter)
    except OSError as error:
        message = f"{folder / _NAME} could not be written: {error.strerror}"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message) from error
    output.tell(_NEXT_STEPS.format(path=escape(str(folder / _NAME))))
    return Done.DONE


def _refuse_second(folder: Path) -> None:
    """Refuse a folder that is not there, or that has a manifest already: of two, which one would be meant?"""
    if not folder.is_dir():
        message = f"there is no directory {folder}"
        raise UsageError.because(Code.NO_SUCH_FILE, message, hint="make it first, or name another one")
    for suffix in _SUFFIXES:
        found = (folder / _NAME).with_suffix(suffix)
        if os.path.lexists(found):
            message = f"{found} is there already, and nothing is overwritten"
            hint = "edit it, or name another directory: reconcile init DIR"
            raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message, hint=hint)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all: a link, unlike a renaming, never replaces anything."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(draft, path)
    finally:
        draft.unlink()
