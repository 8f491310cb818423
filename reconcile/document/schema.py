"""
JSON Schemas, and whether a value is valid against one.

jsonschema-rs decides that, in about a microsecond per job. Its errors are not precise enough for people, so
`schema_errors.py` asks jsonschema once a value is invalid.

A published schema accepts a string with a reference, `${...}`, in place of any other value, because an editor cannot
know its value. Here, references have been replaced with their values, so the strict schema accepts none.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NoReturn

from jsonschema_rs import Draft202012Validator

from reconcile.document.tree import Pending, Sensitive
from reconcile.shipped import load_schema

_REFERENCE: Final = r"\$\{"

_PENDING: Final = {"type": "string", "pattern": "^\0"}
"""The form of a pending value for jsonschema-rs: no file and no option can contain NUL."""

_SCHEMAS_OF_PARTS: Final = frozenset({"additionalProperties", "items"})
_MAPPINGS_TO_SCHEMAS: Final = frozenset({"properties", "patternProperties"})
"""Keywords whose schemas apply to the parts of a value, not to the value itself."""

_STRICT_INTEGER: Final = "x-strict-integer"


class Schema:
    """A JSON Schema of draft 2020-12; `strict` is the schema without the references that it accepts in files."""

    __slots__ = ("_validators", "strict")

    def __init__(self, published: Mapping[str, Any]) -> None:
        self.strict: dict[str, Any] = _forbid_references(published)
        self._validators: dict[tuple[str | None, bool], Draft202012Validator] = {}

    def is_valid(self, value: object, definition: str | None = None) -> bool:
        """
        Return whether a value is valid by the schema, or by one of its definitions.

        A value that JSON cannot express, such as a lone surrogate, is not valid.
        """
        return self._check(value, definition, admit_pending=False)

    def is_valid_so_far(self, node: object, definition: str | None = None) -> bool:
        """Return the same for a tree with references replaced; parts that are still pending count as valid."""
        return self._check(_to_json(node), definition, admit_pending=True)

    def _check(self, value: object, definition: str | None, *, admit_pending: bool) -> bool:
        validator = self._validators.get((definition, admit_pending))
        if validator is None:
            validator = _compile(self.strict, definition, admit_pending=admit_pending)
            self._validators[definition, admit_pending] = validator
        try:
            return validator.is_valid(value)
        except ValueError:
            return False


@cache
def find_schema(name: str) -> Schema:
    """Return a schema that ships with the program, such as `manifest.v1`."""
    return Schema(load_schema(name))


def _forbid_references(schema: Any) -> Any:  # noqa: ANN401
    if isinstance(schema, list):
        return [_forbid_references(part) for part in schema if part != {"pattern": _REFERENCE}]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _forbid_references(part) for key, part in schema.items()}
    if "anyOf" in strict and len(strict["anyOf"]) == 1:
        strict |= strict.pop("anyOf")[0]
    return _forbid_reference_type(strict)


def _forbid_reference_type(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    pattern = schema.get("pattern")
    if pattern == _REFERENCE:
        types = [name for name in schema["type"] if name != "string"]
        rest = {key: part for key, part in schema.items() if key != "pattern"}
        return {**rest, "type": types if len(types) > 1 else types[0]}
    if isinstance(pattern, str) and pattern.endswith(f"|{_REFERENCE}"):
        return {**schema, "pattern": pattern.removesuffix(f"|{_REFERENCE}")}
    return schema


# --- jsonschema-rs ---------------------------------------------------------------------------------------------


def _compile(strict: dict[str, Any], definition: str | None, *, admit_pending: bool) -> Draft202012Validator:
    schema = _tighten_integers(strict)
    if admit_pending:
        schema = _admit_pending(schema)
    if definition is not None:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema, keywords={_STRICT_INTEGER: _StrictInteger}, retriever=_refuse_to_retrieve)


class _StrictInteger:
    """A keyword that refuses `1.0`, which is an integer in JSON Schema and a float in the tree."""

    def __init__(self, _parent: object, _value: object, _path: object) -> None:
        pass

    def validate(self, instance: object) -> None:
        if isinstance(instance, float):
            raise ValueError("a float is not an integer")


def _refuse_to_retrieve(uri: str, /) -> NoReturn:
    raise ValueError(f"{uri} is not part of the schema, and nothing is fetched")


def _tighten_integers(schema: Any) -> Any:  # noqa: ANN401
    if isinstance(schema, list):
        return [_tighten_integers(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {key: _tighten_integers(part) for key, part in schema.items()}
    types = schema.get("type", ())
    return {**tight, _STRICT_INTEGER: True} if "integer" in types else tight


def _admit_pending(schema: Any) -> Any:  # noqa: ANN401
    """Return a schema that accepts a pending value for each part of what it describes."""
    if isinstance(schema, list):
        return [_admit_pending(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    admitting = {key: _admit_pending(part) for key, part in schema.items()}
    for keyword in admitting.keys() & _SCHEMAS_OF_PARTS:
        admitting[keyword] = _or_pending(admitting[keyword])
    for keyword in admitting.keys() & _MAPPINGS_TO_SCHEMAS:
        admitting[keyword] = {name: _or_pending(part) for name, part in admitting[keyword].items()}
    return admitting


def _or_pending(schema: Any) -> Any:  # noqa: ANN401
    return {"anyOf": [_PENDING, schema]} if isinstance(schema, dict) else schema


def _to_json(node: object) -> object:
    """Copy a tree for jsonschema-rs, which accepts only plain `str`."""
    if isinstance(node, dict):
        return {key: _to_json(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_to_json(value) for value in node]
    if isinstance(node, Pending):
        return f"\0{node}"
    return str(node) if isinstance(node, Sensitive) else node
