"""
YAML 1.2 to a document, from libyaml's events.

The part of YAML that surprises is refused: anchors, aliases, merge keys, tags, a second document, keys that are not
strings. The composer and constructors of PyYAML are never reached: they follow YAML 1.1, call themselves without
bound, and build objects.
"""

import re
from collections.abc import Callable
from itertools import islice
from typing import Final, NoReturn, Protocol, cast

from reconcile.codes import Code
from reconcile.document.builder import TreeBuilder
from reconcile.document.lean_yaml import CParser, MarkedYAMLError, YAMLError, events
from reconcile.document.text import MARK_SHIFT, Text, shorten
from reconcile.document.tree import MAX_TOKENS, Array, Document, Table
from reconcile.errors import DocumentError

_MERGE: Final = "<<"
_PROPERTY: Final = r"[^\s\[\]{},]+"
"""An anchor or a tag, as far as it is written without a break."""
_SCALAR: Final[type] = events.ScalarEvent
_DIRECTIVE: Final = "(?:\\A|[\n\r\x85\u2028\u2029])(%.*)"
_OF_THIS_VERSION: Final = r"%YAML[ \t]+1\.2[ \t]*(?:[ \t]#.*)?\r?"
_TOO_DEEP: Final = "exceeded maximum nesting depth"
"""What libyaml says from 0.2.6 on of a thousand levels, if it reads so far ahead before its first event."""
_HINTS: Final = {
    "found character that cannot start any token": "indent with spaces, not tabs; quote what begins with @, ` or %",
    "mapping values are not allowed in this context": "check the indentation; quote a value that holds ': '",
    "did not find expected key": "check the indentation and the quotes just above",
    "could not find expected ':'": "a key ends with ':' and a space",
    "did not find expected ',' or '}'": "close the braces, or part entries by commas; quote a value that holds one",
    "did not find expected ',' or ']'": "close the brackets, or part entries by commas; quote a value that holds one",
    "did not find expected node content": "write the value that is missing, in quotes if it begins with such a sign",
    "did not find expected '-' indicator": "an entry of a list begins with '- ', below those before it",
    "did not find expected comment or line break": "a text after | or > begins on the next line",
    "did not find expected alphabetic or numeric character": "quote a value that begins with & or *",
    "did not find expected whitespace or line break": "quote a value that begins with !",
    "did not find expected hexdecimal number": "write 2 digits behind \\x, 4 behind \\u, 8 behind \\U",
    "did not find expected <document start>": "check the indentation: this belongs to nothing above",
    "block sequence entries are not allowed in this context": "begin a list on a line of its own, below its key",
    "mapping keys are not allowed in this context": "quote a value that begins with ?",
    "found a tab character that violates indentation": "indent with spaces, not tabs",
    "found unexpected ':'": "put a space behind it, or quote a value that holds it",
    "found unexpected document indicator": "close the quotes before this line",
    "found unexpected end of stream": "close the quotes",
    "found unknown escape character": "write \\\\ for a backslash, or put the text in single quotes",
}
_PLACES: Final = {
    "while parsing a block collection": "in the list",
    "while parsing a block mapping": "in the mapping",
    "while parsing a flow mapping": "in the braces",
    "while parsing a flow sequence": "in the brackets",
    "while parsing a quoted scalar": "in the quotes",
    "while scanning a block scalar": "in the text",
    "while scanning a plain scalar": "in the text",
    "while scanning a quoted scalar": "in the quotes",
    "while scanning a simple key": "in the key",
}
"""What libyaml says of where it was, and what those call it who do not write parsers."""


class _Mark(Protocol):
    index: int


class _Event(Protocol):
    """What is read of an event; each kind has those attributes that make sense for it."""

    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str


def parse_yaml(text: Text) -> Document:
    """Return what a YAML text says; raise DocumentError at the first place where it says nothing or too much."""
    _refuse_directives(text)
    tree = TreeBuilder(text)
    reader = _Reader(text, tree)
    add_plain, add_quoted = tree.add_plain, tree.add_quoted
    found = iter(cast("Callable[[], _Event | None]", CParser(text.content).get_event), None)
    try:
        for event in islice(found, MAX_TOKENS):
            if type(event) is not _SCALAR:
                reader.read_structure(event)
            elif event.anchor is None and event.tag is None and event.value != _MERGE:
                add = add_quoted if event.style else add_plain
                add(event.value, event.start_mark.index, event.end_mark.index)
            else:
                reader.read_odd_scalar(event)
        for event in found:
            raise tree.refuse_rest(event.start_mark.index)
    except YAMLError as error:
        if isinstance(error, MarkedYAMLError) and error.problem == _TOO_DEEP and error.problem_mark:
            raise tree.refuse_depth(error.problem_mark.index) from error
        raise _translate(error, text) from error
    return tree.finish()


class _Reader:
    """Feeds a tree with all that is not a common scalar, and refuses what has no place in one."""

    __slots__ = ("_begun", "_readers", "_text", "_tree")

    def __init__(self, text: Text, tree: TreeBuilder) -> None:
        self._text = text
        self._tree = tree
        self._begun = False
        self._readers: dict[type, Callable[[_Event], None]] = {
            events.DocumentStartEvent: self._begin_document,
            events.MappingStartEvent: self._open_table,
            events.SequenceStartEvent: self._open_array,
            events.MappingEndEvent: self._close,
            events.SequenceEndEvent: self._close,
            events.AliasEvent: self._refuse_alias,
        }

    def read_structure(self, event: _Event) -> None:
        read = self._readers.get(type(event))
        if read:
            read(event)

    def read_odd_scalar(self, event: _Event) -> None:
        self._refuse_properties(event)
        if self._tree.wants_key and not event.style:
            self._refuse(event, "the merge key '<<'", "write the entries out, or make them defaults")
        self._tree.add_quoted(event.value, event.start_mark.index, event.end_mark.index)

    def _open_table(self, event: _Event) -> None:
        self._open(event, Table())

    def _open_array(self, event: _Event) -> None:
        self._open(event, Array())

    def _open(self, event: _Event, container: Table | Array) -> None:
        self._refuse_properties(event)
        if self._tree.wants_key:
            self._refuse(event, "a key that is a mapping or a list", "a key is a string")
        self._tree.open(container, event.start_mark.index)

    def _close(self, event: _Event) -> None:
        self._tree.close(event.end_mark.index)

    def _begin_document(self, event: _Event) -> None:
        if self._begun:
            self._refuse(event, "a second document", "split the file: one document each")
        self._begun = True

    def _refuse_properties(self, event: _Event) -> None:
        if event.anchor is not None:
            self._refuse_property(event, "the anchor", "&", "write the value out where it is needed")
        if event.tag is not None:
            hint = "remove it: quotes make a string, and no other type needs a tag"
            self._refuse_property(event, "the tag", "!", hint)

    def _refuse_property(self, event: _Event, kind: str, sign: str, hint: str) -> NoReturn:
        """Refuse what stands before a value, which libyaml tells the place of together with the value."""
        start = self._text.content.find(sign, event.start_mark.index)
        written = re.compile(_PROPERTY).match(self._text.content, start)
        width = len(written[0]) if written else 1
        what = f"{kind} '{shorten(self._text.content[start : start + width])}'"
        raise self._text.error(start << MARK_SHIFT | width, Code.YAML_FEATURE, f"{what} is not allowed", hint)

    def _refuse_alias(self, event: _Event) -> None:
        self._refuse(event, f"the alias '*{shorten(event.anchor or '')}'", "write the value out")

    def _refuse(self, event: _Event, what: str, hint: str) -> NoReturn:
        start, end = event.start_mark.index, event.end_mark.index
        raise self._text.error(start << MARK_SHIFT | end - start, Code.YAML_FEATURE, f"{what} is not allowed", hint)


def _refuse_directives(text: Text) -> None:
    """
    Refuse each line that begins with `%`, less a first one that names version 1.2.

    libyaml compares each `%TAG` with all before it: a hundred thousand take a quarter of a minute, in which no signal
    is heard. In a scalar of several lines `%` begins no directive; telling that apart is not worth a second scanner.
    """
    if "%" not in text.content:
        return
    for number, found in enumerate(re.finditer(_DIRECTIVE, text.content)):
        if number or not re.fullmatch(_OF_THIS_VERSION, found[1]):
            hint = "remove the line, or indent it if it is a part of a text; the version is 1.2 unsaid"
            mark = found.start(1) << MARK_SHIFT | len(found[1])
            raise text.error(mark, Code.YAML_FEATURE, "a line that begins with '%' is not allowed", hint)


def _translate(error: YAMLError, text: Text) -> DocumentError:
    """Say in our words where and why libyaml stopped."""
    problem, at, where = "this is not YAML", 0, ""
    if isinstance(error, MarkedYAMLError):
        problem = error.problem or problem
        mark = error.problem_mark or error.context_mark
        at = min(mark.index, len(text.content)) if mark else 0
        if error.context in _PLACES and error.context_mark:
            where = f" {_PLACES[error.context]} from line {error.context_mark.line + 1} on"
    return text.error(at << MARK_SHIFT | 1, Code.SYNTAX, problem + where, _HINTS.get(problem))
