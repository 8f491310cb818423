"""Finds schema errors with jsonschema, each at the exact token that is wrong."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing.jsonschema import EMPTY_REGISTRY

from reconcile.codes import Code
from reconcile.document.schema import Schema
from reconcile.document.schema_messages import (
    Message,
    describe_error,
    describe_missing_keys,
    describe_unknown_key,
    is_choice_of_keys,
)
from reconcile.document.text import Mark, shorten
from reconcile.document.tree import Document, Node, Pending

Path: TypeAlias = tuple[str | int, ...]


class LocatedError(NamedTuple):
    """An error: its path, its mark, and the mark of a value that must not be shown."""

    path: Path
    mark: Mark
    message: Message
    secret: Mark | None = None


def explain_errors(
    node: Node,
    schema: Schema,
    definition: str | None,
    *,
    document: Document,
    path: Path = (),
    operator_only: Mapping[str, str],
) -> Iterator[LocatedError]:
    """
    Yield all errors of a value, unordered.

    Args:
        node: the value to check against the schema, or against one of its definitions.
        path: the path of the value in `document`.
        operator_only: unknown keys that only an operator may set, with a hint how.
    """
    # The empty registry cannot fetch a schema.
    root = _Validator(schema.strict, registry=EMPTY_REGISTRY)
    validator = root if definition is None else root.evolve(schema=schema.strict["$defs"][definition])
    for error in validator.iter_errors(node):
        for leaf in _find_leaves(error):
            yield from _locate(leaf, (*path, *leaf.absolute_path), document, operator_only, root)


def _locate(
    error: ValidationError, path: Path, document: Document, operator_only: Mapping[str, str], root: Validator
) -> Iterator[LocatedError]:
    for token, at_key, message in _describe(error, path, document, operator_only, root):
        mark = document.find_mark(token, at_key=at_key)
        origin = None if at_key else document.find_origin(mark)
        if origin:
            message = Message(message.code, origin.explain(message.text), None if origin.sensitive else message.hint)
        secret = document.find_mark(token, at_key=False) if message.code is Code.OPERATOR_ONLY else None
        yield LocatedError(token, mark, message, secret)


def _describe(
    error: ValidationError, path: Path, document: Document, operator_only: Mapping[str, str], root: Validator
) -> Iterator[tuple[Path, bool, Message]]:
    """Yield the path to each token that is wrong, whether the token is a key, and the message."""
    if error.validator == "additionalProperties":
        table: Any = error.instance
        schema: Any = error.schema
        for key in _find_unknown_keys(table, schema):
            message = describe_unknown_key(key, schema, operator_only)
            inside = _find_property_with(key, schema, root) if message.code is Code.UNKNOWN_KEY else None
            written = document.text.read(document.find_mark((*path, key), at_key=False))
            if inside is not None and "\n" not in written and shorten(written) == written:
                message = message._replace(hint=f"write {inside}: {{{key}: {_quote_in_flow(written)}}}")
            yield (*path, key), True, message
    elif error.validator in {"required", "dependentRequired"}:
        for message in describe_missing_keys(error):
            yield path, True, message
    elif "propertyNames" in error.absolute_schema_path:
        yield (*path, str(error.instance)), True, describe_error(error, str(error.instance))
    else:
        mark = document.find_mark(path, at_key=False)
        written = document.text.read(mark)
        origin = document.find_origin(mark)
        message = describe_error(error, origin.written if origin else written)
        fix = _write_what_was_meant(error, written, root)
        key = f"{path[-1]}: " if path and isinstance(path[-1], str) else ""
        yield path, False, message._replace(hint=f"write {key}{fix}") if fix else message


def _write_what_was_meant(error: ValidationError, written: str, root: Validator) -> str | None:
    """
    Return the form that a scalar was probably meant to have, None if the schema would not accept that either.

    The schema defines that form as `x-meant`, with "$" in place of the scalar: a mapping or a list that contains it, or
    a longer string.
    """
    schema: Any = error.schema
    value: Any = error.instance
    if (
        error.validator not in ("type", "pattern")
        or "x-meant" not in schema
        or isinstance(value, dict | list)
        or value is None
    ):
        return None
    if "\n" in written or shorten(written) != written:
        return None
    form = schema["x-meant"]
    return _write_form(form, written) if root.evolve(schema=schema).is_valid(_fill_form(form, value)) else None


def _fill_form(form: Any, value: Any) -> Any:  # noqa: ANN401
    if isinstance(form, dict):
        return {key: _fill_form(part, value) for key, part in form.items()}
    if isinstance(form, list):
        return [_fill_form(part, value) for part in form]
    if not isinstance(form, str):
        return form
    return value if form == "$" else form.replace("$", str(value))


def _write_form(form: Any, written: str) -> str:  # noqa: ANN401
    if isinstance(form, dict):
        return f"{{{', '.join(f'{key}: {_write_form(part, written)}' for key, part in form.items())}}}"
    if isinstance(form, list):
        return f"[{', '.join(_write_form(part, written) for part in form)}]"
    return _quote_in_flow(str(form).replace("$", written))


def _quote_in_flow(written: str) -> str:
    """Quote a plain scalar that would end too early between brackets."""
    plain = written[:1] not in ("'", '"', "[", "{")
    return f'"{written}"' if plain and re.search(r"[][{},]|: | #", written) else written


def _find_property_with(key: str, schema: Mapping[str, Any], root: Validator) -> str | None:
    """Return the only property of a mapping whose value may have this key, None unless there is exactly one."""
    definitions: Any = root.schema
    found = []
    for name, part in schema.get("properties", {}).items():
        while "$ref" in part and "properties" not in part:
            part = definitions["$defs"][part["$ref"].rpartition("/")[2]]
        if key in part.get("properties", {}):
            found.append(name)
    return found[0] if len(found) == 1 else None


def _find_leaves(error: ValidationError) -> Iterator[ValidationError]:
    """
    Descend into the branch of a choice that was probably meant: the one for the value's type with the fewest errors.

    Pending values have no errors.
    """
    if isinstance(error.instance, Pending) and "propertyNames" not in error.absolute_schema_path:
        return
    branches: defaultdict[str | int, list[ValidationError]] = defaultdict(list)
    for part in error.context:
        branches[part.schema_path[0]].append(part)
    meant = [
        parts for parts in branches.values() if not any(part.validator == "type" and not part.path for part in parts)
    ]
    if not meant or is_choice_of_keys(error):
        yield error
        return
    for part in min(meant, key=len):
        yield from _find_leaves(part)


def _find_unknown_keys(keys: Iterable[str], schema: Mapping[str, Any]) -> Iterator[str]:
    known, patterns = schema.get("properties", {}), [_compile_pattern(p) for p in schema.get("patternProperties", {})]
    return (key for key in keys if key not in known and not any(p.search(key) for p in patterns))


# --- The validator ---------------------------------------------------------------------------------------------


@cache
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of ECMA 262: its `$` is the very end, while Python's also matches before a final newline."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern, re.ASCII)


def _check_pattern(_: Validator, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compile_pattern(pattern).search(instance):
        yield ValidationError("pattern")


def _check_unique(_: Validator, unique: bool, instance: object, __: object) -> Iterator[ValidationError]:
    """Compare by hash, because jsonschema's check compares every pair."""
    if unique and isinstance(instance, list) and len({_freeze(node) for node in instance}) < len(instance):
        yield ValidationError("uniqueItems")


def _freeze(node: object) -> Hashable:
    """Return a key that is equal for equal JSON values: `1` equals `1.0`, but not `true`."""
    if isinstance(node, dict):
        return frozenset((key, _freeze(value)) for key, value in node.items())
    if isinstance(node, list):
        return tuple(map(_freeze, node))
    return (type(node), node) if isinstance(node, bool | Pending) else (None, node)


def _check_required(_: Validator, keys: Sequence[str], instance: object, __: object) -> Iterator[ValidationError]:
    """Yield one error for all missing keys, while jsonschema's check yields one for each."""
    if isinstance(instance, dict) and not instance.keys() >= set(keys):
        yield ValidationError("required")


def _check_dependent(
    _: Validator, needs: Mapping[str, Sequence[str]], instance: object, __: object
) -> Iterator[ValidationError]:
    """Yield one error for all missing keys that other keys require."""
    if isinstance(instance, dict) and any(
        key not in instance for given in needs if given in instance for key in needs[given]
    ):
        yield ValidationError("dependentRequired")


def _is_integer(_: object, instance: object) -> bool:
    """Return whether a value is an integer by its type: in the tree, `1.0` is a float."""
    return isinstance(instance, int) and not isinstance(instance, bool)


_Validator: Final[Callable[..., Validator]] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _check_pattern,
        "uniqueItems": _check_unique,
        "required": _check_required,
        "dependentRequired": _check_dependent,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)
