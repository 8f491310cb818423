"""A document against a schema: nothing if it is valid, and otherwise everything that is wrong with it."""

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
from reconcile.model import Diagnostic

if TYPE_CHECKING:
    from reconcile.document.schema_errors import LocatedError, Path

_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_MOST: Final = 1_000
"""A report lists at most this many errors: a file of 32 MiB has room for ten million."""

_TYPE_ERRORS: Final = frozenset({Code.WRONG_TYPE, Code.QUOTE_IT})


class SchemaError(Struct, frozen=True):
    """What is wrong with the value at a path; `mark` is that of the token that is wrong."""

    path: "Path"
    mark: Mark
    diagnostic: Diagnostic


def check_document(document: Document, schema: Schema) -> list[Diagnostic]:
    """Return everything that is wrong with a document, in order of position."""
    return [error.diagnostic for error in find_schema_errors(document, schema)]


def find_schema_errors(
    document: Document,
    schema: Schema,
    *,
    interpolated: bool = False,
    operator_only: Mapping[str, str] = _NONE,
) -> list[SchemaError]:
    """
    Return everything that is wrong with a document, in order of position.

    Args:
        document: what to check.
        schema: what it has to be.
        interpolated: whether references in the document have been replaced. What is pending is taken to be right.
        operator_only: unknown keys that only an operator may set, each with a hint that says how.

    Raises:
        DocumentError: the two validators disagree.
    """
    valid = schema.is_valid_so_far(document.root) if interpolated else schema.is_valid(document.root)
    return [] if valid else _explain(document, document.root, (), schema, None, operator_only)


def find_schema_errors_in(
    document: Document, node: Node, path: "Path", schema: Schema, definition: str
) -> list[SchemaError]:
    """
    Return everything that is wrong with a value, by a definition of a schema; see `find_schema_errors`.

    Args:
        document: what the value is part of, or would be if it were written out.
        node: the value, with references replaced.
        path: where it is in the document, from the root.
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
    """Return what jsonschema finds, in order, and no more of it than anyone reads."""
    # Imports jsonschema, which takes as long as everything else about a small file.
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
    """Make the error of a value that jsonschema-rs refuses and jsonschema accepts: nobody knows which is right."""
    message = f"{document.text.file} is invalid to jsonschema-rs and valid to jsonschema"
    hint = "this is a bug: please report it, with the file and the versions of both packages"
    return DocumentError.because(Code.INTERNAL, message, hint=hint)


def _drop_consequences(found: "Sequence[LocatedError]") -> "Iterator[LocatedError]":
    """Leave out what else is wrong with a value that is not even of the right type."""
    mistyped = {each.mark for each in found if each.message.code in _TYPE_ERRORS}
    return (each for each in found if each.message.code in _TYPE_ERRORS or each.mark not in mistyped)


def _hide_secrets(found: "Iterable[LocatedError]", document: Document) -> Iterator[SchemaError]:
    """Show no line that holds the value of a key for operators, whatever else is wrong there."""
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
