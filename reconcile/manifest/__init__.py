"""
Manifest files -> Manifest.

    Document -> references replaced -> checked against the schema -> providers, defaults, jobs -> Manifest

The schema defines most of what a manifest may contain. This package adds what no schema can express, and what is
implied.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import BinaryIO, Final

from reconcile.apis import SHIPPED
from reconcile.codes import Code
from reconcile.document import STDIN, Schema, Text, find_schema, is_json, parse_text, read_text
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.manifest.consistency import DeclaredJob, check_repetitions, choose_prefixes, join_providers
from reconcile.manifest.language import SCHEMA
from reconcile.manifest.location import find_manifests, is_manifest
from reconcile.manifest.order import check_orders
from reconcile.manifest.reader import ManifestReader
from reconcile.manifest.variables import read_values
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Given, Manifest, Provider, VariableFile

__all__ = ["find_manifests", "is_manifest", "load_manifests"]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def load_manifests(  # noqa: PLR0913 - a manifest depends on this many inputs
    paths: Sequence[str],
    *,
    now: datetime,
    as_of: datetime | None = None,
    given: Sequence[Given] = (),
    environ: Mapping[str, str] = _NOTHING,
    apis: Mapping[str, JobApi] = SHIPPED,
    schema: Schema | None = None,
    stdin: BinaryIO | None = None,
    texts: Sequence[Text] = (),
    offline: bool = False,
    separate: bool = False,
    shared: bool = False,
) -> Manifest:
    """
    Read manifests from files, or from `stdin` for "-".

    Args:
        paths: at least one file; reports name a file by its path.
        now: the time of reading, in UTC; it decides whether waivers last too long.
        as_of: the time of judging, in UTC; it decides whether waivers have expired. None means `now`.
        given: values of variables, in the order of the command line.
        environ: the environment; only `RECONCILE_VAR_*` is read.
        apis: the known job APIs, by name.
        schema: the schema of manifests; None is that of this version of the program.
        stdin: the input for "-", which may be used once.
        texts: files that have been read already.
        offline: whether no job API will be requested. Then variables may get their values later: what depends on a
            variable without a value is unknown, and everything else is checked.
        separate: whether each file is its own run, so that conflicts between files are warnings.
        shared: whether `given` also has values for other manifests, so that these need not declare all of them.

    Raises:
        DocumentError: all errors, file by file in order of position.
        UsageError: all errors in the values of variables.
    """
    _refuse_second_reader(paths, given)
    values = read_values(given, environ, stdin)
    known = {text.file: text for text in texts}
    used_schema = schema or find_schema(SCHEMA)

    def read(path: str) -> ManifestReader:
        text = known[path] if path in known else read_text(path, stdin=stdin)
        document = parse_text(text, is_json=is_json(path, text))
        return ManifestReader(document, values=values, apis=apis, schema=used_schema, offline=offline)

    manifests, unreadable = _read_all(paths, read)
    if unreadable and not separate:
        raise DocumentError([*unreadable, *_list_errors(manifests)])
    variables = dict.fromkeys(name for each in manifests for name in each.variables)
    unknown = [] if unreadable or shared else values.refuse_unknown(variables)
    if unknown:
        raise UsageError(unknown)
    declared = _read_jobs(manifests, now, as_of or now, separate=separate)
    providers = join_providers(manifests, separate=separate)
    errors = [*unreadable, *_list_errors(manifests)]
    unused = values.count_unused(variables)
    if errors:
        good = [[each] for each in manifests if separate and not each.diagnostics.errors]
        raise DocumentError(errors, valid=[_join(each, declared, providers, unused, offline=offline) for each in good])
    return _join(manifests, declared, providers, unused, offline=offline)


def _join(
    manifests: Sequence[ManifestReader],
    declared: Sequence[DeclaredJob],
    providers: Mapping[str, Provider],
    unused: Mapping[str, int],
    *,
    offline: bool,
) -> Manifest:
    """Make a manifest of what these files declare."""
    theirs = {id(manifest.diagnostics) for manifest in manifests}
    jobs = [each for each in declared if id(each.diagnostics) in theirs]
    return Manifest(
        files=tuple([manifest.file for manifest in manifests]),
        providers=providers,
        jobs=tuple([each.job for each in jobs]),
        warnings=tuple([each for manifest in manifests for each in manifest.diagnostics.warnings]),
        unset=tuple(dict.fromkeys(name for manifest in manifests for name in manifest.unset)),
        undecided=tuple([each.job.address for each in jobs if not each.complete]),
        unknown={each.job.address: each.unknown for each in jobs if each.unknown},
        expanded={each.job.address: each.expanded for each in jobs if each.expanded and offline},
        left_out=tuple([address for manifest in manifests for address in sorted(manifest.left_out)]),
        unused=unused,
    )


def _read_all(
    paths: Sequence[str], read: Callable[[str], ManifestReader]
) -> tuple[list[ManifestReader], list[Diagnostic]]:
    """Read each file; a file that cannot be parsed does not hide the errors of the others."""
    manifests: list[ManifestReader] = []
    errors: list[Diagnostic] = []
    for path in paths:
        try:
            manifests.append(read(path))
        except ReconcileError as error:
            errors += error.diagnostics
    return manifests, errors


def _list_errors(manifests: Sequence[ManifestReader]) -> list[Diagnostic]:
    return [error for manifest in manifests for error in manifest.diagnostics.errors]


def _read_jobs(
    manifests: Sequence[ManifestReader], now: datetime, as_of: datetime, *, separate: bool
) -> list[DeclaredJob]:
    prefixes = choose_prefixes(manifests, separate=separate)
    today, judged = now.date(), as_of.date()
    declared = [
        job
        for manifest, prefix in zip(manifests, prefixes, strict=True)
        for job in manifest.read_jobs(prefix=prefix, today=today, judged=judged)
    ]
    check_repetitions(declared, separate=separate)
    check_orders(declared, {address for manifest in manifests for address in manifest.left_out})
    return declared


def _refuse_second_reader(paths: Sequence[str], given: Sequence[Given]) -> None:
    readers = [*paths, *(each.path for each in given if isinstance(each, VariableFile))]
    if readers.count(STDIN) > 1:
        raise UsageError.because(Code.USAGE, "'-' is given twice, but standard input can be read only once")
