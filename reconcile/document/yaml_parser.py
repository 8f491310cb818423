"""
Parses YAML 1.2 into a document, from libyaml's events.

The parts of YAML that surprise people are refused: anchors, aliases, merge keys, tags, a second document, keys that
are not strings. PyYAML's composer and constructors are not used: they follow YAML 1.1, recurse without a limit, and
build objects.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final, Protocol, cast

from yaml import MarkedYAMLError, YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconcile.codes import Code
from reconcile.document.builder import TreeBuilder
from reconcile.document.text import MARK_SHIFT, Text, shorten
from reconcile.document.tree import MAX_TOKENS, Array, Document, Table
from reconcile.errors import DocumentError

_STARTS: Final[Mapping[type, type[Table | Array]]] = {MappingStartEvent: Table, SequenceStartEvent: Array}
_ENDS: Final[frozenset[type]] = frozenset({MappingEndEvent, SequenceEndEvent})
_PROPERTY: Final = r"[^\s\[\]{},]+"
"""An anchor or a tag, up to the next break."""
_DIRECTIVE: Final = "(?:\\A|[\n\r\x85\u2028\u2029])(%.*)"
_OF_THIS_VERSION: Final = r"%YAML[ \t]+1\.2[ \t]*(?:[ \t]#.*)?\r?"
_TOO_DEEP: Final = "exceeded maximum nesting depth"
"""The problem that libyaml 0.2.6 and later reports at a thousand levels, which may be before its first event."""
_HINTS: Final = {
    "found character that cannot start any token": "indent with spaces, not tabs; put a value with @, ` or % in quotes",
    "mapping values are not allowed in this context": "check the indentation; quote a value that contains ': '",
    "did not find expected key": "check the indentation and the quotes just above",
    "could not find expected ':'": "a key ends with ':' and a space",
    "did not find expected ',' or '}'": "close the braces, or separate entries with commas; quote commas in a value",
    "did not find expected ',' or ']'": "close the brackets, or separate entries with commas; quote commas in a value",
    "did not find expected node content": "write the value that is missing, in quotes if it begins with such a sign",
    "did not find expected '-' indicator": "an entry of a list begins with '- ', below those before it",
    "did not find expected comment or line break": "a text after | or > begins on the next line",
    "did not find expected alphabetic or numeric character": "quote a value that begins with & or *",
    "did not find expected whitespace or line break": "quote a value that begins with !",
    "did not find expected hexdecimal number": "write 2 digits after \\x, 4 after \\u, 8 after \\U",
    "did not find expected <document start>": "check the indentation: this belongs to nothing above",
    "block sequence entries are not allowed in this context": "begin a list on a line of its own, below its key",
    "mapping keys are not allowed in this context": "quote a value that begins with ?",
    "found a tab character that violates indentation": "indent with spaces, not tabs",
    "found unexpected ':'": "put a space after it, or quote a value that contains it",
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
"""The names of places in libyaml's messages, and ours."""


class _Mark(Protocol):
    index: int


class _Event(Protocol):
    """The attributes that are read of events; each kind of event has some of them."""

    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str


def parse_yaml(text: Text) -> Document:
    """Parse a YAML text; raise DocumentError at the first error."""
    _refuse_directives(text)
    tree = TreeBuilder(text)
    found = iter(cast("Callable[[], _Event | None]", CParser(text.content).get_event), None)
    try:
        _build(tree, islice(found, MAX_TOKENS), _Refusal(text))
        for event in found:
            raise tree.refuse_rest(event.start_mark.index)
    except YAMLError as error:
        if isinstance(error, MarkedYAMLError) and error.problem == _TOO_DEEP and error.problem_mark:
            raise tree.refuse_depth(error.problem_mark.index) from error
        raise _translate(error, text) from error
    return tree.finish()


def _build(tree: TreeBuilder, found: Iterable[_Event], refusal: "_Refusal") -> None:
    """Build a tree from events. Parsing a manifest spends almost all of its time here."""
    for event in found:
        kind: type = type(event)
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                raise refusal.of_property(event)
            start = event.start_mark.index
            tree.add(event.value, start << MARK_SHIFT | event.end_mark.index - start, plain=not event.style)
        elif kind in _STARTS:
            if event.anchor is not None or event.tag is not None:
                raise refusal.of_property(event)
            tree.open(_STARTS[kind](), event.start_mark.index)
        elif kind in _ENDS:
            tree.close(event.end_mark.index)
        else:
            refusal.check_other(event)


class _Refusal:
    """Refuses the parts of YAML that no file here may contain."""

    __slots__ = ("_begun", "_text")

    def __init__(self, text: Text) -> None:
        self._text = text
        self._begun = False

    def of_property(self, event: _Event) -> DocumentError:
        """Make the error for an anchor or a tag before a value; libyaml reports one place for both."""
        if event.anchor is not None:
            sign, kind, hint = "&", "the anchor", "write the value out where it is needed"
        else:
            sign, kind, hint = "!", "the tag", "remove it: quotes make a string, and no other type needs a tag"
        start = self._text.content.find(sign, event.start_mark.index)
        written = re.compile(_PROPERTY).match(self._text.content, start)
        width = len(written[0]) if written else 1
        message = f"{kind} '{shorten(self._text.content[start : start + width])}' is not allowed"
        return self._text.error(start << MARK_SHIFT | width, Code.YAML_FEATURE, message, hint)

    def check_other(self, event: _Event) -> None:
        """Refuse an alias or a second document; the other events begin and end every file."""
        kind: type = type(event)
        if kind is AliasEvent:
            raise self._make(event, f"the alias '*{shorten(event.anchor or '')}' is not allowed", "write the value out")
        if kind is DocumentStartEvent:
            if self._begun:
                raise self._make(event, "a second document is not allowed", "split the file: one document each")
            self._begun = True

    def _make(self, event: _Event, message: str, hint: str) -> DocumentError:
        start, end = event.start_mark.index, event.end_mark.index
        return self._text.error(start << MARK_SHIFT | end - start, Code.YAML_FEATURE, message, hint)


def _refuse_directives(text: Text) -> None:
    """
    Refuse each line that begins with `%`, except a first one that names version 1.2.

    libyaml compares each `%TAG` with all earlier ones: a hundred thousand take a quarter of a minute, during which no
    signal is handled. In a multi-line scalar, `%` does not begin a directive, but finding that out would take a second
    scanner.
    """
    if "%" not in text.content:
        return
    for number, found in enumerate(re.finditer(_DIRECTIVE, text.content)):
        if number or not re.fullmatch(_OF_THIS_VERSION, found[1]):
            hint = "remove the line, or indent it if it is a part of a text; YAML 1.2 is the default"
            mark = found.start(1) << MARK_SHIFT | len(found[1])
            raise text.error(mark, Code.YAML_FEATURE, "a line that begins with '%' is not allowed", hint)


def _translate(error: YAMLError, text: Text) -> DocumentError:
    """Explain where and why libyaml stopped."""
    problem, at, where = "this is not YAML", 0, ""
    if isinstance(error, MarkedYAMLError):
        problem = error.problem or problem
        mark = error.problem_mark or error.context_mark
        at = min(mark.index, len(text.content)) if mark else 0
        if error.context in _PLACES and error.context_mark:
            where = f" {_PLACES[error.context]} from line {error.context_mark.line + 1} on"
    return text.error(at << MARK_SHIFT | 1, Code.SYNTAX, problem + where, _HINTS.get(problem))
