"""Validates a document against a schema, and lists all errors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document.schema import Schema
from reconcile.document.text import Mark
from reconcile.document.tree import Document, Node
from reconcile.errors import DocumentError
from reconcile.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from reconcile.document.schema_errors import LocatedError, Path

_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_MOST: Final = 1_000
"""The most errors that are reported; a file of 32 MiB has room for ten million."""

_TYPE_ERRORS: Final = frozenset({Code.WRONG_TYPE, Code.QUOTE_IT})


class SchemaError(Struct, frozen=True):
    """An error of the value at a path; `mark` is that of the wrong token."""

    path: "Path"
    mark: Mark
    diagnostic: Diagnostic


def check_document(document: Document, schema: Schema) -> list[Diagnostic]:
    """Return all errors of a document, in order of position."""
    return [error.diagnostic for error in find_schema_errors(document, schema)]


def find_schema_errors(
    document: Document,
    schema: Schema,
    *,
    interpolated: bool = False,
    operator_only: Mapping[str, str] = _NONE,
) -> list[SchemaError]:
    """
    Return all errors of a document, in order of position.

    Args:
        document: the document to check.
        schema: its schema.
        interpolated: whether references in the document have been replaced; pending values then count as valid.
        operator_only: unknown keys that only an operator may set, with a hint how.

    Raises:
        DocumentError: the two validators disagree.
    """
    valid = schema.is_valid_so_far(document.root) if interpolated else schema.is_valid(document.root)
    return [] if valid else _explain(document, document.root, (), schema, None, operator_only)


def find_schema_errors_in(
    document: Document, node: Node, path: "Path", schema: Schema, definition: str
) -> list[SchemaError]:
    """
    Return all errors of a value by a definition of a schema; see `find_schema_errors`.

    Args:
        document: the document that contains the value, or would contain it if it were written out.
        node: the value, with references replaced.
        path: the path of the value from the root of the document.
    """
    if schema.is_valid_so_far(node, definition):
        return []
    return _explain(document, node, path, schema, definition, _NONE)


def _explain(
    document: Document,
    node: Node,
    path: "Path",
    schema: Schema,
    definition: str | None,
    operator_only: Mapping[str, str],
) -> list[SchemaError]:
    """Return the errors that jsonschema finds, in order, up to _MOST."""
    # Importing jsonschema takes as long as everything else about a small file.
    from reconcile.document.schema_errors import explain_errors

    errors = explain_errors(node, schema, definition, document=document, path=path, operator_only=operator_only)
    found = list(islice(errors, _MOST + 1))
    if not found:
        raise _report_disagreement(document)
    kept = sorted(_drop_consequences(found[:_MOST]), key=attrgetter("mark"))
    arranged = list(_hide_secrets(kept, document))
    if len(found) > _MOST:
        message = f"there are more than {_MOST} errors, and the others are not listed"
        diagnostic = Diagnostic(code=Code.TOO_LARGE, message=message)
        arranged.append(SchemaError((), arranged[-1].mark, diagnostic))
    return arranged


def _report_disagreement(document: Document) -> DocumentError:
    """Make the error for a value that jsonschema-rs refuses and jsonschema accepts: one of them has a bug."""
    message = f"{document.text.file} is invalid to jsonschema-rs and valid to jsonschema"
    hint = "this is a bug: please report it, with the file and the versions of both packages"
    return DocumentError.because(Code.INTERNAL, message, hint=hint)


def _drop_consequences(found: "Sequence[LocatedError]") -> "Iterator[LocatedError]":
    """Drop other errors of a value that has the wrong type."""
    mistyped = {each.mark for each in found if each.message.code in _TYPE_ERRORS}
    return (each for each in found if each.message.code in _TYPE_ERRORS or each.mark not in mistyped)


def _hide_secrets(found: "Iterable[LocatedError]", document: Document) -> Iterator[SchemaError]:
    """Remove the excerpts of lines with the value of an operator-only key, which may be a secret."""
    text = document.text
    found = list(found)
    secrets = [
        (text.find_source(each.mark).line, text.find_end(each.secret).line) for each in found if each.secret is not None
    ]
    for each in found:
        diagnostic = text.diagnose(each.mark, each.message.code, each.message.text, each.message.hint)
        line = text.find_source(each.mark).line
        hidden = any(first <= line <= last for first, last in secrets)
        yield SchemaError(each.path, each.mark, replace(diagnostic, excerpt=None) if hidden else diagnostic)
