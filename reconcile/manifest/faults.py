"""What is wrong with a manifest, gathered while it is read."""

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Final, TypeAlias

from reconcile.codes import Code
from reconcile.document import Document, Fault, Mark, suggest, word_origin
from reconcile.model import Diagnostic

Entry: TypeAlias = tuple[str | int, ...]
"""The path of a section of a manifest, or of an entry of one: `("jobs", "bind-ldap")`."""

MOST_TOLD: Final = 1_000
"""So many errors of a file are told at most, and so many warnings, for a file of 32 MiB has room for a million."""
MOST_SUGGESTED: Final = 50
"""So many misspelt words are compared with the known ones: it takes long, and one who reads fifty knows the rest."""

_OF_ENTRIES: Final = frozenset({"jobs", "providers", "variables"})
"""Sections whose entries are each for themselves well-formed or not."""


class Faults:
    """Collects faults, so that one run names them all, and warnings."""

    __slots__ = ("_document", "_entries", "_found", "_suggested", "_warnings")

    def __init__(self, document: Document) -> None:
        self._document = document
        # Dictionaries, for what is wrong with a default is found once per job API that it holds for.
        self._found: dict[tuple[Mark, Diagnostic], None] = {}
        self._warnings: dict[tuple[Mark, Diagnostic], None] = {}
        self._entries: set[Entry] = set()
        self._suggested = 0

    def add(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> None:
        """Remember that what stands at `mark` is wrong."""
        if len(self._found) > MOST_TOLD:
            return
        origin = self._document.find_origin(mark)
        if origin:
            message = word_origin(message, origin)
        self._found[mark, self._document.text.diagnose(mark, code, message, hint)] = None

    def add_vacuous(self, mark: Mark, reason: str) -> None:
        """Remember that what stands at `mark` holds for every job."""
        message = f"this proves nothing: {reason}"
        self.add(mark, Code.VACUOUS_EXPECTATION, message, "say what must be there, or remove it")

    def warn(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> None:
        """Remember that what stands at `mark` is not right, but not wrong either."""
        if len(self._warnings) > MOST_TOLD:
            return
        self._warnings[mark, self._document.text.diagnose(mark, code, message, hint)] = None

    def add_all(self, faults: Iterable[Fault]) -> None:
        """Remember what a schema has to say."""
        for fault in faults:
            self._found[fault.mark, fault.diagnostic] = None
            self.distrust(fault.path)

    def suggest(self, word: str, known: Collection[str]) -> str | None:
        """Return a hint as `document.suggest` does, for the first words that ask for one."""
        self._suggested += 1
        return suggest(word, known) if self._suggested <= MOST_SUGGESTED else None

    def distrust(self, path: Entry) -> None:
        """Remember that what stands at a path is not well-formed, so that nobody may ask what it means."""
        self._entries.add(path[: 2 if path[:1] and path[0] in _OF_ENTRIES else 1])

    def trusts(self, *path: str) -> bool:
        """Tell whether a section, or an entry of one, is well-formed, it and what it stands in."""
        return not self._entries or not any(path[:depth] in self._entries for depth in range(len(path) + 1))

    @property
    def errors(self) -> list[Diagnostic]:
        """What is wrong, in order of position."""
        return _put_in_order(self._found, "errors")

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is not right, in order of position."""
        return _put_in_order(self._warnings, "warnings")


def _put_in_order(found: Mapping[tuple[Mark, Diagnostic], None], kind: str) -> list[Diagnostic]:
    told = [diagnostic for _, diagnostic in sorted(found, key=itemgetter(0))]
    if len(told) <= MOST_TOLD:
        return told
    message = f"there are more than {MOST_TOLD} {kind}, and the others are not listed"
    return [*told[:MOST_TOLD], Diagnostic(code=Code.TOO_LARGE, message=message)]
