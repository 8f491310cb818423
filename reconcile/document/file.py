"""Reads files that people write: bounded, regular, UTF-8, and without hidden characters."""

import os
import stat
from errno import EAGAIN
from io import FileIO
from typing import BinaryIO, Final

from reconcile.codes import Code
from reconcile.document.text import MARK_SHIFT, Text, find_hidden, name_character
from reconcile.errors import DocumentError
from reconcile.model.diagnostic import Source

STDIN: Final = "-"
_STDIN_NAME: Final = "<stdin>"

LARGEST: Final = 32 * 1024 * 1024
"""The most bytes that a file may have."""
_CHUNK: Final = 1024 * 1024
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_NO_LINK: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_SAVE_AS: Final = "save the file as UTF-8 text"


def read_text(path: str, *, stdin: BinaryIO | None = None, largest: int = LARGEST) -> Text:
    """Read a text file of at most `largest` bytes, or `stdin` for "-"; raise DocumentError if that fails."""
    if path == STDIN:
        if stdin is None:
            raise _error(Code.UNREADABLE, "there is no standard input to read")
        return decode_text(_STDIN_NAME, _read_all(stdin, _STDIN_NAME, largest))
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _error(Code.NO_SUCH_FILE, f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return _read_regular(descriptor, path, largest)


def read_text_beneath(folder: str, *parts: str, largest: int = LARGEST) -> Text | None:
    """
    Read a file beneath a folder without following symbolic links; return None if there is none.

    Raises DocumentError as `read_text` does.
    """
    path = "/".join((folder, *parts))
    above: list[int] = []
    try:
        above.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for part in parts:
            above.append(os.open(part, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _NO_LINK, dir_fd=above[-1]))
        return _read_regular(above.pop(), path, largest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        for descriptor in above:
            os.close(descriptor)


def _read_regular(descriptor: int, path: str, largest: int) -> Text:
    """Read an open file, refuse it if it is not a regular one, and close it."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            hint = "to read a pipe, redirect it to '-'"
            raise _error(Code.UNREADABLE, f"{path} is not a regular file", hint=hint)
        return decode_text(path, _read_all(FileIO(descriptor, closefd=False), path, largest))
    finally:
        os.close(descriptor)


def decode_text(file: str, data: bytes) -> Text:
    """Decode UTF-8, without its byte order mark; raise DocumentError if that fails."""
    if data.startswith(_UTF16_BOMS):
        raise _error(Code.ENCODING, f"{file} is UTF-16", hint=_SAVE_AS)
    marked = data.startswith(_UTF8_BOM)
    data = data.removeprefix(_UTF8_BOM)
    try:
        text = Text(file, data.decode("utf-8"), byte_order_mark=marked)
    except UnicodeDecodeError as error:
        source = _find_byte(file, data, error.start)
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise DocumentError.because(Code.ENCODING, message, hint=_SAVE_AS, source=source) from error
    _refuse_hidden(text)
    return text


def _read_all(file: BinaryIO | FileIO, name: str, largest: int) -> bytes:
    chunks: list[bytes] = []
    left = largest + 1
    try:
        while left and (chunk := file.read(min(left, _CHUNK))) != b"":
            if chunk is None:
                raise BlockingIOError(EAGAIN, "it has nothing to read yet")
            chunks.append(chunk)
            left -= len(chunk)
    except OSError as error:
        raise _unreadable(name, error) from error
    if not left:
        hint = "split it into several files"
        raise _error(Code.TOO_LARGE, f"{name} is larger than {largest // 2**20} MiB", hint=hint)
    return b"".join(chunks)


def _unreadable(name: str, error: OSError | ValueError) -> DocumentError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return _error(Code.UNREADABLE, f"{name} cannot be read: {reason}")


def _find_byte(file: str, data: bytes, at: int) -> Source:
    begin = data.rfind(b"\n", 0, at) + 1
    line = data.count(b"\n", 0, at) + 1
    return Source(file=file, line=line, column=len(data[begin:at].decode("utf-8")) + 1)


def _refuse_hidden(text: Text) -> None:
    at = find_hidden(text.content)
    if at is None:
        return
    message = f"there is the hidden character {name_character(text.content[at])}"
    if text.content[at] < " ":
        # Such a file is probably not text, so none of it is shown.
        source = text.find_source(at << MARK_SHIFT)
        raise _error(Code.ENCODING, message, hint=_SAVE_AS, source=source)
    hint = "remove it: reviewers cannot see it"
    raise text.error(at << MARK_SHIFT | 1, Code.ENCODING, message, hint)


def _error(code: Code, message: str, *, hint: str | None = None, source: Source | None = None) -> DocumentError:
    """Make an error that shows no text of the file."""
    return DocumentError.because(code, message, hint=hint, source=source)
