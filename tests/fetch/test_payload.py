import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.fetch.payload import MOST_VALUES, InvalidAnswerError, parse_object, parse_plain

# --- Read in less time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a":"b","c":null,"d":true,"e":-9223372036854775808}',
        b'{"a": "b", "list": [{"c": null}, {}, "d"], "object": {"e": 1}}',
        b'{"a":"{\\"b\\":\\n\\u0000\x7f","\xc3\xa9\xe2\x80\xa8":"\xf0\x9f\x98\x80"}',
        b' \t{"a":"b"}\r\n',
        b'{\n\t"a" : [\r\n ] ,\n\t"b":{ }\n}',
    ],
)
def test_what_is_written_as_we_would_write_it_is_read_in_less_time(body: bytes) -> None:
    assert parse_plain(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"a":"b","a":"b"}', id="twice"),
        pytest.param(b'{"a":[{"b":"c","b":"d"}]}', id="twice-in-a-list"),
        pytest.param(b'{"a":"b","\\u0061":"b"}', id="twice-escaped"),
        pytest.param(b'{"a":"b"}{}', id="two-values"),
        pytest.param(b'{"a":"b",}', id="comma"),
        pytest.param(b'\xef\xbb\xbf{"a":"b"}', id="byte-order-mark"),
        pytest.param(b'{"a":"\xff"}', id="no-utf-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="surrogate"),
        pytest.param(b'{"a":"\\ud800"}', id="escaped-surrogate"),
        pytest.param(b'{"a":"\x1f"}', id="control-character"),
        pytest.param(b'{"a":9223372036854775808}', id="large-number"),
        pytest.param(b'{"a":-0}', id="second-spelling-of-a-number"),
        pytest.param(b'{"a":1.5}', id="fraction"),
        pytest.param(b'{"a":NaN}', id="no-number"),
        pytest.param(b'{"a":[[]]}', id="deep"),
        pytest.param(b'{"a":"%b"}' % (b"x" * MOST_VALUES), id="large"),
        pytest.param(b'["a"]', id="no-object"),
    ],
)
def test_what_is_written_otherwise_is_not(body: bytes) -> None:
    assert parse_plain(body) is None


# --- Laws ------------------------------------------------------------------------------------------------------

_TEXTS = st.sampled_from(["", "a", "b", "status", 'say "{}"', "\\", "é", "😀", "\x7f\u2028\0", "], [", "null"])
_NUMBERS = st.integers() | st.sampled_from([2**63 - 1, 2**63, -(2**63), 10**19, 10**20]) | st.floats()
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_PIECES = st.sampled_from(
    [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b" ",
        b"\n",
        b"0",
        b"-",
        b"\0",
        b"\xff",
        b"null",
        b'"a":',
        b'"a",',
    ]
)


@st.composite
def _bodies(draw) -> bytes:
    """Write an object in one of several ways, and change it here and there."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    document = draw(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=4))
    body = json.dumps(document, separators=separators, ensure_ascii=draw(st.booleans())).encode()
    for piece in draw(st.lists(_PIECES, max_size=3)):
        start = draw(st.integers(1, len(body)))
        body = body[:start] + piece + body[draw(st.integers(start, min(start + 6, len(body)))) :]
    return body


def _read(body: bytes) -> str:
    """Tell what a body says, with the kinds of numbers, or why it says nothing."""
    try:
        return repr(parse_object(None, body))
    except InvalidAnswerError as error:
        return f"{type(error).__name__} {error.code} {error.reason}"


@given(body=_bodies())
def test_what_is_read_in_less_time_is_read_alike(body: bytes) -> None:
    plain = parse_plain(body)
    # We would write no byte order mark.
    otherwise = b"\xef\xbb\xbf" + body
    assert parse_plain(otherwise) is None
    assert _read(body) == _read(otherwise)
    assert plain is None or repr(plain) == _read(otherwise)
