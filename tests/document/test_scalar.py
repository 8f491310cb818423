import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.document.scalar import NumberError, resolve_plain

# The table of YAML 1.2.2, section 10.3.2, row by row as it is printed there.
CORE = [
    (r"null|Null|NULL|~|", lambda _: None),
    (r"true|True|TRUE", lambda _: True),
    (r"false|False|FALSE", lambda _: False),
    (r"[-+]?[0-9]+", int),
    (r"0o[0-7]+", lambda s: int(s[2:], 8)),
    (r"0x[0-9a-fA-F]+", lambda s: int(s[2:], 16)),
    (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
    (r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", lambda _: math.inf),
]


def resolve_by_the_table(content):
    return next((read(content) for pattern, read in CORE if re.fullmatch(pattern, content)), content)


def plain_scalars():
    exact = [st.from_regex(rf"\A(?:{pattern})\Z", fullmatch=True) for pattern, _ in CORE]
    near = st.text("+-.0123456789eExXoOabcfinNuUlLtTrRsSaAF~_:", max_size=12)
    return st.one_of(near, *exact)


@given(plain_scalars().filter(lambda content: len(content) <= 64))
def test_plain_scalars_mean_what_the_core_schema_says(content):
    expected = resolve_by_the_table(content)
    if isinstance(expected, float) and math.isinf(expected):
        with pytest.raises(NumberError):
            resolve_plain(content)
    else:
        resolved = resolve_plain(content)
        assert (type(resolved), resolved) == (type(expected), expected)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(word, word, id=f"C11 {word}")
        for word in ("on", "On", "off", "yes", "no", "NO", "y", "n", "tRUE", "nULL")
    ]
    + [pytest.param(text, text, id=f"C12 {text}") for text in ("1_000", "12:30", "2016-01-02", "0b1", "-0x1F", "0o8")]
    + [
        pytest.param(text, value, id=f"C12 {text}")
        for text, value in {"0123": 123, "0o17": 15, "0x1F": 31, "1e3": 1000.0, "26e65": 26e65, "~": None}.items()
    ],
)
def test_what_yaml_1_1_reads_otherwise(content, value):
    resolved = resolve_plain(content)
    assert (type(resolved), resolved) == (type(value), value)


@pytest.mark.parametrize(
    "content",
    [pytest.param(text, id=f"C13 {text}") for text in (".inf", "-.INF", ".NaN", "1e999", "-1e999")]
    + [
        pytest.param("9" * 5_000, id="C14 5000 digits"),
        pytest.param("9" * 10**6, id="C14 a million digits"),
        pytest.param("0x" + "f" * 10**5, id="C14 hexadecimal"),
    ],
)
def test_a_number_that_no_one_can_hold_is_refused(content):
    with pytest.raises(NumberError) as raised:
        resolve_plain(content)
    assert len(str(raised.value)) < 80
