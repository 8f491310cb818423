"""What is wrong, and where."""

from msgspec import Struct

from reconcile.codes import Code


class Source(Struct, frozen=True, kw_only=True, array_like=True):
    """A place in a file that people write: line and column from 1, columns in characters."""

    file: str
    line: int
    column: int


class Diagnostic(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One error or warning, written for the person who has to fix it.

    `hint` says what to do, as a sentence without a full stop. `excerpt` is the whole line that `source` points to, and
    `width` the number of characters to underline in it, at least 1.
    """

    code: Code
    message: str
    hint: str | None = None
    source: Source | None = None
    excerpt: str | None = None
    width: int = 1


class Problem(Struct, frozen=True, kw_only=True):
    """Why one job could not be observed: a complete sentence that says what, where and why."""

    code: Code
    message: str
