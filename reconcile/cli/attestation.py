"""Writes the receipt of a run with its saved plan, and checks a receipt."""

from collections.abc import Callable, Iterable
from hashlib import sha256

from reconcile.cli.saved import make_saver
from reconcile.codes import Code
from reconcile.document import read_text
from reconcile.errors import UsageError
from reconcile.model.evidence import Evidence, Subject
from reconcile.model.plan import Plan
from reconcile.saved import SavedPlan
from reconcile.saved.attestation import check_envelope, make_statement, read_envelope, write_envelope


def make_attester(out: str, key: str, subject: Subject) -> Callable[[Plan, Evidence], Iterable[str] | None]:
    """
    Return a renderer of receipts; it renders nothing if the run is undecided.

    Args:
        out: path of the saved plan, which is rendered again for its digest.
        key: path of the private key.
        subject: the artifact.

    Raises:
        UsageError: the key cannot be used.
    """
    from reconcile.saved.signing import load_signer, name_signer

    save, sign, keyid = make_saver(out, key), load_signer(key), name_signer(key)

    def render(plan: Plan, evidence: Evidence) -> Iterable[str] | None:
        digest = sha256()
        for part in save(plan, evidence):
            digest.update(part.encode("ascii"))
        statement = make_statement(plan, subject, digest.hexdigest())
        return None if statement is None else [write_envelope(statement, sign=sign, keyid=keyid)]

    return render


def check_options(attestation: str | None, subject: Subject | None, verify_with: str | None) -> None:
    """Raise UsageError if --attestation lacks a key or a subject, or if there is a subject without --attestation."""
    if attestation is None and subject is not None:
        raise UsageError.because(Code.USAGE, "--subject needs a receipt", hint="add --attestation FILE")
    if attestation is not None and (subject is None or verify_with is None):
        message = "--attestation needs --verify-with KEY and --subject NAME@sha256:HEX"
        raise UsageError.because(Code.USAGE, message, hint="a receipt proves nothing without its key and its subject")


def check_attestation(path: str, saved: SavedPlan, plan: Plan, subject: Subject, key: str) -> None:
    """
    Check a receipt about a subject against the saved plan that it names.

    Args:
        path: path of the receipt.
        saved: the saved plan.
        plan: the plan that was derived from its evidence.
        subject: the artifact that the receipt must certify.
        key: path of the public key.

    Raises:
        DocumentError: the file is not a receipt, is not signed with that key, or states something else.
        UsageError: the key cannot be used.
    """
    from reconcile.saved.signing import load_verifier, name_verifier

    text = read_text(path)
    envelope = read_envelope(text.file, text.content)
    statement = make_statement(plan, subject, saved.file_digest)
    check_envelope(text.file, envelope, statement, subject, is_signed=load_verifier(key), keyid=name_verifier(key))
