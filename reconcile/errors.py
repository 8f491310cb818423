"""
Errors that end a run before it has a plan.

    ReconcileError
    ├── UsageError          the command line is invalid
    ├── DocumentError       a manifest or another input file is invalid; holds all its errors, in order
    ├── AccessError         a job API cannot be accessed: endpoint, credential, host
    └── OutputError         a document could not be written

A job that cannot be observed does not end the run: it is a value, `model.Unobserved`. Every error holds at least one
`model.Diagnostic`, ends the process with exit code 1, and is raised `from` its cause.
"""

from collections.abc import Iterable
from typing import Self

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.manifest import Manifest


class ReconcileError(Exception):
    """
    The root of the tree. `diagnostics` is never empty, and in the order of printing.

    `terse` is whether only the diagnostics are printed, for programs and for --quiet.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        self.terse = False
        super().__init__("; ".join(f"{d.code} {d.message}" for d in self.diagnostics))

    @classmethod
    def because(cls, code: Code, message: str, *, hint: str | None = None, source: Source | None = None) -> Self:
        """Make an error with one diagnostic; `source` is its place in a file, if it has one."""
        return cls([Diagnostic(code=code, message=message, hint=hint, source=source)])


class UsageError(ReconcileError):
    """The command line is invalid."""


class DocumentError(ReconcileError):
    """
    An input file is invalid.

    `valid` has one manifest for each valid file, if files are checked separately.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], *, valid: Iterable[Manifest] = ()) -> None:
        super().__init__(diagnostics)
        self.valid = tuple(valid)


class AccessError(ReconcileError):
    """A job API cannot be accessed."""


class OutputError(ReconcileError):
    """A document could not be written."""
