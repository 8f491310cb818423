"""Writes saved plans, and reads only those whose verdict follows from their evidence."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from reconcile import __version__
from reconcile.cli.context import Context, open_stdin
from reconcile.cli.own_apis import known_apis
from reconcile.codes import Code
from reconcile.document import read_text
from reconcile.duration import format_duration
from reconcile.errors import DocumentError, OutputError
from reconcile.model.evidence import Evidence
from reconcile.model.plan import EarlierPlan, Plan
from reconcile.plan import derive_plan
from reconcile.report.json import plan_to_json
from reconcile.saved import SavedPlan, hide_secrets, is_document_of, read_saved_plan, stream_saved_plan

LARGEST = 512 * 1024 * 1024
"""Maximum size of a saved plan in bytes, four times that of 100,000 jobs."""
_SKEW = timedelta(minutes=1)


def make_saver(path: str, key: str | None) -> Callable[[Plan, Evidence], Iterable[str]]:
    """
    Return a renderer of saved plans; raise UsageError if the key cannot be used.

    Args:
        path: path of the file, for messages.
        key: path of the private key; None leaves the plan unsigned.
    """
    if key is None:
        return lambda plan, evidence: _save(path, plan, evidence, sign=None)
    from reconcile.saved.signing import load_signer

    sign = load_signer(key)
    return lambda plan, evidence: _save(path, plan, evidence, sign=sign)


def _save(path: str, plan: Plan, evidence: Evidence, *, sign: Callable[[bytes], str] | None) -> Iterable[str]:
    """Render a saved plan; raise OutputError if the evidence without secrets does not give the same plan."""
    document = plan_to_json(plan)
    kept = hide_secrets(evidence)
    if kept is not evidence and not is_document_of(document, plan_to_json(derive_plan(kept))):
        message = f"cannot write {path}: a field of one job is compared with a sensitive value and with one that is not"
        raise OutputError.because(Code.OUTPUT_NOT_WRITTEN, message, hint="make both variables sensitive, or none")
    return stream_saved_plan(document, kept, sign=sign)


def load_saved_plan(path: str, context: Context, *, verify_with: str | None = None) -> tuple[SavedPlan, Plan]:
    """
    Read a saved plan, and re-derive it from its evidence.

    Args:
        path: path of the file; "-" is standard input.
        context: the collaborators of the run.
        verify_with: path of the public key of the required signature; None requires none.

    Raises:
        DocumentError: not a saved plan, changed, not signed with that key, or the plan does not follow.
    """
    text = read_text(path, stdin=open_stdin(), largest=LARGEST)
    saved = read_saved_plan(text.file, text.content, known_apis(context))
    if verify_with is not None:
        _check_signature(text.file, saved, verify_with)
    plan = _derive(text.file, saved)
    return saved, plan


def load_earlier_plan(path: str, context: Context) -> EarlierPlan:
    """
    Read a saved plan or a JSON plan to compare with; raise DocumentError if it is neither.

    Only the version that made a saved plan can re-derive it; one from another version is read as plain JSON.
    """
    from reconcile.baseline import parse_document, read_earlier_plan

    text = read_text(path, largest=LARGEST)
    document = parse_document(text.file, text.content)
    earlier = read_earlier_plan(text.file, document)
    if "evidence" in document and earlier.made_by == __version__:
        _derive(text.file, read_saved_plan(text.file, text.content, known_apis(context)))
    return earlier


def check_age(file: str, evidence: Evidence, context: Context, *, max_age: float) -> timedelta:
    """
    Return how long ago the oldest part of the plan was judged.

    Raises:
        DocumentError: that is more than `max_age` seconds ago, or in the future.
    """
    age = context.clock() - evidence.since
    if age > timedelta(seconds=max_age):
        message = f"{file}: it was judged {format_duration(round(age.total_seconds()))} ago and may be out of date"
        raise _error(Code.STALE_PLAN, message, f"plan again; --max-age is {format_duration(max_age)}")
    if age < -_SKEW:
        raise _error(Code.STALE_PLAN, f"{file}: it was judged in the future", "compare the clocks, then run plan again")
    return max(age, timedelta(0))


def check_manifests(file: str, evidence: Evidence, paths: Iterable[str]) -> None:
    """Raise DocumentError unless the plan was made from exactly these manifests, and they are unchanged."""
    shard, declared = evidence.manifest.shard, evidence.manifest.declared
    if shard is not None:
        message = f"{file}: it covers only shard {shard.index} of {shard.total} of its manifest"
        raise _error(Code.OTHER_MANIFEST, message, "join the shards first: reconcile merge PLAN... --out PLAN")
    if declared is not None:
        message = f"{file}: it covers only {len(evidence.observations)} of the {declared} jobs of its manifest"
        raise _error(Code.OTHER_MANIFEST, message, "plan without options that select jobs")
    from reconcile.manifest import find_manifests

    found = {path: read_text(path).digest() for path in find_manifests(tuple(paths))}
    known = [each.sha256 for each in evidence.manifest.files]
    unknown = [path for path, digest in found.items() if digest not in known]
    if unknown:
        raise _error(Code.OTHER_MANIFEST, f"{file}: it does not match the current {unknown[0]}", "plan again")
    if sorted(found.values()) != sorted(known):
        names = ", ".join(each.file for each in evidence.manifest.files if each.sha256 not in found.values())
        raise _error(
            Code.OTHER_MANIFEST, f"{file}: it also covers other manifests: {names}", "pass --manifest for each of them"
        )


def _derive(file: str, saved: SavedPlan) -> Plan:
    """Derive the plan from its evidence; raise DocumentError if it differs from the saved one."""
    tool = saved.evidence.tool
    message = f"{file}: the plan does not follow from its evidence (made by reconcile {tool})"
    refusal = _error(Code.SAVED_PLAN_BROKEN, message, "plan again: reconcile plan --out FILE")
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
    if saved.signature is None and saved.evidence.errors:
        failure = saved.evidence.errors[0]
        message = f"{file}: it is not signed, because its run failed: {failure.code} {failure.message}"
        raise _error(Code.NOT_SIGNED, message, failure.hint or "fix that, then plan again")
    if saved.signature is None:
        raise _error(Code.NOT_SIGNED, f"{file}: it is not signed", "sign it: reconcile plan --out FILE --sign-with KEY")
    if not is_signed(saved.signed, saved.signature):
        raise _error(Code.NOT_SIGNED, f"{file}: it is not signed with the key of {key}", "find out who made it")


def _error(code: Code, message: str, hint: str) -> DocumentError:
    return DocumentError.because(code, message, hint=hint)
