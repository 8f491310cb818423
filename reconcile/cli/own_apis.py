"""
The job APIs of a run: the built-in ones, and those that the operator describes.

A description decides where requests go with the operator's credential, and what counts as success. So only the command
line and RECONCILE_API_PATH name files, never a manifest, and plans and recordings contain the digest of the file.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.json import decode

from reconcile.apis import SHIPPED, KnownApis, build_api, find_file
from reconcile.cli.context import Context
from reconcile.codes import Code
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from reconcile.fetch.contract import Departure

VARIABLE = "RECONCILE_API_PATH"
_PIN = "@sha256:"
_HEXADECIMAL = frozenset("0123456789abcdef")
_BETWEEN = f"(?<!{_PIN.removesuffix(os.pathsep)}){re.escape(os.pathsep)}"
"""The separator of entries in RECONCILE_API_PATH, which is not the colon in a digest."""
_SOURCES = ".sources.json"


class _Named(Struct, frozen=True):
    """A file that an operator named, and the digest that it must have, None for any."""

    path: str
    digest: str | None


def known_apis(context: Context) -> Mapping[str, JobApi]:
    """Return the job APIs of a run, and read the operator's files once; raise ReconcileError if one is invalid."""
    if not context.descriptions and VARIABLE not in context.environ:
        return SHIPPED
    if context.state.apis is None:
        context.state.apis = KnownApis(_read_all(_list_named(context)))
    return context.state.apis


def list_apis(context: Context | None) -> Mapping[str, JobApi]:
    """Return the job APIs of a run for a completion, without files that cannot be read."""
    try:
        return known_apis(context) if context is not None else SHIPPED
    except ReconcileError:
        return SHIPPED


def list_description_files(context: Context) -> list[str]:
    """List the files with descriptions that a run reads; empty if their names are malformed."""
    try:
        on_path = list(_list_path(context.environ.get(VARIABLE, "")))
    except UsageError:
        on_path = []
    return [*(each.rpartition(_PIN)[0] or each for each in context.descriptions), *(each.path for each in on_path)]


def choose_api(name: str, context: Context) -> JobApi:
    """Return the API that an operator names, or describes in a file; raise ReconcileError."""
    if is_file(name):
        return read_description(name)
    apis = known_apis(context)
    if name not in apis:
        from reconcile.document import suggest

        hint = suggest(name, list(apis)) or "'reconcile apis' lists them; a file of your own is named by its path"
        raise UsageError.because(Code.UNKNOWN_API, f"there is no job API '{name[:64]}'", hint=hint)
    return apis[name]


def read_description(path: str) -> JobApi:
    """Read the file that an operator names, with or without a digest; raise ReconcileError."""
    return next(iter(_read_all([_parse(path)]).values()))


def pin(path: str, api: JobApi) -> str:
    """Return the name of a file with its digest, in the form of --api."""
    return f"{path.rpartition(_PIN)[0] or path}{_PIN}{api.sha256}"


def find_path(name: str, api: JobApi, context: Context) -> str:
    """Return the path of the file that describes an API; `name` is what the operator wrote."""
    if is_file(name):
        return _parse(name).path
    if api.sha256 is None:
        return find_file(name)
    return next(named.path for named in _list_named(context) if read_description(named.path).sha256 == api.sha256)


def locate_departures(path: str, departures: Iterable["Departure"]) -> list[Diagnostic]:
    """Turn differences between answers and a description into diagnostics at the lines of its file."""
    from reconcile.document import parse_text, read_text

    text = read_text(path)
    document = parse_text(text, is_json=True)
    return [
        text.diagnose(
            document.find_nearest(each.place),
            Code.ANSWER_DEPARTS,
            f"{each.message}{_name_jobs(each.job_ids)}",
            each.hint,
        )
        for each in departures
    ]


def _name_jobs(job_ids: Sequence[str]) -> str:
    more = f" and {len(job_ids) - 1} more" if len(job_ids) > 1 else ""
    return f" (job {job_ids[0]}{more})" if job_ids else ""


def is_file(name: str) -> bool:
    """Return whether an operator named a file by this, and not an API."""
    return os.sep in name or _PIN in name or name.endswith(".json")


# --- Which files --------------------------------------------------------------------------------------------------


def _list_named(context: Context) -> list[_Named]:
    named = [_parse(each) for each in context.descriptions]
    if VARIABLE in context.environ:
        named += _list_path(context.environ[VARIABLE])
    return named


def _list_path(value: str) -> Iterator[_Named]:
    """List the files in RECONCILE_API_PATH; refuse relative paths, which could name files of a checkout."""
    for entry in re.split(_BETWEEN, value):
        if not Path(entry).is_absolute():
            message = f"{VARIABLE} has the relative path '{entry[:200]}'" if entry else f"{VARIABLE} has an empty entry"
            raise UsageError.because(Code.USAGE, message, hint=f"write whole paths, with '{os.pathsep}' between them")
        if Path(entry).is_dir():
            files = sorted(each for each in Path(entry).glob("*.json") if not each.name.endswith(_SOURCES))
            yield from (_Named(str(each), None) for each in files)
        else:
            yield _parse(entry)


def _parse(text: str) -> _Named:
    path, pin, digest = text.rpartition(_PIN)
    if not pin:
        return _Named(text, None)
    digest = digest.lower()
    if len(digest) != 64 or not _HEXADECIMAL.issuperset(digest):
        message = f"{text[:200]} has no digest of 64 hexadecimal digits behind '{_PIN}'"
        raise UsageError.because(Code.USAGE, message, hint=f"sha256sum {path} prints it")
    return _Named(path, digest)


# --- What is in them ----------------------------------------------------------------------------------------------


def _read_all(files: Iterable[_Named]) -> dict[str, JobApi]:
    apis: dict[str, JobApi] = {}
    places: dict[str, str] = {}
    errors: list[Diagnostic] = []
    for named in files:
        try:
            api, digest = _read(named.path)
            _check_digest(named, digest)
        except ReconcileError as error:
            errors += error.diagnostics
            continue
        if apis.setdefault(api.name, api).sha256 != api.sha256:
            message = f"{named.path} and {places[api.name]} both describe {api.name}, and differ"
            errors.append(Diagnostic(code=Code.OTHER_DESCRIPTION, message=message, hint="give one of them"))
        places.setdefault(api.name, named.path)
    if errors:
        raise DocumentError(errors)
    return apis


def _read(path: str) -> tuple[JobApi, str]:
    """Return the API that a file describes, and the digest of the file."""
    from reconcile.apis.description import convert_description, find_faults
    from reconcile.apis.own import find_faults_of_own
    from reconcile.document import check_document, find_schema, parse_text, read_text
    from reconcile.fetch.proofs import check_proofs

    text = read_text(path)
    digest = sha256((b"\xef\xbb\xbf" if text.byte_order_mark else b"") + text.content.encode()).hexdigest()
    document = parse_text(text, is_json=True)
    errors = check_document(document, find_schema("job-api.v1"))
    if errors:
        raise DocumentError(errors)
    description = convert_description(decode(text.content))
    api = build_api(description, {}, sha256=digest)
    code, faults = Code.DESCRIPTION_REFUSED, [*find_faults(description), *find_faults_of_own(description)]
    if not faults:
        code, faults = Code.PROOF_FAILED, list(check_proofs(api, description))
    if faults:
        marked = sorted(((document.find_nearest(fault.path), fault) for fault in faults), key=itemgetter(0))
        raise DocumentError(text.diagnose(mark, code, fault.message, fault.hint) for mark, fault in marked)
    return api, digest


def _check_digest(named: _Named, digest: str) -> None:
    if named.digest not in (None, digest):
        message = f"{named.path} is not the file that was meant: its digest is {digest}"
        hint = f"see what has changed in it, then give --api {named.path}{_PIN}{digest}"
        raise DocumentError.because(Code.OTHER_DESCRIPTION, message, hint=hint)
