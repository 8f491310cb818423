"""
A saved plan as text: sealed by a digest, and by a signature if the operator has a key.

There is exactly one way to write it, so any other text is not from this program. The digest detects accidents and
edits; only a signature shows who wrote it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256

from msgspec import Struct

from reconcile.apis import SHIPPED
from reconcile.canonical import dump, stream
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.api import JobApi
from reconcile.model.evidence import Evidence
from reconcile.model.value import JsonValue
from reconcile.saved.codec import OtherApiError, UndecodableError, decode_evidence, encode_evidence
from reconcile.saved.redaction import hide_secrets

_EVIDENCE, _DIGEST, _SIGNATURE = "evidence", "digest", "signature"
_ADDED = frozenset({_EVIDENCE, _DIGEST, _SIGNATURE})


class SavedPlan(Struct, frozen=True, kw_only=True):
    """
    The content of a saved plan: the plan as `-o json` prints it, and its evidence.

    `digest` is that of everything except digest and signature: "sha256:" and hexadecimal. `signed` are the bytes that
    it covers, and `signature` is their signature, None if there is none. `file_digest` is that of the whole file, in
    hexadecimal.
    """

    document: Mapping[str, JsonValue]
    evidence: Evidence
    digest: str
    signature: str | None
    signed: bytes
    file_digest: str


def write_saved_plan(
    document: Mapping[str, object], evidence: Evidence, *, sign: Callable[[bytes], str] | None = None
) -> str:
    """Return what `stream_saved_plan` yields."""
    return "".join(stream_saved_plan(document, evidence, sign=sign))


def stream_saved_plan(
    document: Mapping[str, object], evidence: Evidence, *, sign: Callable[[bytes], str] | None = None
) -> Iterator[str]:
    """
    Write a plan and its evidence, part by part.

    Args:
        document: the plan as JSON.
        evidence: the evidence; its secrets are not written.
        sign: returns the signature of bytes; None leaves the plan unsigned.
    """
    body = {**document, _EVIDENCE: encode_evidence(hide_secrets(evidence))}
    seal = {_DIGEST: _digest(stream(body, compact=True))}
    if sign is not None:
        seal[_SIGNATURE] = sign(_write(body))
    yield from stream({**body, **seal}, compact=True)


def read_saved_plan(file: str, content: str, apis: Mapping[str, JobApi] = SHIPPED) -> SavedPlan:
    """
    Read a saved plan; raise DocumentError if it is not one, or was changed.

    Args:
        file: the name of the file in messages.
        content: its text.
        apis: the known job APIs, by name.
    """
    try:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise _refuse(file, "not a saved plan file, but some other JSON")
        if _EVIDENCE not in document or _DIGEST not in document:
            raise _refuse(file, "it has no evidence, so it is a report, not a saved plan")
        body = {key: value for key, value in document.items() if key not in (_DIGEST, _SIGNATURE)}
        signed = _write(body)
        if _write(document) != content.encode() or document[_DIGEST] != _digest([signed.decode("ascii")]):
            raise _refuse(file, "changed since it was written: its digest does not match")
        if not isinstance(document.get(_SIGNATURE, ""), str):
            raise _refuse(file, "its signature is not a string")
        evidence = decode_evidence(document[_EVIDENCE], apis)
        if _write({_EVIDENCE: encode_evidence(evidence)}) != _write({_EVIDENCE: document[_EVIDENCE]}):
            raise _refuse(file, "its evidence is from a version of reconcile that this one cannot read")
    except OtherApiError as error:
        raise _refuse_api(file, error) from error
    except UndecodableError as error:
        raise _refuse(file, str(error)) from error
    except (RecursionError, ValueError) as error:
        raise _refuse(file, "not a saved plan file, because it is not JSON") from error
    return SavedPlan(
        document={key: value for key, value in document.items() if key not in _ADDED},
        evidence=evidence,
        digest=document[_DIGEST],
        signature=document.get(_SIGNATURE),
        signed=signed,
        file_digest=sha256(content.encode()).hexdigest(),
    )


def is_document_of(document: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Return whether two plans in JSON are equal."""
    return _digest(stream(document, compact=True)) == _digest(stream(other, compact=True))


def _write(document: Mapping[str, object]) -> bytes:
    return dump(document, compact=True).encode("ascii")


def _digest(parts: Iterable[str]) -> str:
    digest = sha256()
    for part in parts:
        digest.update(part.encode("ascii"))
    return f"sha256:{digest.hexdigest()}"


def _refuse_api(file: str, error: OtherApiError) -> DocumentError:
    name, pin, digest = error.reference.partition("@")
    message = f"{file}: the description of {name} that it was made with is missing"
    hint = f"pass the same file: --api FILE{pin}{digest}"
    return DocumentError.because(Code.OTHER_DESCRIPTION, message, hint=hint)


def _refuse(file: str, reason: str) -> DocumentError:
    hint = "make a new one: reconcile plan --out FILE"
    return DocumentError.because(Code.SAVED_PLAN_BROKEN, f"{file}: {reason}", hint=hint)
