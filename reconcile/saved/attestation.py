"""
Receipts: an in-toto Statement v1 about an artifact, with the predicate Test Result v0.1, in a DSSE envelope.

    Plan + Subject + digest of the saved plan -> statement      make_statement
    statement + key -> envelope                                 write_envelope
    envelope -> its parts, and whether they hold                read_envelope, check_envelope

A statement contains the digests of its manifests and its saved plan, and everything in it is derived from these. So to
check a statement, write it again and compare. Specifications: github.com/in-toto/attestation (spec/v1,
spec/predicates/test-result.md), github.com/secure-systems-lab/dsse.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from msgspec import Struct

from reconcile.canonical import dump
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.evidence import Subject
from reconcile.model.plan import Plan, Verdict
from reconcile.saved.signing import SIGNATURE

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_PAYLOAD = "application/vnd.in-toto+json"
_PLAN = "saved plan"
"""The name of the saved plan in `configuration`, which is constant because a file can be renamed."""


class Envelope(Struct, frozen=True, kw_only=True):
    """A statement in Base64, the id of the key that signed it, and the signature in Base64."""

    payload: str
    keyid: str
    signature: str


def make_statement(plan: Plan, subject: Subject, digest: str) -> bytes | None:
    """
    Write the statement of a plan.

    Args:
        plan: a plan of all jobs of its manifests.
        subject: the artifact.
        digest: the SHA-256 of the saved plan as a file, in hexadecimal.

    Returns:
        None if the run was undecided or was cut short.
    """
    result = find_result(plan)
    if result is None:
        return None
    files = plan.manifest.files
    predicate = {
        "result": result,
        "configuration": [
            *({"name": plan.paths.get(each.file, each.file), "digest": {"sha256": each.sha256}} for each in files),
            {"name": _PLAN, "digest": {"sha256": digest}},
        ],
        **({"url": plan.run_url} if plan.run_url else {}),
        "passedTests": _list_addresses(plan, Verdict.IN_SYNC),
        "warnedTests": _list_addresses(plan, Verdict.WAIVED),
        "failedTests": _list_addresses(plan, Verdict.DRIFT),
    }
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}}],
        "predicateType": _PREDICATE,
        "predicate": predicate,
    }
    return dump(statement, compact=True).encode("ascii")


def find_result(plan: Plan) -> str | None:
    """Return the result that a receipt states; None if the run was undecided or was cut short."""
    if not plan.complete:
        return None
    match plan.verdict:
        case Verdict.IN_SYNC:
            return "WARNED" if plan.summary.waived else "PASSED"
        case Verdict.DRIFT:
            return "FAILED"
        case Verdict.PENDING | Verdict.ERROR | Verdict.WAIVED:
            return None


def _list_addresses(plan: Plan, verdict: Verdict) -> Sequence[str]:
    return [job.job.address for job in plan.jobs if job.verdict is verdict]


def write_envelope(statement: bytes, *, sign: Callable[[bytes], str], keyid: str) -> str:
    """Sign a statement; `sign` is that of `signing.load_signer`, and `keyid` names its key."""
    signature = sign(_encode(statement)).removeprefix(SIGNATURE)
    return _dump(Envelope(payload=b64encode(statement).decode("ascii"), keyid=keyid, signature=signature))


def _dump(envelope: Envelope) -> str:
    signatures = [{"keyid": envelope.keyid, "sig": envelope.signature}]
    return dump({"payload": envelope.payload, "payloadType": _PAYLOAD, "signatures": signatures}, compact=True)


def read_envelope(file: str, content: str) -> Envelope:
    """
    Read a receipt; raise DocumentError unless it is exactly what `write_envelope` writes.

    Args:
        file: the name of the file in messages.
        content: its text.
    """
    try:
        document = json.loads(content)
    except (RecursionError, ValueError) as error:
        raise _refuse(file, "it is not JSON") from error
    match document:
        case {"payload": str(payload), "signatures": [{"keyid": str(keyid), "sig": str(signature)}]}:
            envelope = Envelope(payload=payload, keyid=keyid, signature=signature)
            if _dump(envelope) == content:
                return envelope
        case _:
            pass
    raise _refuse(file, "it is not a DSSE envelope with an in-toto statement of reconcile")


def check_envelope(
    file: str,
    envelope: Envelope,
    statement: bytes | None,
    subject: Subject,
    *,
    is_signed: Callable[[bytes, str], bool],
    keyid: str,
) -> None:
    """
    Check that an envelope contains a statement, and that it is signed.

    Args:
        file: the name of the file in messages.
        envelope: the envelope.
        statement: the statement that `make_statement` returns for the saved plan and the subject.
        subject: the subject, to say if the receipt is about another one.
        is_signed: the function that `signing.load_verifier` returns.
        keyid: the id of its key.

    Raises:
        DocumentError: the envelope has another statement or another signature.
    """
    if statement is None:
        raise _refuse(file, "the saved plan is undecided, so it can have no receipt")
    try:
        signed = b64decode(envelope.payload, validate=True)
    except ValueError as error:
        raise _refuse(file, "its statement is not Base64") from error
    if envelope.keyid != keyid or not is_signed(_encode(signed), SIGNATURE + envelope.signature):
        raise _refuse(file, "it is not signed with this key", hint="find out who made it")
    if envelope.payload == b64encode(statement).decode("ascii"):
        return
    given, attested = f"{subject.name}@sha256:{subject.sha256}", _name_subject(signed)
    if attested is not None and attested != given:
        why = f"it is about {attested}, and --subject is {given}"
        raise _refuse(file, why, hint="deploy the artifact that it is about, or attest this one")
    raise _refuse(file, "it does not follow from this saved plan", hint="give the plan that the same run saved")


def _name_subject(statement: bytes) -> str | None:
    """Return the subject of a statement as `--subject` takes it; None if it is no statement of reconcile."""
    try:
        document = json.loads(statement)
    except (RecursionError, ValueError):
        return None
    match document:
        case {"subject": [{"name": str(name), "digest": {"sha256": str(digest)}}]}:
            return f"{name}@sha256:{digest}"
        case _:
            return None


def _encode(statement: bytes) -> bytes:
    """Return the bytes to sign: type and statement with their lengths (PAE of DSSE v1)."""
    kind = _PAYLOAD.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(statement), statement)


def _refuse(file: str, why: str, *, hint: str = "make a new one: reconcile plan --attest FILE") -> DocumentError:
    message = f"the receipt {file} proves nothing: {why}"
    return DocumentError.because(Code.NOT_ATTESTED, message, hint=hint)
