"""
A file that a person wrote, as a checked tree in which everything knows its place.

    bytes -> Text                              read_text         file.py, text.py, characters.py
    Text -> Document                           parse_text        yaml_parser.py, json_parser.py, scalar.py, builder.py
    the same, of a file that repeats itself    parse_abridged    stanzas.py
    what a Document is made of                                   tree.py
    Document -> diagnostics against a schema   check_document    validation.py, misfits.py, wording.py, phrases.py
    whether there will be any                  conforms          conformity.py, schema.py

Nothing here knows what a file is about: manifests and scenarios are read alike. What few commands need is imported
from where it is: `editing.py` changes a file, `writing.py` writes one.
"""

from typing import BinaryIO

from reconcile.document.builder import MAX_SCALAR
from reconcile.document.characters import escape_hidden, find_hidden, name_character
from reconcile.document.conformity import conforms
from reconcile.document.file import STDIN, read_text, read_text_beneath
from reconcile.document.phrases import list_names, suggest, word_origin
from reconcile.document.scalar import are_plain_words, is_plain_string
from reconcile.document.schema import load_strict_schema
from reconcile.document.stanzas import Abridged, Stanza, parse_abridged
from reconcile.document.text import MARK_SHIFT, Mark, Text, shorten
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
    as_string,
    as_table,
    count_tokens,
)
from reconcile.document.validation import Fault, check_document, find_faults, find_faults_of_part
from reconcile.document.yaml_parser import parse_yaml

__all__ = [
    "MARK_SHIFT",
    "MAX_SCALAR",
    "MAX_TOKENS",
    "STDIN",
    "Abridged",
    "Array",
    "Document",
    "Fault",
    "Mark",
    "Node",
    "Origin",
    "Pending",
    "Sensitive",
    "Stanza",
    "Table",
    "Text",
    "are_plain_words",
    "as_array",
    "as_string",
    "as_table",
    "check_document",
    "conforms",
    "count_tokens",
    "escape_hidden",
    "find_faults",
    "find_faults_of_part",
    "find_hidden",
    "is_json",
    "is_plain_string",
    "list_names",
    "load_strict_schema",
    "name_character",
    "parse_abridged",
    "parse_text",
    "read_document",
    "read_text",
    "read_text_beneath",
    "shorten",
    "suggest",
    "word_origin",
]


def read_document(path: str, *, stdin: BinaryIO | None = None) -> Document:
    """
    Read a file, or `stdin` for "-", as JSON if it is called `*.json` and as YAML if not.

    Standard input has no name: what begins with `{` is JSON there. Raises DocumentError for what cannot be read.
    """
    text = read_text(path, stdin=stdin)
    return parse_text(text, is_json=is_json(path, text))


def is_json(path: str, text: Text) -> bool:
    """Tell whether what was read from a path is meant as JSON."""
    return text.content.lstrip()[:1] == "{" if path == STDIN else path.lower().endswith(".json")


def parse_text(text: Text, *, is_json: bool) -> Document:
    """Return what a text says; blank JSON says nothing, as blank YAML does."""
    if is_json and text.content.strip():
        from reconcile.document.json_parser import parse_json

        return parse_json(text)
    return parse_yaml(text)
