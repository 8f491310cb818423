"""Saved plans: written so that the same plan follows from them, read only if it does."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from reconcile.cli.invocation import Invocation
from reconcile.cli.stdin import open_stdin
from reconcile.codes import Code
from reconcile.document import read_text
from reconcile.duration import format_duration
from reconcile.errors import DocumentError, OutputError
from reconcile.model import Diagnostic, Evidence, Plan
from reconcile.plan import derive_plan
from reconcile.report.json import plan_to_json
from reconcile.saved import SavedPlan, hide_secrets, is_document_of, read_saved_plan, write_saved_plan

LARGEST = 512 * 1024 * 1024
"""Bytes of a saved plan: 100,000 jobs are a quarter of it."""
_SKEW = timedelta(minutes=1)


def make_saver(path: str, key: str | None) -> Callable[[Plan, Evidence], str]:
    """
    Return what writes a plan as a saved one; raise UsageError if there is no such key.

    Args:
        path: what messages call the file.
        key: path of the private key that signs it; None leaves it unsigned.
    """
    if key is None:
        return lambda plan, evidence: _save(path, plan, evidence, sign=None)
    from reconcile.saved.signing import load_signer

    sign = load_signer(key)
    return lambda plan, evidence: _save(path, plan, evidence, sign=sign)


def _save(path: str, plan: Plan, evidence: Evidence, *, sign: Callable[[bytes], str] | None) -> str:
    """Write a plan as a saved one; raise OutputError where it would not follow from what may be kept."""
    document = plan_to_json(plan)
    kept = hide_secrets(evidence)
    if kept is not evidence and not is_document_of(document, plan_to_json(derive_plan(kept))):
        message = f"cannot write {path}: a field of one job is compared with a sensitive value and with an open one"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message, hint="make both variables sensitive, or none")
    return write_saved_plan(document, kept, sign=sign)


def load_saved_plan(path: str, invocation: Invocation, *, verify_with: str | None = None) -> tuple[SavedPlan, Plan]:
    """
    Read a saved plan, and let the plan follow from its evidence once more.

    Args:
        path: of the file; "-" is standard input.
        invocation: the world.
        verify_with: path of the public key that it must be signed with; None asks for no signature.

    Raises:
        DocumentError: it is no saved plan, has been changed, is not signed with that key, or does not follow.
    """
    text = read_text(path, stdin=open_stdin(), largest=LARGEST)
    saved = read_saved_plan(text.file, text.content)
    if verify_with is not None:
        _check_signature(text.file, saved, verify_with)
    plan = _derive(text.file, saved)
    return saved, plan


def check_age(file: str, evidence: Evidence, invocation: Invocation, *, max_age: float) -> timedelta:
    """
    Return how long ago the oldest of it was judged.

    Raises:
        DocumentError: it is longer ago than `max_age` seconds, or not past.
    """
    age = invocation.clock() - evidence.since
    if age > timedelta(seconds=max_age):
        message = (
            f"{file}: it was judged {format_duration(round(age.total_seconds()))} ago, and may be of yesterday's jobs"
        )
        raise _error(Code.STALE_PLAN, message, f"plan again; --max-age is {format_duration(max_age)}")
    if age < -_SKEW:
        raise _error(Code.STALE_PLAN, f"{file}: it was judged in the future", "compare the clocks, and plan again")
    return max(age, timedelta(0))


def check_manifests(file: str, evidence: Evidence, paths: Iterable[str]) -> None:
    """Raise DocumentError unless the plan is about all of these manifests, exactly as they are now."""
    shard, declared = evidence.manifest.shard, evidence.manifest.declared
    if shard is not None:
        message = f"{file}: it is about a part of its manifest: shard {shard.index} of {shard.total}"
        raise _error(Code.OTHER_MANIFEST, message, "join the shards first: reconcile merge PLAN... --out PLAN")
    if declared is not None:
        message = f"{file}: it is about a part of its manifest: {len(evidence.observations)} of {declared} jobs"
        raise _error(Code.OTHER_MANIFEST, message, "plan without --target and --selector")
    from reconcile.manifest import find_manifests

    found = {path: read_text(path).digest() for path in find_manifests(tuple(paths))}
    known = [each.sha256 for each in evidence.manifest.files]
    strange = [path for path, digest in found.items() if digest not in known]
    if strange:
        raise _error(Code.OTHER_MANIFEST, f"{file}: it is not about {strange[0]} as it is now", "plan again")
    if sorted(found.values()) != sorted(known):
        names = ", ".join(each.file for each in evidence.manifest.files if each.sha256 not in found.values())
        raise _error(Code.OTHER_MANIFEST, f"{file}: it is about other manifests as well: {names}", "name all of them")


def _derive(file: str, saved: SavedPlan) -> Plan:
    """Let the plan follow; raise DocumentError if it is not the one that was saved."""
    tool = saved.evidence.tool
    message = f"{file}: its plan does not follow from its evidence (it was made by reconcile {tool})"
    refusal = _error(Code.SAVED_PLAN_BROKEN, message, "make it anew: reconcile plan --out FILE")
    try:
        plan = derive_plan(saved.evidence)
        follows = is_document_of(saved.document, plan_to_json(plan))
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise refusal from error
    if not follows:
        raise refusal
    return plan


def _check_signature(file: str, saved: SavedPlan, key: str) -> None:
    from reconcile.saved.signing import load_verifier

    is_signed = load_verifier(key)
    if saved.signature is None:
        raise _error(Code.NOT_SIGNED, f"{file}: it is not signed", "sign it: reconcile plan --out FILE --sign-with KEY")
    if not is_signed(saved.signed, saved.signature):
        raise _error(Code.NOT_SIGNED, f"{file}: it is not signed with the key of {key}", "find out who made it")


def _error(code: Code, message: str, hint: str) -> DocumentError:
    return DocumentError([Diagnostic(code=code, message=message, hint=hint)])
