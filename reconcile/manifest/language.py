"""The language of manifests, version 1, as far as its schema describes it."""

import re
from functools import cache
from typing import Final

from reconcile.codes import Code
from reconcile.document import (
    Document,
    Fault,
    Node,
    Table,
    find_faults,
    find_faults_of_part,
    load_strict_schema,
)
from reconcile.document.conformity import compile_pattern
from reconcile.errors import DocumentError
from reconcile.model import Diagnostic

_SCHEMA: Final = "manifest.v1"
_VERSION: Final = 1

_OPERATOR_ONLY: Final = {
    key: hint
    for hint, keys in {
        "the operator sets it, by --endpoint or RECONCILE_ENDPOINT": "base_url endpoint endpoints host hosts url",
        "the operator sets it, by --proxy": "proxies proxy",
        "the operator sets it, by --ca-file": "ca_cert ca_file cacert cert",
        "the operator sets it, by OS_AUTH_URL": "auth_url iam_endpoint",
        "the operator sets it, by RECONCILE_TOKEN": "auth_token token",
        "the operator sets it, by HUAWEICLOUD_SDK_AK and _SK": "access_key ak secret_key security_token sk",
        "the operator sets it, by OS_USERNAME and OS_PASSWORD": "password user username",
        "the operator sets it, by variables of the environment": "auth credential credentials key secret",
        "the operator sets it, by -o, --report, --out or --record": "out output outputs record report reports",
        "the operator sets it, by --soft-fail": "soft_fail",
        "remove it: nobody sets headers, which are those of the job API": "header headers",
        "remove it: nobody can have certificates unverified": "insecure tls_verify verify",
    }.items()
    for key in keys.split()
}
"""
What would let the author of a pull request choose where a token goes, which one it is, or what is written where.

Keys of this kind are unknown like any other; they are listed so that the message says why, and what to do instead.
"""


def check_language(document: Document) -> None:
    """Raise DocumentError if a document is of a newer language, or declares no job: nothing else matters then."""
    _refuse_newer(document)
    _refuse_nothing(document)


def find_faults_of_language(document: Document) -> list[Fault]:
    """Return everything in which a document is not of the language."""
    return find_faults(document, _SCHEMA, operator_only=_OPERATOR_ONLY, alike={"jobs": outline_job})


def find_faults_of_job(document: Document, name: str, job: Table) -> list[Fault]:
    """Return everything in which a job of a document, with its references replaced, is not of the language."""
    return find_faults_of_part(document, job, ("jobs", name), _SCHEMA, "job")


def _refuse_newer(document: Document) -> None:
    root = document.root
    version = root.get("version") if isinstance(root, Table) else None
    if isinstance(version, int) and version > _VERSION:
        mark = document.find_mark(["version"], at_key=False)
        message = f"a manifest of version {str(version)[:20]} needs a newer reconcile; this one reads {_VERSION}"
        raise document.text.error(mark, Code.UNSUPPORTED_VERSION, message, "update reconcile")


def _refuse_nothing(document: Document) -> None:
    """Refuse a file that declares no job: checking nothing must not look like success."""
    root = document.root
    hint = "declare at least one job under 'jobs'"
    if root is None or root == [] or root == {}:
        message = f"{document.text.file} is empty: there is nothing to check"
        raise DocumentError([Diagnostic(code=Code.NOTHING_TO_CHECK, message=message, hint=hint)])
    if isinstance(root, Table) and root.get("jobs", "absent") in (None, [], {}):
        mark = document.find_mark(["jobs"], at_key=True)
        raise document.text.error(mark, Code.NOTHING_TO_CHECK, "no jobs: there is nothing to check", hint)


@cache
def _compile(definition: str) -> re.Pattern[str]:
    """Compile the pattern of one of the schema's definitions, for matching it in full."""
    return compile_pattern(load_strict_schema(_SCHEMA)["$defs"][definition]["pattern"])


def is_id(word: str) -> bool:
    """Tell whether a string can be the id of a job."""
    return _compile("id").fullmatch(word) is not None


def outline_job(name: str, job: Node) -> str:
    """
    Return a job without its name and its id, if these are well-formed: it is as valid as with others.

    `repr` tells apart whatever JSON Schema does, `1` and `true` and "1" among it; `...` stands for no value in a file.
    """
    if not _compile("name").fullmatch(name):
        return repr((name, job))
    job_id = job.get("job_id") if isinstance(job, Table) else None
    if isinstance(job, Table) and isinstance(job_id, str) and is_id(job_id):
        return repr({**job, "job_id": ...})
    return repr(job)
