"""
What ends a run before it has a plan.

    ReconcileError
    ├── UsageError          the command line asks for something that cannot be done
    ├── DocumentError       a manifest or another file that people write is wrong: every fault of it, in order
    ├── AccessError         no way to a job API: endpoint, credential, host
    └── OutputError         what was asked for could not be written

What cannot be known about one job ends nothing: it is a value, `model.Unobserved`. Each error carries at least
one `model.Diagnostic`, each of them ends the process with exit code 1, and each is raised `from` its cause.
"""

from collections.abc import Iterable
from typing import Self

from reconcile.codes import Code
from reconcile.model import Diagnostic


class ReconcileError(Exception):
    """
    The root of the tree; `diagnostics` is never empty and in the order in which a reader should meet them.

    `terse` says that a program reads the run, or someone who asked for silence: nothing is told beside them.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        self.terse = False
        super().__init__("; ".join(f"{d.code} {d.message}" for d in self.diagnostics))

    @classmethod
    def because(cls, code: Code, message: str, *, hint: str | None = None) -> Self:
        """Make an error of one diagnostic that has no place in a file."""
        return cls([Diagnostic(code=code, message=message, hint=hint)])


class UsageError(ReconcileError):
    """The command line asks for something that cannot be done."""


class DocumentError(ReconcileError):
    """A file that people write is wrong."""


class AccessError(ReconcileError):
    """No request may or can be sent to a provider."""


class OutputError(ReconcileError):
    """A document that was asked for could not be written."""
