"""Finds placeholders in place of ids: words for nothing, and what a template should have replaced."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import Document, Node, Pending, SchemaError, Sensitive, Table, shorten
from reconcile.manifest.diagnostics import Diagnostics

_IDS: Final = frozenset({"job_id", "project_id"})
_NIL_UUID: Final = "0" * 32
_NOTHING: Final = frozenset(["false", "n_a", "nan", "nil", "none", "null", "true", "undefined"])
_NAMES: Final = frozenset(["id", "job_id", "jobid", "project_id", "uuid"])
_UNFINISHED: Final = _NAMES | {"change_me", "changeme", "fixme", "placeholder", "tbd", "todo", "xxx"}
_LEFT_OVER: Final = re.compile(r"\$[A-Za-z_({]|\{[{%]|[%}]\}|^%.+%$|<.*>|@@|^\[object |^\.{3}$")
"""Placeholders of shells, Terraform, GitHub, Jinja, Windows and sed, and what Go and JavaScript print for no value."""

_PRINTED: Final = "the step that printed it found no id: with `jq -e`, it fails instead of printing null"
_WRITTEN: Final = "write the real id, or check why the template did not fill it in"


class Placeholder(NamedTuple):
    """Why a text is not an id, and what to do."""

    message: str
    hint: str


def find_placeholder(text: str) -> Placeholder | None:
    """Return why a text is a placeholder, None if it may be an id."""
    word = text.strip("_- ").casefold().replace("-", "_")
    if not word:
        return Placeholder("this id is empty", _PRINTED)
    if word in _NOTHING or text.replace("-", "") == _NIL_UUID:
        return Placeholder(f"'{shorten(text)}' means that there is no id", _PRINTED)
    if word in _UNFINISHED or word.startswith("your_") or _LEFT_OVER.search(text):
        return Placeholder(f"'{shorten(text)}' is a placeholder, not an id", _WRITTEN)
    return None


def refuse_placeholder(document: Document, table: Table, key: str, diagnostics: Diagnostics) -> None:
    """Refuse an id that is valid by the schema, but a placeholder."""
    node = table[key]
    found = find_placeholder(node) if isinstance(node, str) and not isinstance(node, Pending) else None
    if found:
        diagnostics.add(document.value_mark(table, key), Code.VALUE_NOT_ALLOWED, found.message, found.hint)


def explain_placeholders(errors: Iterable[SchemaError], root: Node) -> Iterator[SchemaError]:
    """Give each schema error about a placeholder the matching hint; `root` is the checked value."""
    for error in errors:
        node = _find_id(error, root)
        found = None if node is None or isinstance(node, Sensitive) else find_placeholder(node)
        yield replace(error, diagnostic=replace(error.diagnostic, hint=found.hint)) if found else error


def _find_id(error: SchemaError, root: Node) -> str | None:
    if error.diagnostic.code is not Code.VALUE_NOT_ALLOWED or not error.path or error.path[-1] not in _IDS:
        return None
    node = root
    for step in error.path:
        node = node.get(str(step)) if isinstance(node, Table) else None
    return node if isinstance(node, str) else None
