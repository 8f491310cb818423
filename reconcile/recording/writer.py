"""A recording -> its files, by path. Pure."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Final

from reconcile.document import escape_hidden
from reconcile.instant import format_instant
from reconcile.model import Decision, Exchange, JsonValue, RecordedJob, Recording, Unobserved

HEAD: Final = "recording.json"
"""The file that makes a folder a recording; it is written last."""

_JOB: Final = re.compile(r"jobs/[A-Za-z_][A-Za-z0-9_-]{0,63}/[A-Za-z0-9_-]{1,64}\.json")


def is_part_of_recording(path: str) -> bool:
    """Return whether a file at this path, relative to the folder, can belong to a recording."""
    return path == HEAD or _JOB.fullmatch(path) is not None


def find_job_file(provider: str, job_id: str) -> tuple[str, str, str]:
    """Return the path parts, from the folder to the file of a remote job; both names are safe in a path."""
    return "jobs", provider, f"{job_id}.json"


def render_recording(recording: Recording) -> Iterator[tuple[str, str]]:
    """Yield the path in the folder and the text of every file, one at a time to save memory, HEAD last."""
    for (provider, job_id), job in recording.jobs.items():
        yield "/".join(find_job_file(provider, job_id)), _dump(_job_to_json(job))
    yield HEAD, _dump(_head_to_json(recording))


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
        "providers": {
            name: {
                "api": each.api,
                **({} if each.api_sha256 is None else {"api_sha256": each.api_sha256}),
                "cloud": each.cloud,
                "region": each.region,
                "project_id": each.project_id,
                "endpoint": each.endpoint,
            }
            for name, each in recording.providers.items()
        },
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
        "exchanges": [_exchange_to_json(each) for each in job.exchanges],
    }


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
    """Return the body that the form `json` stands for; raise ValueError for a value that JSON cannot hold."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
