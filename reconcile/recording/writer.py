"""Recording -> its files, by path. Pure."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from reconcile.document import escape_hidden
from reconcile.instant import format_instant
from reconcile.model.observation import Looks, Unobserved
from reconcile.model.recording import Decision, Exchange, RecordedJob, RecordedProvider, RecordedRun, Recording
from reconcile.model.value import JsonValue

HEAD: Final = "recording.json"
"""The file that marks a folder as a recording; it is written last."""
JOURNAL: Final = "unfinished.jsonl"
"""
The file that grows while a run is recorded: a line about the run, then one for each completed job.

The finished recording replaces it.
"""

_JOB: Final = re.compile(r"jobs/[A-Za-z_][A-Za-z0-9_-]{0,63}/[A-Za-z0-9_-]{1,64}\.json")


def is_part_of_recording(path: str) -> bool:
    """Return whether the file at this path, relative to the folder, can be part of a recording."""
    return path in (HEAD, JOURNAL) or _JOB.fullmatch(path) is not None


def find_job_file(provider: str, job_id: str) -> tuple[str, str, str]:
    """Return the path parts, from the folder to the file of a remote job; both names are safe in a path."""
    return "jobs", provider, f"{job_id}.json"


def render_recording(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield the path in the folder and the text of every file, one at a time to save memory; HEAD is last."""
    for (provider, job_id), job in recording.jobs.items():
        yield "/".join(find_job_file(provider, job_id)), _dump(_job_to_json(job))
    yield HEAD, _dump(_head_to_json(recording))


def render_journal_head(run: RecordedRun, version: str, providers: Mapping[str, RecordedProvider]) -> str:
    """Return the first line of a journal."""
    head = {"version": version, "run": _run_to_json(run), "providers": _providers_to_json(providers)}
    return json.dumps(head, allow_nan=False) + "\n"


def render_journal_entry(provider: str, job_id: str, job: RecordedJob) -> str:
    """Return the line about a job in a journal."""
    return json.dumps({"provider": provider, "job_id": job_id, "job": _job_to_json(job)}, allow_nan=False) + "\n"


def _dump(document: JsonValue) -> str:
    # Keys are not sorted, because their order is part of a body.
    return escape_hidden(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _head_to_json(recording: Recording) -> JsonValue:
    return {
        "format_version": "1.0",
        "version": recording.version,
        "begun_at": format_instant(recording.begun_at),
        "judged_at": format_instant(recording.judged_at),
        "complete": recording.complete,
        "ended_by": None if recording.ended_by is None else int(recording.ended_by),
        "verdict": recording.verdict.value,
        "decided_by": None if recording.decided_by is None else _decision_to_json(recording.decided_by),
        "providers": _providers_to_json(recording.providers),
        **({"run": _run_to_json(recording.run)} if recording.run is not None else {}),
    }


def _run_to_json(run: RecordedRun) -> JsonValue:
    return {"name": run.name, "files": dict(run.files), "variables": run.variables, "jobs": run.jobs}


def _providers_to_json(providers: Mapping[str, RecordedProvider]) -> JsonValue:
    return {
        name: {
            "api": each.api,
            **({} if each.api_sha256 is None else {"api_sha256": each.api_sha256}),
            "cloud": each.cloud,
            "region": each.region,
            "project_id": each.project_id,
            "endpoint": each.endpoint,
        }
        for name, each in providers.items()
    }


def _decision_to_json(decision: Decision) -> JsonValue:
    return {"address": decision.address, "path": decision.path, "reason": decision.reason}


def _job_to_json(job: RecordedJob) -> JsonValue:
    return {
        "request": job.request,
        "evidence": job.evidence,
        "unobserved": _unobserved_to_json(job.unobserved) if job.unobserved is not None else None,
        "polls": job.polls,
        "attempts": job.attempts,
        "started": job.started,
        "elapsed": job.elapsed,
        "waited": job.waited,
        "age": job.age,
        "notes": list(job.notes),
        **({"resumed": True} if job.resumed else {}),
        **({"looks": _looks_to_json(job.looks)} if job.looks is not None else {}),
        "exchanges": [_exchange_to_json(each) for each in job.exchanges],
    }


def _looks_to_json(looks: Looks) -> JsonValue:
    return {"alike": looks.alike, "span": looks.span, "idle": looks.idle}


def _unobserved_to_json(unobserved: Unobserved) -> JsonValue:
    problem = unobserved.problem
    return {"code": problem.code.value, "message": problem.message, "request_id": unobserved.request_id}


def _exchange_to_json(exchange: Exchange) -> JsonValue:
    times = {"sent_at": format_instant(exchange.sent_at), "ended_at": format_instant(exchange.ended_at)}
    if exchange.status_code is None:
        return {**times, "failure": exchange.failure or ""}
    body = _body_to_json(exchange.body)
    return {**times, "status_code": exchange.status_code, "headers": dict(exchange.headers), "body": body}


def _body_to_json(body: bytes) -> JsonValue:
    """Use the first form that preserves every byte: a JSON value, lines of text, base64."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
    try:
        value: JsonValue = json.loads(text)
        if dump_body(value) == body:
            return {"json": value}
    except (ValueError, RecursionError):
        pass
    return {"text": list(text.splitlines(keepends=True))}


def dump_body(value: JsonValue) -> bytes:
    """Return the body that a value in the form `json` represents; raise ValueError if JSON cannot hold the value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
