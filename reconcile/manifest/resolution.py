"""Finds the value of a string with references."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

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
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.references import EACH_KEY, Malformed, Reference, find_in_source, parse_references
from reconcile.manifest.variables import Variable

_GRAMMAR: Final = "a reference is ${var.NAME}, ${each.key} or ${each.value}; write $${ for a plain ${"


_OTHER_STYLES: Final = re.compile(
    r"\{? *(?:(?:env|inputs|local|secrets|vars?|variables)[.:])?(?P<name>[A-Za-z_][A-Za-z0-9_-]{0,63})(?::?[-=?+].*)? *"
)
"""`JOB_ID`, `JOB_ID:-none`, `env.JOB_ID`, `env:JOB_ID`, `{ secrets.JOB_ID`, `vars.JOB_ID`."""


class Entry(Struct, frozen=True):
    """
    The entry of `for_each` that a job is made for; it is pending until the jobs are made.

    `written` is the text of a value that is a number or a boolean, None if it is unknown.
    """

    key: str
    value: Node
    written: str | None = None


class _Found(Struct, frozen=True):
    """A reference and its value."""

    reference: Reference
    value: Node
    sensitive: bool
    written: str | None = None


class Resolver:
    """
    Finds the values of strings with references. A reference to nothing is an error, and its string stays pending.

    `used` holds the variables that were referred to, and `unknown` counts the strings whose value is unknown.
    """

    __slots__ = ("_diagnostics", "_document", "_refers", "_variables", "unknown", "used")

    def __init__(self, document: Document, variables: Mapping[str, Variable] | None, diagnostics: Diagnostics) -> None:
        self._document = document
        self._refers = variables is not None
        self._variables: Mapping[str, Variable] = variables or {}
        self._diagnostics = diagnostics
        self.used: set[str] = set()
        self.unknown = 0

    def resolve(self, content: str, mark: Mark, entry: Entry | None, *, concealable: bool) -> Node:
        """
        Return the value of the string at `mark`. If the whole string is one reference, it is the referred value.

        Args:
            content: the string.
            mark: the place of the string.
            entry: the value of `each`, None outside a `for_each`.
            concealable: whether a report can leave out the value.
        """
        string = _Interpolated(content, mark)
        parts: list[str | _Found] = []
        known = True
        for part in parse_references(content):
            found = part if isinstance(part, str) else self._find(part, string, entry, concealable=concealable)
            if found is None:
                known = False
            else:
                parts.append(found)
        if not known:
            self.unknown += 1
            return Pending(content)
        values = [part for part in parts if isinstance(part, _Found)]
        if any(isinstance(found.value, Pending) for found in values):
            return Pending(content if _comes_later(entry) else "".join(map(_show_part, parts)))
        sensitive = any(found.sensitive for found in values)
        if values and (values[0].written is not None or self._document.find_origin(mark) is None):
            name = " and ".join(dict.fromkeys(found.reference.path for found in values))
            self._document.set_origin(mark, Origin(name, sensitive, values[0].written))
        if len(parts) == len(values) == 1:
            node = self._document.graft(values[0].value, mark)
        else:
            node = self._join(parts, string)
            self._document.count_string(node, mark)
        return _conceal(node) if sensitive else node

    def _join(self, parts: Sequence[str | _Found], string: "_Interpolated") -> str:
        """
        Join the parts of a string, up to MAX_SCALAR.

        Only strings can be joined, because there is more than one way to write a number or null.
        """
        whole = ""
        for part in parts:
            if isinstance(part, str):
                whole += part
            elif isinstance(part.value, str):
                whole += part.value
            else:
                message = f"{part.reference.path} is not a string, so it cannot be part of one"
                hint = "make the reference the whole value, with nothing before or after it"
                if not isinstance(part.value, Table | Array):
                    hint = "quote the value where it is given"
                self._add(string, part.reference, Code.WRONG_TYPE, message, hint)
                self.unknown += 1
            if len(whole) > MAX_SCALAR:
                message = f"this string is longer than {MAX_SCALAR} characters"
                self._diagnostics.add(string.mark, Code.TOO_LARGE, message, "refer only to what is needed")
                self.unknown += 1
                return ""
        return whole

    def _find(
        self, part: Reference | Malformed, string: "_Interpolated", entry: Entry | None, *, concealable: bool
    ) -> _Found | None:
        """Return the value of a reference; if it refers to nothing, report that and return None."""
        if not self._refers:
            message = "the default of a variable cannot refer to other variables"
            self._add(string, part, Code.MALFORMED_REFERENCE, message, "write $${ for a plain ${")
            return None
        if isinstance(part, Malformed):
            self._add_malformed(string, part)
            return None
        if part.variable is not None:
            return self._find_variable(part, part.variable, string, concealable=concealable)
        if entry is None:
            message = f"{part.path} is known only inside a job with 'for_each'"
            self._add(
                string, part, Code.MALFORMED_REFERENCE, message, "add 'for_each' to this job, or refer to a variable"
            )
            return None
        if part.path == EACH_KEY:
            return _Found(part, entry.key, sensitive=False)
        return _Found(part, entry.value, sensitive=False, written=entry.written)

    def _find_variable(
        self, part: Reference, name: str, string: "_Interpolated", *, concealable: bool
    ) -> _Found | None:
        self.used.add(name)
        variable = self._variables.get(name)
        if variable is None:
            hint = self._diagnostics.suggest(name, self._variables) or f"declare it: variables: {{{name}: {{}}}}"
            self._add(string, part, Code.UNDEFINED_VARIABLE, f"there is no variable '{name}'", hint)
            return None
        if variable.sensitive and not concealable:
            self._add_shown(string, part, variable)
            return None
        if variable.value == "" and isinstance(variable.value, Pending):
            return None
        return _Found(part, variable.value, variable.sensitive, variable.written)

    def _add_shown(self, string: "_Interpolated", part: Reference, variable: Variable) -> None:
        message = f"{part.path} is sensitive, but this value is printed in reports"
        hint = "use it only in job_type, error_code, fail_reason or a glob"
        if variable.secret_in is not None:
            message = f"{part.path} is sensitive in {variable.secret_in}, but this value is printed in reports"
            hint = "if it is no secret, wrap the output in nonsensitive(...) and drop 'sensitive = true'"
        self._add(string, part, Code.SENSITIVE_SHOWN, message, hint)

    def _add_malformed(self, string: "_Interpolated", part: Malformed) -> None:
        if part.path is None:
            message, hint = "this reference has no closing '}'", "add the '}', or write $${ for a plain ${"
        else:
            message = f"'{part.path}' is not a valid reference"
            hint = self._suggest_reference(part.path) or _GRAMMAR
        self._add(string, part, Code.MALFORMED_REFERENCE, message, hint)

    def _suggest_reference(self, path: str) -> str | None:
        """Suggest a reference for one in the style of a shell, Terraform or a CI system; None without a guess."""
        if path.partition(".")[0] == "each":
            return "write ${each.value} or ${each.key}"
        found = _OTHER_STYLES.fullmatch(path)
        if found is None:
            return None
        name = found["name"]
        declare = "" if name in self._variables else f", and declare it: variables: {{{name}: {{}}}}"
        return f"write ${{var.{name}}}{declare}"

    def _add(self, string: "_Interpolated", part: Reference | Malformed, code: Code, message: str, hint: str) -> None:
        """Add an error at a reference, or at its string if escapes hide the place."""
        found = find_in_source(self._document.text.read(string.mark), string.content, part)
        start = (string.mark >> MARK_SHIFT) + found[0] if found else 0
        self._diagnostics.add(start << MARK_SHIFT | found[1] if found else string.mark, code, message, hint)


class _Interpolated(NamedTuple):
    """A string with references, and its place."""

    content: str
    mark: Mark


def _comes_later(entry: Entry | None) -> bool:
    """Return whether a string with references may be resolved again, for an entry of `for_each`."""
    return entry is None or (isinstance(entry.key, Pending) and entry.key == "")


def _show_part(part: str | _Found) -> str:
    """Return the text of a part of a pending string, so that equal strings have equal values."""
    if isinstance(part, str):
        return part
    return part.value if isinstance(part.value, str) else f"${{{part.reference.path}}}"


def _conceal(node: Node) -> Node:
    """Mark everything in a value as sensitive; null becomes "", which means the same and can be marked."""
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
