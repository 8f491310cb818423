"""Describes the errors of a validator for the person who edits the file."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from reconcile.codes import Code
from reconcile.document.hints import suggest
from reconcile.document.scalar import NumberError, resolve_plain
from reconcile.document.text import name_character, shorten

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}
_YAML_1_1: Final = {"on": "true", "y": "true", "yes": "true", "off": "false", "n": "false", "no": "false"}
"""Words that were booleans in YAML 1.1, and that many people still use."""

_LIMITS: Final = {
    "minItems": "there must be at least {} of these",
    "maxItems": "there can be at most {} of these",
    "minProperties": "there must be at least {} of these",
    "maxProperties": "there can be at most {} of these",
    "minLength": "this must have at least {} characters",
    "maxLength": "this can have at most {} characters",
    "minimum": "this must be at least {}",
    "maximum": "this can be at most {}",
    "uniqueItems": "the same entry is listed twice",
}

_LIKE: Final = "write it like"
_LONGEST_EXAMPLE: Final = 100
"""The most characters of an example in a hint."""

_LEAST: Final = frozenset({"minItems", "minProperties", "minLength"})


class Message(NamedTuple):
    """The parts of a diagnostic that do not depend on its place."""

    code: Code
    text: str
    hint: str | None = None


_Describe: TypeAlias = "Callable[[ValidationError, str | None], Message]"


def is_choice_of_keys(error: "ValidationError") -> bool:
    """Return whether the only error is that none of several keys exists."""
    return bool(error.context) and all(part.validator == "required" and not part.path for part in error.context)


def describe_error(error: "ValidationError", written: str | None) -> Message:
    """Describe what is wrong with a value; `written` is its text, None if unknown."""
    return _BY_KEYWORD.get(str(error.validator), _describe_other)(error, written)


def describe_unknown_key(key: str, schema: Mapping[str, Any], operator_only: Mapping[str, str]) -> Message:
    """Describe why a key is not allowed in the mapping that a schema describes."""
    if key in operator_only:
        return Message(Code.OPERATOR_ONLY, f"'{key}' is not allowed here", operator_only[key])
    known = schema.get("properties", {})
    similar = suggest(key, known) or (f"known here: {', '.join(known)}" if known else None)
    return Message(Code.UNKNOWN_KEY, f"unknown key '{shorten(key)}'", similar)


def describe_missing_keys(error: "ValidationError") -> list[Message]:
    """Describe each missing key of a mapping."""
    wanted: Any = error.validator_value
    present: Any = error.instance
    if error.validator == "dependentRequired":
        given = [(each, key) for each, keys in wanted.items() if each in present for key in keys]
        needs = {key: f" beside '{each}'" for each, key in reversed(given)}
    else:
        needs = dict.fromkeys(wanted, "")
    return [
        Message(Code.KEY_REQUIRED, f"the key '{key}' is missing here{beside}", f"add '{key}'")
        for key, beside in needs.items()
        if key not in present
    ]


def _describe_type(error: "ValidationError", written: str | None) -> Message:
    types = _list(error)
    due = _join([_TYPES[name] for name in types])
    value = error.instance
    if "string" in types and isinstance(value, bool | int | float):
        return _describe_unquoted(error, written, due)
    hint = _find_fix(error, "write one only, like" if isinstance(value, list) and "string" in types else _LIKE)
    if isinstance(value, str) and _is_of_type(value, types):
        hint = "remove the quotes"
    elif isinstance(value, str) and "boolean" in types and value.lower() in _YAML_1_1:
        hint = f"write {_YAML_1_1[value.lower()]}: '{value}' is a word in YAML 1.2"
    return Message(Code.WRONG_TYPE, f"{_name_type(value)}, where {due} is expected", hint)


def _describe_unquoted(error: "ValidationError", written: str | None, due: str) -> Message:
    """Describe a number or a boolean in place of a string."""
    read_as = _name_type(error.instance)
    if written is None:
        return Message(Code.QUOTE_IT, f"{read_as}, where {due} is expected", "put it in quotes where it is given")
    hint: str | None = f'quote it: "{written}"' if written == shorten(written) else "put it in quotes"
    pattern = error.schema.get("pattern") if isinstance(error.schema, dict) else None
    if pattern and not re.search(pattern, written, re.ASCII):
        hint = _find_description(error) or hint
    return Message(Code.QUOTE_IT, f"{shorten(written)} is read as {read_as}, where {due} is expected", hint)


def _describe_pattern(error: "ValidationError", _: str | None) -> Message:
    content = str(error.instance)
    foreign = next((character for character in content if not character.isascii()), None)
    because = f": it holds {name_character(foreign)}" if foreign else ""
    message = f"'{shorten(content)}' is not allowed here{because}"
    return Message(Code.VALUE_NOT_ALLOWED, message, _find_description(error))


def _describe_enum(error: "ValidationError", _: str | None) -> Message:
    words = [str(word) for word in _list(error)]
    content = error.instance
    shown = f"'{shorten(content)}'" if isinstance(content, str) else _name_type(content)
    message = f"{shown} is not one of {', '.join(words)}"
    return Message(Code.VALUE_NOT_ALLOWED, message, suggest(str(content), words) or _find_description(error))


def _describe_const(error: "ValidationError", _: str | None) -> Message:
    return Message(Code.VALUE_NOT_ALLOWED, f"this must be {json.dumps(error.validator_value)}", None)


def _describe_limit(error: "ValidationError", _: str | None) -> Message:
    least_of_all = error.validator_value == 1 and str(error.validator) in _LEAST
    message = "this must not be empty" if least_of_all else _LIMITS[str(error.validator)].format(error.validator_value)
    return Message(Code.VALUE_NOT_ALLOWED, message, _find_description(error))


def _describe_any_of(error: "ValidationError", _: str | None) -> Message:
    """Describe a choice: of keys, one of which is required, or of types, none of which the value has."""
    if is_choice_of_keys(error):
        choice = dict.fromkeys(key for part in error.context for key in _list(part))
        keys = ", ".join(f"'{key}'" for key in choice)
        return Message(Code.KEY_REQUIRED, f"at least one of {keys} is required", _find_description(error))
    types = dict.fromkeys(name for part in error.context if part.validator == "type" for name in _list(part))
    due = _join([_TYPES[name] for name in types]) or "something else"
    return Message(Code.WRONG_TYPE, f"{_name_type(error.instance)}, where {due} is expected", _find_fix(error))


def _describe_other(error: "ValidationError", _: str | None) -> Message:
    return Message(
        Code.VALUE_NOT_ALLOWED, f"{_name_type(error.instance)} is not allowed here", _find_description(error)
    )


_BY_KEYWORD: Final[dict[str, _Describe]] = {
    "type": _describe_type,
    "pattern": _describe_pattern,
    "enum": _describe_enum,
    "const": _describe_const,
    "anyOf": _describe_any_of,
    "oneOf": _describe_any_of,
    **dict.fromkeys(_LIMITS, _describe_limit),
}


def _find_fix(error: "ValidationError", like: str = _LIKE) -> str | None:
    """Return how to write the value: the first example in the schema, or else its description."""
    examples = _find_in_schema(error, "examples")
    example = json.dumps(examples[0], ensure_ascii=False) if isinstance(examples, list) else ""
    return f"{like} {example}" if 0 < len(example) <= _LONGEST_EXAMPLE else _find_description(error)


def _find_description(error: "ValidationError") -> str | None:
    """Return the description of the value in the schema."""
    description = _find_in_schema(error, "description")
    return str(description).removesuffix(".") if description else None


def _find_in_schema(error: "ValidationError", key: str) -> object:
    """Return the schema's entry under a key for the value, or that of the whole choice if its branch has none."""
    whole: Any = error
    while isinstance(whole.schema, dict) and key not in whole.schema and whole.parent and not whole.path:
        whole = whole.parent
    return whole.schema.get(key) if isinstance(whole.schema, dict) else None


def _name_type(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "null"


def _is_of_type(content: str, types: Sequence[str]) -> bool:
    """Return whether a quoted scalar would have one of the types without its quotes."""
    try:
        value = resolve_plain(content)
    except NumberError:
        return False
    kinds: dict[str, type] = {"integer": int, "number": float, "boolean": bool}
    return any(type(value) is kinds.get(name) for name in types)


def _list(error: "ValidationError") -> list[Any]:
    """Return the allowed values of a schema keyword as a list."""
    allowed: Any = error.validator_value
    return allowed if isinstance(allowed, list) else [allowed]


def _join(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
