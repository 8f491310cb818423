"""What is written is read as what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.document import Text, find_hidden, parse_text
from reconcile.document.writing import write_block, write_comment

SCALARS = st.none() | st.booleans() | st.integers(-999, 999) | st.text().filter(lambda text: find_hidden(text) is None)
KEYS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,9}\Z")
VALUES = st.recursive(SCALARS, lambda part: st.lists(part, max_size=4) | st.dictionaries(KEYS, part, max_size=4))


def read(text):
    return parse_text(Text("written.yaml", text), is_json=False).root


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_a_mapping_is_read_as_it_was(mapping):
    assert read("".join(f"{line}\n" for line in write_block(mapping, indent=0))) == mapping


@pytest.mark.parametrize(
    "word", ["yes", "No", "on", "null", "~", "1e5", "26e65", "0123", "2026-11-20", "a: b", "#", ""]
)
def test_what_another_reader_could_take_for_no_string_is_quoted(word):
    assert list(write_block({"key": word}, indent=2)) == [f'  key: "{word}"']


@given(st.text())
def test_nothing_ends_a_comment_or_hides_in_it(text):
    comment = write_comment(text)
    assert comment.isprintable()
    assert find_hidden(comment) is None
    assert read(f"{comment}\na: 1\n") == {"a": 1}


@pytest.mark.parametrize("write", [write_comment, lambda text: next(write_block({"key": text}, indent=0))])
def test_no_ci_log_obeys_what_is_written(write):
    assert "##" not in write("##vso[task.complete]").removeprefix("# ")
