"""
Writes files atomically.

A file is written to a draft next to it, synced and renamed, so a reader sees the old content or the new one. The files
of a CI step, which several programs write, are appended to. Devices, pipes and open files of this process are written
to directly. Other symbolic links are not followed: a link in a checkout could choose which file is overwritten.
"""

import errno
import fcntl
import math
import os
import re
import select
import shlex
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from reconcile.cli.context import Deadline
from reconcile.codes import Code
from reconcile.duration import format_duration
from reconcile.errors import OutputError

_DRAFT = ".reconcile-draft"
_FORMER = ".reconcile-former"

_DESCRIPTOR = re.compile(r"/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/([0-9]+)")
_NUMBERS = {"stdout": 1, "stderr": 2}
_PIPE_BUFFER = 4096
"""Bytes that a ready pipe accepts without blocking (PIPE_BUF of Linux)."""
_CHARACTERS = 1 << 20
"""The characters that are encoded at a time, so that a long text is not in memory twice."""
_PAUSE = 0.02
"""Seconds between two attempts to open a pipe that has no reader yet."""


def locate(path: str) -> Path:
    """Resolve all links of a path; circular links are resolved as far as possible."""
    return Path(os.path.realpath(path))


def check_place(path: str) -> None:
    """Raise OutputError if no file can be written there. Creates nothing."""
    place = Path(path)
    _check_name(path)
    if _is_stream(path):
        _check_descriptor(path)
        return
    if place.is_symlink():
        raise _not_written(path, "it is a symbolic link, and links are not followed")
    if place.is_dir():
        raise _not_written(path, "it is a directory")
    folder = place.parent
    if not folder.is_dir():
        raise _lacks_parent(path)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _not_written(path, "the directory is not writable")


def check_end(path: str) -> None:
    """Raise OutputError if a file there, which need not exist, cannot be appended to. Creates nothing."""
    check_place(path)
    place = Path(path)
    if not _is_stream(path) and place.exists() and not os.access(place, os.R_OK | os.W_OK):
        raise _not_written(path, "it is not writable")


def create_file(path: str, content: bytes) -> None:
    """Create a file, whole or not at all; raise OutputError if it exists. Unlike a rename, a link replaces nothing."""
    with _naming(path), _draft(Path(path), [content], 0o666) as draft:
        os.link(draft, path)


def write_file(path: str, text: Iterable[str], *, mode: int = 0o644, deadline: Deadline | None = None) -> None:
    """
    Write a file, whole or not at all.

    Args:
        path: path of the file.
        text: its content, in parts.
        mode: the permissions of a new file.
        deadline: how long to wait for the reader of a pipe; None does not wait.

    Raises:
        OutputError: it could not be written.
    """
    with _naming(path):
        if _is_stream(path):
            _write_stream(path, text, deadline)
            return
        with _draft(Path(path), _encode(text), mode) as draft:
            draft.replace(path)


def remove_file(path: str) -> None:
    """Remove a file that an earlier run has written, or empty it if that fails. Streams and links stay."""
    with suppress(OSError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
        try:
            Path(path).unlink()
        except OSError:
            os.truncate(path, 0)


def rewrite_files(texts: Mapping[str, str]) -> None:
    """
    Replace the content of existing files, given by path, and keep their modes.

    All drafts are on disk before the first one is renamed, so that only a failed rename can leave some files unchanged.

    Raises:
        OutputError: a file could not be written.
    """
    with ExitStack() as drafts:
        written = []
        for path, text in texts.items():
            with _naming(path):
                mode = stat.S_IMODE(Path(path).stat().st_mode)
                draft = drafts.enter_context(_draft(Path(path), _encode([text]), mode, exactly=True))
            written.append((path, draft))
        for path, draft in written:
            with _naming(path):
                draft.replace(path)


def append_file(path: str, text: str, *, deadline: Deadline | None = None) -> None:
    """Append whole lines to a file, all or none; raise OutputError if that fails. `deadline` is as in `write_file`."""
    with _naming(path):
        if _is_stream(path):
            _write_stream(path, [text], deadline)
        else:
            _extend(Path(path), text.encode("utf-8"))


def check_folder(path: str, is_known: Callable[[str], bool]) -> None:
    """
    Raise OutputError if no folder can be written there. Creates nothing.

    Args:
        path: path of the folder.
        is_known: returns whether a file with this path in the folder may be replaced; any other file is an error.
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
        raise _lacks_parent(path)
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise _not_written(path, "the directory is not writable")


def write_folder(path: str, files: Iterable[tuple[str, str]], is_known: Callable[[str], bool]) -> None:
    """
    Write a folder that only its owner can read, and replace the previous one; whole or not at all.

    The files are not synced individually, which would take a hundred times as long; truncation is detected on reading.

    Args:
        files: the path in the folder and the text of each file.
        is_known: as in `check_folder`.
    """
    check_folder(path, is_known)
    place = Path(path).absolute()
    draft, former = _beside(place, _DRAFT), _beside(place, _FORMER)
    try:
        with _naming(path):
            draft.mkdir(mode=0o700)
            with _locked(draft):
                _fill_folder(draft, files)
                if place.exists():
                    place.rename(former)
                draft.rename(place)
    finally:
        if former.exists() and not place.exists():
            former.rename(place)
        _remove(draft)
        _remove(former)
    sweep_drafts(path)


class Journal:
    """A file in a folder that grows line by line, so that a killed run leaves what it had."""

    def __init__(self, folder: str, name: str, first: Iterable[str]) -> None:
        """Replace the file with one that has these lines, and make its folder if needed; raise OutputError."""
        place = Path(folder)
        with _naming(folder):
            place.mkdir(mode=0o700, exist_ok=True)
            with _draft(place / name, _encode(first), 0o600) as draft:
                draft.replace(place / name)
            self._descriptor: int | None = os.open(place / name, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)

    def add(self, line: str) -> None:
        """Append a line, with its line break. After a failure, nothing more is appended."""
        if self._descriptor is None:
            return
        content = line.encode("utf-8")
        try:
            if os.write(self._descriptor, content) < len(content):
                self.close()
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def remove_folder(path: str, is_known: Callable[[str], bool]) -> None:
    """Remove a folder that an earlier run has written; `is_known` is as in `check_folder`."""
    with suppress(FileNotFoundError, OutputError):
        check_folder(path, is_known)
        if any(Path(path).iterdir()):
            _remove(Path(path))


def sweep_drafts(path: str) -> None:
    """Remove the drafts that killed runs have left next to a file or folder."""
    if _is_stream(path):
        return
    place = Path(path).absolute()
    for draft in place.parent.iterdir():
        is_draft = draft.name.startswith(f".{place.name}.") and draft.name.endswith((_DRAFT, _FORMER))
        if is_draft and not _is_locked(draft):
            _remove(draft)


def _remove(path: Path) -> None:
    """Remove a file or folder, as far as possible."""
    from shutil import rmtree

    rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink()


def _fill_folder(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        file = folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.writelines(_encode([text]))


def _check_name(path: str) -> None:
    """Raise OutputError for a name that no file can have, and for `-`."""
    if path == "-":
        raise _not_written(path, "use -o for standard output, or ./- for a file of this name")
    with _naming(path), suppress(FileNotFoundError, NotADirectoryError):
        # The name of the draft is longer.
        os.lstat(_beside(Path(path), _DRAFT))


def _beside(place: Path, suffix: str) -> Path:
    """Return an unused path next to `place`: process ids recur, especially in containers."""
    return place.parent / f".{place.name}.{os.urandom(4).hex()}{suffix}"


@contextmanager
def _draft(place: Path, content: Iterable[bytes], mode: int, *, exactly: bool = False) -> Iterator[Path]:
    """Write a draft next to `place`; it is removed at the end unless it was renamed."""
    if place.is_symlink():
        raise OSError("it is a symbolic link, and links are not followed")
    draft = _beside(place, _DRAFT)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _lock(descriptor)
            if exactly:
                os.fchmod(descriptor, mode)
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
            yield draft
    finally:
        draft.unlink(missing_ok=True)


def _encode(text: Iterable[str]) -> Iterator[bytes]:
    """Yield a text as UTF-8, part by part."""
    for part in text:
        for start in range(0, len(part), _CHARACTERS):
            yield part[start : start + _CHARACTERS].encode("utf-8")


def _lock(descriptor: int) -> None:
    """Lock a draft to show that its writer is alive: the lock ends with the process, even if it is killed."""
    with suppress(OSError):  # a file system without locks, where no draft is swept
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder while it is filled."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _is_locked(draft: Path) -> bool:
    """Return whether the writer of a draft is alive, as far as this is known."""
    try:
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


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


# --- Devices, pipes, and open files of this process --------------------------------------------------------------


def _is_stream(path: str) -> bool:
    """Return whether a path is a device, a pipe or an open file of this process."""
    if _find_descriptor(path) is not None:
        return True
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _find_descriptor(path: str) -> int | None:
    """Return the descriptor of an open file of this process by its path, such as /dev/stdout; None for other paths."""
    found = _DESCRIPTOR.fullmatch(path)
    return None if found is None else _NUMBERS.get(found[1]) or int(found[2])


def _check_descriptor(path: str) -> None:
    """Raise OutputError if a path is a file of this process that is not open for writing."""
    number = _find_descriptor(path)
    if number is None:
        return
    with _naming(path):
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError("it is not open for writing")


def _write_stream(path: str, text: Iterable[str], deadline: Deadline | None) -> None:
    descriptor = _open_stream(path, deadline)
    try:
        for part in _encode(text):
            rest = memoryview(part)
            while rest:
                _await_writable(descriptor, deadline)
                with suppress(BlockingIOError):
                    rest = rest[os.write(descriptor, rest[:_PIPE_BUFFER]) :]
    finally:
        os.close(descriptor)


def _open_stream(path: str, deadline: Deadline | None) -> int:
    number = _find_descriptor(path)
    if number is not None:
        return os.dup(number)  # opened again, a file would be written from its beginning
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        _check_time(deadline, "no process is reading it")
        time.sleep(_PAUSE)


def _await_writable(descriptor: int, deadline: Deadline | None) -> None:
    """Wait until a stream accepts more; raise TimeoutError at the deadline."""
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    milliseconds = 0 if deadline is None else math.ceil(deadline.left * 1000)
    if not ready.poll(milliseconds):
        _check_time(deadline, "its reader stopped reading")


def _check_time(deadline: Deadline | None, reason: str) -> None:
    if deadline is None or deadline.left == 0:
        limit = "" if deadline is None else f" within the time of the run, {format_duration(deadline.limit)}"
        raise TimeoutError(errno.ETIMEDOUT, f"{reason}{limit}")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turn OSError into an OutputError that names the file."""
    try:
        yield
    except OSError as cause:
        raise _not_written(path, cause.strerror or str(cause)) from cause


def _lacks_parent(path: str) -> OutputError:
    parent = str(Path(path).parent)
    return _not_written(path, f"there is no directory {parent}", hint=f"create it: mkdir -p {shlex.quote(parent)}")


def _not_written(path: str, reason: str, *, hint: str | None = None) -> OutputError:
    return OutputError.because(Code.OUTPUT_NOT_WRITTEN, f"cannot write {path}: {reason}", hint=hint)
