"""A document against a JSON Schema, each error at the very token that is wrong."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing.jsonschema import EMPTY_REGISTRY

from reconcile.codes import Code
from reconcile.document.text import Mark, Text
from reconcile.document.tree import Document, Node, Table
from reconcile.document.wording import Wording, is_choice_of_keys, word_error, word_missing_keys, word_unknown_key
from reconcile.model import Diagnostic
from reconcile.shipped import load_schema

Outline: TypeAlias = Callable[[str, Node], Hashable]
"""What of an entry, key and value, decides whether it is valid: entries of one outline are valid or invalid alike."""

_Path: TypeAlias = tuple[str | int, ...]
_Groups: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
"""A key of the root -> the entry that is checked -> all entries of its outline, itself the first of them."""


class _Found(NamedTuple):
    """An error at its place; `secret` is the mark of a value that must not be shown."""

    mark: Mark
    diagnostic: Diagnostic
    secret: Mark | None


_MOST: Final = 1_000
"""So many errors of a file are told at most, for a file of 32 MiB has room for ten million."""

_TYPE_ERRORS: Final = frozenset({Code.WRONG_TYPE, Code.QUOTE_IT})


def check_document(
    document: Document,
    schema_name: str,
    *,
    operator_only: Collection[str] = (),
    alike: Mapping[str, Outline] | None = None,
) -> list[Diagnostic]:
    """
    Return everything in which a document differs from a schema, in order of position.

    Args:
        document: what to check.
        schema_name: a schema of `reconcile.shipped`, such as `manifest.v1`.
        operator_only: unknown keys that are not misspelt: they belong on the command line or in the environment.
        alike: keys of the root whose mappings have very many entries and few outlines. One entry of each outline
            is checked, and what is wrong with it is wrong with all of them.
    """
    groups = {key: _group_entries(document.root, key, outline) for key, outline in (alike or {}).items()}
    errors = _load_validator(schema_name).iter_errors(_reduce(document.root, groups))
    found = list(islice(_place_errors(errors, groups, document, operator_only), _MOST + 1))
    told = sorted(_drop_consequences(found[:_MOST]), key=attrgetter("mark"))
    diagnostics = list(_hide_secrets(told, document.text))
    if len(found) > _MOST:
        message = f"there are more than {_MOST} errors, and the others are not listed"
        diagnostics.append(Diagnostic(code=Code.TOO_LARGE, message=message))
    return diagnostics


# --- Entries that are alike ------------------------------------------------------------------------------------


def _group_entries(root: Node, key: str, outline: Outline) -> Mapping[str, Sequence[str]]:
    """Put the entries of one of the root's mappings together by outline, each group under its first entry."""
    table = root.get(key) if isinstance(root, Table) else None
    if not isinstance(table, Table):
        return {}
    groups: defaultdict[Hashable, list[str]] = defaultdict(list)
    for name, value in table.items():
        groups[outline(name, value)].append(name)
    return {names[0]: names for names in groups.values()}


def _reduce(root: Node, groups: _Groups) -> "Node | dict[str, Node | dict[str, Node]]":
    """Return the root with the first entry of each group alone."""
    if not isinstance(root, Table):
        return root
    reduced: dict[str, Node | dict[str, Node]] = dict(root)
    for key, names in groups.items():
        table = root.get(key)
        if isinstance(table, Table):
            reduced[key] = {name: table[name] for name in names}
    return reduced


def _spread(path: _Path, groups: _Groups) -> Iterator[_Path]:
    """Return the path in each entry that is like the one in which it was found."""
    match path:
        case (str(key), str(name), *rest) if name in groups.get(key, {}):
            for other in groups[key][name]:
                yield key, other, *rest
        case _:
            yield path


# --- Errors ----------------------------------------------------------------------------------------------------


def _place_errors(
    errors: Iterator[ValidationError], groups: _Groups, document: Document, operator_only: Collection[str]
) -> Iterator[_Found]:
    for error in errors:
        for leaf in _find_leaves(error):
            for path in _spread(tuple(leaf.absolute_path), groups):
                for token, at_key, wording in _word(leaf, path, document, operator_only):
                    mark = document.find_mark(token, at_key=at_key)
                    is_secret = wording.code is Code.OPERATOR_ONLY
                    secret = document.find_mark(token, at_key=False) if is_secret else None
                    yield _Found(mark, document.text.diagnose(mark, *wording), secret)


def _word(
    error: ValidationError, path: _Path, document: Document, operator_only: Collection[str]
) -> Iterator[tuple[_Path, bool, Wording]]:
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
        written = document.text.read(document.find_mark(path, at_key=False))
        yield path, False, word_error(error, written)


def _find_leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Descend into the one branch of a choice that was meant: of those for the value's type the one least wrong."""
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
    known, patterns = schema.get("properties", {}), [_compile(p) for p in schema.get("patternProperties", {})]
    return (key for key in keys if key not in known and not any(p.search(key) for p in patterns))


def _drop_consequences(found: list[_Found]) -> Iterator[_Found]:
    """Leave out what else is wrong with a value that is not even of the right type."""
    mistyped = {each.mark for each in found if each.diagnostic.code in _TYPE_ERRORS}
    return (each for each in found if each.diagnostic.code in _TYPE_ERRORS or each.mark not in mistyped)


def _hide_secrets(found: list[_Found], text: Text) -> Iterator[Diagnostic]:
    """Show no line with a value of a key for operators alone, whatever else is wrong there."""
    secrets = [
        (text.find_source(each.mark).line, text.find_end(each.secret).line) for each in found if each.secret is not None
    ]
    for each in found:
        line = text.find_source(each.mark).line
        hidden = any(first <= line <= last for first, last in secrets)
        yield replace(each.diagnostic, excerpt=None) if hidden else each.diagnostic


# --- The validator ---------------------------------------------------------------------------------------------


@cache
def _load_validator(schema_name: str) -> Validator:
    """Build the validator of a schema; its empty registry has no means to fetch anything."""
    return _Validator(load_schema(schema_name), registry=EMPTY_REGISTRY)


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as ECMA 262 means it: `$` is the very end, where Python's admits a newline after it."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern, re.ASCII)


def _check_pattern(_: Validator, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compile(pattern).search(instance):
        yield ValidationError("pattern")


def _check_unique(_: Validator, unique: bool, instance: object, __: object) -> Iterator[ValidationError]:
    """Compare by `repr`, which is faithful for JSON values: jsonschema's own way is quadratic."""
    if unique and isinstance(instance, list) and len({repr(value) for value in instance}) < len(instance):
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
    """Tell an integer by its type, for `1.0` is a float to everyone who reads the tree."""
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
