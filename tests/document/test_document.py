"""Laws that hold for every text, whatever its format."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconcile.document import Array, Document, Node, Table, find_hidden, parse_text
from reconcile.document.text import Text
from reconcile.errors import DocumentError

SCALARS = st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False)
CHARACTERS = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn"]).filter(
    lambda character: find_hidden(character) is None
)
STRINGS = st.text(CHARACTERS, max_size=8) | st.sampled_from(["on", "1", "null", "26e65", "<<", "~", "a: b", "0123"])
VALUES = st.recursive(
    SCALARS | STRINGS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(STRINGS, children, max_size=4),
    max_leaves=12,
)


def write_yaml(value, indent=0):
    """Write a value in block style, strings and keys in quotes; an oracle that shares nothing with the parser."""
    pad = "\n" + "  " * indent
    if isinstance(value, dict) and value:
        return "".join(
            f"{pad}{json.dumps(k, ensure_ascii=False)}: {write_yaml(v, indent + 1)}" for k, v in value.items()
        )
    if isinstance(value, list) and value:
        return "".join(f"{pad}- {write_yaml(v, indent + 1)}" for v in value)
    return json.dumps(value, ensure_ascii=False)


def parse_as_yaml(content):
    return parse_text(Text("f", content), is_json=False)


@given(VALUES)
def test_yaml_and_json_of_one_value_say_the_same(value):
    from_yaml = parse_as_yaml(write_yaml(value)).root
    from_json = parse_text(Text("f", json.dumps(value)), is_json=True).root
    assert repr(from_yaml) == repr(from_json)


def walk(document: Document, node: Node, path=()):
    """Yield each scalar and each key with what stands at its mark."""
    if isinstance(node, Table):
        for key, value in node.items():
            yield key, document.text.read(document.find_mark((*path, key), at_key=True))
            yield from walk(document, value, (*path, key))
    elif isinstance(node, Array):
        for number, value in enumerate(node):
            yield from walk(document, value, (*path, number))
    else:
        yield node, document.text.read(document.find_mark(path, at_key=False))


@given(VALUES, st.booleans())
def test_every_mark_is_exactly_where_its_token_was_written(value, is_json):
    document = parse_text(Text("f", json.dumps(value) if is_json else write_yaml(value)), is_json=is_json)
    for token, written in walk(document, document.root):
        assert json.loads(written) == token


WORDS = [
    *"ab-{}[],\"'\\|>!#~1é😀@`",
    "\\u00",
    "&a",
    "*a",
    "!!str ",
    "<<",
    "---",
    "...",
    "1e999",
    "0x",
    ".inf",
    "null",
    "true",
]
SIGNS = [": ", ":", "- ", "\n", "\n  ", "    ", ", ", "? ", " #", "%YAML 1.2\n", "\t", "\r\n", "\x00", "\u2028", "\x85"]
PIECES = st.lists(st.sampled_from(WORDS + SIGNS), max_size=25).map("".join)


@settings(max_examples=300)
@given(PIECES | st.text(max_size=30), st.booleans())
@example("? a\n? b", False)
@example("- !a", False)
@example("'a':\n'a':", False)
def test_any_text_is_a_document_or_an_error_at_a_place_in_it(content, is_json):
    try:
        assert isinstance(parse_text(Text("f", content), is_json=is_json), Document)
    except DocumentError as error:
        for diagnostic in error.diagnostics:
            lines = content.split("\n")
            source = diagnostic.source
            assert source
            assert source.column <= len(lines[source.line - 1]) + 1
            assert diagnostic.width >= 1


@pytest.mark.parametrize("is_json", [False, True], ids=["YAML", "JSON"])
def test_what_takes_most_room_for_its_size_is_left_at_the_limit(is_json):
    """Empty lists: two tokens in three characters, and each of them an object."""
    row = f"[{','.join(['[]'] * 10_000)}]"
    content = f"[{','.join([row] * 201)}]"
    with pytest.raises(DocumentError) as raised:
        parse_text(Text("f", content), is_json=is_json)
    (found,) = raised.value.diagnostics
    assert found.message == "there are more than 4000000 keys, values and brackets before this"
    assert found.hint == "split it into several files"
    assert content[found.source.column - 1] in "[]"
