"""What jsonschema finds in a value, each error at the very token that is wrong."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing.jsonschema import EMPTY_REGISTRY

from reconcile.codes import Code
from reconcile.document.conformity import compile_pattern, is_integer, is_unique
from reconcile.document.phrases import word_origin
from reconcile.document.schema import load_strict_schema
from reconcile.document.text import Mark
from reconcile.document.tree import Document, Node, Pending
from reconcile.document.wording import (
    Wording,
    is_choice_of_keys,
    word_error,
    word_missing_keys,
    word_unknown_key,
)

Path: TypeAlias = tuple[str | int, ...]


class Misfit(NamedTuple):
    """An error: the path to what is wrong, its place, and the mark of a value that must not be shown."""

    path: Path
    mark: Mark
    wording: Wording
    secret: Mark | None = None


def find_misfits(
    value: Node,
    schema_name: str,
    definition: str | None,
    *,
    document: Document,
    spread: Callable[[Path], Iterable[Path]],
    operator_only: Mapping[str, str],
) -> Iterator[Misfit]:
    """
    Yield everything in which a value differs from a schema or from one of its definitions.

    Args:
        value: what to check, whose places are looked up in `document`.
        spread: returns the paths in the document of everything for which a path in the value stands.
    """
    validator = _load_validator(schema_name)
    if definition:
        validator = validator.evolve(schema=load_strict_schema(schema_name)["$defs"][definition])
    for error in validator.iter_errors(value):
        for leaf in _find_leaves(error):
            for path in spread(tuple(leaf.absolute_path)):
                yield from _place(leaf, path, document, operator_only)


def _place(
    error: ValidationError, path: Path, document: Document, operator_only: Mapping[str, str]
) -> Iterator[Misfit]:
    for token, at_key, wording in _word(error, path, document, operator_only):
        mark = document.find_mark(token, at_key=at_key)
        origin = None if at_key else document.find_origin(mark)
        if origin:
            hint = None if origin.sensitive else wording.hint
            wording = Wording(wording.code, word_origin(wording.message, origin), hint)
        secret = document.find_mark(token, at_key=False) if wording.code is Code.OPERATOR_ONLY else None
        yield Misfit(token, mark, wording, secret)


def _word(
    error: ValidationError, path: Path, document: Document, operator_only: Mapping[str, str]
) -> Iterator[tuple[Path, bool, Wording]]:
    """Word an error: the path to the token that is wrong, whether that is a key, and the words."""
    if error.validator == "additionalProperties":
        table: Any = error.instance
        schema: Any = error.schema
        for key in _find_unknown_keys(table, schema):
            yield (*path, key), True, word_unknown_key(key, schema, operator_only)
    elif error.validator in {"required", "dependentRequired"}:
        for wording in word_missing_keys(error):
            yield path, True, wording
    elif "propertyNames" in error.absolute_schema_path:
        yield (*path, str(error.instance)), True, word_error(error, str(error.instance))
    else:
        mark = document.find_mark(path, at_key=False)
        written = json.dumps(error.instance) if document.find_origin(mark) else document.text.read(mark)
        yield path, False, word_error(error, written)


def _find_leaves(error: ValidationError) -> Iterator[ValidationError]:
    """
    Descend into the one branch of a choice that was meant: of those for the value's type the one least wrong.

    What is pending is never wrong.
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
    known, patterns = schema.get("properties", {}), [compile_pattern(p) for p in schema.get("patternProperties", {})]
    return (key for key in keys if key not in known and not any(p.search(key) for p in patterns))


# --- The validator ---------------------------------------------------------------------------------------------


@cache
def _load_validator(schema_name: str) -> Validator:
    """Build the validator of a schema; its empty registry has no means to fetch anything."""
    return _Validator(load_strict_schema(schema_name), registry=EMPTY_REGISTRY)


def _check_pattern(_: Validator, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not compile_pattern(pattern).search(instance):
        yield ValidationError("pattern")


def _check_unique(_: Validator, unique: bool, instance: object, __: object) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and not is_unique(instance):
        yield ValidationError("uniqueItems")


def _check_required(_: Validator, keys: Sequence[str], instance: object, __: object) -> Iterator[ValidationError]:
    """Yield one error for all keys that are missing, where jsonschema's own yields one each."""
    if isinstance(instance, dict) and not instance.keys() >= set(keys):
        yield ValidationError("required")


def _check_dependent(
    _: Validator, needs: Mapping[str, Sequence[str]], instance: object, __: object
) -> Iterator[ValidationError]:
    """Yield one error as well."""
    if isinstance(instance, dict) and any(
        key not in instance for given in needs if given in instance for key in needs[given]
    ):
        yield ValidationError("dependentRequired")


def _is_integer(_: object, instance: object) -> bool:
    return is_integer(instance)


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
