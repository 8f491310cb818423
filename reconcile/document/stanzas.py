"""
YAML files that say the same a hundred thousand times, read once for each way of saying it.

A section that is written line by line falls into stanzas: the text of one entry each. Stanzas that differ in a few
words alone say the same of other words, so libyaml reads the first of them, without the others. That holds only if each
stanza stands for itself, which is looked at in what libyaml has read; where there is any doubt, nothing is left out.
What is wrong with a file is told from the whole of it and never from here.
"""

import re
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

from reconcile.document.builder import MAX_ENTRIES
from reconcile.document.text import LENGTH, MARK_SHIFT, Mark, Text
from reconcile.document.tree import MAX_TOKENS, Array, Document, Node, Table, as_table, count_tokens
from reconcile.document.yaml_parser import parse_yaml
from reconcile.errors import DocumentError

Words = TypeVar("Words")

Split: TypeAlias = Callable[[str, int, int], tuple[str, Words]]
"""
Takes the words that may differ out of a stanza, which stands from an offset of a text to another: returns what is left,
in which each line is as long as it was up to anything that stands behind a word, and the words. Stanzas of which the
same is left mean the same but for the words, and have as many lines, keys, values and brackets.
"""

_SAMPLE: Final = 1_000
"""After so many stanzas it is clear whether a file repeats itself."""
_OF_A_STREAM: Final = 4
"""libyaml's events of where a stream and its document begin and end; they count as tokens."""
_INDENTED: Final = r"(?m)^( +)[A-Za-z_]"
_END: Final = r"\n[^\s#]"


class Stanza(Struct, Generic[Words], frozen=True):
    """
    The text of one entry, with the line break at its end.

    `model` is the number of the first stanza that says the same, its own if it is the first itself; `start` and `end`
    are offsets in the text, `line` is counted from 1.
    """

    model: int
    start: int
    end: int
    line: int
    words: Words


class Abridged(Struct, Generic[Words], frozen=True):
    """
    A document with one entry for each way in which the entries of a section are written, and all stanzas in order.

    The entries of the section are those of the models, in their order, and stand in their own places.
    """

    document: Document
    section: str
    indent: int
    stanzas: Sequence[Stanza[Words]]

    def count_blanked(self) -> int:
        """Return how many keys, values and brackets there would be more if all stanzas stood in the document."""
        table = as_table(as_table(self.document.root)[self.section])
        models = (number for number, stanza in enumerate(self.stanzas) if stanza.model == number)
        sizes = {number: 1 + count_tokens(node) for number, node in zip(models, table.values(), strict=True)}
        return sum(sizes[stanza.model] for stanza in self.stanzas) - sum(sizes.values())


def parse_abridged(text: Text, section: str, split: Split[Words]) -> Abridged[Words] | None:
    """
    Return what a YAML text says, None if it does not repeat itself much, or if there is any doubt.

    Args:
        section: the key of the root whose entries may be alike.
    """
    found = _find_entries(text.content, section)
    if found is None:
        return None
    indent, starts = found
    stanzas = _compare(text.content, starts, split)
    if stanzas is None:
        return None
    models = [stanza for number, stanza in enumerate(stanzas) if stanza.model == number]
    kept = [(0, starts[0]), *((model.start, model.end) for model in models), (starts[-1], len(text.content))]
    try:
        document = parse_yaml(Text(text.file, "".join([text.content[start:end] for start, end in kept])))
    except DocumentError:
        return None
    document.move(text, kept)
    if not _stand_alone(document, section, indent, models):
        return None
    abridged = Abridged(document, section, indent, stanzas)
    too_much = _OF_A_STREAM + count_tokens(document.root) + abridged.count_blanked() > MAX_TOKENS
    return None if too_much else abridged


def _find_entries(content: str, section: str) -> tuple[int, list[int]] | None:
    """
    Return how far the entries of a section are indented and where their lines begin; the end of the last as well.

    None is a section of which nothing can repeat itself: it is not there, or has one entry alone.
    """
    # What is searched for begins with what is literally there, for then the search is one of bytes.
    headings = list(re.finditer(rf"{section}:(?<![^\n]{section}:)[ ]*\r?\n", content))
    if len(headings) != 1:
        return None
    begin = headings[0].end()
    behind = re.compile(_END).search(content, begin - 1)
    end = behind.start() + 1 if behind else len(content)
    first = re.compile(_INDENTED).search(content, begin, end)
    if first is None:
        return None
    indent = len(first[1])
    entry = re.compile(rf"\n{' ' * indent}[A-Za-z_]")
    starts = [found.start() + 1 for found in islice(entry.finditer(content, begin - 1, end), MAX_ENTRIES + 1)]
    return (indent, [*starts, end]) if 1 < len(starts) <= MAX_ENTRIES else None


def _compare(content: str, starts: Sequence[int], split: Split[Words]) -> list[Stanza[Words]] | None:
    """Put stanzas together that say the same; None if fewer than half of them repeat another."""
    models: dict[str, tuple[int, int]] = {}
    stanzas: list[Stanza[Words]] = []
    line = content.count("\n", 0, starts[0]) + 1
    for number, (start, end) in enumerate(pairwise(starts)):
        left, words = split(content, start, end)
        found = models.get(left)
        model, lines = found or models.setdefault(left, (number, content.count("\n", start, end)))
        stanzas.append(Stanza(model, start, end, line, words))
        line += lines
        if number == _SAMPLE and 2 * len(models) > number:
            return None
    return stanzas if 2 * len(models) <= len(stanzas) else None


def _stand_alone(document: Document, section: str, indent: int, models: Sequence[Stanza[Words]]) -> bool:
    """Tell whether each stanza was read as one entry of the section, from its first character and no further."""
    root = document.root
    table = root.get(section) if isinstance(root, Table) else None
    if not isinstance(table, Table) or len(table) != len(models):
        return False
    marks = zip(document.entries(table), document.values(table), models, strict=True)
    return all(
        key_mark >> MARK_SHIFT == model.start + indent and _find_end(document, value, mark) <= model.end
        for (_, value, key_mark), (_, _, mark), model in marks
    )


def _find_end(document: Document, node: Node, mark: Mark) -> int:
    """Return where the last token of a value ends; a block's own mark ends where the next token begins."""
    while (
        isinstance(node, Table | Array)
        and node
        and not document.text.content.startswith(("{", "["), mark >> MARK_SHIFT)
    ):
        *_, (node, mark) = (
            document.elements(node)
            if isinstance(node, Array)
            else ((value, value_mark) for _, value, value_mark in document.values(node))
        )
    return (mark >> MARK_SHIFT) + (mark & LENGTH)
