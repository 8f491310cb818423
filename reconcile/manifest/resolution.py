"""A string with references, and the value that it stands for."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import (
    MARK_SHIFT,
    MAX_SCALAR,
    Array,
    Document,
    Mark,
    Node,
    Origin,
    Pending,
    Sensitive,
    Table,
)
from reconcile.manifest.faults import Faults
from reconcile.manifest.references import Malformed, Reference, find_in_source, parse_references
from reconcile.manifest.variables import Variable

_GRAMMAR: Final = "a reference is ${var.NAME}, ${each.key} or ${each.value}; write $${ for a plain ${"


class Entry(Struct, frozen=True):
    """The entry of `for_each` that a job is made for; what is pending of it is known when the jobs are made."""

    key: str
    value: Node

    def find(self, reference: Reference) -> Node:
        """Return what a reference to an entry stands for."""
        return self.key if reference.path == "each.key" else self.value


class _Found(Struct, frozen=True):
    """What a reference stands for, and the mark of the reference."""

    path: str
    mark: Mark
    value: Node
    sensitive: bool


class Resolver:
    """
    Finds what strings stand for. A reference that leads nowhere is told, and its string stays pending.

    `used` holds the variables that were referred to, and `unknown` counts the strings that nothing is known of.
    """

    __slots__ = ("_document", "_faults", "_refers", "_variables", "unknown", "used")

    def __init__(self, document: Document, variables: Mapping[str, Variable] | None, faults: Faults) -> None:
        self._document = document
        self._refers = variables is not None
        self._variables: Mapping[str, Variable] = variables or {}
        self._faults = faults
        self.used: set[str] = set()
        self.unknown = 0

    def resolve(self, content: str, mark: Mark, entry: Entry | None, *, concealable: bool) -> Node:
        """
        Return what the string at `mark` stands for: the very value of a reference that is all of it, or a string.

        Args:
            content: the string.
            mark: where it stands.
            entry: what `each` stands for, None where it stands for nothing.
            concealable: whether a report can leave out what stands here.
        """
        parts: list[str | _Found] = []
        known = True
        for part in parse_references(content):
            found = part if isinstance(part, str) else self._find(part, self._locate(content, mark, part), entry)
            if found is None or (isinstance(found, _Found) and not self._may_stand(found, concealable=concealable)):
                known = False
            else:
                parts.append(found)
        if not known:
            self.unknown += 1
            return Pending(content)
        values = [part for part in parts if isinstance(part, _Found)]
        if any(isinstance(found.value, Pending) for found in values):
            return Pending(content)
        sensitive = any(found.sensitive for found in values)
        if values:
            name = " and ".join(dict.fromkeys(found.path for found in values))
            self._document.set_origin(mark, Origin(name, sensitive))
        if len(parts) == len(values) == 1:
            node = self._document.graft(values[0].value, mark)
        else:
            node = self._join(parts, mark)
            self._document.count_text(node, mark)
        return _conceal(node) if sensitive else node

    def _join(self, parts: Sequence[str | _Found], mark: Mark) -> str:
        """
        Put strings together to one that a file could hold.

        What else is in between is told, for a number or null has no one way to be written.
        """
        whole = ""
        for part in parts:
            if isinstance(part, str):
                whole += part
            elif isinstance(part.value, str):
                whole += part.value
            else:
                message = f"{part.path} is no string, and only strings can be parts of one"
                hint = "write the reference alone in its string, where it stands for all of the value"
                if not isinstance(part.value, Table | Array):
                    hint = "quote the value where it is given"
                self._faults.add(part.mark, Code.WRONG_TYPE, message, hint)
                self.unknown += 1
            if len(whole) > MAX_SCALAR:
                message = f"this string is longer than {MAX_SCALAR} characters"
                self._faults.add(mark, Code.TOO_LARGE, message, "refer to what is needed alone")
                self.unknown += 1
                return ""
        return whole

    def _may_stand(self, found: _Found, *, concealable: bool) -> bool:
        if found.sensitive and not concealable:
            message = f"{found.path} is sensitive, and what stands here is printed"
            hint = "it may stand where job_type, error_code, fail_reason or a glob is expected"
            self._faults.add(found.mark, Code.SENSITIVE_SHOWN, message, hint)
            return False
        return True

    def _find(self, part: Reference | Malformed, mark: Mark, entry: Entry | None) -> _Found | None:
        if not self._refers:
            message = "the default of a variable is a value, and cannot refer to others"
            self._faults.add(mark, Code.MALFORMED_REFERENCE, message, "write $${ for a plain ${")
            return None
        if isinstance(part, Malformed):
            self._add_malformed(part, mark)
            return None
        if part.variable is not None:
            return self._find_variable(part.path, part.variable, mark)
        if entry is None:
            message = f"{part.path} means nothing here: it stands for an entry of a job's own for_each"
            self._faults.add(mark, Code.MALFORMED_REFERENCE, message, "use it in a job that has 'for_each'")
            return None
        return _Found(part.path, mark, entry.find(part), sensitive=False)

    def _find_variable(self, path: str, name: str, mark: Mark) -> _Found | None:
        self.used.add(name)
        variable = self._variables.get(name)
        if variable is None:
            hint = self._faults.suggest(name, self._variables) or f"declare it: variables: {{{name}: {{}}}}"
            self._faults.add(mark, Code.UNDEFINED_VARIABLE, f"there is no variable '{name}'", hint)
            return None
        if isinstance(variable.value, Pending):
            return None
        return _Found(path, mark, variable.value, variable.sensitive)

    def _add_malformed(self, part: Malformed, mark: Mark) -> None:
        if part.path is None:
            message, hint = "this reference never ends", "close it with '}', or write $${ for a plain ${"
        else:
            message = f"'{part.path}' is nothing that can be referred to"
            name = part.path.removeprefix("var.")
            hint = f"did you mean 'var.{name}'?" if name in self._variables else _GRAMMAR
        self._faults.add(mark, Code.MALFORMED_REFERENCE, message, hint)

    def _locate(self, content: str, mark: Mark, part: Reference | Malformed) -> Mark:
        """Return the mark of a reference in the string at `mark`; that of the string if it is hidden by escapes."""
        found = find_in_source(self._document.text.read(mark), content, part)
        return ((mark >> MARK_SHIFT) + found[0]) << MARK_SHIFT | found[1] if found else mark


def _conceal(node: Node) -> Node:
    """Mark all that a value says as sensitive; null is what "" is, and can be marked as that."""
    match node:
        case None:
            return Sensitive("")
        case str():
            return Sensitive(node)
        case Array():
            concealed = Array([_conceal(each) for each in node])
            concealed.first = node.first
            return concealed
        case Table():
            table = Table({key: _conceal(value) for key, value in node.items()})
            table.first = node.first
            return table
        case _:
            return node
