"""
The schemas as values are checked against them.

A published schema lets a string pass that holds a reference, `${...}`, wherever something else is due, for an editor
cannot know what it stands for. Here it has been replaced by what it stands for, and none is let pass.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from reconcile.shipped import load_schema

_REFERENCE: Final = r"\$\{"


@cache
def load_strict_schema(name: str) -> dict[str, Any]:
    """Return a schema of `reconcile.shipped` that admits no references, as a value that no one may change."""
    schema: dict[str, Any] = _forbid_references(load_schema(name))
    return schema


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
