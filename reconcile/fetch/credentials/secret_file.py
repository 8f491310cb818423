"""Reads files with credentials; errors never show their text."""

from collections.abc import Mapping
from pathlib import Path

from reconcile.codes import Code
from reconcile.document import Node, read_document, read_text
from reconcile.errors import AccessError, DocumentError
from reconcile.fetch.credentials.settings import refuse
from reconcile.model.diagnostic import Diagnostic


def find_named_file(environ: Mapping[str, str], variable: str) -> Path | None:
    """Return the file that a variable names, None if it is not set; raise AccessError if it is empty."""
    name = environ.get(variable)
    if name is None:
        return None
    if not name.strip():
        raise refuse(
            Code.MALFORMED_CREDENTIAL, f"{variable} is empty", hint="set it to the path of a file, or unset it"
        )
    return Path(name)


def read_secret_document(path: str, *, called: str) -> Node:
    """Read a file of JSON (`*.json`) or YAML; raise AccessError as `read_secret_text` does."""
    try:
        return read_document(path).root
    except DocumentError as error:
        raise AccessError([_hide_text(path, called, diagnostic) for diagnostic in error.diagnostics]) from error


def read_secret_text(path: str, *, called: str) -> str:
    """Read a file; raise AccessError if it cannot be read. `called` names the file in the message."""
    try:
        return read_text(path).content
    except DocumentError as error:
        raise AccessError([_hide_text(path, called, diagnostic) for diagnostic in error.diagnostics]) from error


def _hide_text(path: str, called: str, diagnostic: Diagnostic) -> Diagnostic:
    """Reduce a diagnostic to its code and position: the text there may be a password."""
    if diagnostic.source is None:
        hint = diagnostic.hint or "correct the path"
        return Diagnostic(code=diagnostic.code, message=f"{called}: {diagnostic.message}", hint=hint)
    return Diagnostic(
        code=diagnostic.code,
        message=f"{Path(path).name} cannot be read from here on; its text is not shown, because it may be a secret",
        hint="anchors, aliases, tags, duplicate keys and a second document are not allowed",
        source=diagnostic.source,
    )
