"""What the simulator is to answer, as a file says it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from reconcile.apis import api_names
from reconcile.codes import Code
from reconcile.document import Document, Node, Table, as_array, as_string, as_table, check_document, find_schema
from reconcile.duration import parse_duration
from reconcile.errors import DocumentError
from reconcile.model import Diagnostic
from reconcile.simulator.answer import Reply
from reconcile.simulator.repertoire import Repertoire

_KINDS = ("status", "answer", "raw", "timeline")
_NOT_IN_THE_ANSWER = ("after", "delay", "requests")
_PREFIX = "job-"

_Path: TypeAlias = tuple[str | int, ...]


class Step(Struct, frozen=True, kw_only=True):
    """
    One answer of a job, until the next step begins.

    It begins `after` so many seconds since the server's start or, where that is None, when the step before it has
    answered its `requests`. `delay` holds the answer back, in seconds.
    """

    reply: Reply
    after: float | None
    requests: int | None
    delay: float


class Scenario(Struct, frozen=True, kw_only=True):
    """
    The steps of each job by job id, each at least one.

    `project_id` is the only project, `token` the only token, `access_keys` the only access keys with their secrets
    and `users` the only users with their passwords that are accepted; None accepts any.
    """

    repertoire: Repertoire
    project_id: str | None
    token: str | None
    access_keys: Mapping[str, str] | None
    users: Mapping[str, str] | None
    jobs: Mapping[str, Sequence[Step]]


def load_scenario(document: Document) -> Scenario:
    """Return the scenario that a document describes; raise DocumentError with everything that is wrong with it."""
    diagnostics = check_document(document, find_schema("scenario.v1")) or sorted(_find_faults(document), key=_place)
    if diagnostics:
        raise DocumentError(diagnostics)
    root = as_table(document.root)
    repertoire = Repertoire(as_string(root["api"]))
    return Scenario(
        repertoire=repertoire,
        project_id=_optional_string(root, "project_id"),
        token=_optional_string(root, "token"),
        access_keys=_optional_strings(root, "access_keys"),
        users=_optional_strings(root, "users"),
        jobs={job_id: _make_steps(job, job_id, repertoire) for job_id, job in _name_jobs(root)},
    )


def _name_jobs(root: Table) -> Iterator[tuple[str, Table]]:
    """Yield job ids with what is written of them, generated ones first, so that a written one of the same id wins."""
    if "generate" in root:
        generate = as_table(root["generate"])
        prefix = _optional_string(generate, "prefix") or _PREFIX
        for number in range(1, _integer(generate["count"]) + 1):
            yield f"{prefix}{number}", as_table(generate["job"])
    for job_id, job in _entries(root, "jobs"):
        yield job_id, as_table(job)


def _make_steps(job: Table, job_id: str, repertoire: Repertoire) -> tuple[Step, ...]:
    entries = [as_table(entry) for entry in as_array(job["timeline"])] if "timeline" in job else [job]
    return tuple(
        Step(
            reply=_make_reply(entry, job_id, repertoire),
            after=_seconds(entry, "after", default=0.0 if number == 0 else None),
            requests=_integer(entry["requests"]) if "requests" in entry else None,
            delay=_seconds(entry, "delay", default=_seconds(job, "delay", default=0.0)) or 0.0,
        )
        for number, entry in enumerate(entries)
    )


def _make_reply(entry: Table, job_id: str, repertoire: Repertoire) -> Reply:
    if "answer" in entry:
        return repertoire.reply(as_string(entry["answer"]), job_id)
    if "raw" in entry:
        raw = as_table(entry["raw"])
        headers = {name: as_string(value) for name, value in _entries(raw, "headers")}
        return repertoire.raw(_integer(raw["status_code"]), headers, _optional_string(raw, "body") or "")
    return repertoire.job(job_id, {key: value for key, value in entry.items() if key not in _NOT_IN_THE_ANSWER})


# --- What no schema can say --------------------------------------------------------------------------------------


def _find_faults(document: Document) -> Iterator[Diagnostic]:
    root = as_table(document.root)
    known = ", ".join(api_names())
    if root["api"] not in api_names():
        yield _fault(document, ("api",), Code.UNKNOWN_API, f"'{root['api']}' is not one of {known}")
    jobs: list[tuple[_Path, Node]] = [(("jobs", job_id), job) for job_id, job in _entries(root, "jobs")]
    if "generate" in root:
        jobs.append((("generate", "job"), as_table(root["generate"])["job"]))
    for path, job in jobs:
        yield from _find_faults_of_job(document, path, as_table(job))


def _find_faults_of_job(document: Document, path: _Path, job: Table) -> Iterator[Diagnostic]:
    yield from _find_faults_of_entry(document, path, job)
    if "timeline" not in job:
        return
    path = (*path, "timeline")
    entries = [as_table(entry) for entry in as_array(job["timeline"])]
    faults = [fault for n, entry in enumerate(entries) for fault in _find_faults_of_entry(document, (*path, n), entry)]
    yield from faults or _find_faults_of_order(document, path, entries)


def _find_faults_of_order(document: Document, path: _Path, entries: Sequence[Table]) -> Iterator[Diagnostic]:
    latest = _seconds(entries[0], "after", default=0.0) or 0.0
    for number, (before, entry) in enumerate(pairwise(entries), start=1):
        after = _seconds(entry, "after", default=None)
        if ("requests" in before) == (after is not None):
            message = "this entry never begins" if after is None else "when this entry begins is said twice"
            hint = "give it 'after', or the entry before it 'requests', and not both"
            yield _fault(document, (*path, number), Code.VALUE_NOT_ALLOWED, message, hint)
        elif after is not None and after <= latest:
            message = "this entry does not begin later than the ones before it"
            yield _fault(document, (*path, number, "after"), Code.VALUE_NOT_ALLOWED, message)
        latest = max(latest, after or 0.0)
    if "requests" in entries[-1]:
        message = "no entry follows when these requests are answered"
        yield _fault(document, (*path, len(entries) - 1, "requests"), Code.VALUE_NOT_ALLOWED, message)


def _find_faults_of_entry(document: Document, path: _Path, entry: Table) -> Iterator[Diagnostic]:
    kinds = [key for key in entry if key in _KINDS]
    for key in kinds[1:]:
        message = f"'{key}' cannot stand beside '{kinds[0]}'"
        yield _fault(document, (*path, key), Code.VALUE_NOT_ALLOWED, message, f"one of {', '.join(_KINDS)} is due")
    for key in ("after", "delay"):
        try:
            _seconds(entry, key, default=None)
        except ValueError as error:
            yield _fault(document, (*path, key), Code.VALUE_NOT_ALLOWED, str(error))


def _fault(document: Document, path: _Path, code: Code, message: str, hint: str | None = None) -> Diagnostic:
    return document.text.diagnose(document.find_mark(path, at_key=True), code, message, hint)


def _place(fault: Diagnostic) -> tuple[int, int]:
    return (fault.source.line, fault.source.column) if fault.source else (0, 0)


# --- Values that the schema has shown to be there -----------------------------------------------------------------


def _entries(table: Table, key: str) -> Iterator[tuple[str, Node]]:
    yield from as_table(table[key]).items() if key in table else ()


def _optional_string(table: Table, key: str) -> str | None:
    return as_string(table[key]) if key in table else None


def _optional_strings(table: Table, key: str) -> Mapping[str, str] | None:
    return {name: as_string(value) for name, value in _entries(table, key)} if key in table else None


def _integer(node: Node) -> int:
    if isinstance(node, int):
        return node
    raise TypeError(f"an integer was promised, not {type(node).__name__}")


def _seconds(table: Table, key: str, *, default: float | None) -> float | None:
    return parse_duration(as_string(table[key])) if key in table else default
