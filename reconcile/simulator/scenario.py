"""Scenario files: the responses of the simulator."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from reconcile.apis import SHIPPED
from reconcile.apis.body import SHOWN, SUB_JOBS
from reconcile.codes import Code
from reconcile.document import (
    Document,
    Node,
    Table,
    as_array,
    as_integer,
    as_string,
    as_table,
    check_document,
    find_schema,
)
from reconcile.duration import parse_duration
from reconcile.errors import DocumentError
from reconcile.model.api import JobApi, RecordWays
from reconcile.model.diagnostic import Diagnostic
from reconcile.simulator.answer import Reply
from reconcile.simulator.repertoire import Repertoire

_KINDS = ("status", "answer", "raw", "timeline")
_NOT_IN_THE_ANSWER = ("after", "delay", "requests")
_PREFIX = "job-"

_Path: TypeAlias = tuple[str | int, ...]


class Step(Struct, frozen=True, kw_only=True):
    """
    The response for a job until the next step begins.

    A step begins `after` this number of seconds since the start of the server or, if that is None, when the previous
    step has answered its number of `requests`. `delay` delays the response, in seconds. A callable `reply` is called
    for each request, because it depends on the time.
    """

    reply: Reply | Callable[[], Reply]
    after: float | None
    requests: int | None
    delay: float


class Scenario(Struct, frozen=True, kw_only=True):
    """
    The steps of each job by job id, at least one each.

    `project_id` is the only accepted project, `token` the only token, `access_keys` the access keys with their secrets
    and `users` the users with their passwords; None accepts any.
    """

    repertoire: Repertoire
    project_id: str | None
    token: str | None
    access_keys: Mapping[str, str] | None
    users: Mapping[str, str] | None
    jobs: Mapping[str, Sequence[Step]]


def load_scenario(document: Document, apis: Mapping[str, JobApi] = SHIPPED) -> Scenario:
    """Read the scenario in a document, for one of the APIs; raise DocumentError with all its errors."""
    _refuse_manifest(document)
    schema = find_schema("scenario.v1")
    diagnostics = check_document(document, schema) or sorted(_check_scenario(document, apis), key=_position)
    if diagnostics:
        raise DocumentError(diagnostics)
    root = as_table(document.root)
    repertoire = Repertoire(apis[as_string(root["api"])])
    return Scenario(
        repertoire=repertoire,
        project_id=_optional_string(root, "project_id"),
        token=_optional_string(root, "token"),
        access_keys=_optional_strings(root, "access_keys"),
        users=_optional_strings(root, "users"),
        jobs={job_id: _make_steps(job, job_id, repertoire) for job_id, job in _name_jobs(root)},
    )


def _refuse_manifest(document: Document) -> None:
    root = document.root
    if isinstance(root, Table) and "providers" in root and "api" not in root:
        mark = document.find_mark(["providers"], at_key=True)
        message = "this is a manifest, not a scenario"
        raise document.text.error(mark, Code.UNKNOWN_KEY, message, "serve it with: reconcile simulate --manifest FILE")


def _name_jobs(root: Table) -> Iterator[tuple[str, Table]]:
    """Yield job ids and jobs, generated ones first, so that explicit ones with the same id take precedence."""
    if "generate" in root:
        generate = as_table(root["generate"])
        prefix = _optional_string(generate, "prefix") or _PREFIX
        for number in range(1, as_integer(generate["count"]) + 1):
            yield f"{prefix}{number}", as_table(generate["job"])
    for job_id, job in _entries(root, "jobs"):
        yield job_id, as_table(job)


def _make_steps(job: Table, job_id: str, repertoire: Repertoire) -> tuple[Step, ...]:
    entries = [as_table(entry) for entry in as_array(job["timeline"])] if "timeline" in job else [job]
    return tuple(
        Step(
            reply=_make_reply(entry, job_id, repertoire),
            after=_seconds(entry, "after", default=0.0 if number == 0 else None),
            requests=as_integer(entry["requests"]) if "requests" in entry else None,
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
        return repertoire.raw(as_integer(raw["status_code"]), headers, _optional_string(raw, "body") or "")
    return repertoire.job(job_id, {key: value for key, value in entry.items() if key not in _NOT_IN_THE_ANSWER})


# --- Checks beyond the schema --------------------------------------------------------------------------------------


def _check_scenario(document: Document, apis: Mapping[str, JobApi]) -> Iterator[Diagnostic]:
    root = as_table(document.root)
    if root["api"] not in apis:
        message = f"'{root['api']}' is not one of {', '.join(apis)}"
        yield _diagnose(document, ("api",), Code.UNKNOWN_API, message)
        return
    api = apis[as_string(root["api"])]
    jobs: list[tuple[_Path, Node]] = [(("jobs", job_id), job) for job_id, job in _entries(root, "jobs")]
    if "generate" in root:
        jobs.append((("generate", "job"), as_table(root["generate"])["job"]))
    for path, job in jobs:
        yield from _check_job(document, path, as_table(job), api)


def _check_job(document: Document, path: _Path, job: Table, api: JobApi) -> Iterator[Diagnostic]:
    yield from _check_entry(document, path, job, api)
    if "timeline" not in job:
        return
    path = (*path, "timeline")
    entries = [as_table(entry) for entry in as_array(job["timeline"])]
    errors = [error for n, entry in enumerate(entries) for error in _check_entry(document, (*path, n), entry, api)]
    yield from errors or _check_order(document, path, entries)


def _check_order(document: Document, path: _Path, entries: Sequence[Table]) -> Iterator[Diagnostic]:
    latest = _seconds(entries[0], "after", default=0.0) or 0.0
    for number, (before, entry) in enumerate(pairwise(entries), start=1):
        after = _seconds(entry, "after", default=None)
        if ("requests" in before) == (after is not None):
            message = "this entry never begins" if after is None else "this entry begins twice"
            hint = "set either 'after' here or 'requests' in the previous entry"
            yield _diagnose(document, (*path, number), Code.VALUE_NOT_ALLOWED, message, hint)
        elif after is not None and after <= latest:
            message = "this entry does not begin after the previous ones"
            yield _diagnose(document, (*path, number, "after"), Code.VALUE_NOT_ALLOWED, message)
        latest = max(latest, after or 0.0)
    if "requests" in entries[-1]:
        message = "no entry follows after these requests"
        yield _diagnose(document, (*path, len(entries) - 1, "requests"), Code.VALUE_NOT_ALLOWED, message)


def _check_entry(document: Document, path: _Path, entry: Table, api: JobApi) -> Iterator[Diagnostic]:
    yield from _check_shown(document, path, entry, api.job, api)
    kinds = [key for key in entry if key in _KINDS]
    for key in kinds[1:]:
        message = f"'{key}' cannot be combined with '{kinds[0]}'"
        yield _diagnose(document, (*path, key), Code.VALUE_NOT_ALLOWED, message, f"use one of {', '.join(_KINDS)}")
    for key in ("after", "delay"):
        try:
            _seconds(entry, key, default=None)
        except ValueError as error:
            yield _diagnose(document, (*path, key), Code.VALUE_NOT_ALLOWED, str(error))


def _check_shown(document: Document, path: _Path, record: Table, ways: RecordWays, api: JobApi) -> Iterator[Diagnostic]:
    """Report labels that the API does not have, for a job and all its nested parts."""
    for label, _ in _entries(record, SHOWN):
        if label not in ways.shown:
            known = ", ".join(ways.shown) or "there are none"
            message = f"the API {api.name} shows no '{label}' here"
            yield _diagnose(document, (*path, SHOWN, label), Code.UNKNOWN_KEY, message, f"known: {known}")
    if api.parts is not None and record.get(SUB_JOBS) is not None:
        for number, part in enumerate(as_array(record[SUB_JOBS])):
            yield from _check_shown(document, (*path, SUB_JOBS, number), as_table(part), api.parts, api)


def _diagnose(document: Document, path: _Path, code: Code, message: str, hint: str | None = None) -> Diagnostic:
    return document.text.diagnose(document.find_mark(path, at_key=True), code, message, hint)


def _position(diagnostic: Diagnostic) -> tuple[int, int]:
    return (diagnostic.source.line, diagnostic.source.column) if diagnostic.source else (0, 0)


# --- Values that the schema guarantees -----------------------------------------------------------------


def _entries(table: Table, key: str) -> Iterator[tuple[str, Node]]:
    yield from as_table(table[key]).items() if key in table else ()


def _optional_string(table: Table, key: str) -> str | None:
    return as_string(table[key]) if key in table else None


def _optional_strings(table: Table, key: str) -> Mapping[str, str] | None:
    return {name: as_string(value) for name, value in _entries(table, key)} if key in table else None


def _seconds(table: Table, key: str, *, default: float | None) -> float | None:
    return parse_duration(as_string(table[key])) if key in table else default
