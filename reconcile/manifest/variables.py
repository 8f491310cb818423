"""
The variables that a manifest declares, and the values that an operator gives them.

Values come from the environment, files and the command line. Messages do not show them, because they come from outside
the manifest.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import (
    Array,
    Document,
    Node,
    Pending,
    Table,
    Text,
    as_table,
    find_hidden,
    is_close,
    list_names,
    name_character,
    parse_text,
    read_document,
    shorten,
    suggest,
)
from reconcile.errors import DocumentError, UsageError
from reconcile.manifest.diagnostics import MOST_SUGGESTED, Diagnostics
from reconcile.manifest.references import Reference, parse_references
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Assignment, Given, VariableFile
from reconcile.model.value import SENSITIVE, JsonValue

_PREFIX: Final = "RECONCILE_VAR_"
_OUTPUT: Final = frozenset({"sensitive", "type", "value"})
"""The keys of each output of `terraform output -json`."""
_UNKNOWN: Final = Pending("")
_MOST_COMPARED: Final = 100_000
"""The most pairs of names that are compared to find typing errors; more would take longer than all other reading."""


class _Type(Struct, frozen=True):
    """A type of variables: the name of its values, and an example in the syntax of the command line."""

    name: str
    example: str


_TYPES: Final[Mapping[str, _Type]] = MappingProxyType(
    {
        "string": _Type("a string", '"26f6b565"'),
        "number": _Type("a number", "3"),
        "bool": _Type("true or false", "true"),
        "list": _Type("a list", '["a", "b"]'),
        "map": _Type("a mapping", '{"north": "26f6b565"}'),
    }
)


# --- Given values ----------------------------------------------------------------------------------------------


class Value(Struct, frozen=True):
    """
    The value of a variable, and the option, environment variable or file that gives it.

    `secret` is whether the file marks it as sensitive. `written` is the text of a number or a boolean, None for other
    values.
    """

    node: Node
    place: str
    secret: bool = False
    written: str | None = None


class _Given(Struct, frozen=True):
    """A value as text, either literal or YAML, and where it was given."""

    text: str
    place: str


class Values:
    """All given values. The last one for a name wins, and all of them override the environment."""

    __slots__ = ("_assigned", "_environ", "_given", "_in_files")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._given: dict[str, Value | _Given] = {}
        self._assigned: dict[str, None] = {}
        self._in_files: dict[str, str] = {}

    def assign(self, name: str, text: str) -> None:
        """Add a value from the command line."""
        self._given[name] = _Given(text, f"--var {shorten(name)}")
        self._assigned[name] = None

    def read_file(self, path: str, stdin: BinaryIO | None) -> None:
        """Add the values of a file; raise DocumentError if it cannot be read or is not a mapping."""
        document = read_document(path, stdin=stdin)
        root, file = document.root, document.text.file
        if not isinstance(root, Table):
            message = "a file of variables is a mapping of names to values"
            hint = "write it like 'name: value', a line for each"
            raise document.text.error(document.find_mark((), at_key=False), Code.WRONG_TYPE, message, hint)
        outputs = {name: node for name, node in root.items() if isinstance(node, Table) and node.keys() == _OUTPUT}
        if root and len(outputs) == len(root):
            for name, output in outputs.items():
                secret = output["sensitive"] is not False
                self._given[name] = Value(output["value"], file, secret, _read_written(document, output, "value"))
        else:
            self._given |= {name: Value(root[name], file, written=_read_written(document, root, name)) for name in root}
        self._in_files |= dict.fromkeys(root, file)

    def find(self, name: str, *, is_string: bool) -> Value | None:
        """
        Return the value of a variable, None if there is none.

        Args:
            name: the name of the variable.
            is_string: whether a text is the value itself, not YAML.

        Raises:
            DocumentError: the text is not valid YAML.
        """
        given = self._given.get(name)
        if given is None and _PREFIX + name in self._environ:
            given = _Given(self._environ[_PREFIX + name], _PREFIX + name)
        return _parse_given(given, is_string=is_string) if isinstance(given, _Given) else given

    def refuse_unknown(self, declared: Collection[str]) -> list[Diagnostic]:
        """
        Return an error for each value of an undeclared variable, if its name looks like a typing error.

        On the command line, it always does. Several runs may share files and the environment, so there a name must be
        close to that of a variable without a value.
        """
        errors = list(_refuse_assigned(self._assigned, declared))
        without = [name for name in declared if name not in self._given and _PREFIX + name not in self._environ]
        given = {name: f"{file} gives a value for '{shorten(name)}'" for name, file in self._in_files.items()}
        in_environment = (name for name in self._environ if name.startswith(_PREFIX))
        given |= {name.removeprefix(_PREFIX): f"the environment has {shorten(name)}" for name in in_environment}
        unknown = [name for name in given if name not in declared]
        for name in unknown[: _MOST_COMPARED // max(1, len(without))]:
            meant = next((each for each in without if is_close(name, each)), None)
            if meant is not None:
                message = f"{given[name]}, and no manifest declares that variable"
                hint = f"did you mean '{meant}', which has no value?"
                errors.append(Diagnostic(code=Code.UNDEFINED_VARIABLE, message=message, hint=hint))
        return errors

    def count_unused(self, declared: Collection[str]) -> dict[str, int]:
        """Count the values of undeclared variables by file."""
        files = [file for name, file in self._in_files.items() if name not in declared]
        return {file: files.count(file) for file in dict.fromkeys(files)}


def _read_written(document: Document, table: Table, key: str) -> str | None:
    """Return the text of the number or boolean under a key, None for any other value."""
    return document.text.read(document.value_mark(table, key)) if isinstance(table[key], bool | int | float) else None


def read_values(given: Sequence[Given], environ: Mapping[str, str], stdin: BinaryIO | None) -> Values:
    """
    Return the values that an operator gives.

    Args:
        given: in the order of the command line.
        environ: the environment; only `RECONCILE_VAR_*` is read.
        stdin: the input for the file "-".

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
        message = f"the value of {given.place} contains the hidden character {name_character(given.text[at])}"
        raise UsageError([Diagnostic(code=Code.ENCODING, message=message)])
    if is_string:
        return Value(given.text, given.place)
    try:
        node = parse_text(Text(given.place, given.text), is_json=False).root
    except DocumentError as error:
        raise DocumentError([replace(diagnostic, excerpt=None) for diagnostic in error.diagnostics]) from error
    written = given.text.strip() if isinstance(node, bool | int | float) else None
    return Value(node, given.place, written=written)


def _refuse_assigned(names: Collection[str], declared: Collection[str]) -> Iterator[Diagnostic]:
    for number, name in enumerate(name for name in names if name not in declared):
        known = f"declared: {list_names(declared)}" if declared else "declare it under 'variables'"
        hint = (suggest(name, declared) if number < MOST_SUGGESTED else None) or known
        message = f"--var gives a value for '{shorten(name)}', and no manifest declares that variable"
        yield Diagnostic(code=Code.UNDEFINED_VARIABLE, message=message, hint=hint)


# --- Declared variables ---------------------------------------------------------------------------------------


class Variable(Struct, frozen=True):
    """
    A value that can be referred to by name.

    The value is pending if there is none: a reference to the variable if the value may be given later, and empty if
    there is an error. `problem` is the error of a given value and its hint, None if there is none.
    """

    value: Node
    sensitive: bool
    secret_in: str | None = None
    written: str | None = None
    problem: tuple[str, str] | None = None

    @property
    def is_unset(self) -> bool:
        """Whether a value may still be given."""
        return isinstance(self.value, Pending) and self.value != ""

    def show(self) -> JsonValue:
        """Return the value as a plan may show it."""
        return SENSITIVE if self.sensitive else self.value


def read_variables(document: Document, values: Values, *, may_be_unset: bool) -> dict[str, Variable]:
    """
    Return the variables of a manifest by name, in the order of the file.

    The manifest need not be valid: a variable that the schema refuses is pending.

    Args:
        document: the manifest.
        values: the given values.
        may_be_unset: whether variables may get their values later.
    """
    table = _find_table(document)
    repeated = _find_repeated(document.root) if table else frozenset()
    reader = _Reader(document, values, repeated, may_be_unset=may_be_unset)
    return {name: reader.read(name, node) for name, node in (table or {}).items()}


class _Reader:
    """Reads variables; `repeated` are those that are the whole `for_each` of a job."""

    __slots__ = ("_document", "_may_be_unset", "_repeated", "_values")

    def __init__(self, document: Document, values: Values, repeated: Collection[str], *, may_be_unset: bool) -> None:
        self._document = document
        self._values = values
        self._repeated = repeated
        self._may_be_unset = may_be_unset

    def read(self, name: str, node: Node) -> Variable:
        if not isinstance(node, Table):
            return Variable(_UNKNOWN, sensitive=False)
        sensitive = node.get("sensitive") is not False if "sensitive" in node else False
        given = self._values.find(name, is_string=self._is_string(name, node))
        if given is None:
            return self._read_default(name, node, sensitive=sensitive)
        problem = _find_mismatch(node.get("type"), given.node)
        if problem:
            due, hint = problem
            return Variable(_UNKNOWN, sensitive, problem=(f"{given.place} gives this variable {due}", hint))
        secret_in = given.place if given.secret and not sensitive else None
        return Variable(given.node, sensitive or given.secret, secret_in, given.written)

    def _read_default(self, name: str, node: Table, *, sensitive: bool) -> Variable:
        if "default" not in node:
            return Variable(Pending(f"${{var.{name}}}") if self._may_be_unset else _UNKNOWN, sensitive)
        problem = _find_mismatch(node.get("type"), node["default"])
        if problem:
            due, hint = problem
            return Variable(_UNKNOWN, sensitive, problem=(f"the default is {due}", hint))
        return Variable(node["default"], sensitive, written=_read_written(self._document, node, "default"))

    def _is_string(self, name: str, node: Table) -> bool:
        """Return whether a text is the value itself, not YAML: for_each needs a list or a mapping."""
        if "type" in node:
            return node["type"] == "string"
        return name not in self._repeated and ("default" not in node or isinstance(node["default"], str | None))


def _find_mismatch(type_name: Node, node: Node) -> tuple[str, str] | None:
    """Return the type of a value and the expected type, with a hint; None if they match."""
    if not isinstance(type_name, str) or type_name not in _TYPES:
        return None
    found = _name_type(node)
    if found == type_name or (type_name == "string" and node is None):
        return None
    given = _TYPES[found].name if found else "null"
    return f"{given}, where {_TYPES[type_name].name} is expected", f"write it like {_TYPES[type_name].example}"


def _name_type(node: Node) -> str | None:
    match node:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case Array():
            return "list"
        case Table():
            return "map"
        case _:
            return None


def _find_repeated(root: Node) -> frozenset[str]:
    """Return the variables that are the whole `for_each` of a job."""
    jobs = root.get("jobs") if isinstance(root, Table) else None
    each = (job.get("for_each") for job in jobs.values() if isinstance(job, Table)) if isinstance(jobs, Table) else ()
    parts = (parse_references(node) for node in each if isinstance(node, str))
    whole = (only[0] for only in parts if len(only) == 1)
    return frozenset(part.variable for part in whole if isinstance(part, Reference) and part.variable is not None)


def _find_table(document: Document) -> Table | None:
    root = document.root
    table = root.get("variables") if isinstance(root, Table) else None
    return table if isinstance(table, Table) else None


def check_values(document: Document, variables: Mapping[str, Variable], diagnostics: Diagnostics) -> None:
    """Refuse each valid variable that has no value, or a value of the wrong type."""
    table = _find_table(document)
    for name, variable in variables.items():
        if table is None or variable.value != _UNKNOWN or not isinstance(variable.value, Pending):
            continue
        if not diagnostics.is_valid("variables", name):
            continue
        if variable.problem:
            node = as_table(table[name])
            mark = document.value_mark(node, "type")
            diagnostics.add(mark, Code.WRONG_TYPE, *variable.problem)
        else:
            message = f"the variable '{name}' has no value"
            hint = f"set it with --var {name}=..., --var-file or RECONCILE_VAR_{name}, or give it a default"
            diagnostics.add(document.key_mark(table, name), Code.NO_VALUE, message, hint)


def warn_of_unused(document: Document, used: Collection[str], diagnostics: Diagnostics) -> None:
    """Warn of each unused variable: a reference may be misspelt, or an assertion may be missing."""
    table = _find_table(document)
    if table is not None:
        for name, _, mark in document.entries(table):
            if name not in used:
                hint = f"use it as ${{var.{name}}}, or remove it"
                diagnostics.warn(mark, Code.UNUSED_VARIABLE, f"nothing refers to the variable '{name}'", hint)
