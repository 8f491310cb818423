"""
Replaces and adds values in the text of a document, and leaves the rest of the text unchanged.

    Document + Edits -> Edited: the new text, and the difference

The positions in the tree are the places of the edits. The result is checked: the new text is parsed, and must have the
old values with exactly the edited ones replaced.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any, Final

from msgspec import Struct

from reconcile.document.json_parser import parse_json
from reconcile.document.text import LENGTH, MARK_SHIFT, Mark, Text
from reconcile.document.tree import Array, Document, Node, Table
from reconcile.document.writing import write_block, write_flow
from reconcile.document.yaml_parser import parse_yaml
from reconcile.errors import DocumentError
from reconcile.model.value import JsonValue

_BEFORE_BLOCK_KEY: Final = re.compile(r" *(?:- +)*")
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:#.*)?")
_REST_OF_ENTRY: Final = re.compile(r"(?P<blank>[ \t]*)(?P<comma>,?)(?P<comment>[ \t]*#.*)?[ \t\r]*$", re.MULTILINE)
_CONTEXT: Final = 3
_HUNK: Final = re.compile(r"@@ -([0-9]+)(\S*) \+([0-9]+)(\S*) @@")
_LAYOUT: Final = "the layout here is not one that can be edited"
_BY_HAND: Final = "edit it by hand"


class Edit(Struct, frozen=True):
    """A new value for a path, whose last step is a key. Missing mappings on the path are created."""

    path: tuple[str | int, ...]
    value: JsonValue


class Obstacle(Struct, frozen=True):
    """Why a text cannot be edited without guessing; `mark` is where, and `hint` what to do."""

    mark: Mark
    message: str
    hint: str


class UneditableError(ValueError):
    """The text cannot be edited without guessing; `obstacles` holds all reasons, at least one."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("; ".join(obstacle.message for obstacle in obstacles))
        self.obstacles = tuple(obstacles)


class _Splice(Struct, frozen=True):
    """A range of the text, from `start` to before `end`, and its replacement."""

    start: int
    end: int
    text: str


class Edited(Struct, frozen=True):
    """A text before and after its edits; `splices` are ranges of `old`, in order."""

    old: Text
    new: Text
    splices: Sequence[_Splice]

    def compare(self) -> Iterator[str]:
        """Yield the lines of a unified diff, without line ends; only the text around the splices is compared."""
        old, new = (text.content.splitlines() for text in (self.old, self.new))
        yield f"--- {self.old.file}"
        yield f"+++ {self.new.file}"
        shift = 0
        for first, last, growth in self._find_windows():
            begin, end = max(0, first - _CONTEXT), last + _CONTEXT
            window = old[begin:end], new[begin + shift : end + shift + growth]
            _, _, *lines = unified_diff(*window, n=_CONTEXT, lineterm="")
            for line in lines:
                yield _move_hunk(line, begin, begin + shift) if line.startswith("@@") else line
            shift += growth

    def _find_windows(self) -> Iterator[tuple[int, int, int]]:
        """Yield ranges of lines that are far apart: the first line, the line after the last, and the added lines."""
        windows: list[tuple[int, int, int]] = []
        line = at = 0
        for splice in self.splices:
            line += self.old.content.count("\n", at, splice.start)
            lines = self.old.content.count("\n", splice.start, splice.end)
            growth = splice.text.count("\n") - lines
            last = line + lines + 1
            if windows and line - windows[-1][1] <= 2 * _CONTEXT:
                first, _, before = windows.pop()
                windows.append((first, last, before + growth))
            else:
                windows.append((line, last, growth))
            line, at = line + lines, splice.end
        return iter(windows)


def edit_document(document: Document, edits: Sequence[Edit], *, is_json: bool) -> Edited:
    """
    Apply edits to the text of a document.

    Args:
        document: as parsed, with its original tree.
        edits: edits at different places, none of which contains another.
        is_json: whether the text is JSON, not YAML.

    Raises:
        UneditableError: comments would be lost, or the layout is not supported.
    """
    editor = _Editor(document, is_json=is_json)
    # Splices at the same place stay in the order in which they were found.
    splices = sorted(editor.find_splices(edits), key=lambda splice: (splice.start, splice.end))
    if editor.obstacles:
        raise UneditableError(editor.obstacles)
    text = document.text
    edited = Text(text.file, _apply(text.content, splices), byte_order_mark=text.byte_order_mark)
    try:
        root = parse_json(edited).root if is_json else parse_yaml(edited).root
    except DocumentError:
        root = None
    if not _is_same(root, _replace_values(document.root, edits)):
        raise UneditableError([editor.find_culprit(edits[0])])
    return Edited(text, edited, splices)


def _move_hunk(line: str, old: int, new: int) -> str:
    """Add the number of lines before it to the header of a hunk."""
    return _HUNK.sub(lambda found: f"@@ -{int(found[1]) + old}{found[2]} +{int(found[3]) + new}{found[4]} @@", line)


def _apply(content: str, splices: Sequence[_Splice]) -> str:
    parts, at = [], 0
    for splice in splices:
        # If two overlap, the new text has other values, and the check refuses it.
        parts += [content[at : splice.start], splice.text]
        at = max(at, splice.end)
    return "".join([*parts, content[at:]])


# --- Splices ---------------------------------------------------------------------------------------------------


class _Editor:
    """Finds the splices for edits, and the obstacles."""

    __slots__ = ("_content", "_document", "_json", "_line_end", "obstacles")

    def __init__(self, document: Document, *, is_json: bool) -> None:
        self._document = document
        self._content = document.text.content
        self._json = is_json
        self._line_end = "\r\n" if "\r\n" in self._content else "\n"
        self.obstacles: list[Obstacle] = []

    def find_splices(self, edits: Sequence[Edit]) -> Iterator[_Splice]:
        """Yield the splices of all edits, unordered; `obstacles` collects the places that cannot be edited."""
        missing: dict[tuple[str | int, ...], dict[str, JsonValue]] = {}
        for edit in edits:
            depth = self._count_existing(edit.path)
            if depth == len(edit.path):
                yield from self._replace(edit)
            else:
                *between, last = map(str, edit.path[depth:])
                entries = missing.setdefault(edit.path[:depth], {})
                for key in between:
                    entries = entries.setdefault(key, {})  # type: ignore[assignment]
                entries[last] = edit.value
        # Additions to an inner mapping come before those to the mapping around it.
        for path in sorted(missing, key=len, reverse=True):
            yield from self._insert(path, missing[path])

    def find_culprit(self, edit: Edit) -> Obstacle:
        """Return the layout around an edit as an obstacle."""
        path = edit.path[: self._count_existing(edit.path)]
        return Obstacle(self._document.find_mark(path, at_key=True), _LAYOUT, _BY_HAND)

    def _count_existing(self, path: Sequence[str | int]) -> int:
        node = self._document.root
        for depth, step in enumerate(path):
            if isinstance(node, Table) and step in node:
                node = node[str(step)]
            elif isinstance(node, Array) and isinstance(step, int) and step < len(node):
                node = node[step]
            else:
                return depth
        return len(path)

    def _replace(self, edit: Edit) -> Iterator[_Splice]:
        node, mark = self._find(edit.path)
        key = self._document.find_mark(edit.path, at_key=True)
        new_is_scalar = isinstance(edit.value, str | int | float | None)
        in_flow = self._is_in_flow(edit.path[:-1])
        end = self._find_end(node, mark)
        if in_flow or (new_is_scalar and not _is_block(self._content, node, mark)):
            start = mark >> MARK_SHIFT
            if self._has_comment(node, mark):
                self._refuse_comment(key)
            elif start < end:
                yield _Splice(start, end, self._write(edit.value))
            elif self._content[start - 1 : start] == ":":
                yield _Splice(start, end, f" {self._write(edit.value)}")
            else:
                self._refuse_layout(key)
            return
        start = key >> MARK_SHIFT
        indent = self._find_indent(start)
        between = self._content[start + (key & LENGTH) : mark >> MARK_SHIFT]
        rest = self._content[end : self._find_line_end(end)]
        if indent is None:
            self._refuse_layout(key)
        elif "#" in between or (_is_block(self._content, node, mark) and "#" in rest) or self._has_comment(node, mark):
            self._refuse_comment(key)
        else:
            first, *others = write_block({str(edit.path[-1]): edit.value}, indent=indent)
            # A comment on the line of a value moves to the line of its key.
            yield _Splice(start, end + len(rest), self._line_end.join([first.lstrip(" ") + rest, *others]))

    def _insert(self, path: tuple[str | int, ...], entries: Mapping[str, JsonValue]) -> Iterator[_Splice]:
        node, mark = self._find(path)
        if not isinstance(node, Table):
            self._refuse_layout(mark)
        elif self._content[mark >> MARK_SHIFT] == "{":
            yield from self._insert_in_flow(node, mark, entries)
        else:
            yield from self._insert_in_block(node, mark, entries)

    def _insert_in_block(self, table: Table, mark: Mark, entries: Mapping[str, JsonValue]) -> Iterator[_Splice]:
        """Add lines after the last entry and the comment on its line."""
        indent = self._find_indent(mark >> MARK_SHIFT)
        leaf, leaf_mark = self._find_last_leaf(table, mark)
        end = self._find_end(leaf, leaf_mark)
        at = self._find_line_end(end)
        if indent is None or not _REST_OF_LINE.fullmatch(self._content[end:at]):
            self._refuse_layout(mark)
            return
        lines = list(write_block(entries, indent=indent))
        if _is_block_scalar(self._content, leaf, leaf_mark):
            at = (leaf_mark >> MARK_SHIFT) + (leaf_mark & LENGTH)
            if self._content[at - 1 : at] == "\n":
                yield _Splice(at, at, "".join(f"{line}{self._line_end}" for line in lines))
                return
        yield _Splice(at, at, "".join(f"{self._line_end}{line}" for line in lines))

    def _insert_in_flow(self, table: Table, mark: Mark, entries: Mapping[str, JsonValue]) -> Iterator[_Splice]:
        """Add entries after the last one, each on a separate line if the last one is on a separate line."""
        written = [f"{self._write(key)}: {self._write(value)}" for key, value in entries.items()]
        if not table:
            at = (mark >> MARK_SHIFT) + 1
            yield _Splice(at, at, ", ".join(written))
            return
        last = next(reversed(table))
        end = self._find_end(table[last], self._document.value_mark(table, last))
        key = self._document.key_mark(table, last) >> MARK_SHIFT
        before = self._content[self._content.rfind("\n", 0, key) + 1 : key]
        rest = _REST_OF_ENTRY.match(self._content, end)
        if before.strip(" \t") or rest is None:
            yield _Splice(end, end, "".join(f", {entry}" for entry in written))
            return
        if not rest["comma"]:
            yield _Splice(end, end, ",")
        at = self._find_line_end(end)
        yield _Splice(at, at, ",".join(f"{self._line_end}{before}{entry}" for entry in written))

    def _write(self, value: JsonValue) -> str:
        return json.dumps(value, ensure_ascii=False) if self._json else write_flow(value)

    def _refuse_comment(self, mark: Mark) -> None:
        self.obstacles.append(
            Obstacle(mark, "there is a comment in what would be replaced, and it would be lost", _BY_HAND)
        )

    def _refuse_layout(self, mark: Mark) -> None:
        self.obstacles.append(Obstacle(mark, _LAYOUT, _BY_HAND))

    # --- Places ---

    def _find(self, path: Sequence[str | int]) -> tuple[Node, Mark]:
        node: Any = self._document.root
        for step in path:
            node = node[step]
        return node, self._document.find_mark(path, at_key=False)

    def _is_in_flow(self, path: Sequence[str | int]) -> bool:
        return any(
            self._content[self._document.find_mark(path[:depth], at_key=False) >> MARK_SHIFT] in "{["
            for depth in range(len(path) + 1)
        )

    def _find_indent(self, at: int) -> int | None:
        """Return the column, from 0, of a key in block style; None if other text comes before it."""
        begin = self._content.rfind("\n", 0, at) + 1
        return at - begin if _BEFORE_BLOCK_KEY.fullmatch(self._content, begin, at) else None

    def _find_line_end(self, at: int) -> int:
        end = self._content.find("\n", at)
        if end < 0:
            return len(self._content)
        return end - 1 if end > at and self._content[end - 1] == "\r" else end

    def _find_last_leaf(self, node: Node, mark: Mark) -> tuple[Node, Mark]:
        """Return the last scalar of a value, because libyaml counts the comments after a block collection to it."""
        if not _is_block(self._content, node, mark):
            return node, mark
        if isinstance(node, Table):
            last = next(reversed(node))
            return self._find_last_leaf(node[last], self._document.value_mark(node, last))
        if isinstance(node, Array):
            return self._find_last_leaf(node[-1], self._document.element_mark(node, len(node) - 1))
        return node, mark

    def _find_end(self, node: Node, mark: Mark) -> int:
        node, mark = self._find_last_leaf(node, mark)
        start, length = mark >> MARK_SHIFT, mark & LENGTH
        if _is_block_scalar(self._content, node, mark):
            length = len(self._content[start : start + length].rstrip(" \r\n"))
        return start + length

    def _has_comment(self, node: Node, mark: Mark) -> bool:
        """Return whether there is a comment within a value."""
        if not isinstance(node, Table | Array):
            header = self._content[mark >> MARK_SHIFT : self._find_line_end(mark >> MARK_SHIFT)]
            return _is_block_scalar(self._content, node, mark) and "#" in header
        at, between = mark >> MARK_SHIFT, ""
        for leaf, leaf_mark in self._walk_leaves(node):
            if self._has_comment(leaf, leaf_mark):
                return True
            between += self._content[at : leaf_mark >> MARK_SHIFT]
            at = (leaf_mark >> MARK_SHIFT) + (leaf_mark & LENGTH)
        return "#" in between + self._content[at : self._find_end(node, mark)]

    def _walk_leaves(self, node: Node) -> Iterator[tuple[Node, Mark]]:
        """Yield keys and scalars, in the order of the text."""
        if isinstance(node, Table):
            for (key, value, key_mark), (_, _, mark) in zip(
                self._document.entries(node), self._document.values(node), strict=True
            ):
                yield key, key_mark
                yield from self._walk_leaves(value) if isinstance(value, Table | Array) else iter([(value, mark)])
        elif isinstance(node, Array):
            for value, mark in self._document.elements(node):
                yield from self._walk_leaves(value) if isinstance(value, Table | Array) else iter([(value, mark)])


def _is_block(content: str, node: Node, mark: Mark) -> bool:
    """Return whether a value is a mapping or list in block style."""
    return isinstance(node, Table | Array) and content[mark >> MARK_SHIFT] not in "{["


def _is_block_scalar(content: str, node: Node, mark: Mark) -> bool:
    start = mark >> MARK_SHIFT
    return isinstance(node, str) and content[start : start + 1] in ("|", ">")


# --- The check -------------------------------------------------------------------------------------------------


def _replace_values(root: Node, edits: Sequence[Edit]) -> JsonValue:
    """Return the tree with all edits applied; unedited parts are shared."""
    copies: set[int] = set()

    def copy(value: Any) -> Any:  # noqa: ANN401 - a mapping or a list
        if id(value) in copies:
            return value
        fresh = list(value) if isinstance(value, list) else dict(value)
        copies.add(id(fresh))
        return fresh

    replaced: Any = copy(root)
    for edit in edits:
        at: Any = replaced
        for step in edit.path[:-1]:
            at[step] = copy(at[step] if not isinstance(at, dict) or step in at else {})
            at = at[step]
        at[edit.path[-1]] = edit.value
    whole: JsonValue = replaced
    return whole


def _is_same(value: JsonValue, other: JsonValue) -> bool:
    """Return whether two values are equal, with the same types and the same order of keys."""
    if isinstance(value, Mapping):
        return (
            isinstance(other, Mapping)
            and list(value) == list(other)
            and all(map(_is_same, value.values(), other.values()))
        )
    if isinstance(value, list | tuple):
        return isinstance(other, list | tuple) and len(value) == len(other) and all(map(_is_same, value, other))
    return type(value) is type(other) and value == other
