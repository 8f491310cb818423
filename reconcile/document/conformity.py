"""
Whether a value is what a JSON Schema describes: yes or no, and soon.

Most files are right, and for them nobody has to say what is wrong. Where the answer is no, `validation` asks
jsonschema, whose import alone takes as long as everything else about a small file; it has the last word.

A schema is made into functions once, which call one another, and walks a mapping once, whatever is said of its keys.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, TypeAlias

from reconcile.document.schema import load_strict_schema
from reconcile.document.tree import Node, Pending

_Check: TypeAlias = Callable[[Any], bool]
_Schema: TypeAlias = Mapping[str, Any]
_Keyword: TypeAlias = Callable[[Any, _Schema, "_Compile"], _Check]
"""Makes a check of the keyword's own value and the schema that the keyword stands in."""
_Compile: TypeAlias = Callable[[Any], _Check]


def conforms(node: Node, schema_name: str, definition: str | None = None) -> bool:
    """
    Tell whether a value is what a schema describes, or one of its definitions.

    Raises:
        KeyError: the schema has a keyword that is unknown here.
    """
    return _load_check(schema_name, definition)(node)


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


@cache
def _load_check(schema_name: str, definition: str | None = None) -> _Check:
    root = load_strict_schema(schema_name)
    return _compile(root["$defs"][definition] if definition else root, schema_name)


def _compile(schema: Any, schema_name: str) -> _Check:  # noqa: ANN401
    """Make the check of a schema, True and False among them; what is pending passes every one."""
    if isinstance(schema, bool):
        return lambda _: schema
    if schema.keys() - _SILENT == {"$ref"} and not schema.keys() & _OF_ENTRIES:
        return _compile_reference(schema["$ref"], schema_name)
    compile_part = partial(_compile, schema_name=schema_name)
    checks = [
        _compile_reference(value, schema_name) if keyword == "$ref" else _KEYWORDS[keyword](value, schema, compile_part)
        for keyword, value in schema.items()
        if keyword not in _SILENT
    ]
    if schema.keys() & _OF_ENTRIES:
        checks.append(_compile_entries(schema, compile_part))
    return _join(checks)


def _join(checks: Sequence[_Check]) -> _Check:
    def is_valid(node: object) -> bool:
        if isinstance(node, Pending):
            return True
        for check in checks:  # noqa: SIM110 - half as fast with `all`
            if not check(node):
                return False
        return True

    return is_valid


def _compile_reference(reference: str, schema_name: str) -> _Check:
    """Look a definition up when it is needed, for it may refer to itself."""
    definition = reference.removeprefix("#/$defs/")
    return lambda node: _load_check(schema_name, definition)(node)


def _compile_entries(schema: _Schema, compile_part: _Compile) -> _Check:
    """Make one check of all keywords about the entries of a mapping."""
    patterns = [
        (compile_pattern(pattern), compile_part(part)) for pattern, part in schema.get("patternProperties", {}).items()
    ]
    known = {
        key: _join([compile_part(part), *matching])
        if (matching := _find_matching(key, patterns))
        else compile_part(part)
        for key, part in schema.get("properties", {}).items()
    }
    others = compile_part(schema.get("additionalProperties", True))

    def has_valid_entries(node: object) -> bool:
        if not isinstance(node, dict):
            return True
        for key, value in node.items():
            check = known.get(key)
            if check is not None:
                if not check(value):
                    return False
            elif not all(each(value) for each in _find_matching(key, patterns) or (others,)):
                return False
        return True

    return has_valid_entries


def _find_matching(key: str, patterns: Iterable[tuple[re.Pattern[str], _Check]]) -> list[_Check]:
    return [check for pattern, check in patterns if pattern.search(key)]


def _compile_type(types: str | Sequence[str], *_: object) -> _Check:
    if isinstance(types, str):
        return _TYPES[types]
    kinds = [_TYPES[name] for name in types]
    return lambda node: any(is_kind(node) for is_kind in kinds)


def _compile_pattern(pattern: str, *_: object) -> _Check:
    search = compile_pattern(pattern).search
    return lambda node: not isinstance(node, str) or search(node) is not None


def _compile_branch(condition: _Schema, schema: _Schema, compile_part: _Compile) -> _Check:
    is_meant, then = compile_part(condition), compile_part(schema["then"])
    return lambda node: not is_meant(node) or then(node)


def _compile_items(each: _Schema, _: _Schema, compile_part: _Compile) -> _Check:
    check = compile_part(each)
    return lambda node: not isinstance(node, list) or all(check(element) for element in node)


def _compile_names(names: _Schema, _: _Schema, compile_part: _Compile) -> _Check:
    check = compile_part(names)
    return lambda node: not isinstance(node, dict) or all(check(key) for key in node)


def _compile_dependent(needs: Mapping[str, Sequence[str]], *_: object) -> _Check:
    return lambda node: (
        not isinstance(node, dict) or all(key in node for given in needs if given in node for key in needs[given])
    )


def _compile_choice(branches: Sequence[_Schema], _: _Schema, compile_part: _Compile) -> _Check:
    checks = [compile_part(branch) for branch in branches]
    return lambda node: any(check(node) for check in checks)


def _compile_one_of(branches: Sequence[_Schema], _: _Schema, compile_part: _Compile) -> _Check:
    checks = [compile_part(branch) for branch in branches]
    return lambda node: sum(check(node) for check in checks) == 1


def _is_equal(one: object, other: object) -> bool:
    """Compare scalars as JSON does, to which neither `1 == True` nor `1 == 1.0` of Python's matters here."""
    return type(one) is type(other) and one == other if isinstance(one, bool | int) else one == other


def _is_number(node: object) -> bool:
    return isinstance(node, int | float) and not isinstance(node, bool)


_TYPES: Final[Mapping[str, _Check]] = {
    "array": lambda node: isinstance(node, list),
    "boolean": lambda node: isinstance(node, bool),
    "integer": is_integer,
    "null": lambda node: node is None,
    "number": _is_number,
    "object": lambda node: isinstance(node, dict),
    "string": lambda node: isinstance(node, str),
}

_OF_ENTRIES: Final = frozenset({"properties", "patternProperties", "additionalProperties"})
_SILENT: Final = _OF_ENTRIES | {"$schema", "$id", "$defs", "title", "description", "examples", "default", "then"}

_KEYWORDS: Final[Mapping[str, _Keyword]] = {
    "if": _compile_branch,
    "type": _compile_type,
    "const": lambda const, *_: lambda node: _is_equal(const, node),
    "enum": lambda words, *_: lambda node: any(_is_equal(word, node) for word in words),
    "pattern": _compile_pattern,
    "minLength": lambda least, *_: lambda node: not isinstance(node, str) or len(node) >= least,
    "maxLength": lambda most, *_: lambda node: not isinstance(node, str) or len(node) <= most,
    "minimum": lambda least, *_: lambda node: not _is_number(node) or node >= least,
    "maximum": lambda most, *_: lambda node: not _is_number(node) or node <= most,
    "minItems": lambda least, *_: lambda node: not isinstance(node, list) or len(node) >= least,
    "maxItems": lambda most, *_: lambda node: not isinstance(node, list) or len(node) <= most,
    "uniqueItems": lambda unique, *_: lambda node: not (unique and isinstance(node, list)) or is_unique(node),
    "items": _compile_items,
    "minProperties": lambda least, *_: lambda node: not isinstance(node, dict) or len(node) >= least,
    "maxProperties": lambda most, *_: lambda node: not isinstance(node, dict) or len(node) <= most,
    "propertyNames": _compile_names,
    "required": lambda keys, *_: lambda node: not isinstance(node, dict) or all(key in node for key in keys),
    "dependentRequired": _compile_dependent,
    "anyOf": _compile_choice,
    "oneOf": _compile_one_of,
}
