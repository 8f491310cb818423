"""
Whether a value is what a JSON Schema describes: yes or no, and soon.

Most files are right, and for them nobody has to say what is wrong. Where the answer is no, `validation` asks
jsonschema, whose import alone takes as long as everything else about a small file; it has the last word.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from reconcile.document.schema import load_strict_schema
from reconcile.document.tree import Node, Pending

_Keyword: TypeAlias = "Callable[[Any, Any, Mapping[str, Any], Mapping[str, Any]], bool]"
"""Asked with the keyword's own value, the instance, the schema that the keyword stands in, and the root schema."""


def conforms(node: Node, schema_name: str, definition: str | None = None) -> bool:
    """
    Tell whether a value is what a schema describes, or one of its definitions.

    Raises:
        KeyError: the schema has a keyword that is unknown here.
    """
    root = load_strict_schema(schema_name)
    return _is_valid(node, root["$defs"][definition] if definition else root, root)


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as ECMA 262 means it: `$` is the very end, where Python's admits a newline after it."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern, re.ASCII)


def is_integer(instance: object) -> bool:
    """Tell an integer by its type, for `1.0` is a float to everyone who reads the tree."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def is_unique(nodes: Sequence[object]) -> bool:
    """Compare by `repr`, which is faithful for JSON values: comparing each with each is quadratic."""
    return len({repr(node) for node in nodes}) == len(nodes)


def _is_valid(node: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:  # noqa: ANN401
    if isinstance(node, Pending):
        return True
    return all(_KEYWORDS[keyword](value, node, schema, root) for keyword, value in schema.items())


def _has_type(types: str | Sequence[str], node: object, *_: object) -> bool:
    return any(_TYPES[name](node) for name in ([types] if isinstance(types, str) else types))


def _refers(reference: str, node: Node, _: object, root: Mapping[str, Any]) -> bool:
    return _is_valid(node, root["$defs"][reference.removeprefix("#/$defs/")], root)


def _has_branch(condition: Mapping[str, Any], node: Node, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    return not _is_valid(node, condition, root) or _is_valid(node, schema["then"], root)


def _has_properties(known: Mapping[str, Any], node: Node, _: object, root: Mapping[str, Any]) -> bool:
    return not isinstance(node, dict) or all(
        _is_valid(node[key], schema, root) for key, schema in known.items() if key in node
    )


def _has_pattern_properties(patterns: Mapping[str, Any], node: Node, _: object, root: Mapping[str, Any]) -> bool:
    return not isinstance(node, dict) or all(
        _is_valid(value, schema, root)
        for pattern, schema in patterns.items()
        for key, value in node.items()
        if compile_pattern(pattern).search(key)
    )


def _has_additional(others: Any, node: Node, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:  # noqa: ANN401
    if not isinstance(node, dict) or others is True:
        return True
    known = schema.get("properties", {})
    patterns = [compile_pattern(pattern) for pattern in schema.get("patternProperties", {})]
    rest = (key for key in node if key not in known and not any(pattern.search(key) for pattern in patterns))
    return not any(True for _ in rest) if others is False else all(_is_valid(node[key], others, root) for key in rest)


def _is_equal(one: object, other: object) -> bool:
    """Compare scalars as JSON does, to which neither `1 == True` nor `1 == 1.0` of Python's matters here."""
    return type(one) is type(other) and one == other if isinstance(one, bool | int) else one == other


_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "array": lambda node: isinstance(node, list),
    "boolean": lambda node: isinstance(node, bool),
    "integer": is_integer,
    "null": lambda node: node is None,
    "number": lambda node: isinstance(node, int | float) and not isinstance(node, bool),
    "object": lambda node: isinstance(node, dict),
    "string": lambda node: isinstance(node, str),
}


def _always(*_: object) -> bool:
    return True


def _is_number(node: object) -> bool:
    return _TYPES["number"](node)


_KEYWORDS: Final[Mapping[str, _Keyword]] = {
    **dict.fromkeys(("$schema", "$id", "$defs", "title", "description", "examples", "default", "then"), _always),
    "$ref": _refers,
    "if": _has_branch,
    "type": _has_type,
    "const": lambda const, node, *_: _is_equal(const, node),
    "enum": lambda words, node, *_: any(_is_equal(word, node) for word in words),
    "pattern": lambda pattern, node, *_: not isinstance(node, str) or bool(compile_pattern(pattern).search(node)),
    "minLength": lambda least, node, *_: not isinstance(node, str) or len(node) >= least,
    "maxLength": lambda most, node, *_: not isinstance(node, str) or len(node) <= most,
    "minimum": lambda least, node, *_: not _is_number(node) or node >= least,
    "maximum": lambda most, node, *_: not _is_number(node) or node <= most,
    "minItems": lambda least, node, *_: not isinstance(node, list) or len(node) >= least,
    "maxItems": lambda most, node, *_: not isinstance(node, list) or len(node) <= most,
    "uniqueItems": lambda unique, node, *_: not (unique and isinstance(node, list)) or is_unique(node),
    "items": lambda each, node, _, root: (
        not isinstance(node, list) or all(_is_valid(element, each, root) for element in node)
    ),
    "minProperties": lambda least, node, *_: not isinstance(node, dict) or len(node) >= least,
    "maxProperties": lambda most, node, *_: not isinstance(node, dict) or len(node) <= most,
    "properties": _has_properties,
    "patternProperties": _has_pattern_properties,
    "additionalProperties": _has_additional,
    "propertyNames": lambda names, node, _, root: (
        not isinstance(node, dict) or all(_is_valid(key, names, root) for key in node)
    ),
    "required": lambda keys, node, *_: not isinstance(node, dict) or all(key in node for key in keys),
    "dependentRequired": lambda needs, node, *_: (
        not isinstance(node, dict) or all(key in node for given in needs if given in node for key in needs[given])
    ),
    "anyOf": lambda branches, node, _, root: any(_is_valid(node, branch, root) for branch in branches),
    "oneOf": lambda branches, node, _, root: sum(_is_valid(node, branch, root) for branch in branches) == 1,
}
