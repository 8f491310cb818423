"""The manifest language, version 1: its schema, and the first checks of a file."""

from collections.abc import Callable
from typing import Final

from reconcile.codes import Code
from reconcile.document import Document, Schema, SchemaError, Table, find_schema_errors, find_schema_errors_in
from reconcile.errors import DocumentError
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.placeholders import explain_placeholders
from reconcile.model.diagnostic import Diagnostic

SCHEMA: Final = "manifest.v1"
_VERSION: Final = 1

_OPERATOR_ONLY: Final = {
    key: hint
    for hint, keys in {
        "set it outside the manifest, with --endpoint or RECONCILE_ENDPOINT": (
            "base_url endpoint endpoints host hosts url"
        ),
        "set it outside the manifest, with --proxy": "proxies proxy",
        "set it outside the manifest, with --ca-file": "ca_cert ca_file cacert cert",
        "set it outside the manifest, with OS_AUTH_URL": "auth_url iam_endpoint",
        "set it outside the manifest, with RECONCILE_TOKEN": "auth_token token",
        "set it outside the manifest, with HUAWEICLOUD_SDK_AK and _SK": "access_key ak secret_key security_token sk",
        "set it outside the manifest, with OS_USERNAME and OS_PASSWORD": "password user username",
        "set it outside the manifest, with environment variables": "auth credential credentials key secret",
        "set it outside the manifest, with -o, --report, --out or --record": "out output outputs record report reports",
        "set it outside the manifest, with --soft-fail": "soft_fail",
        "remove it: the job API determines the headers": "header headers",
        "remove it: certificate verification cannot be turned off": "insecure tls_verify verify",
    }.items()
    for key in keys.split()
}
"""
Keys with which the author of a pull request could choose where a token goes, which token it is, or where output goes.

The schema does not know them; they are listed so that the message can say why and what to do instead.
"""


def refuse_other_files(document: Document) -> None:
    """Raise DocumentError if a document is not a manifest that declares a job; further errors would not matter."""
    _refuse_newer(document)
    _refuse_scenario(document)
    _refuse_empty(document)


def find_language_errors(document: Document, schema: Schema, *, interpolated: bool) -> list[SchemaError]:
    """Return all errors that the schema of the language finds in a document."""
    errors = find_schema_errors(document, schema, interpolated=interpolated, operator_only=_OPERATOR_ONLY)
    return list(explain_placeholders(errors, document.root))


def find_job_errors(document: Document, schema: Schema, name: str, job: Table) -> list[SchemaError]:
    """Return all errors that the schema finds in a job of a document, after its references were replaced."""
    errors = find_schema_errors_in(document, job, ("jobs", name), schema, "job")
    return list(explain_placeholders(errors, Table(jobs=Table({name: job})))) if errors else []


def check_names(document: Document, table: Table, diagnostics: Diagnostics, *, fold: Callable[[str], str]) -> None:
    """Refuse each key of a mapping that equals an earlier one after folding; the keys are ASCII."""
    first: dict[str, str] = {}
    for name, _, mark in document.entries(table):
        similar = first.setdefault(fold(name), name)
        if similar is not name:
            line = document.text.find_source(document.key_mark(table, similar)).line
            message = f"'{name}' is too similar to '{similar}' on line {line}"
            diagnostics.add(mark, Code.SIMILAR_NAMES, message, "choose names that cannot be confused")


def _refuse_newer(document: Document) -> None:
    root = document.root
    version = root.get("version") if isinstance(root, Table) else None
    if isinstance(version, int) and version > _VERSION:
        mark = document.find_mark(["version"], at_key=False)
        message = f"a manifest of version {str(version)[:20]} needs a newer reconcile; this one reads {_VERSION}"
        raise document.text.error(mark, Code.UNSUPPORTED_VERSION, message, "update reconcile")


def _refuse_scenario(document: Document) -> None:
    root = document.root
    if isinstance(root, Table) and "api" in root and "providers" not in root:
        mark = document.find_mark(["api"], at_key=True)
        message = "this is a scenario of 'reconcile simulate', not a manifest"
        raise document.text.error(mark, Code.UNKNOWN_KEY, message, "a manifest has 'providers' and 'jobs'")


def _refuse_empty(document: Document) -> None:
    """Refuse a file that declares no job: checking nothing must not look like success."""
    root = document.root
    hint = "declare at least one job under 'jobs'"
    if root is None or root == [] or root == {}:
        message = f"{document.text.file} is empty: there is nothing to check"
        raise DocumentError([Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint=hint)])
    if isinstance(root, Table) and root.get("jobs", "absent") in (None, [], {}):
        mark = document.find_mark(["jobs"], at_key=True)
        raise document.text.error(mark, Code.NOTHING_TO_CHECK, "no jobs: there is nothing to check", hint)
