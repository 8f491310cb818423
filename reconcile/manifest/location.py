"""Where the manifest is when no one says so."""

import os
from pathlib import Path
from typing import Final

from reconcile.codes import Code
from reconcile.document import STDIN
from reconcile.errors import UsageError
from reconcile.model import Diagnostic

_NAMES: Final = ("reconcile.yaml", "reconcile.yml", "reconcile.json")


def find_manifest(argument: str | None, directory: str | Path = ".") -> str:
    """
    Return the path of the manifest that a user means; "-" is standard input.

    Args:
        argument: a file, taken as it is; a directory, which has one manifest; or None for `directory`.
        directory: what is meant where nothing is said.

    Raises:
        UsageError: the directory has no manifest, or several.
    """
    if argument == STDIN or (argument is not None and not Path(argument).is_dir()):
        return argument
    folder = Path(directory if argument is None else argument)
    # A name that leads nowhere counts: who left it there meant it, and reading it will say what is wrong.
    found = [name for name in _NAMES if os.path.lexists(folder / name)]
    if len(found) == 1:
        return str(folder / found[0])
    if not found:
        looked = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
        raise _error(Code.NO_SUCH_FILE, f"there is no {looked} in {folder.absolute()}", "name a manifest")
    message = f"there are several manifests in {folder.absolute()}: {', '.join(found)}"
    raise _error(Code.USAGE, message, "name the one you mean")


def _error(code: Code, message: str, hint: str) -> UsageError:
    return UsageError([Diagnostic(code=code, message=message, hint=hint)])
