"""A document against a JSON Schema."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document.conformity import conforms
from reconcile.document.text import Mark
from reconcile.document.tree import Document, Node, Table
from reconcile.model import Diagnostic

if TYPE_CHECKING:
    from reconcile.document.misfits import Misfit, Path

Outline: TypeAlias = Callable[[str, Node], Hashable]
"""What of an entry, key and value, decides whether it is valid: entries of one outline are valid or invalid alike."""

_Groups: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
"""A key of the root -> the entry that is checked -> all entries of its outline, itself the first of them."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})

_MOST: Final = 1_000
"""So many errors of a file are told at most, for a file of 32 MiB has room for ten million."""

_TYPE_ERRORS: Final = frozenset({Code.WRONG_TYPE, Code.QUOTE_IT})


class Fault(Struct, frozen=True):
    """What is wrong with the value at a path; `mark` is that of the token that is wrong."""

    path: "Path"
    mark: Mark
    diagnostic: Diagnostic


def check_document(
    document: Document, schema_name: str, *, operator_only: Mapping[str, str] = _NONE
) -> list[Diagnostic]:
    """Return everything in which a document differs from a schema, in order of position; see `find_faults`."""
    return [fault.diagnostic for fault in find_faults(document, schema_name, operator_only=operator_only)]


def find_faults(
    document: Document,
    schema_name: str,
    *,
    operator_only: Mapping[str, str] = _NONE,
    alike: Mapping[str, Outline] | None = None,
) -> list[Fault]:
    """
    Return everything in which a document differs from a schema, in order of position.

    Args:
        document: what to check; what is pending in it is taken for right.
        schema_name: a schema of `reconcile.shipped`, such as `manifest.v1`.
        operator_only: unknown keys that are not misspelt, but set by an operator, each with a hint that says how.
        alike: keys of the root whose mappings have very many entries and few outlines. One entry of each outline
            is checked, and what is wrong with it is wrong with all of them.
    """
    groups = {key: _group_entries(document.root, key, outline) for key, outline in (alike or {}).items()}
    reduced = _reduce(document.root, groups)
    if conforms(reduced, schema_name):
        return []
    # jsonschema, which takes long to import.
    from reconcile.document.misfits import find_misfits

    misfits = find_misfits(
        reduced,
        schema_name,
        None,
        document=document,
        spread=lambda path: _spread(path, groups),
        operator_only=operator_only,
    )
    return _tell(misfits, document)


def find_faults_of_part(document: Document, node: Node, path: "Path", schema_name: str, definition: str) -> list[Fault]:
    """
    Return everything in which a value differs from a definition of a schema.

    Args:
        document: what the value stands in, or would if it were written out.
        node: the value.
        path: where it stands, from the root.
    """
    if conforms(node, schema_name, definition):
        return []
    from reconcile.document.misfits import find_misfits

    misfits = find_misfits(
        node,
        schema_name,
        definition,
        document=document,
        spread=lambda below: [(*path, *below)],
        operator_only=_NONE,
    )
    return _tell(misfits, document)


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


def _reduce(root: Node, groups: _Groups) -> Node:
    """Return the root with the first entry of each group alone."""
    if not isinstance(root, Table):
        return root
    reduced = Table(root)
    for key, names in groups.items():
        table = root.get(key)
        if isinstance(table, Table):
            reduced[key] = Table({name: table[name] for name in names})
    return reduced


def _spread(path: "Path", groups: _Groups) -> "Iterator[Path]":
    """Return the path in each entry that is like the one in which it was found."""
    match path:
        case (str(key), str(name), *rest) if name in groups.get(key, {}):
            for other in groups[key][name]:
                yield key, other, *rest
        case _:
            yield path


# --- Errors ----------------------------------------------------------------------------------------------------


def _tell(misfits: "Iterator[Misfit]", document: Document) -> list[Fault]:
    """Put errors in order, as many as anyone reads."""
    found = list(islice(misfits, _MOST + 1))
    told = sorted(_drop_consequences(found[:_MOST]), key=attrgetter("mark"))
    faults = list(_hide_secrets(told, document))
    if len(found) > _MOST:
        message = f"there are more than {_MOST} errors, and the others are not listed"
        diagnostic = Diagnostic(code=Code.TOO_LARGE, message=message)
        faults.append(Fault((), faults[-1].mark, diagnostic))
    return faults


def _drop_consequences(found: "list[Misfit]") -> "Iterator[Misfit]":
    """Leave out what else is wrong with a value that is not even of the right type."""
    mistyped = {each.mark for each in found if each.wording.code in _TYPE_ERRORS}
    return (each for each in found if each.wording.code in _TYPE_ERRORS or each.mark not in mistyped)


def _hide_secrets(found: "Iterable[Misfit]", document: Document) -> Iterator[Fault]:
    """Show no line with a value of a key for operators alone, whatever else is wrong there."""
    text = document.text
    found = list(found)
    secrets = [
        (text.find_source(each.mark).line, text.find_end(each.secret).line) for each in found if each.secret is not None
    ]
    for each in found:
        diagnostic = text.diagnose(each.mark, *each.wording)
        line = text.find_source(each.mark).line
        hidden = any(first <= line <= last for first, last in secrets)
        yield Fault(each.path, each.mark, replace(diagnostic, excerpt=None) if hidden else diagnostic)
