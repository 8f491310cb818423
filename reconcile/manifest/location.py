"""Finds the manifests."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from reconcile.codes import Code
from reconcile.document import STDIN
from reconcile.errors import UsageError
from reconcile.model.diagnostic import Diagnostic

_NAMES: Final = ("reconcile.yaml", "reconcile.yml", "reconcile.json")
_SUFFIXES: Final = tuple(f".{name}" for name in _NAMES)


def find_manifests(arguments: Sequence[str], directory: str | Path = ".") -> tuple[str, ...]:
    """
    Return the paths of the manifests that the arguments name, each once; "-" is standard input.

    Args:
        arguments: files, and directories, which stand for all manifests in them in alphabetical order.
        directory: the directory to use without arguments.

    Raises:
        UsageError: directories have no manifest, or a link to a file elsewhere; the error lists them all.
    """
    found: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for argument in arguments or (str(directory),):
        if argument == STDIN or not Path(argument).is_dir():
            found.setdefault(os.path.normpath(argument), argument)
            continue
        paths = _list_manifests(Path(argument))
        if not paths:
            problems.append(_nothing_in(Path(argument)))
        problems += _refuse_links(paths, Path(argument))
        found |= {os.path.normpath(path): str(path) for path in paths if os.path.normpath(path) not in found}
    if problems:
        raise UsageError(problems)
    return tuple(found.values())


def is_manifest(name: str) -> bool:
    """Return whether a file of this name in a directory is a manifest."""
    return name in _NAMES or name.endswith(_SUFFIXES)


def _list_manifests(folder: Path) -> list[Path]:
    """List the manifests of a directory, including dangling links, because reading those reports an error."""
    return sorted(path for path in folder.iterdir() if is_manifest(path.name))


def _refuse_links(paths: Sequence[Path], folder: Path) -> Iterator[Diagnostic]:
    """Refuse links out of the directory: excerpts in errors would show a file that nobody named."""
    # Not `resolve()`, which fails on circular links; reading such a file reports the error.
    inside = os.path.realpath(folder)
    for path in paths:
        if not Path(os.path.realpath(path)).is_relative_to(inside):
            message = f"{path} is a link that leads out of its directory"
            yield Diagnostic(code=Code.UNREADABLE, message=message, hint="name the file itself if you mean it")


def _nothing_in(folder: Path) -> Diagnostic:
    looked = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"
    where = folder if folder.name else folder.absolute()
    message = f"there is no {looked} in {where}, and no file called *.{_NAMES[0]}"
    return Diagnostic(code=Code.NO_SUCH_FILE, message=message, hint="name a manifest, or write one: reconcile init")
