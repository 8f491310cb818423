"""JSON is written in one way, which is that of the standard library."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from reconcile.canonical import _SHORT, dump, stream

# Any text, with lone surrogates: a file name can hold bytes that are not UTF-8.
texts = st.text(st.characters() | st.characters(categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | texts,
    lambda each: st.lists(each) | st.dictionaries(texts, each),
)


class Pair(Struct):
    second: object
    first: object


@given(values, st.booleans())
def test_a_value_is_written_as_the_standard_library_writes_it(value, compact):
    expected = json.dumps(value, sort_keys=True, indent=None if compact else 2).replace("##", r"#\u0023")
    assert dump(value, compact=compact) == f"{expected}\n"


@given(values)
def test_a_struct_is_written_as_the_mapping_of_its_fields(value):
    assert dump([Pair(second=value, first=1)]) == dump([{"first": 1, "second": value}])


class Omitting(Struct, omit_defaults=True):
    long: object
    left_out: object = None


@settings(max_examples=25)
@given(st.lists(texts, max_size=3), st.booleans())
def test_u45_a_long_document_is_the_same_part_by_part(value, compact):
    many = _SHORT + 1
    document = {
        "b": [value] * many,
        "a": Omitting(long=[Pair(second=value, first=1)] * many),
        "c": Omitting(long=[[value] * many], left_out=value),
        "#": (),
        "##": value,
    }
    for each in (document, [document], value):
        assert "".join(stream(each, compact=compact)) == dump(each, compact=compact)


@pytest.mark.parametrize("text", ["\x7f", "\u00e9", "\U0001f680", "\ud800", "##[error]", "###"])
def test_what_is_written_is_harmless_ascii_and_means_the_same(text):
    written = dump({text: text})
    assert written.isascii()
    assert "##" not in written
    assert "\x7f" not in written
    assert json.loads(written) == {text: text}
