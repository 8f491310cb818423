"""
A file that a person wrote -> a checked tree with positions.

    bytes -> Text                     read_text            file.py, text.py
    Text -> Document                  parse_text           yaml_parser.py, json_parser.py, scalar.py, builder.py
    the parts of a Document                                tree.py
    Document + Schema -> diagnostics  find_schema_errors   schema.py, validation.py, schema_errors.py

Nothing here depends on the kind of file: manifests and scenarios are read alike. Few commands need `editing.py`, which
changes a file, and `writing.py`, which writes one, so those are imported directly.
"""

from typing import BinaryIO

from reconcile.document.builder import MAX_SCALAR
from reconcile.document.file import STDIN, decode_text, read_text, read_text_beneath
from reconcile.document.hints import is_close, list_names, suggest
from reconcile.document.schema import Schema, find_schema
from reconcile.document.text import MARK_SHIFT, Mark, Text, escape_hidden, find_hidden, name_character, shorten
from reconcile.document.tree import (
    MAX_TOKENS,
    Array,
    Document,
    Node,
    Origin,
    Pending,
    Sensitive,
    Table,
    as_array,
    as_integer,
    as_string,
    as_table,
    count_characters,
    count_tokens,
    has_pending,
)
from reconcile.document.validation import SchemaError, check_document, find_schema_errors, find_schema_errors_in

__all__ = [
    "MARK_SHIFT",
    "MAX_SCALAR",
    "MAX_TOKENS",
    "STDIN",
    "Array",
    "Document",
    "Mark",
    "Node",
    "Origin",
    "Pending",
    "Schema",
    "SchemaError",
    "Sensitive",
    "Table",
    "Text",
    "as_array",
    "as_integer",
    "as_string",
    "as_table",
    "check_document",
    "count_characters",
    "count_tokens",
    "decode_text",
    "escape_hidden",
    "find_hidden",
    "find_schema",
    "find_schema_errors",
    "find_schema_errors_in",
    "has_pending",
    "is_close",
    "is_json",
    "list_names",
    "name_character",
    "parse_text",
    "read_document",
    "read_text",
    "read_text_beneath",
    "shorten",
    "suggest",
]


def read_document(path: str, *, stdin: BinaryIO | None = None) -> Document:
    """
    Read a file, or `stdin` for "-": as JSON if its name ends in `.json`, otherwise as YAML.

    Standard input is JSON if it begins with `{`. Raises DocumentError if the file cannot be read.
    """
    text = read_text(path, stdin=stdin)
    return parse_text(text, is_json=is_json(path, text))


def is_json(path: str, text: Text) -> bool:
    """Return whether the text of a path is to be read as JSON."""
    return text.content.lstrip()[:1] == "{" if path == STDIN else path.lower().endswith(".json")


def parse_text(text: Text, *, is_json: bool) -> Document:
    """Parse a text; a blank text has no value, in JSON as in YAML."""
    # Imported late, because few runs read both, and importing PyYAML is slow.
    if is_json and text.content.strip():
        from reconcile.document.json_parser import parse_json

        return parse_json(text)
    from reconcile.document.yaml_parser import parse_yaml

    return parse_yaml(text)
