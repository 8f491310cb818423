"""
The variables that a manifest declares, and the values that an operator gives them.

Values come from the environment, files and the command line. They come from outside the manifest, so messages show
nothing of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import (
    Document,
    Node,
    Pending,
    Table,
    Text,
    find_hidden,
    list_names,
    name_character,
    parse_text,
    read_document,
    shorten,
    suggest,
)
from reconcile.errors import DocumentError, UsageError
from reconcile.manifest.diagnostics import MOST_REPORTED, MOST_SUGGESTED, Diagnostics
from reconcile.model import SENSITIVE, Assignment, Diagnostic, Given, JsonValue, VariableFile

_PREFIX: Final = "RECONCILE_VAR_"
_OUTPUT: Final = frozenset({"sensitive", "type", "value"})
"""The keys of each output of `terraform output -json`."""
_UNKNOWN: Final = Pending("")


# --- Given values ----------------------------------------------------------------------------------------------


class Value(Struct, frozen=True):
    """The value of a variable, and whether it comes from where it is kept secret."""

    node: Node
    sensitive: bool = False


class _Given(Struct, frozen=True):
    """A value as text, which is meant as it is or as YAML, and where it was given."""

    text: str
    place: str


class Values:
    """All values that were given. The last one for a name wins, and any of them over the environment."""

    __slots__ = ("_assigned", "_environ", "_given", "_in_files")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._given: dict[str, Value | _Given] = {}
        self._assigned: dict[str, None] = {}
        self._in_files: dict[str, str] = {}

    def assign(self, name: str, text: str) -> None:
        """Take a value from the command line."""
        self._given[name] = _Given(text, f"--var {shorten(name)}")
        self._assigned[name] = None

    def read_file(self, path: str, stdin: BinaryIO | None) -> None:
        """Take the values of a file; raise DocumentError if it holds none."""
        document = read_document(path, stdin=stdin)
        root = document.root
        if not isinstance(root, Table):
            message = "a file of variables is a mapping of names to values"
            hint = "write it like 'name: value', a line for each"
            raise document.text.error(document.find_mark((), at_key=False), Code.WRONG_TYPE, message, hint)
        outputs = {name: node for name, node in root.items() if isinstance(node, Table) and node.keys() == _OUTPUT}
        if root and len(outputs) == len(root):
            # Terraform prints all its outputs, and nobody needs all of them.
            self._given |= {
                name: Value(each["value"], each["sensitive"] is not False) for name, each in outputs.items()
            }
        else:
            self._given |= {name: Value(node) for name, node in root.items()}
            self._in_files |= dict.fromkeys(root, document.text.file)

    def find(self, name: str, *, is_string: bool) -> Value | None:
        """
        Return the value of a variable, None if there is none.

        Args:
            name: what the variable is called.
            is_string: whether a text is the value itself, not YAML for the value.

        Raises:
            DocumentError: the text cannot be read.
        """
        given = self._given.get(name)
        if given is None and _PREFIX + name in self._environ:
            given = _Given(self._environ[_PREFIX + name], _PREFIX + name)
        return _parse_given(given, is_string=is_string) if isinstance(given, _Given) else given

    def find_unknown(self, declared: Collection[str]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """
        Return errors and warnings about values for variables that no manifest declares.

        On the command line, such a name is a typing error. A file may be shared by several runs, so there it is a
        warning. The environment is shared by everyone, so there it is fine.
        """
        return list(_refuse_unknown(self._assigned, declared)), list(_warn_of_unknown(self._in_files, declared))


def read_values(given: Sequence[Given], environ: Mapping[str, str], stdin: BinaryIO | None) -> Values:
    """
    Return the values that an operator gives.

    Args:
        given: in the order of the command line.
        environ: the environment, of which only `RECONCILE_VAR_*` is read.
        stdin: what the file "-" stands for.

    Raises:
        DocumentError: a file cannot be read.
    """
    values = Values(environ)
    for each in given:
        match each:
            case Assignment(name=name, value=text):
                values.assign(name, text)
            case VariableFile(path=path):
                values.read_file(path, stdin)
    return values


def _parse_given(given: _Given, *, is_string: bool) -> Value:
    at = find_hidden(given.text)
    if at is not None:
        message = f"the value of {given.place} holds the hidden character {name_character(given.text[at])}"
        raise UsageError([Diagnostic(code=Code.ENCODING, message=message)])
    if is_string:
        return Value(given.text)
    try:
        return Value(parse_text(Text(given.place, given.text), is_json=False).root)
    except DocumentError as error:
        raise DocumentError([replace(diagnostic, excerpt=None) for diagnostic in error.diagnostics]) from error


def _refuse_unknown(names: Collection[str], declared: Collection[str]) -> Iterator[Diagnostic]:
    for name in names:
        if name not in declared:
            known = f"declared: {list_names(declared)}" if declared else "declare it under 'variables'"
            hint = suggest(name, declared) or known
            message = f"--var gives a value for '{shorten(name)}', and no manifest declares that variable"
            yield Diagnostic(code=Code.UNDEFINED_VARIABLE, message=message, hint=hint)


def _warn_of_unknown(in_files: Mapping[str, str], declared: Collection[str]) -> Iterator[Diagnostic]:
    unknown = [(name, file) for name, file in in_files.items() if name not in declared]
    for number, (name, file) in enumerate(unknown[:MOST_REPORTED]):
        hint = suggest(name, declared) if number < MOST_SUGGESTED else None
        message = f"{file} gives a value for '{shorten(name)}', and no manifest declares that variable"
        yield Diagnostic(code=Code.UNDEFINED_VARIABLE, message=message, hint=hint)


# --- Declared variables ---------------------------------------------------------------------------------------


class Variable(Struct, frozen=True):
    """A value that can be referred to by name; it is pending if no value is known."""

    value: Node
    sensitive: bool

    def show(self) -> JsonValue:
        """Return what a plan may keep of the value."""
        return SENSITIVE if self.sensitive else self.value


def read_variables(document: Document, values: Values) -> dict[str, Variable]:
    """
    Return the variables of a manifest by name, in the order of the file.

    The manifest need not be valid: what the schema refuses makes a variable that is pending.
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


def check_values(document: Document, variables: Mapping[str, Variable], diagnostics: Diagnostics) -> None:
    """Refuse each valid variable that has no value."""
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    for name, variable in variables.items():
        if isinstance(table, Table) and isinstance(variable.value, Pending) and diagnostics.is_valid("variables", name):
            message = f"the variable '{name}' has no value"
            hint = f"give it one by --var {name}=..., --var-file or RECONCILE_VAR_{name}, or give it a default"
            diagnostics.add(document.key_mark(table, name), Code.NO_VALUE, message, hint)


def warn_of_unused(document: Document, used: Collection[str], diagnostics: Diagnostics) -> None:
    """Warn of each variable that nothing refers to: a reference may be misspelt, or an assertion may be missing."""
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    if isinstance(table, Table):
        for name, _, mark in document.entries(table):
            if name not in used:
                hint = f"write ${{var.{name}}} where it is meant, or remove it"
                diagnostics.warn(mark, Code.UNUSED_VARIABLE, f"nothing refers to the variable '{name}'", hint)
