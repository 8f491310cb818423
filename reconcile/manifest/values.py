"""
The values that an operator gives for variables: in the environment, in files, on the command line.

They come from outside the manifest, and a message shows nothing of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import (
    Node,
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
from reconcile.manifest.faults import MOST_SUGGESTED, MOST_TOLD
from reconcile.model import Assignment, Diagnostic, Given, VariableFile

_PREFIX: Final = "RECONCILE_VAR_"
_OUTPUT: Final = frozenset({"sensitive", "type", "value"})
"""What `terraform output -json` says of each output."""


class Value(Struct, frozen=True):
    """The value of a variable, and whether it comes from where it is kept secret."""

    node: Node
    sensitive: bool = False


class _Words(Struct, frozen=True):
    """A value as a text that may be meant as it is or as YAML, and where it was given."""

    text: str
    place: str


class Values:
    """All values that were given. Of several for one name the last counts, and one in the environment least."""

    __slots__ = ("_assigned", "_environ", "_given", "_in_files")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._given: dict[str, Value | _Words] = {}
        self._assigned: dict[str, None] = {}
        self._in_files: dict[str, str] = {}

    def assign(self, name: str, text: str) -> None:
        """Take a value from the command line."""
        self._given[name] = _Words(text, f"--var {shorten(name)}")
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
            # Terraform tells all its outputs, and nobody needs all of them.
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
            is_string: whether a text is the value, and not YAML that says what the value is.

        Raises:
            DocumentError: the text cannot be read.
        """
        given = self._given.get(name)
        if given is None and _PREFIX + name in self._environ:
            given = _Words(self._environ[_PREFIX + name], _PREFIX + name)
        return _read_words(given, is_string=is_string) if isinstance(given, _Words) else given

    def find_unknown(self, declared: Collection[str]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """
        Return what is wrong with the names of values, and what is only strange.

        On the command line, a value for a variable that no manifest declares is misspelt. A file may be shared by
        several runs, and the environment by everyone.
        """
        return list(_refuse_unknown(self._assigned, declared)), list(_warn_of_unknown(self._in_files, declared))


def read_values(given: Sequence[Given], environ: Mapping[str, str], stdin: BinaryIO | None) -> Values:
    """
    Return the values that an operator gives.

    Args:
        given: in the order of the command line.
        environ: the environment, of which only `RECONCILE_VAR_*` is looked at.
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


def _read_words(words: _Words, *, is_string: bool) -> Value:
    at = find_hidden(words.text)
    if at is not None:
        message = f"the value of {words.place} holds the hidden character {name_character(words.text[at])}"
        raise UsageError([Diagnostic(code=Code.ENCODING, message=message)])
    if is_string:
        return Value(words.text)
    try:
        return Value(parse_text(Text(words.place, words.text), is_json=False).root)
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
    for number, (name, file) in enumerate(unknown[:MOST_TOLD]):
        hint = suggest(name, declared) if number < MOST_SUGGESTED else None
        message = f"{file} gives a value for '{shorten(name)}', and no manifest declares that variable"
        yield Diagnostic(code=Code.UNDEFINED_VARIABLE, message=message, hint=hint)
