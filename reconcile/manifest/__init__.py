"""
Files that declare jobs, as the values that the rest of the program works on.

    Document -> references replaced -> checked against the language -> providers, defaults, jobs -> Manifest

What the schema of the language can say stands there; here is what no schema can say, and what is implied.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import BinaryIO, Final

from reconcile.apis import load_api
from reconcile.codes import Code
from reconcile.document import STDIN, Document, Text, is_json, parse_text, read_text
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.manifest.contradictions import Declared, check_contradictions
from reconcile.manifest.draft import Draft
from reconcile.manifest.joining import join_providers, name_drafts
from reconcile.manifest.location import find_manifests
from reconcile.manifest.repetition import parse_repetitive
from reconcile.manifest.values import Values, read_values
from reconcile.model import Diagnostic, Given, JobApi, Manifest, VariableFile

__all__ = ["find_manifests", "load_manifests"]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def load_manifests(
    paths: Sequence[str],
    *,
    now: datetime,
    given: Sequence[Given] = (),
    environ: Mapping[str, str] = _NOTHING,
    apis: Callable[[str], JobApi] = load_api,
    stdin: BinaryIO | None = None,
    texts: Sequence[Text] = (),
) -> Manifest:
    """
    Read manifests from files, or from `stdin` for "-".

    Args:
        paths: one file at least; its path is what reports call it.
        now: the time of reading, in UTC, by which waivers are judged.
        given: values of variables, in the order of the command line.
        environ: the environment, of which `RECONCILE_VAR_*` is read.
        apis: where job APIs come from; raises KeyError for a name it does not know.
        stdin: what "-" stands for, once.
        texts: those of files that have been read already.

    Raises:
        DocumentError: with everything that is wrong, file by file in order of position.
        UsageError: with what is wrong with the values of variables.
    """
    _refuse_second_reader(paths, given)
    values = read_values(given, environ, stdin)
    read = _Reader(stdin, texts)
    return _load_abridged(paths, read, values, apis, now) or _make_manifest(
        _read_drafts(paths, lambda path: Draft(_parse(path, read(path)), values, apis)), values, now
    )


def _load_abridged(
    paths: Sequence[str], read: "_Reader", values: Values, apis: Callable[[str], JobApi], now: datetime
) -> Manifest | None:
    """Return the manifest if it repeats itself and nothing is to be told of it: else the whole of it has to be read."""
    try:
        abridged = [None if is_json(path, read(path)) else parse_repetitive(read(path)) for path in paths]
        if not any(abridged):
            return None
        drafts = [
            Draft(each.document if each else _parse(path, read(path)), values, apis, abridged=each)
            for path, each in zip(paths, abridged, strict=True)
        ]
        manifest = _make_manifest(drafts, values, now)
    except ReconcileError:
        return None
    return None if any(draft.tells for draft in drafts) else manifest


def _make_manifest(drafts: Sequence[Draft], values: Values, now: datetime) -> Manifest:
    unknown, strange = values.find_unknown({name for draft in drafts for name in draft.variables})
    if unknown:
        raise UsageError(unknown)
    declared = _read_jobs(drafts, now)
    providers = join_providers(drafts)
    errors = [diagnostic for draft in drafts for diagnostic in draft.faults.errors]
    if errors:
        raise DocumentError(errors)
    return Manifest(
        files=tuple(draft.file for draft in drafts),
        providers=providers,
        jobs=tuple([each.job for each in declared]),
        warnings=(*strange, *(diagnostic for draft in drafts for diagnostic in draft.faults.warnings)),
    )


class _Reader:
    """Reads each file once, however often it is asked for, for standard input can be read no second time."""

    __slots__ = ("_read", "_stdin")

    def __init__(self, stdin: BinaryIO | None, texts: Sequence[Text]) -> None:
        self._stdin = stdin
        self._read: dict[str, Text | ReconcileError] = {text.file: text for text in texts}

    def __call__(self, path: str) -> Text:
        """Return the text of a file; raise DocumentError if it cannot be read, the same each time."""
        if path not in self._read:
            try:
                self._read[path] = read_text(path, stdin=self._stdin)
            except ReconcileError as error:
                self._read[path] = error
        found = self._read[path]
        if isinstance(found, ReconcileError):
            raise found
        return found


def _parse(path: str, text: Text) -> Document:
    return parse_text(text, is_json=is_json(path, text))


def _read_drafts(paths: Sequence[str], read: Callable[[str], Draft]) -> list[Draft]:
    """Read each file; one that cannot be understood at all does not hide what is wrong with the others."""
    drafts: list[Draft] = []
    errors: list[Diagnostic] = []
    for path in paths:
        try:
            drafts.append(read(path))
        except ReconcileError as error:
            errors += error.diagnostics
    if errors:
        raise DocumentError([*errors, *(diagnostic for draft in drafts for diagnostic in draft.faults.errors)])
    return drafts


def _read_jobs(drafts: Sequence[Draft], now: datetime) -> list[Declared]:
    prefixes = name_drafts(drafts)
    today = now.date()
    declared = [
        each
        for draft, prefix in zip(drafts, prefixes, strict=True)
        for each in draft.read_jobs(prefix=prefix, today=today)
    ]
    check_contradictions(declared)
    return declared


def _refuse_second_reader(paths: Sequence[str], given: Sequence[Given]) -> None:
    readers = [*paths, *(each.path for each in given if isinstance(each, VariableFile))]
    if readers.count(STDIN) > 1:
        raise UsageError.because(Code.USAGE, "'-' is named twice, and standard input can be read once")
