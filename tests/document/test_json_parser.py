import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import count_steps

from reconcile.codes import Code
from reconcile.document import find_hidden, parse_text
from reconcile.document.text import Text
from reconcile.errors import DocumentError


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        pytest.param("[" * 200_000, Code.TOO_LARGE, 33, id="C08 200000 brackets"),
        pytest.param('{"a":' * 20_000, Code.TOO_LARGE, 161, id="C08 C19 20000 braces"),
        pytest.param('"' + "x" * 65_536 + '"', Code.TOO_LARGE, 1, id="C09 long string"),
        pytest.param('{"a": 1, "a": 1}', Code.DUPLICATE_KEY, 10, id="C10"),
        pytest.param('{"a": 1, "\\u0061": 1}', Code.DUPLICATE_KEY, 10, id="C10 escaped"),
        pytest.param("[NaN]", Code.NOT_A_NUMBER, 2, id="C13 NaN"),
        pytest.param("[-Infinity]", Code.NOT_A_NUMBER, 2, id="C13 Infinity"),
        pytest.param("[1e999]", Code.NOT_A_NUMBER, 2, id="C13 infinite"),
        pytest.param("[" + "9" * 10**6 + "]", Code.TOO_LARGE, 2, id="C14 a million digits"),
        pytest.param("[" + "9" * 4_301 + "]", Code.NOT_A_NUMBER, 2, id="C14 4301 digits"),
        pytest.param('"\\ud800"', Code.ENCODING, 1, id="C18 C19 lone surrogate"),
        pytest.param('{"\\udc00": 1}', Code.ENCODING, 2, id="C18 lone surrogate in a key"),
        pytest.param('["\\u202e"]', Code.ENCODING, 2, id="C20 escaped bidi"),
        pytest.param('{"a\\n": 1}', Code.ENCODING, 2, id="C20 line end in a name"),
        pytest.param("[1] 2", Code.SYNTAX, 5, id="C19 trailing text"),
        pytest.param("[1] // a", Code.SYNTAX, 5, id="C19 comment"),
        pytest.param("[1,]", Code.SYNTAX, 4, id="C19 trailing comma"),
        pytest.param('{"a":1,}', Code.SYNTAX, 8, id="C19 trailing comma in an object"),
        pytest.param('{"a" 1}', Code.SYNTAX, 6, id="no colon"),
        pytest.param("{a: 1}", Code.SYNTAX, 2, id="no quotes"),
        pytest.param("[1 2]", Code.SYNTAX, 4, id="no comma"),
        pytest.param("[", Code.SYNTAX, 2, id="no end"),
        pytest.param('["a', Code.SYNTAX, 2, id="no end of a string"),
        pytest.param('["\\x"]', Code.SYNTAX, 3, id="bad escape"),
        pytest.param("01", Code.SYNTAX, 1, id="leading zero"),
        pytest.param("[1.]", Code.SYNTAX, 2, id="no fraction"),
        pytest.param("[True]", Code.SYNTAX, 2, id="another language"),
    ],
)
def test_what_is_refused_and_where(refuse_json, content, code, column):
    found = refuse_json(content)
    assert (found.code, found.source.line, found.source.column) == (code, 1, column)
    assert count_steps(lambda: refuse_json(content)) < 300 + 50 * column  # what follows costs nothing


def test_surrogate_pairs_are_one_character__C18(parse_json):
    assert parse_json('"\\ud83d\\ude00"').root == "😀"


def test_blank_json_says_nothing__C01(parse_json):
    assert parse_json(" \n").root is None


SCALARS = st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False)
CHARACTERS = st.characters(exclude_categories=["Cs", "Cn"]).filter(lambda character: find_hidden(character) is None)
STRINGS = st.text(CHARACTERS.filter(str.isprintable), max_size=8)
VALUES = st.recursive(
    SCALARS | STRINGS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(STRINGS, children, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_it_reads_what_the_standard_library_writes(value, ensure_ascii, indent):
    text = Text("f", json.dumps(value, ensure_ascii=ensure_ascii, indent=indent))
    assert parse_text(text, is_json=True).root == value


@given(st.text('{}[]:,"\\ \n0123456789.eE+-truefalsn', max_size=20))
def test_it_accepts_nothing_that_the_standard_library_refuses(content):
    try:
        root = parse_text(Text("f", content), is_json=True).root
    except DocumentError:
        return
    assert root == (json.loads(content) if content.strip() else None)
