from functools import reduce

import pytest
from steps import count_steps

from reconcile.codes import Code

LAUGHS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9))
MERGES = "a0: {b: c}\n" + "".join(f"a{n}:\n" + "  <<: {x: y}\n" * 8 for n in range(1, 6))


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        pytest.param(LAUGHS, Code.YAML_FEATURE, 1, 5, id="C05 billion laughs"),
        pytest.param(MERGES, Code.YAML_FEATURE, 3, 3, id="C06 merge keys"),
        pytest.param("a: &a [*a]", Code.YAML_FEATURE, 1, 4, id="C07 self-reference"),
        pytest.param("a: *b", Code.YAML_FEATURE, 1, 4, id="C05 alias"),
        pytest.param("a: &b c", Code.YAML_FEATURE, 1, 4, id="C05 anchor on a scalar"),
        pytest.param("*a : b", Code.YAML_FEATURE, 1, 1, id="C16 alias as key"),
        pytest.param("[" * 33 + "]" * 33, Code.TOO_LARGE, 1, 33, id="C08 33 deep"),
        pytest.param('{"a":' * 20_000, Code.TOO_LARGE, 1, 161, id="C08 20000 braces"),
        pytest.param("\n".join(" " * n + "a:" for n in range(1_200)), Code.TOO_LARGE, 33, 33, id="C08 1200 levels"),
        pytest.param("a: " + "x" * 65_537, Code.TOO_LARGE, 1, 4, id="C09 long value"),
        pytest.param("? " + "x" * 65_537 + "\n: a", Code.TOO_LARGE, 1, 3, id="C09 long key"),
        pytest.param(f"[{'a,' * 100_001}]", Code.TOO_LARGE, 1, 200_002, id="C09 long list"),
        pytest.param("a: [x" + ",b" * 10**6, Code.TOO_LARGE, 1, 200_005, id="C09 a list that never ends"),
        pytest.param("".join(f"k{n}:\n" for n in range(100_001)), Code.TOO_LARGE, 100_001, 1, id="C09 long mapping"),
        pytest.param("a: 1\nb: 2\na: 3", Code.DUPLICATE_KEY, 3, 1, id="C10 top"),
        pytest.param("x:\n  - {a: 1, a: 1}", Code.DUPLICATE_KEY, 2, 12, id="C10 nested"),
        pytest.param('a: 1\n"\\u0061": 2', Code.DUPLICATE_KEY, 2, 1, id="C10 escaped"),
        pytest.param("a: .nan", Code.NOT_A_NUMBER, 1, 4, id="C13 nan"),
        pytest.param("a: [1e999]", Code.NOT_A_NUMBER, 1, 5, id="C13 infinite"),
        pytest.param("a: " + "9" * 5_000, Code.NOT_A_NUMBER, 1, 4, id="C14 5000 digits"),
        pytest.param("a: " + "9" * 10**6, Code.TOO_LARGE, 1, 4, id="C14 a million digits"),
        pytest.param("a: 0x" + "f" * 10**5, Code.TOO_LARGE, 1, 4, id="C14 hexadecimal"),
        pytest.param("a: !!python/object/apply:os.system [ls]", Code.YAML_FEATURE, 1, 4, id="C15 object"),
        pytest.param("a: !!binary aGk=", Code.YAML_FEATURE, 1, 4, id="C15 binary"),
        pytest.param("a: !!set {b}", Code.YAML_FEATURE, 1, 4, id="C15 set"),
        pytest.param("a: !!omap [b: c]", Code.YAML_FEATURE, 1, 4, id="C15 omap"),
        pytest.param("a: !foo b", Code.YAML_FEATURE, 1, 4, id="C15 foo"),
        pytest.param("a: ! b", Code.YAML_FEATURE, 1, 4, id="C15 non-specific"),
        pytest.param("!!str a: b", Code.YAML_FEATURE, 1, 1, id="C15 on a key"),
        pytest.param("1: a", Code.QUOTE_IT, 1, 1, id="C16 number"),
        pytest.param("{true: a}", Code.QUOTE_IT, 1, 2, id="C16 boolean"),
        pytest.param("~: a", Code.QUOTE_IT, 1, 1, id="C16 null"),
        pytest.param("?\n: a", Code.QUOTE_IT, 1, 2, id="C16 nothing"),
        pytest.param(".inf: a", Code.NOT_A_NUMBER, 1, 1, id="C16 infinite"),
        pytest.param("[a]: b", Code.YAML_FEATURE, 1, 1, id="C16 list"),
        pytest.param("? {a: 1}\n: b", Code.YAML_FEATURE, 1, 3, id="C16 mapping"),
        pytest.param("a: b\n---\na: c", Code.YAML_FEATURE, 2, 1, id="C17 second document"),
        pytest.param("a: b\n...\n---\n", Code.YAML_FEATURE, 3, 1, id="C17 empty second document"),
        pytest.param("%YAML 1.1\n---\na: no", Code.YAML_FEATURE, 1, 1, id="C11 YAML 1.1"),
        pytest.param("".join(f"%TAG !{n}! x\n" for n in range(10**5)), Code.YAML_FEATURE, 1, 1, id="C09 100000 %TAG"),
        pytest.param("a: b\n...\n%TAG ! x\n---\n", Code.YAML_FEATURE, 3, 1, id="C09 late %TAG"),
        pytest.param("%YAML 1.2\n%YAML 1.2\n---\n", Code.YAML_FEATURE, 2, 1, id="C11 YAML 1.2 twice"),
        pytest.param("%YAML 1.2 # x\n%FOO\n---\n", Code.YAML_FEATURE, 2, 1, id="C11 another directive"),
        pytest.param("a: '\n%b'", Code.YAML_FEATURE, 2, 1, id="C11 a text that looks like one"),
        pytest.param('a: "\\u034f"', Code.ENCODING, 1, 4, id="C20 escaped joiner"),
        pytest.param('a: "succes\\uFE0Fs"', Code.ENCODING, 1, 4, id="C20 escaped variation selector"),
        pytest.param('"a\\u3164": b', Code.ENCODING, 1, 1, id="C20 escaped filler in a key"),
        pytest.param('a: "\\u202e"', Code.ENCODING, 1, 4, id="C20 escaped bidi"),
        pytest.param('a: "\\N"', Code.ENCODING, 1, 4, id="C20 escaped next line"),
        pytest.param('a: "\\0"', Code.ENCODING, 1, 4, id="C18 escaped NUL"),
        pytest.param('"a\\tb": c', Code.ENCODING, 1, 1, id="C20 tab in a name"),
        pytest.param("? |\n  a\n: b", Code.ENCODING, 1, 3, id="C20 line end in a name"),
        pytest.param('a: "\\ud800"', Code.SYNTAX, 1, 7, id="C18 escaped surrogate"),
        pytest.param("a: [b", Code.SYNTAX, 1, 6, id="unclosed"),
        pytest.param("a:\n\tb: c", Code.SYNTAX, 2, 1, id="tab"),
        pytest.param("a: b: c", Code.SYNTAX, 1, 5, id="value in a value"),
    ],
)
def test_what_is_refused_and_where(refuse_yaml, content, code, line, column):
    found = refuse_yaml(content)
    assert (found.code, found.source.line, found.source.column) == (code, line, column)
    assert len(found.message) < 200
    before = content.split("\n", line)[: line - 1]
    offset = sum(map(len, before)) + column
    # What is made of what stands before it is bounded, and of what follows only the lines are counted.
    assert count_steps(lambda: refuse_yaml(content)) < 300 + 50 * offset + content.count("\n")


def test_brackets_without_end_are_too_deep_wherever_libyaml_stops__C08(refuse_yaml):
    found = refuse_yaml("[" * 200_000)
    assert (found.code, found.source.line, found.source.column in (33, 1001)) == (Code.TOO_LARGE, 1, True)
    assert found.message == "this is nested more than 32 levels deep"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param("", None, id="C01 empty"),
        pytest.param("# a\n---\n", None, id="C01 no more than a comment"),
        pytest.param("on: yes\nno: [off, y]", {"on": "yes", "no": ["off", "y"]}, id="C11"),
        pytest.param("a: 12:30\nb: '0123'\nc: ~", {"a": "12:30", "b": "0123", "c": None}, id="C12"),
        pytest.param("a: 1" + ":59" * 20_000, {"a": "1" + ":59" * 20_000}, id="C14 sexagesimal"),
        pytest.param("'1': a\n\"null\": b\n'<<': c", {"1": "a", "null": "b", "<<": "c"}, id="C16 quoted"),
        pytest.param("- <<\n- ''\n- 'true'\n- |\n  1\n  2\n", ["<<", "", "true", "1\n2\n"], id="strings"),
        pytest.param("%YAML 1.2\n---\na: 😀 \n", {"a": "😀"}, id="YAML 1.2"),
        pytest.param("[" * 32 + "]" * 32, reduce(lambda inner, _: [inner], range(31), []), id="C08 32 deep"),
        pytest.param("a: " + "x" * 65_536, {"a": "x" * 65_536}, id="C09 long enough"),
    ],
)
def test_what_is_read(parse_yaml, content, value):
    assert parse_yaml(content).root == value


def test_both_places_of_a_duplicate_key_are_told__C10(refuse_yaml):
    assert "1:1" in refuse_yaml("abc: 1\n'abc': 2").message


def test_a_syntax_error_says_what_was_begun_and_where(refuse_yaml):
    assert refuse_yaml('a: 1\nb: "abc').message == "found unexpected end of stream in the quotes from line 2 on"
