"""
Write files atomically.

A file is written to a draft beside it, synced and renamed, so a reader sees the old content or the new one. The files
of a CI step, which several programs write, are appended to. Devices and pipes are written to directly. Symbolic links
are never followed: one planted in a checkout would choose which file is overwritten.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from reconcile.codes import Code
from reconcile.errors import OutputError

_DRAFT = ".reconcile-draft"
_FORMER = ".reconcile-former"


def locate(path: str) -> Path:
    """Resolve all links of a path; a circle of links is resolved as far as possible."""
    return Path(os.path.realpath(path))


def check_place(path: str) -> None:
    """Raise OutputError if no file can be written there. Creates nothing."""
    place = Path(path)
    _check_name(path)
    if place.is_symlink():
        raise _not_written(path, "it is a symbolic link, and links are not followed")
    if place.is_dir():
        raise _not_written(path, "it is a directory")
    if _is_stream(place):
        return
    folder = place.parent
    if not folder.is_dir():
        raise _not_written(path, "there is no such directory")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _not_written(path, "the directory is not writable")


def check_end(path: str) -> None:
    """Raise OutputError if a file there, which need not exist, cannot be appended to. Creates nothing."""
    check_place(path)
    place = Path(path)
    if place.exists() and not os.access(place, os.R_OK | os.W_OK):
        raise _not_written(path, "it is not writable")


def create_file(path: str, content: bytes) -> None:
    """Create a file, whole or not at all; raise OutputError if it exists. A link, unlike a rename, replaces nothing."""
    with _naming(path), _draft(Path(path), content, 0o666) as draft:
        os.link(draft, path)


def write_file(path: str, text: str, *, mode: int = 0o644) -> None:
    """Write a file, whole or not at all; raise OutputError if that fails."""
    place = Path(path)
    with _naming(path):
        if _is_stream(place):
            place.write_bytes(text.encode("utf-8"))
            return
        with _draft(place, text.encode("utf-8"), mode) as draft:
            draft.replace(place)


def rewrite_files(texts: Mapping[str, str]) -> None:
    """
    Replace the content of existing files, given by path, and keep their modes.

    All drafts are on disk before the first is renamed, so that only a failing rename can leave some files unchanged.

    Raises:
        OutputError: a file could not be written.
    """
    with ExitStack() as drafts:
        written = []
        for path, text in texts.items():
            with _naming(path):
                mode = stat.S_IMODE(Path(path).stat().st_mode)
                draft = drafts.enter_context(_draft(Path(path), text.encode("utf-8"), mode, exactly=True))
            written.append((path, draft))
        for path, draft in written:
            with _naming(path):
                draft.replace(path)


def append_file(path: str, text: str) -> None:
    """Append whole lines to a file, all or none; raise OutputError if that fails."""
    place = Path(path)
    with _naming(path):
        if _is_stream(place):
            place.write_bytes(text.encode("utf-8"))
        else:
            _extend(place, text.encode("utf-8"))


def check_folder(path: str, is_known: Callable[[str], bool]) -> None:
    """
    Raise OutputError if no folder can be written there. Creates nothing.

    Args:
        path: of the folder.
        is_known: whether a file with this path in the folder may be replaced; any other file is an error.
    """
    place = Path(path).absolute()
    _check_name(path)
    if place.is_symlink():
        raise _not_written(path, "it is a symbolic link, and links are not followed")
    if place.exists():
        if not place.is_dir():
            raise _not_written(path, "it is not a directory")
        if os.path.ismount(place) or Path.cwd().is_relative_to(place):
            raise _not_written(path, "it cannot be replaced: it is a mount point or contains the working directory")
        foreign = next((each for each in sorted(_list_files(place)) if not is_known(each)), None)
        if foreign is not None:
            raise _not_written(path, f"it contains another file, {foreign}")
    if not place.parent.is_dir():
        raise _not_written(path, "there is no such directory")
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise _not_written(path, "the directory is not writable")


def write_folder(path: str, files: Iterable[tuple[str, str]], is_known: Callable[[str], bool]) -> None:
    """
    Write a folder that only its owner can read, and replace the previous one; whole or not at all.

    The files are not synced one by one, which takes a hundred times as long. Reading a recording detects truncation.

    Args:
        files: path in the folder and text of each.
        is_known: as in `check_folder`.
    """
    from shutil import rmtree

    check_folder(path, is_known)
    place = Path(path).absolute()
    draft, former = _beside(place, _DRAFT), _beside(place, _FORMER)
    try:
        with _naming(path):
            draft.mkdir(mode=0o700)
            for name, text in files:
                file = draft / name
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    stream.write(text.encode("utf-8"))
            if place.exists():
                place.rename(former)
            draft.rename(place)
    finally:
        if former.exists() and not place.exists():
            former.rename(place)
        for rest in (draft, former):
            rmtree(rest, ignore_errors=True)


def sweep_drafts(path: str) -> None:
    """Remove the drafts that killed runs have left beside a file."""
    place = Path(path)
    if _is_stream(place):
        return
    from glob import escape

    for draft in place.parent.glob(f".{escape(place.name)}.*{_DRAFT}"):
        if not _is_alive(draft):
            with suppress(OSError):
                draft.unlink()


def _check_name(path: str) -> None:
    """Raise OutputError for a name that no file can have, and for `-`."""
    if path == "-":
        raise _not_written(path, "use -o for standard output, or ./- for a file of this name")
    with _naming(path), suppress(FileNotFoundError, NotADirectoryError):
        # The name of the draft is longer.
        os.lstat(_beside(Path(path), _DRAFT))


def _beside(place: Path, suffix: str) -> Path:
    """Return a path beside `place` that only this process uses."""
    return place.parent / f".{place.name}.{os.getpid()}{suffix}"


@contextmanager
def _draft(place: Path, content: bytes, mode: int, *, exactly: bool = False) -> Iterator[Path]:
    """Write a draft beside `place`; it is removed at the end unless it was renamed."""
    if place.is_symlink():
        raise OSError("it is a symbolic link, and links are not followed")
    draft = _beside(place, _DRAFT)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if exactly:
                os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _extend(place: Path, content: bytes) -> None:
    descriptor = os.open(place, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # The existing content may lack a final line break.
        ends_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        rest = b"\n" + content if ends_open else content
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _list_files(folder: Path) -> Iterator[str]:
    """Yield the paths of all files and links in a folder."""
    for where, folders, names in os.walk(folder):
        links = [name for name in folders if Path(where, name).is_symlink()]
        for name in (*names, *links):
            yield Path(where, name).relative_to(folder).as_posix()


def _is_stream(place: Path) -> bool:
    """Return whether this is a device or a pipe."""
    try:
        mode = place.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _is_alive(draft: Path) -> bool:
    """Return whether the process that writes a draft still runs."""
    number = draft.name.removesuffix(_DRAFT).rpartition(".")[2]
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turn OSError into an OutputError that names the file."""
    try:
        yield
    except OSError as cause:
        raise _not_written(path, cause.strerror or str(cause)) from cause


def _not_written(path: str, reason: str) -> OutputError:
    return OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {path}: {reason}")
