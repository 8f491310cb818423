import io
import os
import sys
import unicodedata

import pytest

from reconcile.codes import Code
from reconcile.document import find_hidden, read_document
from reconcile.errors import DocumentError

MIB = 1024 * 1024


def test_a_regular_file_is_read_through_a_link(tmp_path):
    (tmp_path / "a.yaml").write_text("a: ü\n", encoding="utf-8")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    assert read_document(str(tmp_path / "b.yaml")).root == {"a": "ü"}


def test_a_byte_order_mark_of_utf_8_is_dropped__C18():
    document = read_document("-", stdin=io.BytesIO(b"\xef\xbb\xbfa: b"))
    assert document.root == {"a": "b"}
    assert document.text.find_source(document.find_mark(["a"], at_key=True)).column == 1


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        pytest.param("a: b".encode("utf-16"), None, None, id="C18 UTF-16"),
        pytest.param(b"a: b\nc: \xc3\xa4 \xff", 2, 6, id="C18 invalid UTF-8"),
        pytest.param(b"a: \xed\xa0\x80", 1, 4, id="C18 a surrogate in UTF-8"),
        pytest.param(b"HOME=/root\0TOKEN=abc", 1, 11, id="C18 NUL C30 an environment"),
        pytest.param(b"a: \x1b[2J", 1, 4, id="C20 escape"),
    ],
)
def test_what_is_no_text_is_refused_and_not_shown(refuse_bytes, data, line, column):
    found = refuse_bytes(data)
    place = (found.source.line, found.source.column) if found.source else (None, None)
    assert (found.code, place, found.excerpt) == (Code.ENCODING, (line, column), None)
    assert "TOKEN" not in found.message


@pytest.mark.parametrize("character", "\u202e\u2066\u200b\u2028\x85\ufeff\r")
def test_hidden_characters_are_refused_even_in_a_comment__C20(refuse_bytes, character):
    found = refuse_bytes(f"a: b\n# x{character}y\n".encode())
    assert (found.code, found.source.line, found.source.column) == (Code.ENCODING, 2, 4)
    assert character.encode("unicode_escape").decode() in found.message
    assert character not in found.message


def test_line_ends_of_windows_are_read():
    assert read_document("-", stdin=io.BytesIO(b"a: b\r\nc: d\r\n")).root == {"a": "b", "c": "d"}


IGNORABLE = [
    (0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF),
]  # fmt: skip


def test_hidden_is_what_unicode_says_is_hidden__C20():
    hidden = {chr(c) for c in range(sys.maxunicode + 1) if find_hidden(chr(c)) is not None}
    told = {
        chr(c)
        for c in range(sys.maxunicode + 1)
        if unicodedata.category(chr(c)) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and chr(c) not in "\t\n"
    }
    # Default_Ignorable_Code_Point, which `unicodedata` does not know, and the blank of Braille.
    told |= {chr(c) for first, last in IGNORABLE for c in range(first, last + 1)}
    # No characters, or none yet: ranges are closed, and some of it came after the Unicode of the oldest Python here.
    assert told <= hidden <= told | {"\u2065", "\ufffe", "\uffff"} | {chr(c) for c in range(0x13439, 0x13440)}


def test_a_pipe_is_refused_without_waiting_for_its_writer__C09(tmp_path, refuse_path):
    os.mkfifo(tmp_path / "f")
    assert refuse_path(str(tmp_path / "f")).code is Code.UNREADABLE


@pytest.mark.parametrize("path", [pytest.param("/dev/zero", id="C09 device"), pytest.param("/", id="C02 directory")])
def test_only_regular_files_are_read(path, refuse_path):
    assert refuse_path(path).code is Code.UNREADABLE


def test_a_path_that_no_system_takes_is_refused(refuse_path):
    assert refuse_path("a\0b").code is Code.UNREADABLE


def test_a_missing_file_is_named__C02(tmp_path, refuse_path):
    found = refuse_path(str(tmp_path / "gone.yaml"))
    assert found.code is Code.NO_SUCH_FILE
    assert "gone.yaml" in found.message


class Endless(io.BytesIO):
    """A stream that never ends, and remembers how much of it was taken."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return b" " * size


class Blocked(io.BytesIO):
    """A stream that has nothing to give as yet."""

    def read(self, size=-1):
        return None


def test_an_endless_stream_is_left_at_the_limit__C09():
    endless = Endless()
    with pytest.raises(DocumentError) as raised:
        read_document("-", stdin=endless)
    assert raised.value.diagnostics[0].code is Code.TOO_LARGE
    assert endless.taken == 32 * MIB + 1


def test_a_stream_that_would_block_is_not_taken_for_its_end():
    with pytest.raises(DocumentError) as raised:
        read_document("-", stdin=Blocked())
    assert raised.value.diagnostics[0].code is Code.UNREADABLE
