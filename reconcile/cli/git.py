"""
Reads manifests from a revision of the git repository around a path.

The repository may be that of a pull request, with its own configuration. So git only looks up objects with plumbing
commands, which run no hook, filter, pager or file system monitor. It contacts no other repository, and gets no
environment variable that could lead it elsewhere.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from reconcile.codes import Code
from reconcile.document import Text, decode_text
from reconcile.errors import UsageError
from reconcile.manifest import is_manifest

_LONGEST = 30.0
"""The most seconds of one git command."""
_LARGEST = 32 * 1024 * 1024
_KEPT = ("HOME", "XDG_CONFIG_HOME")
"""Variables that locate the operator's git configuration, which says which repositories are safe."""
_OPTIONS = ("--no-pager", "--no-optional-locks", "--literal-pathspecs")
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.warnAmbiguousRefs=true",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
)
_FILES = ("100644", "100755")


def split_revision(argument: str) -> tuple[str, str] | None:
    """
    Split `REV:PATH`; None if the argument is a path: one without a colon, absolute, or one that begins with `./`.

    Existing files do not matter: a pull request could add one, and so choose what it is compared with.
    """
    if argument.startswith("./") or Path(argument).is_absolute():
        return None
    revision, sign, path = argument.partition(":")
    return (revision, path) if sign else None


def read_revision(revision: str, path: str, *, near: str, environ: Mapping[str, str]) -> list[Text]:
    """
    Read the manifests that a path had at a revision: a file, or all manifests of a directory.

    Args:
        revision: a revision in git's syntax.
        path: the path from the top of the repository, with `/`.
        near: a path in the repository.
        environ: the environment; only PATH and the place of the operator's git configuration are used.

    Returns:
        Their texts, each with the name `REV:PATH`.

    Raises:
        UsageError: git is not installed, there is no such repository, revision or file, it cannot be read, or git
            warns about the revision, for example because a tag and a branch have the same name.
        DocumentError: a file is not text.
    """
    git = _Git(near, environ)
    commit = git.find_commit(revision)
    place = str(PurePosixPath(path.strip("/") or "."))
    if ".." in PurePosixPath(place).parts:
        raise _refuse(f"'{path}' leads out of the repository", "write the path from its top")
    if place == ".":
        return git.read_folder(commit, "", revision)
    entries = git.list_tree(commit, place)
    if not entries:
        hint = "write the path from the top of the repository"
        raise git.refuse_missing(place, revision, f"there is no '{place}' at {revision}", hint)
    mode, kind, name, _ = entries[0]
    if kind == "tree":
        return git.read_folder(name, place, revision)
    return [git.read_file(mode, name, f"{revision}:{place}")]


class _Git:
    """Looks up objects in the repository around a path."""

    def __init__(self, near: str, environ: Mapping[str, str]) -> None:
        # A relative entry would be a program of the checkout.
        search = os.pathsep.join(each for each in environ.get("PATH", "").split(os.pathsep) if Path(each).is_absolute())
        program = shutil.which("git", path=search)
        if program is None:
            raise _refuse("REV:PATH needs git, and it is not installed", "name a file or a directory instead")
        self._near = near
        folder = Path(near) if Path(near).is_dir() else Path(near).parent
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        self._command = [program, "-C", str(folder), *_OPTIONS, *settings]
        self._environ = {
            "PATH": search,
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            **{name: environ[name] for name in _KEPT if name in environ},
        }

    def find_commit(self, revision: str) -> str:
        """Return the commit of a revision, unless git warns that it is ambiguous."""
        asked = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
        commit = self.ask("rev-parse", "--quiet", *asked).decode().strip()
        if not commit:
            hint = "fetch it first: CI systems often fetch one commit alone; a file with ':' in its name is ./NAME"
            raise _refuse(f"git knows no revision '{revision}'", hint)
        # With --quiet, git does not warn.
        warnings = self._run("rev-parse", *asked).stderr.decode(errors="replace").strip()
        if warnings:
            hint = "write its full name, such as refs/heads/main or refs/remotes/origin/main"
            raise _refuse(f"git is in doubt about the revision '{revision}': {warnings.splitlines()[0][:200]}", hint)
        return commit

    def refuse_missing(self, place: str, revision: str, message: str, hint: str | None = None) -> UsageError:
        """Make the error for a place that has no manifest at a revision: it may be new, or the path may be wrong."""
        top = os.fsdecode(self._run("rev-parse", "--show-toplevel").stdout.removesuffix(b"\n"))
        now, near = (Path(os.path.realpath(each)) for each in (Path(top, place), self._near))
        if top and now.exists() and now.is_relative_to(near):
            message = (
                f"the manifest is new: there is none at {revision}:{place}, so there is nothing to compare it with"
            )
            hint = "read it yourself and skip the review for this change, or compare with the commit that adds it"
        return _refuse(message, hint)

    def ask(self, *arguments: str) -> bytes:
        """Run a command and return its output; empty if it fails without a message."""
        done = self._run(*arguments)
        said = done.stderr.decode(errors="replace").strip().splitlines()
        if done.returncode and said and said[0].startswith("fatal: not a git repository"):
            hint = "name the file of the old manifest, or run this where the repository is checked out"
            raise _refuse(f"{self._near} is not in a git repository, and REV:PATH is read from the one around it", hint)
        if done.returncode and said:
            raise _refuse(f"git {arguments[0]} failed: {said[0][:200]}", None)
        return b"" if done.returncode else done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [*self._command, *arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise _refuse(f"git {arguments[0]} failed: {type(error).__name__}", None) from error

    def list_tree(self, tree: str, *paths: str) -> list[tuple[str, str, str, str]]:
        """List the entries of a tree, or those at the paths: mode, type, name of the object, and path."""
        listed = self.ask("ls-tree", "-z", "--full-tree", tree, "--", *paths)
        entries = [each.partition("\t") for each in listed.decode("utf-8", "surrogateescape").split("\0") if each]
        return [(*_split_head(head), path) for head, _, path in entries]

    def read_folder(self, tree: str, place: str, revision: str) -> list[Text]:
        entries = sorted(each for each in self.list_tree(tree) if is_manifest(each[3]))
        entries.sort(key=lambda entry: entry[3])
        if not entries:
            raise self.refuse_missing(place, revision, f"there is no manifest in '{place or '.'}' at {revision}")
        top = f"{place}/" if place else ""
        return [self.read_file(mode, name, f"{revision}:{top}{path}") for mode, _, name, path in entries]

    def read_file(self, mode: str, name: str, shown: str) -> Text:
        if mode not in _FILES:
            raise _refuse(f"{shown} is not a regular file", "name the file that it stands for")
        if int(self.ask("cat-file", "-s", name) or 0) > _LARGEST:
            raise _refuse(f"{shown} is larger than {_LARGEST // 2**20} MiB", "split it into several files")
        return decode_text(shown, self.ask("cat-file", "blob", name))


def _split_head(head: str) -> tuple[str, str, str]:
    mode, kind, name = head.split(" ")
    return mode, kind, name


def _refuse(message: str, hint: str | None) -> UsageError:
    return UsageError.because(Code.UNREADABLE, message, hint=hint)
