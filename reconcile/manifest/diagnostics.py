"""Collects errors and warnings of a manifest while it is read."""

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Final, TypeAlias

from reconcile.codes import Code
from reconcile.document import Document, Mark, SchemaError, suggest
from reconcile.model.diagnostic import Diagnostic

Entry: TypeAlias = tuple[str | int, ...]
"""The path of a section of a manifest, or of an entry of one: `("jobs", "bind-ldap")`."""

MOST_REPORTED: Final = 1_000
"""The most errors, and the most warnings, that are reported per file; 32 MiB have room for a million."""
MOST_SUGGESTED: Final = 50
"""The most misspelt words that get a suggestion: comparing is slow, and fifty are enough to see the pattern."""

_SECTIONS_OF_ENTRIES: Final = frozenset({"jobs", "providers", "variables"})
"""Sections whose entries are valid or invalid independently of each other."""


class Diagnostics:
    """Collects errors and warnings, so that one run reports them all, and records which entries are invalid."""

    __slots__ = ("_document", "_errors", "_invalid", "_suggested", "_warnings")

    def __init__(self, document: Document) -> None:
        self._document = document
        # Dictionaries, because an error in a default is found once for each job API that uses the default.
        self._errors: dict[tuple[Mark, Diagnostic], None] = {}
        self._warnings: dict[tuple[Mark, Diagnostic], None] = {}
        self._invalid: set[Entry] = set()
        self._suggested = 0

    def add(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> None:
        """Add an error at `mark`."""
        if self.is_full:
            return
        origin = self._document.find_origin(mark)
        if origin:
            message = origin.explain(message)
        self._errors[mark, self._document.text.diagnose(mark, code, message, hint)] = None

    def add_vacuous(self, mark: Mark, reason: str) -> None:
        """Add the error for an expectation at `mark` that every job would meet."""
        message = f"this proves nothing: {reason}"
        self.add(mark, Code.VACUOUS_EXPECTATION, message, "state what must hold, or remove it")

    def warn(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> None:
        """Add a warning at `mark`."""
        if len(self._warnings) > MOST_REPORTED:
            return
        self._warnings[mark, self._document.text.diagnose(mark, code, message, hint)] = None

    def add_schema_errors(self, errors: Iterable[SchemaError]) -> None:
        """Add errors of the schema; their entries are invalid."""
        for error in errors:
            self._errors[error.mark, error.diagnostic] = None
            self.invalidate(error.path)

    def suggest(self, word: str, known: Collection[str]) -> str | None:
        """Return a hint as `document.suggest` does, but only for the first MOST_SUGGESTED words."""
        self._suggested += 1
        return suggest(word, known) if self._suggested <= MOST_SUGGESTED else None

    def invalidate(self, path: Entry) -> None:
        """Mark the entry that contains a path as invalid, so that it is not interpreted."""
        self._invalid.add(path[: 2 if path[:1] and path[0] in _SECTIONS_OF_ENTRIES else 1])

    def is_valid(self, *path: str) -> bool:
        """Return whether a section, or an entry of one, and everything that contains it is valid."""
        return not self._invalid or not any(path[:depth] in self._invalid for depth in range(len(path) + 1))

    @property
    def is_full(self) -> bool:
        """Whether there are already more errors than are reported."""
        return len(self._errors) > MOST_REPORTED

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors, in order of position."""
        return _put_in_order(self._errors, "errors")

    @property
    def warnings(self) -> list[Diagnostic]:
        """The warnings, in order of position."""
        return _put_in_order(self._warnings, "warnings")


def _put_in_order(found: Mapping[tuple[Mark, Diagnostic], None], kind: str) -> list[Diagnostic]:
    ordered = [diagnostic for _, diagnostic in sorted(found, key=itemgetter(0))]
    if len(ordered) <= MOST_REPORTED:
        return ordered
    message = f"there are more than {MOST_REPORTED} {kind}, and the others are not listed"
    return [*ordered[:MOST_REPORTED], Diagnostic(code=Code.TOO_LARGE, message=message)]
