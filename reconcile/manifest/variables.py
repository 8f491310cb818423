"""The variables that a manifest declares, and the values they have."""

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Document, Node, Pending, Table
from reconcile.manifest.faults import Faults
from reconcile.manifest.values import Values
from reconcile.model import SENSITIVE, JsonValue

_UNKNOWN: Final = Pending("")


class Variable(Struct, frozen=True):
    """A value to be referred to by name; the value is pending where none is known."""

    value: Node
    sensitive: bool

    def show(self) -> JsonValue:
        """Return what a plan may keep of the value."""
        return SENSITIVE if self.sensitive else self.value


def read_variables(document: Document, values: Values) -> dict[str, Variable]:
    """
    Return the variables of a manifest by name, in the order of the file.

    The manifest need not be well-formed: what its schema refuses makes a variable that is pending.
    """
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    if not isinstance(table, Table):
        return {}
    return {name: _read_variable(name, node, values) for name, node in table.items()}


def _read_variable(name: str, node: Node, values: Values) -> Variable:
    if not isinstance(node, Table):
        return Variable(_UNKNOWN, sensitive=False)
    declared = node.get("sensitive") is not False if "sensitive" in node else False
    given = values.find(name, is_string="default" not in node or isinstance(node["default"], str | None))
    if given is not None:
        return Variable(given.node, sensitive=declared or given.sensitive)
    if "default" in node:
        return Variable(node["default"], sensitive=declared)
    return Variable(_UNKNOWN, sensitive=declared)


def check_values(document: Document, variables: Mapping[str, Variable], faults: Faults) -> None:
    """Refuse each variable that is well-formed and has no value."""
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    for name, variable in variables.items():
        if isinstance(table, Table) and isinstance(variable.value, Pending) and faults.trusts("variables", name):
            message = f"the variable '{name}' has no value"
            hint = f"give it one by --var {name}=..., --var-file or RECONCILE_VAR_{name}, or give it a default"
            faults.add(document.key_mark(table, name), Code.NO_VALUE, message, hint)


def warn_of_unused(document: Document, used: Collection[str], faults: Faults) -> None:
    """Warn of each variable that nothing refers to: a reference may be misspelt, or gone with its assertion."""
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    if isinstance(table, Table):
        for name, _, mark in document.entries(table):
            if name not in used:
                hint = f"write ${{var.{name}}} where it is meant, or remove it"
                faults.warn(mark, Code.UNUSED_VARIABLE, f"nothing refers to the variable '{name}'", hint)
