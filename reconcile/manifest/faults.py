"""What is wrong with the meaning of a manifest, gathered while it is read."""

from operator import itemgetter

from reconcile.codes import Code
from reconcile.document import Mark, Text
from reconcile.errors import DocumentError
from reconcile.model import Diagnostic


class Faults:
    """Collects faults, so that one run names them all."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: Text) -> None:
        self._text = text
        # A dictionary, for what is wrong with a default is found once per job API that it holds for.
        self._found: dict[tuple[Mark, Diagnostic], None] = {}

    def add(self, mark: Mark, code: Code, message: str, hint: str | None = None) -> None:
        """Remember that what stands at `mark` is wrong."""
        self._found[mark, self._text.diagnose(mark, code, message, hint)] = None

    def raise_any(self) -> None:
        """Raise DocumentError if there was anything, in order of position."""
        if self._found:
            raise DocumentError(diagnostic for _, diagnostic in sorted(self._found, key=itemgetter(0)))
