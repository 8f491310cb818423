"""
Whoever did not write a manifest can mend it by the message alone.

Each pair of files in tests/cases/stranger is a broken manifest and the same one, mended by doing what the message says
and nothing else.
"""

import difflib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from program import main

FOLDER = Path(__file__).parent / "cases" / "stranger"
BROKEN = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.endswith(".mended"))


def find_mend(broken, mended):
    """Return the words that were taken out and those that were put in."""
    before, after = (re.findall(r"[\w-]+|\S", path.read_text(encoding="utf-8")) for path in (broken, mended))
    steps = [line for line in difflib.ndiff(before, after) if line[:2] in ("- ", "+ ")]
    return [[line[2:] for line in steps if line[0] == sign] for sign in "-+"]


def validate(path, capsys):
    code = main(["validate", path.name], environ={}, clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    return code, capsys.readouterr().err


def test_there_are_ten():
    assert len(BROKEN) >= 10


@pytest.mark.parametrize("broken", BROKEN, ids=lambda path: path.stem)
def test_what_the_message_says_mends_it(broken, monkeypatch, capsys):
    monkeypatch.chdir(FOLDER)
    mended = broken.with_suffix(".mended.yaml")
    code, said = validate(broken, capsys)
    assert code == 1
    assert len(re.findall(r"RC\d{3} ", said)) == 1
    taken_out, put_in = find_mend(broken, mended)
    assert [word for word in put_in if word not in said] == []
    assert put_in or any(word in said for word in taken_out)
    assert validate(mended, capsys) == (0, "")
