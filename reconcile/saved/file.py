"""
A saved plan as text: sealed by a digest, and by a signature if the operator has a key.

There is one way to write it, so a text that could be written in another way was not written by this program. The
digest finds accidents and edits; only a signature tells who wrote it.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256

from msgspec import Struct

from reconcile.canonical import dump
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model import Diagnostic, Evidence, JsonValue
from reconcile.saved.codec import UndecodableError, decode_evidence, encode_evidence
from reconcile.saved.secrecy import hide_secrets

_EVIDENCE, _DIGEST, _SIGNATURE = "evidence", "digest", "signature"
_ADDED = frozenset({_EVIDENCE, _DIGEST, _SIGNATURE})


class SavedPlan(Struct, frozen=True, kw_only=True):
    """
    What a saved plan holds: the plan as `-o json` would print it, and what it followed from.

    `digest` is that of all but the seal, "sha256:" and hexadecimal; `signature` is that of these bytes, None if there
    is none.
    """

    document: Mapping[str, JsonValue]
    evidence: Evidence
    digest: str
    signature: str | None
    signed: bytes


def write_saved_plan(
    document: Mapping[str, object], evidence: Evidence, *, sign: Callable[[bytes], str] | None = None
) -> str:
    """
    Write a plan and the evidence from which it follows.

    Args:
        document: the plan as JSON.
        evidence: what it follows from; what is secret in it is hidden here, if it is not yet.
        sign: returns the signature of bytes; None leaves the plan unsigned.
    """
    body = {**document, _EVIDENCE: encode_evidence(hide_secrets(evidence))}
    content = _write(body)
    seal = {_DIGEST: _digest(content)} if sign is None else {_DIGEST: _digest(content), _SIGNATURE: sign(content)}
    return _write({**body, **seal}).decode("ascii")


def read_saved_plan(file: str, content: str) -> SavedPlan:
    """
    Read a saved plan; raise DocumentError if it is none, or not as it was written.

    Args:
        file: what messages call it.
        content: its text.
    """
    try:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise _refuse(file, "it is no saved plan, but something else in JSON")
        if _EVIDENCE not in document or _DIGEST not in document:
            raise _refuse(file, "it has no evidence: it is the report of a plan, and no saved plan")
        body = {key: value for key, value in document.items() if key not in (_DIGEST, _SIGNATURE)}
        signed = _write(body)
        if _write(document) != content.encode() or document[_DIGEST] != _digest(signed):
            raise _refuse(file, "it is not as it was written: its digest is that of another plan")
        if not isinstance(document.get(_SIGNATURE, ""), str):
            raise _refuse(file, "its signature is no text")
        evidence = decode_evidence(document[_EVIDENCE])
        if _write({_EVIDENCE: encode_evidence(evidence)}) != _write({_EVIDENCE: document[_EVIDENCE]}):
            raise _refuse(file, "its evidence says more than this version of reconcile understands")
    except UndecodableError as error:
        raise _refuse(file, str(error)) from error
    except (RecursionError, ValueError) as error:
        raise _refuse(file, "it is no saved plan: it is not JSON") from error
    return SavedPlan(
        document={key: value for key, value in document.items() if key not in _ADDED},
        evidence=evidence,
        digest=document[_DIGEST],
        signature=document.get(_SIGNATURE),
        signed=signed,
    )


def is_document_of(document: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Say whether two plans in JSON are the same, as far as JSON tells."""
    return _write(document) == _write(other)


def _write(document: Mapping[str, object]) -> bytes:
    return dump(document, compact=True).encode("ascii")


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def _refuse(file: str, reason: str) -> DocumentError:
    hint = "make it anew: reconcile plan --out FILE"
    return DocumentError([Diagnostic(code=Code.SAVED_PLAN_BROKEN, message=f"{file}: {reason}", hint=hint)])
