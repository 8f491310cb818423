"""
A folder -> a recording.

An invalid file is parsed again as a document with positions, to explain what is wrong with it.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import (
    Text,
    check_document,
    find_schema,
    find_schema_errors_in,
    parse_text,
    read_text_beneath,
)
from reconcile.errors import DocumentError
from reconcile.instant import parse_rfc3339
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Looks, Unobserved
from reconcile.model.plan import ExitCode, Verdict
from reconcile.model.recording import Decision, Exchange, RecordedJob, RecordedProvider, RecordedRun
from reconcile.recording.writer import HEAD, JOURNAL, dump_body, find_job_file

_SCHEMA: Final = "recording.v1"
_LARGEST_JOURNAL: Final = 512 * 1024 * 1024
"""The most bytes of a journal; a hundred thousand jobs take a quarter of it."""


class RecordingFolder:
    """
    A recording whose jobs are read on demand; the attributes are those of `Recording`.

    `verdict` is None in recordings of older versions.
    """

    def __init__(self, folder: str, head: Mapping[str, Any]) -> None:
        """Make a recording from a folder and its head, which meets the schema; raise ValueError for an invalid date."""
        self.folder = folder
        self.begun_at: datetime = parse_rfc3339(head["begun_at"])
        self.judged_at: datetime = parse_rfc3339(head["judged_at"])
        self.complete: bool = head["complete"]
        self.ended_by = None if head.get("ended_by") is None else ExitCode(head["ended_by"])
        self.verdict = Verdict(head["verdict"]) if "verdict" in head else None
        self.decided_by = Decision(**head["decided_by"]) if head.get("decided_by") else None
        self.version: str = head["version"]
        self.providers = _read_providers(head)
        self.run = RecordedRun(**head["run"]) if "run" in head else None

    def list_jobs(self, provider: str) -> list[str]:
        """List the ids of the recorded jobs of a provider, in alphabetical order."""
        *above, _ = find_job_file(provider, "")
        return sorted(path.stem for path in Path(self.folder, *above).glob("*.json"))

    def find_job(self, provider: str, job_id: str) -> RecordedJob | None:
        """Read the record of a remote job, None if it has none; raise DocumentError if it is invalid."""
        text = read_text_beneath(self.folder, *find_job_file(provider, job_id))
        if text is None:
            return None
        try:
            return _read_job(_parse(text, "job"))
        except (ValueError, RecursionError) as error:
            raise _refuse(text, "this is not a recorded job") from error


class Journal(Struct, frozen=True, kw_only=True):
    """What a killed run had recorded; the attributes are those of `Recording`."""

    version: str
    providers: Mapping[str, RecordedProvider]
    run: RecordedRun | None
    jobs: Mapping[tuple[str, str], RecordedJob]

    def find_job(self, provider: str, job_id: str) -> RecordedJob | None:
        """Return the record of a remote job, None if it has none."""
        return self.jobs.get((provider, job_id))


def open_unfinished(folder: str) -> "Journal | RecordingFolder":
    """
    Read the recording of a run to resume: its journal if it was killed, or else its finished recording.

    An incomplete last line of a journal is ignored.

    Raises:
        DocumentError: there is neither, or it was modified or is broken.
    """
    text = read_text_beneath(folder, JOURNAL, largest=_LARGEST_JOURNAL)
    lines = text.content.split("\n")[:-1] if text is not None else []
    if text is None or not lines:
        return open_recording(folder)
    jobs: dict[tuple[str, str], RecordedJob] = {}
    try:
        head = _parse(Text(text.file, lines[0]), "unfinished")
        for line in lines[1:]:
            entry = _parse(Text(text.file, line), "entry")
            if jobs.setdefault((entry["provider"], entry["job_id"]), job := _read_job(entry["job"])) is not job:
                raise ValueError("a job is recorded twice")
    except (ValueError, RecursionError) as error:
        raise _refuse(text, "this is not a recorded run") from error
    return Journal(version=head["version"], providers=_read_providers(head), run=RecordedRun(**head["run"]), jobs=jobs)


def _read_providers(head: Mapping[str, Any]) -> Mapping[str, RecordedProvider]:
    return {name: RecordedProvider(**each) for name, each in head["providers"].items()}


def open_recording(folder: str) -> RecordingFolder:
    """Read the head of a recording; raise DocumentError if the folder is not one."""
    text = read_text_beneath(folder, HEAD)
    if text is None:
        hint = "name a directory that 'reconcile plan --record' has written"
        why = f"it has no file {HEAD}" if Path(folder).exists() else "there is no such directory"
        message = f"{folder} is not a recording: {why}"
        raise DocumentError.because(Code.NO_SUCH_FILE, message, hint=hint)
    try:
        return RecordingFolder(folder, _parse(text, None))
    except (ValueError, RecursionError) as error:
        raise _refuse(text, "this is not a recorded run") from error


def _parse(text: Text, definition: str | None) -> Mapping[str, Any]:
    """Parse a text that must meet the schema; raise DocumentError or ValueError if it does not."""
    try:
        value = json.loads(text.content, object_pairs_hook=_read_pairs, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = None
    schema = find_schema(_SCHEMA)
    if schema.is_valid(value, definition):
        return dict(value)
    document = parse_text(text, is_json=True)
    if definition is None:
        diagnostics = check_document(document, schema)
    else:
        errors = find_schema_errors_in(document, document.root, (), schema, definition)
        diagnostics = [error.diagnostic for error in errors]
    if diagnostics:
        raise DocumentError(diagnostics)
    raise ValueError("not a recording")


def _read_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key is repeated")
    return keys


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def _read_job(job: Mapping[str, Any]) -> RecordedJob:
    unobserved = job["unobserved"]
    if (unobserved is None) == (job["evidence"] is None):
        raise ValueError("either an answer is evidence or there is a reason why none is")
    return RecordedJob(
        request=job["request"],
        exchanges=tuple(_read_exchange(each) for each in job["exchanges"]),
        evidence=job["evidence"],
        unobserved=_read_unobserved(unobserved) if unobserved is not None else None,
        polls=job["polls"],
        attempts=job.get("attempts", 0),
        started=job.get("started", 0.0),
        elapsed=job.get("elapsed", 0.0),
        waited=job["waited"],
        age=job["age"],
        notes=tuple(job["notes"]),
        resumed=job.get("resumed", False),
        looks=Looks(**job["looks"]) if "looks" in job else None,
    )


def _read_unobserved(unobserved: Mapping[str, Any]) -> Unobserved:
    problem = Problem(code=Code(unobserved["code"]), message=unobserved["message"])
    return Unobserved(problem=problem, request_id=unobserved["request_id"])


def _read_exchange(exchange: Mapping[str, Any]) -> Exchange:
    return Exchange(
        sent_at=parse_rfc3339(exchange["sent_at"]),
        ended_at=parse_rfc3339(exchange["ended_at"]),
        status_code=exchange.get("status_code"),
        headers=exchange.get("headers", {}),
        body=_read_body(exchange["body"]) if "body" in exchange else b"",
        failure=exchange.get("failure"),
    )


def _read_body(body: Mapping[str, Any]) -> bytes:
    match body:
        case {"text": lines}:
            return "".join(lines).encode("utf-8")
        case {"base64": text}:
            return base64.b64decode(text, validate=True)
        case _:
            return dump_body(body["json"])


def _refuse(text: Text, why: str) -> DocumentError:
    message = f"{text.file} is changed or broken: {why}"
    return DocumentError.because(Code.UNREADABLE, message, hint="record again")
